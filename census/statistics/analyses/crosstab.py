"""Two-way tables with tests of independence: their cells, and layers by a third column."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from census.columns import COLUMNS, Column
from census.statistics import estimators
from census.statistics.bands import BANDS, SUFFIX
from census.statistics.estimators import Estimate, Sums, association, cells, flags
from census.statistics.metrics.base import LOGIT, MOST_VALUES, OWN_SAMPLE, Level, Tally
from census.statistics.parameters import Boolean, InvalidCombination, Parameter
from census.statistics.selection import Key, Row, Selection, column_choice

CELLS = Parameter(
    "cells",
    Boolean(),
    "`true` adds expected counts, adjusted residuals, shares of the total, and standard errors, "
    "intervals and flags of the shares of rows and columns.",
    default=False,
)
LAYER = Parameter(
    "layer",
    column_choice(COLUMNS.values(), "a column", "Column"),
    "A third column: adds a table for each of its values and, if they are 2 × 2, Cochran, Mantel "
    "and Haenszel's test and the common odds ratio.",
    example="race",
)

Table = list[list[Tally]]


class Share(NamedTuple):
    """The share of a cell in its row or column."""

    estimate: Estimate
    flags: list[str]


@dataclass(frozen=True)
class Crosstab:
    """A two-way table of columns with a test of independence.

    Pearson's chi-squared is of the counts, also with a weight; then there are Rao and Scott's tests
    of the weighted table, too.
    """

    row: Column
    column: Column
    selection: Selection
    cells: bool = False
    layer: Column | None = None
    confidence: float = 0.95

    @property
    def method(self) -> str:
        parts = ["Pearson's chi-squared test of the counts, without Yates' correction"]
        if self.selection.weight:
            parts.append(
                "proportions are weighted; Rao and Scott's second-order corrected F test of the "
                "weighted table, also with the design effects under independence, assuming "
                "sampling with replacement"
            )
        if self.cells:
            residuals = "linearised" if self.selection.weight else "Haberman's"
            intervals = LOGIT if self.selection.weight else "Wilson intervals"
            parts.append(f"{residuals} adjusted residuals; shares with {intervals}")
            if self.selection.weight:
                parts.append("expected counts and G² of the counts")
        if self.layer:
            parts.append(
                "Cochran, Mantel and Haenszel's test of the counts without correction; Robins' "
                "interval of the common odds ratio"
            )
        if self.selection.weight:
            parts.append(OWN_SAMPLE)
        return "; ".join(parts)

    def compute(self) -> Level:
        """Returns the table, by one statement. Values that do not occur have no row or column.

        There is a layer for each value of the third column. Rows without one are only in the whole
        table.
        """
        columns = (self.row, self.column, *((self.layer,) if self.layer else ()))
        crossed = replace(self.selection, group_by=columns)
        groups = crossed.groups(**Tally.aggregates(self.selection.weight))
        answer = self._table(groups)
        return answer | (self._layers(self.layer, groups, answer) if self.layer else {})

    def _layers(self, layer: Column, groups: Mapping[Key, Row], whole: Level) -> Level:
        found: dict[Any, dict[Key, Row]] = {}
        for key, group in groups.items():
            if key[2] is not None:
                found.setdefault(key[2], {})[key] = group
        values = sorted(found, key=layer.sort_key)
        layers = [{"key": {layer.name: value}, **self._table(found[value])} for value in values]
        answer: Level = {"layer": layer.name, "layers": layers}
        rows, columns = whole["row_values"], whole["column_values"]
        if len(rows) == len(columns) == 2:
            tables = [_counts(_cells(found[value])[0], rows, columns) for value in values]
            answer |= cells.cochran_mantel_haenszel(tables, self.confidence)._asdict()
        return answer

    def _table(self, groups: Mapping[Key, Row]) -> Level:
        weight = self.selection.weight
        found, total = _cells(groups)
        rows = sorted({row for row, _ in found}, key=self.row.sort_key)
        columns = sorted({column for _, column in found}, key=self.column.sort_key)
        self._check_size(len(rows), len(columns))
        table = [[found.get((row, column), Tally()) for column in columns] for row in rows]
        described = total.described(weight)
        answer: Level = {
            **described,
            "excluded_missing": described.pop("missing"),
            "flags": flags.size_flags(total.count, total.n_effective),
            "row_values": rows,
            "column_values": columns,
            "counts": [[cell.count for cell in row] for row in table],
        }
        del answer["missing"]
        sizes = answer["counts"]
        if weight:
            answer["weighted_counts"] = sizes = [[cell.weights for cell in row] for row in table]
        answer |= _shares(sizes) | self._tests(total.count, answer, table)
        return answer | (self._cell_statistics(total.count, answer, table) if self.cells else {})

    def _check_size(self, rows: int, columns: int) -> None:
        """Raises `InvalidCombination` for too many cells: only numbers without bands make them."""
        if rows * columns > MOST_VALUES:
            largest = self.row if rows > columns else self.column
            parameter = BANDS[f"{largest.name}{SUFFIX}"]
            detail = (
                f"{rows} × {columns} cells are more than the {MOST_VALUES} that an answer can "
                f"hold: give cut points by `{parameter.name}`, such as "
                f"`{parameter.name}={parameter.example}`, or select fewer rows."
            )
            raise InvalidCombination(parameter, "too_many_values", detail)

    def _tests(self, n: int, answer: Level, table: Table) -> Level:
        tests: Level = association.independence(answer["counts"])._asdict()
        if self.selection.weight:
            squares = [[cell.squares for cell in row] for row in table]
            for name, test in (
                ("rao_scott", association.rao_scott),
                ("rao_scott_null", cells.rao_scott_null),
            ):
                found = test(n, answer["weighted_counts"], squares)._asdict()
                found["p"] = found.pop("p_value")
                tests |= {
                    f"{name}_{part}": found[part] for part in ("f", "df1", "df2", "p", "log10_p")
                }
        return tests

    def _cell_statistics(self, n: int, answer: Level, table: Table) -> Level:
        counts = answer["counts"]
        sizes = answer["weighted_counts"] if self.selection.weight else counts
        if self.selection.weight:
            squares = [[cell.squares for cell in row] for row in table]
            residuals = cells.weighted_adjusted_residuals(n, sizes, squares)
        else:
            residuals = cells.adjusted_residuals(counts)
        columns = _transposed(table)
        return {
            "expected": cells.expected_counts(counts),
            "adjusted_residuals": residuals,
            "total_proportions": cells.shares_of_total(sizes),
            **_named("row", [self._shares(row) for row in table]),
            **_named("column", _transposed([self._shares(column) for column in columns])),
            "g2": cells.likelihood_ratio(counts),
        }

    def _shares(self, line: list[Tally]) -> list[Share]:
        """Returns the share of each cell in its row or column."""
        whole = sum(line, start=Tally())
        return [self._share(cell, whole) for cell in line]

    def _share(self, cell: Tally, whole: Tally) -> Share:
        if self.selection.weight is None:
            n, k = whole.count, cell.count
            sums = Sums.of_indicator(n, n, k, n, k)
            estimate = estimators.proportion_estimate(k, n, self.confidence)
            return Share(estimate, flags.of_share(sums, None, weighted=False))
        sums = Sums.of_indicator(
            whole.count, whole.weights, cell.weights, whole.squares, cell.squares
        )
        estimate = estimators.weighted_proportion_estimate(sums, self.confidence)
        return Share(estimate, flags.of_share(sums, whole.n_effective, weighted=True))


def _cells(groups: Mapping[Key, Row]) -> tuple[dict[Key, Tally], Tally]:
    """Returns the tally of each cell, and of all rows; those missing a value are not counted."""
    found: dict[Key, Tally] = {}
    total = Tally()
    for (row, column, *_), group in groups.items():
        tally = Tally.of(group)
        if row is None or column is None:
            total += tally.uncounted()
        else:
            found[row, column] = found.get((row, column), Tally()) + tally
            total += tally
    return found, total


def _counts(found: Mapping[Key, Tally], rows: list[Any], columns: list[Any]) -> list[list[int]]:
    return [[found.get((row, column), Tally()).count for column in columns] for row in rows]


def _shares(sizes: list[list[int]]) -> Level:
    sums = [sum(column) for column in zip(*sizes, strict=True)]
    return {
        "row_proportions": [[estimators.mean(n, sum(row)) for n in row] for row in sizes],
        "column_proportions": [
            [estimators.mean(n, size) for n, size in zip(row, sums, strict=True)] for row in sizes
        ],
    }


def _transposed(table: list[list[Any]]) -> list[list[Any]]:
    return [list(line) for line in zip(*table, strict=True)]


def _named(side: str, shares: list[list[Share]]) -> Level:
    return {
        f"{side}_standard_errors": [[cell.estimate.standard_error for cell in r] for r in shares],
        f"{side}_ci_lower": [[cell.estimate.ci_lower for cell in row] for row in shares],
        f"{side}_ci_upper": [[cell.estimate.ci_upper for cell in row] for row in shares],
        f"{side}_flags": [[cell.flags for cell in row] for row in shares],
    }
