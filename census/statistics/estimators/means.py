"""Weighted means and totals with standard errors and intervals, and design effects."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from census.statistics.estimators.numbers import Exact, square_root, two_sided_t


class Estimate(NamedTuple):
    value: float | None = None
    standard_error: float | None = None
    ci_lower: float | None = None
    ci_upper: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """The sums that a mean and its standard error need: n, Σw, Σwx, Σw², Σw²x and Σw²x²."""

    n: int
    w: Exact
    wx: Exact
    w2: Exact
    w2x: Exact
    w2x2: Exact

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            n=self.n + other.n,
            w=self.w + other.w,
            wx=self.wx + other.wx,
            w2=self.w2 + other.w2,
            w2x=self.w2x + other.w2x,
            w2x2=self.w2x2 + other.w2x2,
        )

    @classmethod
    def unweighted(cls, n: int, x: Exact, x2: Exact) -> Sums:
        return cls(n=n, w=n, wx=x, w2=n, w2x=x, w2x2=x2)

    @classmethod
    def of_indicator(cls, n: int, w: Exact, wy: Exact, w2: Exact, w2y: Exact) -> Sums:
        """Returns the sums of a y that is 0 or 1, and thus its own square."""
        return cls(n=n, w=w, wx=wy, w2=w2, w2x=w2y, w2x2=w2y)


def n_effective(w: Exact, w2: Exact) -> float | None:
    """Kish's effective sample size (Σw)²/Σw² (Kish 1965, section 11.7)."""
    return float(Fraction(w * w, w2)) if w2 else None


def design_effect(n: int, w: Exact, w2: Exact) -> float | None:
    """Kish's design effect of unequal weights, n·Σw²/(Σw)²."""
    return float(Fraction(n * w2, w * w)) if w else None


def deff(sums: Sums, wx2: Exact) -> float | None:
    """The design effect SE²·n/s² of the mean, s² = n/(n-1)·Σw(x-m)²/W; needs Σwx² besides.

    Its denominator is the variance of a simple random sample with replacement (Kish 1965, section
    8.2; R's survey::svymean(deff="replace")). None where all values are equal.
    """
    variance = linearised_variance(sums)
    spread = sums.w * wx2 - sums.wx * sums.wx  # W² (n-1)/n s²
    if variance is None or not spread:
        return None
    return float(variance * Fraction((sums.n - 1) * sums.w**2, spread))


def mean_estimate(sums: Sums, confidence: float) -> Estimate:
    """The mean m with its Taylor-linearised standard error and the interval m ± t(n-1)·SE.

    SE² = n/(n-1)·Σ(w(x-m))²/W² (Särndal, Swensson and Wretman 1992, sections 5.5 and 5.7; R's
    survey::svymean without clusters). Unweighted that is s/√n.
    """
    if not sums.w:
        return Estimate()
    value = float(Fraction(sums.wx, sums.w))
    exact = linearised_variance(sums)
    if exact is None:
        return Estimate(value)
    standard_error = square_root(exact)
    margin = two_sided_t(confidence, sums.n - 1) * standard_error
    return Estimate(value, standard_error, value - margin, value + margin)


def linearised_variance(sums: Sums) -> Fraction | None:
    """n/(n-1)·Σ(w(x-m))²/W²; the row contributions w(x-m)/W sum to 0."""
    n, w, wx = sums.n, sums.w, sums.wx
    if n < 2 or not w:
        return None
    squares = w * w * sums.w2x2 - 2 * w * wx * sums.w2x + wx * wx * sums.w2
    return Fraction(n * squares, (n - 1) * w**4)


def total_estimate(rows: int, wx: Exact, w2x2: Exact, confidence: float) -> Estimate:
    """The total Σwx of a domain among N = `rows` rows of a sample, with its standard error.

    SE² = N/(N-1)·(Σw²x² - (Σwx)²/N), with x = 0 outside the domain, whose size is random too; the
    interval is ± t(N-1)·SE. As R's survey::svytotal of a subset (Särndal, Swensson and Wretman
    1992, sections 3.3 and 10.3).
    """
    if rows < 2:
        return Estimate(float(wx))
    standard_error = square_root(Fraction(rows * w2x2 - wx * wx, rows - 1))
    margin = two_sided_t(confidence, rows - 1) * standard_error
    return Estimate(float(wx), standard_error, wx - margin, wx + margin)


def total_deff(rows: int, w: Exact, wx: Exact, wx2: Exact, w2x2: Exact) -> float | None:
    """The design effect SE²·N/(s²·W²) of a domain's total, N, W and s² those of all rows.

    With x = 0 outside the domain; as R's survey::svytotal(deff="replace"). None where x is
    constant.
    """
    spread = w * wx2 - wx * wx  # W² (N-1)/N s²
    if rows < 2 or not spread:
        return None
    return float(Fraction(rows * w2x2 - wx * wx, spread))
