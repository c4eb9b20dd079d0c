"""The facts of a selection: for each column its counts, extremes, sums, medians and histogram.

They are what the fields and the profile of the dataset are made of. Those of the whole dataset
are counted once, by the load, and kept with it (`Dataset.facts`): hence they are plain JSON, in
which the order of members means nothing.

    {"rows", "weights": Σw, "squares": Σw², "columns": {name: {"count", "distinct", …}}}

A column has `plain`, and `weighted` where there is a weight, of the same members: `size` (the rows
with a value, or the sum of their weights), `missing`, and of a category `frequencies`, of a number
`x` and `xx` (the sums of values and squares), `median` and `histogram`.
"""

from collections.abc import Mapping
from dataclasses import replace
from math import ceil
from typing import Any

from census.columns import COLUMNS, WEIGHT, Column
from census.statistics.metrics.base import Question
from census.statistics.metrics.frequencies import Frequencies, frequencies
from census.statistics.metrics.location import middle, weighted_quantiles
from census.statistics.selection import Selection

Facts = dict[str, Any]

HISTOGRAM_BINS = 10


def count_dataset() -> Facts:
    """Count the facts of the whole dataset."""
    return count(Selection(weight=WEIGHT))


def count(selection: Selection) -> Facts:
    """Count the facts of a selection, by a statement for each column."""
    ungrouped = replace(selection, group_by=())
    tables = {
        name: frequencies(Question(column, ungrouped)).whole for name, column in COLUMNS.items()
    }
    # Every row has a weight: the column's total is that of all rows.
    total = tables[WEIGHT.name].total
    return {
        "rows": total.rows,
        "weights": total.weights,
        "squares": total.squares,
        "columns": {
            name: _column(column, tables[name], weighted=selection.weight is not None)
            for name, column in COLUMNS.items()
        },
    }


def _column(column: Column, table: Frequencies, *, weighted: bool) -> Facts:
    facts: Facts = {
        "count": table.total.count,
        "distinct": len(table.values),
        "plain": _sums(column, table, weighted=False),
    }
    if weighted:
        facts["weighted"] = _sums(column, table, weighted=True)
    if column.numeric:
        top_coded = table.values.get(column.top_code) if column.top_code is not None else None
        facts |= {
            "minimum": min(table.values, default=None),
            "maximum": max(table.values, default=None),
            "top_coded": top_coded.count if top_coded else 0,
        }
    return facts


def _sums(column: Column, table: Frequencies, *, weighted: bool) -> Facts:
    total = table.total
    missing = total.weights_of_all - total.weights if weighted else total.rows - total.count
    sizes = {v: tally.weights if weighted else tally.count for v, tally in table.values.items()}
    facts = {"size": sum(sizes.values()), "missing": missing}
    if not column.numeric:
        return facts | {"frequencies": sizes}
    numbers: dict[int, int] = sizes  # type: ignore[assignment]  # of an integer column
    return facts | {
        "x": sum(size * number for number, size in numbers.items()),
        "xx": sum(size * number * number for number, size in numbers.items()),
        "median": weighted_quantiles(table, [0.5])[0] if weighted else middle(table),
        "histogram": _histogram(numbers),
    }


def _histogram(sizes: Mapping[int, int]) -> list[int]:
    edges = integer_bins(min(sizes, default=None), max(sizes, default=None))
    bins = [0] * (len(edges) - 1)
    for number, size in sizes.items():
        bins[min((number - edges[0]) // max(edges[1] - edges[0], 1), len(bins) - 1)] += size
    return bins


def integer_bins(smallest: int | None, largest: int | None) -> list[int]:
    """Return the edges of at most ten bins `[a, b)` of integers, the last closed.

    The rule of the Hugging Face dataset viewer: steps of ⌈(max − min + 1)/10⌉ from the smallest,
    and then the largest, which can make a last bin of that value alone. None of no values.
    """
    if smallest is None or largest is None:
        return []
    width = ceil((largest - smallest + 1) / HISTOGRAM_BINS)
    return [*range(smallest, largest + 1, width), largest]
