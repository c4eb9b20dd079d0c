"""The rates of two groups compared by their ratio; differences are in `comparison`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from census.statistics.estimators.means import Sums, linearised_variance
from census.statistics.estimators.numbers import Exact, square_root, two_sided_z


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
    return Rate(Fraction(sums.wx, sums.w), linearised_variance(sums))


def rate_ratio(group: Rate | None, reference: Rate | None, confidence: float) -> RateRatio:
    """The ratio group / reference (disparate impact), with the log interval of Katz et al. (1978).

    ratio·exp(±z·SE), SE² = var/p² of either rate added up: unweighted (1-p)/(np), which is Katz;
    weighted the same with linearised variances. No interval if a rate is 0: it has no logarithm.
    """
    if group is None or reference is None or not reference.value:
        return RateRatio()
    value = float(group.value / reference.value)
    if group.variance is None or reference.variance is None or not group.value:
        return RateRatio(value)
    log_error = square_root(
        group.variance / group.value**2 + reference.variance / reference.value**2
    )
    factor = math.exp(two_sided_z(confidence) * log_error)
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
