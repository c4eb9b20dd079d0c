"""The share of a category with its standard error and interval."""

from __future__ import annotations

import math
from fractions import Fraction

from census.statistics.estimators.means import Estimate, Sums, mean_estimate
from census.statistics.estimators.numbers import expit, square_root, two_sided_t, two_sided_z


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
    and svy have it, t included (Lumley 2010). At p = 0 and p = 1 no interval:
    the logit is infinite and the linearised error a 0 that says nothing about the population.
    """
    value, standard_error, _, _ = mean_estimate(sums, confidence)
    if standard_error is None or not 0 < sums.wx < sums.w:
        return Estimate(value, standard_error)
    centre = math.log(Fraction(sums.wx, sums.w - sums.wx))
    spread = float(Fraction(sums.w**2, sums.wx * (sums.w - sums.wx)))  # 1/(p(1-p))
    margin = two_sided_t(confidence, sums.n - 1) * standard_error * spread
    return Estimate(value, standard_error, expit(centre - margin), expit(centre + margin))
