"""The facts of numbers, held to numpy, and the memory that they take."""

import tracemalloc
from itertools import accumulate, islice

import numpy as np
import pytest

from census.models import Person
from census.statistics import facts
from census.statistics.facts import NumberSums, integer_bins

RANDOM = np.random.default_rng(1994)
SAMPLES = {
    "none": [],
    "one": [7],
    "two": [3, 8],
    "equal": [5] * 6,
    "even": [1, 2, 2, 9],
    "odd": [1, 2, 2, 9, 31],
    "skewed": [0] * 50 + [99_999],
    "dense": RANDOM.integers(0, 40, 501).tolist(),
    "large": RANDOM.integers(0, 2**31, 500).tolist(),
    "distinct": RANDOM.permutation(100_000)[:1000].tolist(),
}


def edges_of(values: list[int]) -> list[int]:
    return integer_bins(min(values, default=None), max(values, default=None))


def added(values: list[int], weights: list[int], missing: int, chunk: int) -> NumberSums:
    """Adds the values in chunks of `chunk` different ones, after the missing."""
    sizes: dict[int | None, int] = {None: missing} if missing else {}
    for value, weight in sorted(zip(values, weights, strict=True)):
        sizes[value] = sizes.get(value, 0) + weight
    sums = NumberSums(sum(sizes.values()), edges_of(values))
    remaining = iter(sizes.items())
    while part := dict(islice(remaining, chunk)):
        sums.add(part)
    return sums


@pytest.mark.parametrize("chunk", [1, 3, 2000])
@pytest.mark.parametrize("missing", [0, 12])
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("sample", SAMPLES)
def test_sums_of_chunks_equal_those_of_all_values(
    sample: str, weighted: bool, missing: int, chunk: int
) -> None:
    values = sorted(SAMPLES[sample])
    weights = RANDOM.integers(1, 9, len(values)).tolist() if weighted else [1] * len(values)
    found = added(values, weights, missing, chunk).facts("weighted" if weighted else "plain")
    edges = edges_of(values)
    if not values:
        median = None
    elif weighted:
        pairs = zip(values, accumulate(weights), strict=True)
        median = next(value for value, below in pairs if 2 * below >= sum(weights))
    else:
        median = float(np.median(values))
    assert found == {
        "size": sum(weights),
        "missing": missing,
        "x": sum(v * w for v, w in zip(values, weights, strict=True)),
        "xx": sum(v * v * w for v, w in zip(values, weights, strict=True)),
        "median": median,
        "histogram": np.histogram(values, edges, weights=weights)[0].tolist() if values else [],
    }


@pytest.mark.django_db
def test_the_values_of_a_column_are_not_kept() -> None:
    """A value with its sizes takes more than 200 bytes: a row, its numbers, their places."""
    weights = Person.objects.values("fnlwgt").distinct().count()
    facts.count_dataset()
    tracemalloc.start()
    try:
        facts.count_dataset()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100 * weights
