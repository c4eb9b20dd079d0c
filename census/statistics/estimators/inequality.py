"""How unequally a total is spread: Gini's coefficient and the Lorenz curve."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import accumulate
from typing import NamedTuple

from census.statistics.estimators.means import Estimate
from census.statistics.estimators.numbers import two_sided_t


class Held(NamedTuple):
    """How many rows have a value, and their Σw and Σw²."""

    n: int
    w: int
    w2: int


def gini(values: Mapping[int, Held], confidence: float) -> Estimate:
    """G = 2·Σw·x·F(x)/(W·m) − 1 of values x ≥ 0, with F(x) the share below x and half of that at x.

    It is the mean absolute difference of two rows over twice the mean (Yitzhaki and Schechtman
    2013, section 2.1). SE² = n/(n−1)·Σw²z²/W² by the influence z = (2/m)·(x·F(x) + T(x) − 2A) −
    (2A/m²)(x−m), A = Σw·x·F(x)/W and T(x) = Σw·x′/W of the x′ above x and half of those at x
    (Deville 1999); G ± t(n−1)·SE. None where the values add up to 0.
    """
    ascending = sorted(values)
    weights = [values[x].w for x in ascending]
    totals = [w * x for w, x in zip(weights, ascending, strict=True)]
    w, wx, n = sum(weights), sum(totals), sum(held.n for held in values.values())
    if not wx or ascending[0] < 0:
        return Estimate()
    # Twice the weight below and half at x, and twice the total above and half at x.
    below = _twice_to_the_middle(weights)
    above = [2 * wx - twice for twice in _twice_to_the_middle(totals)]
    twice_a = Fraction(sum(x * b for x, b in zip(totals, below, strict=True)), w)
    exact = twice_a / wx - 1
    if n < 2:
        return Estimate(float(exact))
    m, a = Fraction(wx, w), twice_a / w / 2
    squares = math.fsum(
        values[x].w2 * float((Fraction(x * b + t, w) - 4 * a) / m - 2 * a / (m * m) * (x - m)) ** 2
        for x, b, t in zip(ascending, below, above, strict=True)
    )
    error = math.sqrt(n / (n - 1) * squares) / w
    margin = two_sided_t(confidence, n - 1) * error
    value = float(exact)
    return Estimate(value, error, value - margin, value + margin)


def lorenz(values: Mapping[int, Held], fractions: Sequence[float]) -> list[float | None]:
    """The share of the total that the lowest q of the rows have, by weight, for each q.

    The polygon through the cumulated shares (Gastwirth 1972): of the rows with the same value,
    any part has as large a part of their total. None where the values add up to 0.
    """
    ascending = sorted(values)
    weights = list(accumulate(values[x].w for x in ascending))
    totals = list(accumulate(values[x].w * x for x in ascending))
    if not ascending or not totals[-1] or ascending[0] < 0:
        return [None for _ in fractions]
    found: list[float | None] = []
    for q in fractions:
        place = Fraction(repr(q)) * weights[-1]
        k = bisect_left(weights, place)
        found.append(float((totals[k] - (weights[k] - place) * ascending[k]) / totals[-1]))
    return found


def _twice_to_the_middle(sizes: Sequence[int]) -> list[int]:
    """Returns for each of `sizes` twice the sum of those before it, and itself once."""
    return [2 * up_to - size for up_to, size in zip(accumulate(sizes), sizes, strict=True)]
