"""Exact arithmetic and the quantiles that intervals are made of."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TypeAlias

from census.statistics.distributions import normal_quantile, student_t_quantile

Exact: TypeAlias = int | Fraction


def square_root(value: Fraction) -> float:
    """√value, correctly rounded: math.sqrt(float(value)) would round twice."""
    numerator, denominator = value.numerator, value.denominator
    # Scaled by 4^shift so that the integer root has 64 bits or more, of which a float keeps 53.
    shift = max(0, 64 - (numerator.bit_length() - denominator.bit_length()) // 2)
    quotient, remainder = divmod(numerator << 2 * shift, denominator)
    root = math.isqrt(quotient)
    inexact = bool(remainder) or root * root != quotient
    return math.ldexp(2 * root + inexact, -shift - 1)


def two_sided_z(confidence: float) -> float:
    """Returns the z with `confidence` of the standard normal within ±z."""
    return -normal_quantile((1 - confidence) / 2)


def two_sided_t(confidence: float, df: float) -> float:
    """Returns the t with `confidence` of Student's t on `df` degrees of freedom within ±t."""
    return -student_t_quantile((1 - confidence) / 2, df)
