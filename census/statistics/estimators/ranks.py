"""Correlations with their errors, intervals and tests; of ranks, too."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import accumulate
from typing import NamedTuple

from census.statistics.estimators.inference import two_sided
from census.statistics.estimators.moments import correlation
from census.statistics.estimators.numbers import two_sided_z


class Point(NamedTuple):
    """Two values, how many rows have them, and their Σw and Σw²."""

    x: int
    y: int
    n: int
    w: int
    w2: int


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


def weighted_correlation(points: Sequence[Point], confidence: float) -> Correlated:
    """The weighted r with its linearised standard error, t = r/SE on n−2.

    SE is that of the mean of u = ab − r(a²+b²)/2, a and b the standardised values: SE² =
    n/(n−1)·Σw²u²/W² (delta method; for w = 1 as Stuart and Ord 1994, 10.9). The interval is
    tanh(atanh r ± z·SE/(1−r²)).
    """
    n, w = sum(p.n for p in points), sum(p.w for p in points)
    wx, wy = sum(p.w * p.x for p in points), sum(p.w * p.y for p in points)
    xx, yy = sum(p.w * p.x * p.x for p in points), sum(p.w * p.y * p.y for p in points)
    xy = sum(p.w * p.x * p.y for p in points)
    r = correlation(w, wx, wy, xx, xy, yy)
    if r is None or n < 3:
        return Correlated(r)
    mx, my = wx / w, wy / w
    sx, sy = (
        math.sqrt(Fraction(w * xx - wx * wx, w * w)),
        math.sqrt(Fraction(w * yy - wy * wy, w * w)),
    )
    squares = math.fsum(p.w2 * _influence((p.x - mx) / sx, (p.y - my) / sy, r) ** 2 for p in points)
    error = math.sqrt(n / (n - 1) * squares) / w
    spread = error / (1 - r * r) if abs(r) < 1 else None
    return _described(r, error, n, confidence, spread)


def mid_ranks(points: Iterable[Point]) -> list[Point]:
    """The points with, for each value, twice the weight below it and once that at it.

    That is 2·W·F(x), F(x) the share below x and half of that at x; without weights twice the mean
    rank less one. Pearson's correlation of these is Spearman's.
    """
    points = list(points)
    of_x, of_y = _twice_mid(points, 0), _twice_mid(points, 1)
    return [p._replace(x=of_x[p.x], y=of_y[p.y]) for p in points]


def _twice_mid(points: Sequence[Point], axis: int) -> Mapping[int, int]:
    sizes: defaultdict[int, int] = defaultdict(int)
    for point in points:
        sizes[point[axis]] += point.w
    ascending = sorted(sizes)
    cumulated = accumulate(sizes[value] for value in ascending)
    return {
        value: 2 * up_to - sizes[value] for value, up_to in zip(ascending, cumulated, strict=True)
    }


def _influence(a: float, b: float, r: float) -> float:
    return a * b - r * (a * a + b * b) / 2


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
