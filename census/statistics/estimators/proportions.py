"""The share of a category with its standard error and interval."""

from __future__ import annotations

import math
from fractions import Fraction

from census.statistics.distributions import beta_quantile, expit
from census.statistics.estimators.means import Estimate, Sums, linearised_variance, mean_estimate
from census.statistics.estimators.numbers import square_root, two_sided_t, two_sided_z


def proportion_estimate(successes: int, n: int, confidence: float) -> Estimate:
    """The unweighted share p = successes/n, its √(p(1-p)/n), and Wilson's (1927) interval."""
    if not n:
        return Estimate()
    failures = n - successes
    z = two_sided_z(confidence)
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
    and svy have it, t included (Lumley 2010). At p = 0 and p = 1, where the logit is infinite and
    the linearised error a 0 that says nothing about the population, it is Korn and Graubard's.
    """
    value, standard_error, _, _ = mean_estimate(sums, confidence)
    if standard_error is None or not 0 < sums.wx < sums.w:
        return Estimate(value, standard_error, *korn_graubard_interval(sums, confidence))
    centre = math.log(Fraction(sums.wx, sums.w - sums.wx))
    spread = float(Fraction(sums.w**2, sums.wx * (sums.w - sums.wx)))  # 1/(p(1-p))
    margin = two_sided_t(confidence, sums.n - 1) * standard_error * spread
    return Estimate(value, standard_error, expit(centre - margin), expit(centre + margin))


def clopper_pearson_interval(
    successes: float, failures: float, confidence: float
) -> tuple[float | None, float | None]:
    """Returns Clopper and Pearson's (1934) interval of a share; the numbers need not be whole."""
    if not successes + failures:
        return None, None
    tail = (1 - confidence) / 2
    return (
        beta_quantile(tail, successes, failures + 1) if successes else 0.0,
        beta_quantile(1 - tail, successes + 1, failures) if failures else 1.0,
    )


def korn_graubard_interval(sums: Sums, confidence: float) -> tuple[float | None, float | None]:
    """Returns Korn and Graubard's (1998) interval of the weighted share p = Σwy/Σw.

    Clopper and Pearson's of n*p successes among n* = p(1-p)/SE² rows, the effective sample size,
    n* = n at p = 0 and 1. As R's survey::svyciprop(method="beta"), whose factor (t(n-1)/t(df))²
    is 1 without strata or clusters.
    """
    if not sums.w:
        return None, None
    p = Fraction(sums.wx, sums.w)
    variance = linearised_variance(sums) if 0 < p < 1 else None
    size = p * (1 - p) / variance if variance else sums.n
    return clopper_pearson_interval(float(size * p), float(size * (1 - p)), confidence)
