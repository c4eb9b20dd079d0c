"""Correlations with their errors, intervals and tests; of ranks, too."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from operator import mul
from typing import NamedTuple

from census.statistics.estimators.moments import correlation
from census.statistics.estimators.numbers import two_sided_z
from census.statistics.estimators.regression.inference import two_sided


class Weights(NamedTuple):
    """How many rows are at each point, and their Σw and Σw²."""

    n: Sequence[int]
    w: Sequence[int]
    w2: Sequence[int]


class Correlated(NamedTuple):
    """A coefficient of correlation; all None where a column is constant."""

    r: float | None = None
    standard_error: float | None = None
    ci_lower: float | None = None
    ci_upper: float | None = None
    statistic: float | None = None
    df: int | None = None
    p_value: float | None = None
    log10_p: float | None = None


def correlation_test(r: float | None, n: int, confidence: float) -> Correlated:
    """The unweighted r of n rows: t = r·√((n−2)/(1−r²)) on n−2, and Fisher's (1921) interval.

    The interval is tanh(atanh r ± z/√(n−3)).
    """
    if r is None or n < 3:
        return Correlated(r)
    return _described(r, math.sqrt((1 - r * r) / (n - 2)), n, confidence, _fisher(n))


def pearson(x: Sequence[int], y: Sequence[int], w: Sequence[int]) -> float | None:
    """Pearson's r of points with weights, exactly summed."""
    wx, wy = list(map(mul, w, x)), list(map(mul, w, y))
    return correlation(
        sum(w), sum(wx), sum(wy), sum(map(mul, wx, x)), sum(map(mul, wx, y)), sum(map(mul, wy, y))
    )


def weighted_correlation(
    x: Sequence[int], y: Sequence[int], weights: Weights, confidence: float
) -> Correlated:
    """The weighted r with its linearised standard error, t = r/SE on n−2.

    SE is that of the mean of u = ab − r(a²+b²)/2, a and b the standardised values: SE² =
    n/(n−1)·Σw²u²/W² (delta method; for w = 1 as Stuart and Ord 1994, 10.9). The interval is
    tanh(atanh r ± z·SE/(1−r²)).
    """
    r = pearson(x, y, weights.w)
    if r is None:
        return Correlated()
    pairs = zip(_standardised(x, weights.w), _standardised(y, weights.w), weights.w2, strict=True)
    squares = math.fsum(w2 * (a * b - r * (a * a + b * b) / 2) ** 2 for a, b, w2 in pairs)
    return linearised_correlation(r, sum(weights.n), sum(weights.w), squares, confidence)


def _standardised(x: Sequence[int], weights: Sequence[int]) -> list[float]:
    w, wx = sum(weights), sum(map(mul, weights, x))
    wx2 = sum(map(mul, weights, map(mul, x, x)))
    mean, deviation = wx / w, math.sqrt(Fraction(w * wx2 - wx * wx, w * w))
    return [(value - mean) / deviation for value in x]


def linearised_correlation(
    r: float | None, n: int, w: int, squares: float | None, confidence: float
) -> Correlated:
    """The weighted r as `weighted_correlation` has it, from n, Σw and Σw²u²."""
    if r is None or n < 3 or squares is None:
        return Correlated(r)
    error = math.sqrt(n / (n - 1) * squares) / w
    spread = error / (1 - r * r) if abs(r) < 1 else None
    return _described(r, error, n, confidence, spread)


def mid_ranks(values: Sequence[int], weights: Sequence[int]) -> list[int]:
    """Returns for each value twice the weight below it plus the weight at it.

    That is 2·W·F(x), F(x) the share below x and half of that at x; without weights twice the mean
    rank less one. Pearson's correlation of these is Spearman's.
    """
    sizes: defaultdict[int, int] = defaultdict(int)
    for value, weight in zip(values, weights, strict=True):
        sizes[value] += weight
    ascending = sorted(sizes)
    cumulated = accumulate(sizes[value] for value in ascending)
    ranks = {v: 2 * up_to - sizes[v] for v, up_to in zip(ascending, cumulated, strict=True)}
    return [ranks[value] for value in values]


def _fisher(n: int) -> float | None:
    return 1 / math.sqrt(n - 3) if n > 3 else None


def _described(
    r: float, error: float, n: int, confidence: float, spread: float | None
) -> Correlated:
    lower = upper = None
    if spread is not None and abs(r) < 1:
        margin = two_sided_z(confidence) * spread
        lower, upper = math.tanh(math.atanh(r) - margin), math.tanh(math.atanh(r) + margin)
    if not error:
        return Correlated(r, error, lower, upper, None, n - 2)
    statistic = r / error
    return Correlated(r, error, lower, upper, statistic, n - 2, *two_sided(statistic, n - 2))
