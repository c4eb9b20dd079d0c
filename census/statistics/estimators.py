"""From exact sums, which the database makes, to estimates: pure functions, no database.

Sums are integers or fractions and stay so up to the last step: the division or square root that
makes the float is correctly rounded. Only intervals are computed in floats.
`None` is the answer wherever a quantity is undefined; nothing here raises or returns NaN.

In the formulas n is the number of rows counted, w a row's weight, x its value, W = Σw, and
m = Σwx/W. Unweighted is w = 1 throughout. The weights come without strata or clusters: each row
counts as a unit drawn with replacement and unequal probabilities, and what is selected as a sample
of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, TypeAlias

from census.statistics.distributions import normal_quantile, student_t_quantile

Exact: TypeAlias = int | Fraction


class Estimate(NamedTuple):
    value: float | None = None
    standard_error: float | None = None
    ci_lower: float | None = None
    ci_upper: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What a mean and its standard error need: n, Σw, Σwx, Σw², Σw²x and Σw²x²."""

    n: int
    w: Exact
    wx: Exact
    w2: Exact
    w2x: Exact
    w2x2: Exact

    @classmethod
    def unweighted(cls, n: int, x: Exact, x2: Exact) -> Sums:
        return cls(n=n, w=n, wx=x, w2=n, w2x=x, w2x2=x2)

    @classmethod
    def of_indicator(cls, n: int, w: Exact, wy: Exact, w2: Exact, w2y: Exact) -> Sums:
        """Of a y that is 0 or 1, and so its own square."""
        return cls(n=n, w=w, wx=wy, w2=w2, w2x=w2y, w2x2=w2y)


# --- Moments --------------------------------------------------------------------------------


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


def skewness(n: int, x: Exact, x2: Exact, x3: Exact, *, bias: bool = False) -> float | None:
    """G1 = g1·√(n(n-1))/(n-2), with `bias` g1 = m3/m2^1.5, from the power sums Σx, Σx², Σx³.

    Joanes and Gill (1998). None for n < 3 or where all values are equal.
    """
    spread = n * x2 - x * x  # n² m2
    if n < 3 or not spread:
        return None
    third = n * n * x3 - 3 * n * x * x2 + 2 * x**3  # n³ m3
    squared = Fraction(third * third, spread**3)
    if not bias:
        squared *= Fraction(n * (n - 1), (n - 2) ** 2)
    return math.copysign(square_root(squared), third)


def kurtosis(
    n: int, x: Exact, x2: Exact, x3: Exact, x4: Exact, *, bias: bool = False
) -> float | None:
    """The excess G2 = (n-1)/((n-2)(n-3))·((n+1)g2 + 6), with `bias` g2 = m4/m2² - 3.

    Joanes and Gill (1998), from the power sums. None for n < 4 or where all values are equal.
    """
    spread = n * x2 - x * x  # n² m2
    if n < 4 or not spread:
        return None
    fourth = n**3 * x4 - 4 * n * n * x * x3 + 6 * n * x * x * x2 - 3 * x**4  # n⁴ m4
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


# --- Weights --------------------------------------------------------------------------------


def n_effective(w: Exact, w2: Exact) -> float | None:
    """Kish's effective sample size (Σw)²/Σw² (Kish 1965, section 11.7)."""
    return float(Fraction(w * w, w2)) if w2 else None


def design_effect(n: int, w: Exact, w2: Exact) -> float | None:
    """Kish's design effect of unequal weights, n·Σw²/(Σw)²."""
    return float(Fraction(n * w2, w * w)) if w else None


# --- Means and proportions with standard errors ----------------------------------------------


def mean_estimate(sums: Sums, confidence: float) -> Estimate:
    """The mean m with its Taylor-linearised standard error and the interval m ± t(n-1)·SE.

    SE² = n/(n-1)·Σ(w(x-m))²/W² (Särndal, Swensson and Wretman 1992, sections 5.5 and 5.7; R's
    survey::svymean without clusters). Unweighted that is s/√n.
    """
    if not sums.w:
        return Estimate()
    value = float(Fraction(sums.wx, sums.w))
    exact = _linearised_variance(sums)
    if exact is None:
        return Estimate(value)
    standard_error = square_root(exact)
    margin = _t(confidence, sums.n) * standard_error
    return Estimate(value, standard_error, value - margin, value + margin)


def proportion_estimate(successes: int, n: int, confidence: float) -> Estimate:
    """The unweighted share p = successes/n, its √(p(1-p)/n), and Wilson's (1927) interval."""
    if not n:
        return Estimate()
    failures = n - successes
    z = _z(confidence)
    # The roots of (n+z²)P² - (2s+z²)P + s²/n = 0; the smaller by the product of the two, as the
    # usual difference would lose its digits where there are few successes.
    larger = 2 * successes + z * z + z * math.sqrt(z * z + 4 * successes * failures / n)
    return Estimate(
        successes / n,
        square_root(Fraction(successes * failures, n**3)),
        2 * successes * successes / n / larger,
        larger / (2 * (n + z * z)) if failures else 1.0,
    )


def weighted_proportion_estimate(sums: Sums, confidence: float) -> Estimate:
    """The weighted share p = Σwy/Σw, its linearised standard error, and the logit interval.

    The interval is expit(logit p ± t(n-1)·SE/(p(1-p))), as R's survey::svyciprop(method="logit")
    and svy have it, t included (Lumley 2010). At p = 0 and p = 1 no interval:
    the logit is infinite and the linearised error a 0 that says nothing about the population.
    """
    value, standard_error, _, _ = mean_estimate(sums, confidence)
    if standard_error is None or not 0 < sums.wx < sums.w:
        return Estimate(value, standard_error)
    centre = math.log(Fraction(sums.wx, sums.w - sums.wx))
    spread = float(Fraction(sums.w**2, sums.wx * (sums.w - sums.wx)))  # 1/(p(1-p))
    margin = _t(confidence, sums.n) * standard_error * spread
    return Estimate(value, standard_error, _expit(centre - margin), _expit(centre + margin))


def _linearised_variance(sums: Sums) -> Fraction | None:
    """n/(n-1)·Σ(w(x-m))²/W²; the row contributions w(x-m)/W sum to 0."""
    n, w, wx = sums.n, sums.w, sums.wx
    if n < 2 or not w:
        return None
    squares = w * w * sums.w2x2 - 2 * w * wx * sums.w2x + wx * wx * sums.w2
    return Fraction(n * squares, (n - 1) * w**4)


# --- Comparing the rates of two groups ---------------------------------------------------------


class Rate(NamedTuple):
    """The share of favourable outcomes in a group and the variance of that estimate."""

    value: Fraction
    variance: Fraction | None


class RateRatio(NamedTuple):
    value: float | None = None
    ci_lower: float | None = None
    ci_upper: float | None = None


def rate(successes: int, n: int) -> Rate | None:
    """The share p = successes/n with the binomial variance p(1-p)/n."""
    if not n:
        return None
    return Rate(Fraction(successes, n), Fraction(successes * (n - successes), n**3))


def weighted_rate(sums: Sums) -> Rate | None:
    """The share p = Σwy/Σw with the linearised variance, None for a group of one."""
    if not sums.w:
        return None
    return Rate(Fraction(sums.wx, sums.w), _linearised_variance(sums))


def rate_difference(group: Rate | None, reference: Rate | None, confidence: float) -> Estimate:
    """The difference group - reference with Wald's standard error and interval.

    This is AIF360's statistical parity difference. SE² is the sum of the two variances, as the
    groups have no row in common: unweighted they are independent samples; weighted, the
    linearised contributions w(y-p)/W of a group are 0 outside it and sum to 0 within, so that the
    covariance of two disjoint domains is 0.
    """
    if group is None or reference is None:
        return Estimate()
    value = float(group.value - reference.value)
    if group.variance is None or reference.variance is None:
        return Estimate(value)
    standard_error = square_root(group.variance + reference.variance)
    margin = _z(confidence) * standard_error
    return Estimate(value, standard_error, value - margin, value + margin)


def rate_ratio(group: Rate | None, reference: Rate | None, confidence: float) -> RateRatio:
    """The ratio group / reference (disparate impact), with the log interval of Katz et al. (1978).

    ratio·exp(±z·SE), SE² = var/p² of either rate added up: unweighted (1-p)/(np), which is Katz;
    weighted the same with linearised variances. No interval where a rate is 0, for the logarithm.
    """
    if group is None or reference is None or not reference.value:
        return RateRatio()
    value = float(group.value / reference.value)
    if group.variance is None or reference.variance is None or not group.value:
        return RateRatio(value)
    log_error = square_root(
        group.variance / group.value**2 + reference.variance / reference.value**2
    )
    factor = math.exp(_z(confidence) * log_error)
    return RateRatio(value, value / factor, value * factor)


def smoothed_differential_fairness(
    groups: Iterable[tuple[Exact, Exact]], concentration: int = 1
) -> float | None:
    """The ε of smoothed empirical differential fairness (Foulds et al. 2020).

    `groups` holds each group's favourable outcomes and size. A rate is (k + α)/(n + 2α), with α
    half of `concentration`; ε is the largest |log| of the ratio of two groups' rates, of the
    favourable outcome or of the other (AIF360's smoothed_edf). None without groups.
    """
    rates = [
        Fraction(2 * positives + concentration, 2 * (size + concentration))
        for positives, size in groups
    ]
    if not rates:
        return None
    low, high = min(rates), max(rates)
    return math.log(max(high / low, (1 - low) / (1 - high)))


# --- Numbers ------------------------------------------------------------------------------------


def square_root(value: Fraction) -> float:
    """√value, correctly rounded: math.sqrt(float(value)) would round twice."""
    numerator, denominator = value.numerator, value.denominator
    # Scaled by 4^shift so that the integer root has 64 bits or more, of which a float keeps 53.
    shift = max(0, 64 - (numerator.bit_length() - denominator.bit_length()) // 2)
    quotient, remainder = divmod(numerator << 2 * shift, denominator)
    root = math.isqrt(quotient)
    inexact = bool(remainder) or root * root != quotient
    return math.ldexp(2 * root + inexact, -shift - 1)


def _z(confidence: float) -> float:
    return -normal_quantile((1 - confidence) / 2)


def _t(confidence: float, n: int) -> float:
    return -student_t_quantile((1 - confidence) / 2, n - 1)


def _expit(x: float) -> float:
    """1/(1 + exp(-x)) for any x, without overflow."""
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
