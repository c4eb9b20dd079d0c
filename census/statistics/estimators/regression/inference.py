"""Coefficients of a regression with their errors, intervals and tests, alone and jointly."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from census.statistics.distributions import chi2_log10_sf, chi2_sf, f_log10_sf, f_sf
from census.statistics.estimators.numbers import two_sided_t, two_sided_z
from census.statistics.estimators.regression.design import INTERCEPT
from census.statistics.estimators.regression.solving import Decimals, inner, invert, times


class Coefficient(NamedTuple):
    """A coefficient; None throughout where the term is aliased or separated."""

    term: str
    estimate: float | None = None
    standard_error: float | None = None
    ci_lower: float | None = None
    ci_upper: float | None = None
    statistic: float | None = None
    p_value: float | None = None
    log10_p: float | None = None


class Joint(NamedTuple):
    """Wald's F test that all coefficients but the intercept are 0."""

    f: float | None = None
    f_df1: int | None = None
    f_df2: int | None = None
    f_p_value: float | None = None
    f_log10_p: float | None = None


class Tail(NamedTuple):
    """A two-sided p-value; `log10_p` also holds what is too small for a float."""

    p_value: float
    log10_p: float


def two_sided(statistic: float, df: int | None) -> Tail:
    """Returns P(|T| ≥ |t|) of Student's t on `df` degrees of freedom, of the normal where None."""
    square = statistic * statistic
    if df is None:
        return Tail(chi2_sf(square, 1), chi2_log10_sf(square, 1))
    return Tail(f_sf(square, 1, df), f_log10_sf(square, 1, df))


def coefficients(
    names: Sequence[str],
    kept: Sequence[str],
    estimates: Sequence[Decimal],
    covariance: Decimals | None,
    confidence: float,
    df: int | None,
) -> list[Coefficient]:
    """Returns a coefficient of each of `names`, in order; those not `kept` have no estimate.

    Tests and intervals are by t on `df` degrees of freedom, by the normal where None.
    """
    found = {name: Coefficient(name) for name in names}
    for k, (name, estimate) in enumerate(zip(kept, estimates, strict=True)):
        if covariance is None:
            found[name] = Coefficient(name, float(estimate))
        else:
            error = float(covariance[k][k].sqrt())
            found[name] = _coefficient(name, float(estimate), error, confidence, df)
    return list(found.values())


def _coefficient(
    name: str, estimate: float, error: float, confidence: float, df: int | None
) -> Coefficient:
    margin = error * (two_sided_z(confidence) if df is None else two_sided_t(confidence, df))
    interval = estimate - margin, estimate + margin
    if not error:
        return Coefficient(name, estimate, error, *interval)
    statistic = estimate / error
    return Coefficient(name, estimate, error, *interval, statistic, *two_sided(statistic, df))


def joint_test(
    kept: Sequence[str], estimates: Sequence[Decimal], covariance: Decimals | None, df: int
) -> Joint:
    """Returns b'V⁻¹b/q of the q coefficients after the intercept, on q and `df` degrees of freedom.

    With classical errors that is the F of the analysis of variance. None where V is singular.
    """
    first = int(kept[:1] == [INTERCEPT])
    q = len(kept) - first
    if covariance is None or not q:
        return Joint()
    slopes = estimates[first:]
    inverse = invert([row[first:] for row in covariance[first:]])
    if len(inverse.kept) < q:
        return Joint()
    f = float(inner(slopes, times(inverse.matrix, slopes)) / q)
    return Joint(f, q, df, f_sf(f, q, df), f_log10_sf(f, q, df))
