"""Views of the whole table: a profile of every column, correlations, cross-tabulations."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil
from typing import Any

from django.db.models import CharField, Expression, F, IntegerField, Q, Value

from census.columns import COLUMNS, NUMERIC, WEIGHT, Column
from census.statistics import estimators
from census.statistics.aggregates import power_sum
from census.statistics.estimators import association
from census.statistics.metrics.base import Level, Tally
from census.statistics.metrics.frequencies import Frequencies
from census.statistics.metrics.location import middle, weighted_quantiles
from census.statistics.parameters import ListOf, Parameter
from census.statistics.selection import Selection, column_choice
from census.statistics.snapshot import Part, Snapshot
from census.statistics.statements import Shape

HISTOGRAM_BINS = 10
CORRELATED = Parameter(
    "columns",
    ListOf(
        column_choice(NUMERIC, "a numeric column", "NumericColumn"),
        minimum=2,
        maximum=len(NUMERIC),
    ),
    "Numeric columns, in the order of the matrix; by default all.",
    default=[column.name for column in NUMERIC],
    example="age,hours_per_week",
)


@dataclass(frozen=True)
class Statistics:
    """A profile of each column, in the shape of the Hugging Face dataset viewer's `/statistics`.

    Its keys and its rule for the bins of integers are kept; nothing is rounded. With a weight,
    moments, medians and shares are weighted, and weighted counts stand beside the counts.
    """

    selection: Selection

    @property
    def method(self) -> str:
        kind = "weighted " if self.selection.weight else ""
        return (
            f"{kind}mean, {kind}standard deviation with the factor n/(n−1) and {kind}median of the "
            "rows with a value; histogram bins of width ⌈(max − min + 1)/10⌉"
        )

    def compute(self, snapshot: Snapshot) -> Level:
        """Return the profile, by one statement."""
        tables = self._frequencies(snapshot)
        # Every row has a weight: the column's total is that of all rows.
        total = tables[WEIGHT.name].total
        return {
            **total.described(self.selection.weight),
            "num_examples": total.rows,
            "statistics": [
                {
                    "column_name": column.name,
                    "column_type": "int" if column.numeric else "string_label",
                    "column_statistics": self._column(column, tables[column.name]),
                }
                for column in COLUMNS.values()
            ],
            "partial": False,
        }

    def _frequencies(self, snapshot: Snapshot) -> dict[str, Frequencies]:
        """Return how often each value of each column occurs."""
        rows, tally = self.selection.rows(), Tally.aggregates(self.selection.weight)
        parts: list[Part] = [(rows, (), tally, _value_of(c)) for c in COLUMNS.values()]
        tables = {name: Frequencies() for name in COLUMNS}
        for row in snapshot.union(parts):
            value = row["number"] if row["category"] is None else row["category"]
            tables[row["column"]].add(value, Tally.of(row))
        return tables

    def _column(self, column: Column, table: Frequencies) -> Level:
        size, missing = self._size(table.total), self._missing(table.total)
        level: Level = {
            "nan_count": table.total.rows - table.total.count,
            "nan_proportion": estimators.mean(missing, size + missing),
        }
        return level | (self._number(table) if column.numeric else self._category(column, table))

    def _size(self, tally: Tally) -> int:
        return tally.weights if self.selection.weight else tally.count

    def _missing(self, tally: Tally) -> int:
        if self.selection.weight:
            return tally.weights_of_all - tally.weights
        return tally.rows - tally.count

    def _number(self, table: Frequencies) -> Level:
        numbers: dict[int, Tally] = table.values  # type: ignore[assignment]  # of an integer column
        size = self._size(table.total)
        x, xx = (
            sum(self._size(tally) * number**power for number, tally in numbers.items())
            for power in (1, 2)
        )
        median = weighted_quantiles(table, [0.5])[0] if self.selection.weight else middle(table)
        return {
            "min": min(numbers, default=None),
            "max": max(numbers, default=None),
            "mean": estimators.mean(x, size),
            "median": median,
            "std": estimators.standard_deviation(table.total.count, size, x, xx),
            "histogram": self._histogram(numbers),
        }

    def _histogram(self, numbers: dict[int, Tally]) -> Level:
        edges = integer_bins(min(numbers), max(numbers)) if numbers else []
        bins = [Tally() for _ in edges[1:]]
        for number, tally in numbers.items():
            bins[min((number - edges[0]) // _width(edges), len(bins) - 1)] += tally
        histogram: Level = {"hist": [tally.count for tally in bins]}
        if self.selection.weight:
            histogram["weighted_hist"] = [tally.weights for tally in bins]
        return histogram | {"bin_edges": edges}

    def _category(self, column: Column, table: Frequencies) -> Level:
        found = {value: table.values[value] for value in column.choices if value in table.values}
        level: Level = {
            "no_label_count": 0,
            "no_label_proportion": 0.0,
            "n_unique": len(found),
            "frequencies": {value: tally.count for value, tally in found.items()},
        }
        if self.selection.weight:
            level["weighted_frequencies"] = {v: tally.weights for v, tally in found.items()}
        return level


def _value_of(column: Column) -> dict[str, Expression | F]:
    """Return a column's name and value as keys that columns of either kind share."""
    number, category = Value(None, IntegerField()), Value(None, CharField())
    return {
        "column": Value(column.name, CharField()),
        "number": F(column.name) if column.numeric else number,
        "category": category if column.numeric else F(column.name),
    }


def integer_bins(smallest: int, largest: int) -> list[int]:
    """Return the edges of at most ten bins `[a, b)` of integers, the last closed.

    The rule of the Hugging Face dataset viewer: steps of ⌈(max − min + 1)/10⌉ from the smallest,
    and then the largest, which can make a last bin of that value alone.
    """
    width = ceil((largest - smallest + 1) / HISTOGRAM_BINS)
    return [*range(smallest, largest + 1, width), largest]


def _width(edges: Sequence[int]) -> int:
    return max(edges[1] - edges[0], 1)


@dataclass(frozen=True)
class Correlation:
    """Pearson's correlations of numeric columns, over the rows complete in them."""

    columns: tuple[Column, ...]
    selection: Selection

    @property
    def method(self) -> str:
        kind = "weighted " if self.selection.weight else ""
        return f"{kind}product-moment correlation (Pearson) of the rows complete in all columns"

    def compute(self, snapshot: Snapshot) -> Level:
        """Return the matrix, by one statement; null where a column is constant."""
        weight = self.selection.weight
        names = [column.name for column in self.columns]
        shape = Shape(("correlation", *names, weight is not None), self._aggregates)
        sums = snapshot.whole(self.selection.condition(), shape)
        tally = Tally.of(sums)
        return {
            **tally.described(weight),
            "columns": names,
            "matrix": [
                [
                    estimators.correlation(
                        tally.weights if weight else tally.count,
                        sums[f"sum_{x.name}"],
                        sums[f"sum_{y.name}"],
                        sums[f"sum_{x.name}_{x.name}"],
                        sums[f"sum_{x.name}_{y.name}"],
                        sums[f"sum_{y.name}_{y.name}"],
                    )
                    for y in self.columns
                ]
                for x in self.columns
            ],
        }

    def _aggregates(self) -> dict[str, Expression]:
        weight = self.selection.weight
        factors = [weight] if weight else []
        conditions = [(f"{c.name}__isnull", False) for c in self.columns if c.nullable]
        complete = Q(*conditions) if conditions else None
        aggregates = Tally.aggregates(weight, complete)
        for x in self.columns:
            aggregates[f"sum_{x.name}"] = power_sum([*factors, x], complete)
        for x, y in product(self.columns, repeat=2):
            aggregates[f"sum_{x.name}_{y.name}"] = power_sum([*factors, x, y], complete)
        return aggregates


@dataclass(frozen=True)
class Crosstab:
    """A two-way table of categorical columns with a test of independence.

    Pearson's chi-squared is of the counts, weighted or not; with a weight there is Rao and
    Scott's test of the weighted table beside it.
    """

    row: Column
    column: Column
    selection: Selection

    @property
    def method(self) -> str:
        pearson = "Pearson's chi-squared test of the counts, without Yates' correction"
        if not self.selection.weight:
            return pearson
        return (
            f"{pearson}; proportions are weighted; Rao and Scott's second-order corrected F test "
            "of the weighted table, sampling taken as with replacement"
        )

    def compute(self, snapshot: Snapshot) -> Level:
        """Return the table, by one statement. Values that do not occur have no row or column."""
        weight = self.selection.weight
        names = tuple(dict.fromkeys((self.row.name, self.column.name)))
        shape = Shape(("crosstab", weight is not None), lambda: Tally.aggregates(weight), names)
        found = snapshot.by(self.selection.condition(), shape)
        cells, total = self._cells(found)
        rows = sorted({row for row, _ in cells}, key=self.row.sort_key)
        columns = sorted({column for _, column in cells}, key=self.column.sort_key)
        table = [[cells.get((row, column), Tally()) for column in columns] for row in rows]
        described = total.described(weight)
        answer: Level = {
            **described,
            "excluded_missing": described.pop("missing"),
            "row_values": rows,
            "column_values": columns,
            "counts": [[cell.count for cell in row] for row in table],
        }
        del answer["missing"]
        sizes = answer["counts"]
        if weight:
            answer["weighted_counts"] = sizes = [[cell.weights for cell in row] for row in table]
        return answer | self._shares(sizes) | self._tests(total.count, answer, table)

    def _cells(self, found: Sequence[Level]) -> tuple[dict[tuple[str, str], Tally], Tally]:
        """Return the tally of each cell, and of all rows: those missing a value uncounted."""
        cells, total = {}, Tally()
        for group in found:
            key, tally = (group[self.row.name], group[self.column.name]), Tally.of(group)
            if None in key:
                total += tally.uncounted()
            else:
                cells[key] = tally
                total += tally
        return cells, total

    def _shares(self, sizes: list[list[int]]) -> Level:
        sums = [sum(column) for column in zip(*sizes, strict=True)]
        return {
            "row_proportions": [[estimators.mean(n, sum(row)) for n in row] for row in sizes],
            "column_proportions": [
                [estimators.mean(n, size) for n, size in zip(row, sums, strict=True)]
                for row in sizes
            ],
        }

    def _tests(self, n: int, answer: Level, table: list[list[Tally]]) -> Level:
        tests: Level = association.independence(answer["counts"])._asdict()
        if self.selection.weight:
            squares = [[cell.squares for cell in row] for row in table]
            found = association.rao_scott(n, answer["weighted_counts"], squares)
            names: dict[str, Any] = {"p_value": "p"}
            tests |= {
                f"rao_scott_{names.get(name, name)}": value
                for name, value in found._asdict().items()
            }
        return tests
