"""Estimates from exact sums, which the database computes: pure functions.

Sums are integers or fractions and stay so up to the last step: the division or square root that
makes the float is correctly rounded. Only intervals are computed in floats.
An undefined quantity is `None`; nothing here raises or returns NaN.

In the formulas n is the number of rows counted, w a row's weight, x its value, W = Σw, and
m = Σwx/W. Unweighted is w = 1 throughout. The weights come without strata or clusters: each row
counts as a unit drawn with replacement and unequal probabilities, and what is selected as a sample
of its own.
"""

from census.statistics.estimators.means import (
    Estimate,
    Sums,
    deff,
    design_effect,
    mean_estimate,
    n_effective,
    total_deff,
    total_estimate,
)
from census.statistics.estimators.moments import (
    correlation,
    kurtosis,
    mean,
    skewness,
    standard_deviation,
    variance,
)
from census.statistics.estimators.numbers import Exact, square_root
from census.statistics.estimators.proportions import (
    clopper_pearson_interval,
    korn_graubard_interval,
    proportion_estimate,
    weighted_proportion_estimate,
)
from census.statistics.estimators.rates import (
    Rate,
    RateRatio,
    rate,
    rate_ratio,
    smoothed_differential_fairness,
    weighted_rate,
)

__all__ = [
    "Estimate",
    "Exact",
    "Rate",
    "RateRatio",
    "Sums",
    "clopper_pearson_interval",
    "correlation",
    "deff",
    "design_effect",
    "korn_graubard_interval",
    "kurtosis",
    "mean",
    "mean_estimate",
    "n_effective",
    "proportion_estimate",
    "rate",
    "rate_ratio",
    "skewness",
    "smoothed_differential_fairness",
    "square_root",
    "standard_deviation",
    "total_deff",
    "total_estimate",
    "variance",
    "weighted_proportion_estimate",
    "weighted_rate",
]
