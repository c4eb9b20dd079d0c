"""The facts of a selection: for each column its counts, extremes, sums, medians and histogram.

The fields and the profile of the dataset are made of them. Those of the whole dataset are counted
once, when it is loaded, and stored with it (`Dataset.facts`). Hence they are plain JSON, in which
the order of members has no meaning.

    {"rows": n, "weights": Σw, "squares": Σw², "columns": {"age": {"count", "distinct", …}, …}}

A column has `plain`, and with a weight also `weighted`. Both have `size` (the rows with a value,
or the sum of their weights) and `missing`; and a category has `frequencies`, a number `x` and `xx`
(the sums of the values and of their squares), `median` and `histogram`.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from math import ceil
from typing import Any

from django.db.models import Count, Expression, Sum

from census.columns import COLUMNS, WEIGHT, Column
from census.statistics.estimators.quantiles import WeightedValues
from census.statistics.metrics.base import Tally
from census.statistics.selection import Selection

Facts = dict[str, Any]
Sizes = dict[Any, int]  # by value
Median = Callable[[WeightedValues, Fraction], float | None]

HISTOGRAM_BINS = 10
MOST_COMBINATIONS = 1000  # of the values of columns that are counted together
MEDIANS: Mapping[str, Median] = {
    "plain": WeightedValues.interpolated,
    "weighted": WeightedValues.quantile,
}


def count_dataset() -> Facts:
    """Counts the facts of the whole dataset."""
    return count(Selection(weight=WEIGHT))


def count(selection: Selection) -> Facts:
    """Counts the facts of a selection, by at most a statement for each column and the whole."""
    total = Tally.of(selection.whole(**Tally.aggregates(selection.weight)))
    sizes = {name: found for batch in BATCHES for name, found in _sizes(selection, batch).items()}
    return {
        "rows": total.rows,
        "weights": total.weights,
        "squares": total.squares,
        "columns": {name: _column(column, sizes[name]) for name, column in COLUMNS.items()},
    }


def _batches() -> Iterator[tuple[Column, ...]]:
    """Yields the columns in batches that one pass over the rows counts together.

    The combinations of their values are few, so that a pass takes hardly longer than for one.
    """
    batch: tuple[Column, ...] = ()
    combinations = 1
    for column in sorted(COLUMNS.values(), key=_possible_values):
        combinations *= _possible_values(column)
        if combinations > MOST_COMBINATIONS and batch:
            yield batch
            batch, combinations = (), _possible_values(column)
        batch += (column,)
    yield batch


def _possible_values(column: Column) -> int:
    if column.numeric:
        return (column.maximum or 0) - (column.minimum or 0) + 1
    return len(column.choices) + column.nullable


BATCHES = tuple(_batches())


def _sizes(selection: Selection, batch: Sequence[Column]) -> dict[str, dict[str, Sizes]]:
    """Returns the size of each value, by column: `plain` in rows, `weighted` in weights.

    By one statement.
    """
    names = [column.name for column in batch]
    aggregates: dict[str, Expression] = {"plain": Count("*")}
    if selection.weight:
        aggregates["weighted"] = Sum(selection.weight.name)
    found: dict[str, dict[str, Sizes]] = {name: {} for name in names}
    rows = selection.rows().values_list(*names).annotate(**aggregates)
    columns = list(zip(*rows, strict=True)) or [()] * (len(names) + len(aggregates))
    for name, values in zip(names, columns, strict=False):
        for kind, sizes in zip(aggregates, columns[len(names) :], strict=True):
            total: Sizes = defaultdict(int)
            for value, size in zip(values, sizes, strict=True):
                total[value] += size
            found[name][kind] = total
    return found


def _column(column: Column, sizes: Mapping[str, Sizes]) -> Facts:
    facts: Facts = {kind: _sums(column, values, MEDIANS[kind]) for kind, values in sizes.items()}
    known = {value: rows for value, rows in sizes["plain"].items() if value is not None}
    facts |= {"count": sum(known.values()), "distinct": len(known)}
    if column.numeric:
        facts |= {
            "minimum": min(known, default=None),
            "maximum": max(known, default=None),
            "top_coded": known.get(column.top_code, 0),
        }
    return facts


def _sums(column: Column, sizes: Sizes, median: Median) -> Facts:
    """Returns the sums, the median and the histogram from the size of each value."""
    known = {value: size for value, size in sizes.items() if value is not None}
    facts: Facts = {"size": sum(known.values()), "missing": sizes.get(None, 0)}
    if not column.numeric:
        return facts | {"frequencies": known}
    ascending = dict(sorted(known.items()))
    return facts | {
        "x": sum(value * size for value, size in ascending.items()),
        "xx": sum(value * value * size for value, size in ascending.items()),
        "median": median(_table(ascending), Fraction(1, 2)),
        "histogram": _histogram(ascending),
    }


def _table(sizes: Sizes) -> WeightedValues:
    numbers = list(sizes.values())
    return WeightedValues(list(sizes), numbers, numbers, numbers)


def _histogram(sizes: Sizes) -> list[int]:
    """Returns the size of each of the `integer_bins`; the values are in ascending order."""
    values, cumulated = list(sizes), [0, *accumulate(sizes.values())]
    if not values:
        return []
    edges = integer_bins(values[0], values[-1])
    places = [*(bisect_left(values, edge) for edge in edges[:-1]), len(values)]
    return [cumulated[end] - cumulated[start] for start, end in pairwise(places)]


def integer_bins(smallest: int | None, largest: int | None) -> list[int]:
    """Returns the edges of at most ten bins `[a, b)` of integers, the last closed.

    The rule of the Hugging Face dataset viewer: steps of ⌈(max − min + 1)/10⌉ from the smallest,
    and then the largest, which can make a last bin of that value alone. None of no values.
    """
    if smallest is None or largest is None:
        return []
    width = ceil((largest - smallest + 1) / HISTOGRAM_BINS)
    return [*range(smallest, largest + 1, width), largest]
