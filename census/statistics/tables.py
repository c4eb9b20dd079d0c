"""Views of the whole table: correlations and cross-tabulations."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from django.db.models import Expression, Q

from census.columns import NUMERIC, Column
from census.statistics import estimators
from census.statistics.aggregates import power_sum
from census.statistics.estimators import association
from census.statistics.metrics.base import Level, Tally
from census.statistics.parameters import ListOf, Parameter
from census.statistics.selection import Key, Row, Selection, column_choice

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
class Correlation:
    """Pearson's correlations of numeric columns, over the rows complete in them."""

    columns: tuple[Column, ...]
    selection: Selection

    @property
    def method(self) -> str:
        kind = "weighted " if self.selection.weight else ""
        return f"{kind}product-moment correlation (Pearson) of the rows complete in all columns"

    def compute(self) -> Level:
        """Return the matrix, by one statement; null where a column is constant."""
        weight = self.selection.weight
        names = [column.name for column in self.columns]
        sums = self.selection.whole(**self._aggregates())
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

    def compute(self) -> Level:
        """Return the table, by one statement. Values that do not occur have no row or column."""
        weight = self.selection.weight
        crossed = replace(self.selection, group_by=(self.row, self.column))
        cells, total = self._cells(crossed.groups(**Tally.aggregates(weight)))
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

    def _cells(self, groups: Mapping[Key, Row]) -> tuple[dict[tuple[str, str], Tally], Tally]:
        """Return the tally of each cell, and of all rows: those missing a value uncounted."""
        cells, total = {}, Tally()
        for (row, column), group in groups.items():
            tally = Tally.of(group)
            if row is None or column is None:
                total += tally.uncounted()
            else:
                cells[row, column] = tally
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
