"""Covariate patterns: the rows that have equal values of some columns, and sums over them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.db.models import Expression, Q

from census.columns import Column
from census.statistics import bands
from census.statistics.parameters import InvalidCombination, Parameter
from census.statistics.selection import Key, Selection

MOST_PATTERNS = 20_000


class Found(NamedTuple):
    """The patterns of the rows that have all values; `rows` are all rows selected.

    `columns` has the values of each column, `sums` the numbers of each aggregate: one for each
    pattern.
    """

    rows: int
    columns: list[Sequence[Any]]
    sums: dict[str, Sequence[int]]


def patterns(
    selection: Selection,
    columns: Sequence[Column],
    sums: Mapping[str, Expression],
    *,
    known: Sequence[Column] = (),
    asked: Parameter,
    most: int = MOST_PATTERNS,
) -> Found:
    """Returns the sums of each pattern of `columns` among the rows that have them all.

    One statement, and a second to count the rows if a value may be missing. The columns `known`
    must have a value, too. `sums` counts the rows as `n`. Raises `InvalidCombination` of the
    parameter `asked` if there are more than `most`.
    """
    rows = _rows(selection, columns, sums, known, asked, most)
    nullable = any(column.nullable for column in (*columns, *known))
    found = _found(0, columns, sums, rows)
    return found._replace(rows=selection.rows().count() if nullable else sum(found.sums["n"]))


def patterns_of_groups(
    selection: Selection,
    columns: Sequence[Column],
    sums: Mapping[str, Expression],
    *,
    known: Sequence[Column] = (),
    asked: Parameter,
) -> dict[Key, Found]:
    """Returns the patterns of each group of the selection, in the order of the keys.

    Two statements. As `patterns`; there may be at most `MOST_PATTERNS` in all groups together.
    """
    groups = selection.groups()
    side = len(selection.group_by)
    by_group: dict[Key, list[tuple[Any, ...]]] = {key: [] for key in groups}
    for row in _rows(selection, columns, sums, known, asked, MOST_PATTERNS):
        pairs = zip(selection.group_by, row[:side], strict=True)
        by_group[tuple(bands.key_value(*pair) for pair in pairs)].append(row[side:])
    return {
        key: _found(groups[key]["rows"], columns, sums, by_group[key])
        for key in sorted(groups, key=selection.key_order)
    }


def _rows(
    selection: Selection,
    columns: Sequence[Column],
    sums: Mapping[str, Expression],
    known: Sequence[Column],
    asked: Parameter,
    most: int,
) -> list[tuple[Any, ...]]:
    """Returns the keys of the group, the keys of the columns and the sums of each pattern."""
    nullable = [column for column in (*columns, *known) if column.nullable]
    complete = Q(*[(f"{column.name}__isnull", False) for column in nullable])
    keys = selection.group_keys() | {
        f"column_{k}": bands.key_expression(column) for k, column in enumerate(columns)
    }
    rows = selection.rows().filter(complete).values(**keys).annotate(**sums)
    # The same order on every server: sums of floats over the patterns depend on it.
    found = list(rows.values_list(*keys, *sums).order_by(*keys)[: most + 1])
    if len(found) > most:
        raise _too_many(columns, asked, most)
    return found


def _found(
    rows: int,
    columns: Sequence[Column],
    sums: Mapping[str, Expression],
    found: Sequence[tuple[Any, ...]],
) -> Found:
    side = len(columns)
    by_column: list[Sequence[Any]] = list(zip(*found, strict=True)) or [()] * (side + len(sums))
    values = [_labelled(of, keys) for of, keys in zip(columns, by_column, strict=False)]
    return Found(rows, values, dict(zip(sums, by_column[side:], strict=True)))


def _labelled(column: Column, keys: Sequence[Any]) -> Sequence[Any]:
    """Returns the values of a column from what SQL groups by."""
    if not isinstance(column, bands.BandedColumn):
        return keys
    labels = list(column.choices)
    return [labels[key] for key in keys]


def _too_many(columns: Sequence[Column], asked: Parameter, most: int) -> InvalidCombination:
    numbers = [column.name for column in columns if column.numeric]
    banded = " or ".join(f"`{name}{bands.SUFFIX}`" for name in numbers)
    advice = f"give bands by {banded}, or name fewer columns" if numbers else "name fewer columns"
    detail = (
        f"These columns have more than {most} combinations of values among the rows: "
        f"{advice}, or select fewer rows."
    )
    return InvalidCombination(asked, "too_many_patterns", detail)
