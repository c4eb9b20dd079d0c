"""The facts of a selection: for each column its counts, extremes, sums, medians and histogram.

The fields and the profile of the dataset are made of them. Those of the whole dataset are counted
once, by the load, and kept with it (`Dataset.facts`): hence they are plain JSON, in which the
order of members means nothing.

    {"rows": n, "weights": Σw, "squares": Σw², "columns": {"age": {"count", "distinct", …}, …}}

A column has `plain`, and with a weight also `weighted`. Both have `size` (the rows with a value,
or the sum of their weights) and `missing`; and a category has `frequencies`, a number `x` and `xx`
(the sums of the values and of their squares), `median` and `histogram`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from itertools import accumulate, pairwise
from math import ceil
from typing import Any

from django.db.models import Count, Sum

from census.columns import COLUMNS, WEIGHT, Column
from census.statistics.metrics.base import Tally
from census.statistics.selection import Selection

Facts = dict[str, Any]

HISTOGRAM_BINS = 10


def count_dataset() -> Facts:
    """Count the facts of the whole dataset."""
    return count(Selection(weight=WEIGHT))


def count(selection: Selection) -> Facts:
    """Count the facts of a selection, by a statement for the whole and one for each column."""
    total = Tally.of(selection.whole(**Tally.aggregates(selection.weight)))
    return {
        "rows": total.rows,
        "weights": total.weights,
        "squares": total.squares,
        "columns": {name: _column(column, selection) for name, column in COLUMNS.items()},
    }


def _column(column: Column, selection: Selection) -> Facts:
    values: Any = selection.rows().values_list(column.name).annotate(rows=Count("*"))
    if selection.weight:
        values = values.annotate(weights=Sum(selection.weight.name))
    found = list(values.order_by(column.name))
    known = {value: rows for value, rows, *_ in found if value is not None}
    facts: Facts = {
        "count": sum(known.values()),
        "distinct": len(known),
        "plain": _sums(column, {value: rows for value, rows, *_ in found}, middle),
    }
    if selection.weight:
        sizes = {value: weights for value, _, weights in found}
        facts["weighted"] = _sums(column, sizes, weighted_middle)
    if column.numeric:
        facts |= {
            "minimum": min(known, default=None),
            "maximum": max(known, default=None),
            "top_coded": known.get(column.top_code, 0),
        }
    return facts


def _sums(
    column: Column, sizes: dict[Any, int], median: Callable[[Mapping[int, int]], float | None]
) -> Facts:
    """Return what follows from the size of each value, in ascending order."""
    missing = sizes.pop(None, 0)
    facts: Facts = {"size": sum(sizes.values()), "missing": missing}
    if not column.numeric:
        return facts | {"frequencies": sizes}
    return facts | {
        "x": sum(value * size for value, size in sizes.items()),
        "xx": sum(value * value * size for value, size in sizes.items()),
        "median": median(sizes),
        "histogram": _histogram(sizes),
    }


def middle(counts: Mapping[int, int]) -> float | None:
    """Return the median, type 7: the mean of the two middle values of an even number of rows."""
    if not counts:
        return None
    values, cumulated = list(counts), list(accumulate(counts.values()))
    places = ((cumulated[-1] - 1) // 2, cumulated[-1] // 2)
    low, high = (values[bisect_right(cumulated, place)] for place in places)
    return (low + high) / 2


def weighted_middle(weights: Mapping[int, int]) -> int | None:
    """Return the weighted median: the least value whose cumulated weight is at least half."""
    if not weights:
        return None
    values, cumulated = list(weights), list(accumulate(weights.values()))
    half = (cumulated[-1] + 1) // 2  # rounded up, as sums of weights are whole
    return values[bisect_left(cumulated, half)]


def _histogram(sizes: Mapping[int, int]) -> list[int]:
    """Return the size of each of the `integer_bins`; the values are in ascending order."""
    values, cumulated = list(sizes), [0, *accumulate(sizes.values())]
    if not values:
        return []
    edges = integer_bins(values[0], values[-1])
    places = [*(bisect_left(values, edge) for edge in edges[:-1]), len(values)]
    return [cumulated[end] - cumulated[start] for start, end in pairwise(places)]


def integer_bins(smallest: int | None, largest: int | None) -> list[int]:
    """Return the edges of at most ten bins `[a, b)` of integers, the last closed.

    The rule of the Hugging Face dataset viewer: steps of ⌈(max − min + 1)/10⌉ from the smallest,
    and then the largest, which can make a last bin of that value alone. None of no values.
    """
    if smallest is None or largest is None:
        return []
    width = ceil((largest - smallest + 1) / HISTOGRAM_BINS)
    return [*range(smallest, largest + 1, width), largest]
