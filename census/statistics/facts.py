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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, islice, pairwise
from math import ceil
from operator import mul
from typing import Any

from django.db.models import Count, Expression, F, Max, Min, Sum

from census.columns import COLUMNS, WEIGHT, Column
from census.statistics.metrics.base import Tally
from census.statistics.selection import Selection

Facts = dict[str, Any]
Sizes = dict[Any, int]  # by value: the missing one first, then ascending
SizesByKind = Mapping[str, Sizes]

HISTOGRAM_BINS = 10
MOST_COMBINATIONS = 20_000  # of the possible values of columns that are counted together
CHUNK = 2000  # values in memory, of a column that can have more


def count_dataset() -> Facts:
    """Counts the facts of the whole dataset."""
    return count(Selection(weight=WEIGHT))


def count(selection: Selection) -> Facts:
    """Counts the facts of a selection, by at most a statement for each column and the whole."""
    whole = selection.whole(**Tally.aggregates(selection.weight), **_extremes())
    total = Tally.of(whole)
    totals = {"plain": total.rows, "weighted": total.weights}
    columns = {name: found for batch in BATCHES for name, found in _few_valued(selection, batch)}
    for column in MANY_VALUED:
        edges = integer_bins(whole[f"{column.name}_min"], whole[f"{column.name}_max"])
        sums = {kind: NumberSums(totals[kind], edges) for kind in _aggregates(selection)}
        columns[column.name] = _number(column, sums, _chunks(selection, column))
    return {
        "rows": total.rows,
        "weights": total.weights,
        "squares": total.squares,
        "columns": {name: columns[name] for name in COLUMNS},
    }


def _possible_values(column: Column) -> int:
    if column.numeric:
        return (column.maximum or 0) - (column.minimum or 0) + 1
    return len(column.choices) + column.nullable


MANY_VALUED = tuple(c for c in COLUMNS.values() if _possible_values(c) > MOST_COMBINATIONS)


def _batches() -> Iterator[tuple[Column, ...]]:
    """Yields the other columns in batches that one pass over the rows counts together.

    The combinations of their values are few, so that a pass takes hardly longer than for one.
    """
    batch: tuple[Column, ...] = ()
    combinations = 1
    others = (column for column in COLUMNS.values() if column not in MANY_VALUED)
    for column in sorted(others, key=_possible_values):
        combinations *= _possible_values(column)
        if combinations > MOST_COMBINATIONS:
            yield batch
            batch, combinations = (), _possible_values(column)
        batch += (column,)
    yield batch


BATCHES = tuple(_batches())


def _extremes() -> dict[str, Expression]:
    return {
        f"{column.name}_{name}": extreme(column.name)
        for column in MANY_VALUED
        for name, extreme in (("min", Min), ("max", Max))
    }


def _aggregates(selection: Selection) -> dict[str, Expression]:
    """Returns the aggregates for the size of a value: `plain` in rows, `weighted` in weights."""
    aggregates: dict[str, Expression] = {"plain": Count("*")}
    if selection.weight:
        aggregates["weighted"] = Sum(selection.weight.name)
    return aggregates


def _few_valued(selection: Selection, batch: Sequence[Column]) -> Iterator[tuple[str, Facts]]:
    """Yields the name and the facts of each column of a batch. By one statement."""
    names, aggregates = [column.name for column in batch], _aggregates(selection)
    rows = selection.rows().values_list(*names).annotate(**aggregates)
    found = list(zip(*rows, strict=True)) or [()] * (len(names) + len(aggregates))
    for column, values in zip(batch, found, strict=False):
        kinds = zip(aggregates, found[len(names) :], strict=True)
        sizes = {kind: _added_up(values, parts) for kind, parts in kinds}
        if column.numeric:
            known = [value for value in sizes["plain"] if value is not None]
            edges = integer_bins(known[0], known[-1]) if known else []
            sums = {kind: NumberSums(sum(of.values()), edges) for kind, of in sizes.items()}
            yield column.name, _number(column, sums, [sizes])
        else:
            yield column.name, _category(sizes)


def _added_up(values: Iterable[Any], sizes: Iterable[int]) -> Sizes:
    total: Sizes = defaultdict(int)
    for value, size in zip(values, sizes, strict=True):
        total[value] += size
    return dict(sorted(total.items(), key=lambda item: (item[0] is not None, item[0])))


def _category(sizes: SizesByKind) -> Facts:
    facts: Facts = {}
    for kind, of in sizes.items():
        missing = of.pop(None, 0)
        facts[kind] = {"size": sum(of.values()), "missing": missing, "frequencies": of}
    return facts | {"count": facts["plain"]["size"], "distinct": len(sizes["plain"])}


def _chunks(selection: Selection, column: Column) -> Iterator[SizesByKind]:
    """Yields the sizes of the values of a column in chunks. By one statement."""
    aggregates = _aggregates(selection)
    if own := selection.weight == column:
        del aggregates["weighted"]  # it is the value times the rows
    rows = selection.rows().values_list(column.name).annotate(**aggregates)
    ascending = rows.order_by(F(column.name).asc(nulls_first=True)).iterator(chunk_size=CHUNK)
    while chunk := list(zip(*islice(ascending, CHUNK), strict=True)):
        values, *parts = chunk
        if own:
            parts.append(tuple(map(mul, values, *parts)))
        kinds = zip(("plain", "weighted"), parts, strict=False)
        yield {kind: dict(zip(values, of, strict=True)) for kind, of in kinds}


def _number(
    column: Column, sums: Mapping[str, "NumberSums"], chunks: Iterable[SizesByKind]
) -> Facts:
    distinct = top_coded = 0
    for sizes in chunks:
        for kind, of in sizes.items():
            sums[kind].add(of)
        distinct += len(sizes["plain"])
        top_coded += sizes["plain"].get(column.top_code, 0)
    edges = sums["plain"].edges
    return {
        **{kind: of.facts(kind) for kind, of in sums.items()},
        "count": sums["plain"].size,
        "distinct": distinct,
        "minimum": edges[0] if edges else None,
        "maximum": edges[-1] if edges else None,
        "top_coded": top_coded,
    }


class NumberSums:
    """The sums, the median and the histogram of numbers, which are added in ascending order.

    The numbers are not kept, so that any number of them takes the same memory. `total` is the size
    of all rows, also of those without a value; `edges` are those of the bins of the histogram.
    """

    def __init__(self, total: int, edges: Sequence[int]) -> None:
        self.edges = edges
        self.size = 0
        self._total = total
        self._missing = self._x = self._xx = 0
        self._histogram = [0] * len(edges[1:])
        self._middle: list[int] = []  # the two values in the middle, which can be the same

    def add(self, sizes: Sizes) -> None:
        """Adds the sizes of greater values than before; takes the missing value out of them."""
        self._missing += sizes.pop(None, 0)
        values = list(sizes)
        products = list(map(mul, values, sizes.values()))
        self._x += sum(products)
        self._xx += sum(map(mul, values, products))
        cumulated = list(accumulate(sizes.values(), initial=self.size))
        self.size = cumulated[-1]
        places = [*(bisect_left(values, edge) for edge in self.edges[:-1]), len(values)]
        for number, (begin, end) in enumerate(pairwise(places)):
            self._histogram[number] += cumulated[end] - cumulated[begin]
        known = self._total - self._missing
        for rank in ((known + 1) // 2, known // 2 + 1):
            if cumulated[0] < rank <= cumulated[-1]:
                self._middle.append(values[bisect_left(cumulated, rank) - 1])

    def facts(self, kind: str) -> Facts:
        return {
            "size": self.size,
            "missing": self._missing,
            "x": self._x,
            "xx": self._xx,
            "median": self._median(kind),
            "histogram": self._histogram,
        }

    def _median(self, kind: str) -> float | None:
        """Returns the median as its metric does, without (type 7) or with weights."""
        if not self._middle:
            return None
        low, high = self._middle
        return low if kind == "weighted" else (low + high) / 2


def integer_bins(smallest: int | None, largest: int | None) -> list[int]:
    """Returns the edges of at most ten bins `[a, b)` of integers, the last closed.

    The rule of the Hugging Face dataset viewer: steps of ⌈(max − min + 1)/10⌉ from the smallest,
    and then the largest, which can make a last bin of that value alone. None of no values.
    """
    if smallest is None or largest is None:
        return []
    width = ceil((largest - smallest + 1) / HISTOGRAM_BINS)
    return [*range(smallest, largest + 1, width), largest]
