"""Answers as flat tables for CSV and NDJSON. The header depends only on the question."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from census.statistics.computation import Computation

Row = Sequence[Any]


@dataclass(frozen=True)
class Table:
    """A header, and rows with a cell for each of its names; None is an empty cell."""

    header: Sequence[str]
    rows: Sequence[Row]


def of_records(records: Sequence[Mapping[str, Any]], header: Sequence[str]) -> Table:
    """Returns a table with a row for each record."""
    rows = [[_cell(record.get(name), name) for name in header] for record in records]
    return Table(header, rows)


def _cell(value: Any, name: str) -> Any:
    """Returns the cell of a value: a list becomes its length, a mapping its `value`.

    Flags are joined to a text.
    """
    if isinstance(value, list):
        return "; ".join(value) if name.endswith("flags") else len(value)
    if isinstance(value, Mapping):
        return value.get("value")
    return value


def of_computation(computation: Computation, answer: Mapping[str, Any]) -> Table:
    """Returns a table with a row for each group, or for each item of the list in each group.

    The key of the group comes first. Without groups the whole selection is the only group.
    """
    keys = computation.question.selection.keys()
    levels = answer["groups"] if keys else [answer]
    listed = computation.metric.listed(computation.question)
    if listed:
        name, fields = listed
        return Table(
            [*keys, *fields],
            [
                [*_key(level, keys), *(_cell(item.get(field), field) for field in fields)]
                for level in levels
                for item in level[name]
            ],
        )
    fields = computation.fields()
    rows = [
        [*_key(level, keys), *values] for level in levels for values in _exploded(level, fields)
    ]
    return Table([*keys, *fields], rows)


def _key(level: Mapping[str, Any], keys: Sequence[str]) -> list[Any]:
    return [level["key"][key] for key in keys]


def _exploded(level: Mapping[str, Any], fields: Sequence[str]) -> Iterator[list[Any]]:
    """Yields the rows of a level: one, or one for each item if one of the fields is a list."""
    values = {**level, "flags": _cell(level["flags"], "flags")}
    lists = [values[field] for field in fields if isinstance(values.get(field), list)]
    for item in lists[0] if lists else [None]:
        yield [item if isinstance(values[field], list) else values[field] for field in fields]


def of_statistics(answer: Mapping[str, Any]) -> Table:
    """Returns a table with a row for each column: its counts and, if numeric, its moments."""
    header = ("nan_count", "nan_proportion", "n_unique", "min", "max", "mean", "median", "std")
    return Table(
        ["column_name", "column_type", *header],
        [
            [
                column["column_name"],
                column["column_type"],
                *(column["column_statistics"].get(name) for name in header),
            ]
            for column in answer["statistics"]
        ],
    )


def of_correlation(answer: Mapping[str, Any]) -> Table:
    """Returns the correlation matrix; each row begins with the name of its column."""
    columns = answer["columns"]
    rows = [[name, *row] for name, row in zip(columns, answer["matrix"], strict=True)]
    return Table(["column", *columns], rows)


def of_crosstab(answer: Mapping[str, Any]) -> Table:
    """Returns a table with a row for each cell, row by row; the value of the layer comes first."""
    names = [name for name in _CELLS if name in answer]
    header = ["row", "column", *(_CELLS[name] for name in names)]
    if "layers" not in answer:
        return Table(header, _cells(answer, names))
    rows = [
        [*layer["key"].values(), *cell]
        for layer in answer["layers"]
        for cell in _cells(layer, names)
    ]
    return Table(["layer", *header], rows)


# The matrices of a cross-tabulation, with the column name of their cells.
_CELLS = {
    "counts": "count",
    "weighted_counts": "weighted_count",
    "row_proportions": "row_proportion",
    "column_proportions": "column_proportion",
    "total_proportions": "total_proportion",
    "expected": "expected",
    "adjusted_residuals": "adjusted_residual",
    **{
        f"{side}_{name}": f"{side}_{name.removesuffix('s')}"
        for side in ("row", "column")
        for name in ("standard_errors", "ci_lower", "ci_upper")
    },
    **{f"{side}_flags": f"{side}_flags" for side in ("row", "column")},
}


def _cells(answer: Mapping[str, Any], names: Sequence[str]) -> list[list[Any]]:
    return [
        [row, column, *(_cell(answer[name][i][j], name) for name in names)]
        for i, row in enumerate(answer["row_values"])
        for j, column in enumerate(answer["column_values"])
    ]


def of_groups(answer: Mapping[str, Any], keys: Sequence[str], fields: Sequence[str]) -> Table:
    """Returns a table with a row for each group: its key, then `fields`."""
    rows = [
        [*_key(group, keys), *(_cell(group[field], field) for field in fields)]
        for group in answer["groups"]
    ]
    return Table([*keys, *fields], rows)
