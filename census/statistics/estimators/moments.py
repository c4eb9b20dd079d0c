"""Means, variances, shape and correlation from power sums."""

from __future__ import annotations

import math
from fractions import Fraction

from census.statistics.estimators.numbers import Exact, square_root


def mean(wx: Exact, w: Exact) -> float | None:
    """Σwx/Σw."""
    return float(Fraction(wx, w)) if w else None


def variance(n: int, w: Exact, wx: Exact, wx2: Exact, ddof: int = 1) -> float | None:
    """n/(n-ddof) · Σw(x-m)²/W from n, Σw, Σwx and Σwx²; `ddof` is 0 or 1."""
    exact = _variance(n, w, wx, wx2, ddof)
    return None if exact is None else float(exact)


def standard_deviation(n: int, w: Exact, wx: Exact, wx2: Exact, ddof: int = 1) -> float | None:
    """The square root of `variance`."""
    exact = _variance(n, w, wx, wx2, ddof)
    return None if exact is None else square_root(exact)


def _variance(n: int, w: Exact, wx: Exact, wx2: Exact, ddof: int) -> Fraction | None:
    if n <= ddof or not w:
        return None
    return Fraction(n * (w * wx2 - wx * wx), (n - ddof) * w * w)


def skewness(
    n: int, w: Exact, wx: Exact, wx2: Exact, wx3: Exact, *, bias: bool = False
) -> float | None:
    """G1 = g1·√(n(n-1))/(n-2), with `bias` g1 = m3/m2^1.5, from n, Σw, Σwx, Σwx² and Σwx³.

    The moments are Σw(x-m)^k/W. Joanes and Gill (1998). None for n < 3 or where all values are
    equal.
    """
    spread = w * wx2 - wx * wx  # W² m2
    if n < 3 or not spread:
        return None
    third = w * w * wx3 - 3 * w * wx * wx2 + 2 * wx**3  # W³ m3
    squared = Fraction(third * third, spread**3)
    if not bias:
        squared *= Fraction(n * (n - 1), (n - 2) ** 2)
    return math.copysign(square_root(squared), third)


def kurtosis(
    n: int, w: Exact, wx: Exact, wx2: Exact, wx3: Exact, wx4: Exact, *, bias: bool = False
) -> float | None:
    """The excess G2 = (n-1)/((n-2)(n-3))·((n+1)g2 + 6), with `bias` g2 = m4/m2² - 3.

    From n, Σw, Σwx, …, Σwx⁴; the moments are Σw(x-m)^k/W. Joanes and Gill (1998). None for n < 4
    or where all values are equal.
    """
    spread = w * wx2 - wx * wx  # W² m2
    if n < 4 or not spread:
        return None
    # W⁴ m4
    fourth = w**3 * wx4 - 4 * w * w * wx * wx3 + 6 * w * wx * wx * wx2 - 3 * wx**4
    excess = Fraction(fourth, spread**2) - 3
    if not bias:
        excess = Fraction(n - 1, (n - 2) * (n - 3)) * ((n + 1) * excess + 6)
    return float(excess)


def correlation(w: Exact, wx: Exact, wy: Exact, wx2: Exact, wxy: Exact, wy2: Exact) -> float | None:
    """Pearson's Σw(x-mx)(y-my)/√(Σw(x-mx)²·Σw(y-my)²). None where x or y is constant."""
    spread = (w * wx2 - wx * wx) * (w * wy2 - wy * wy)
    if not spread:
        return None
    joint = w * wxy - wx * wy
    return math.copysign(square_root(Fraction(joint * joint, spread)), joint)
