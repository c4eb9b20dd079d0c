"""The means or shares of two groups compared, and those of all groups tested for equality."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import accumulate
from typing import NamedTuple

from census.statistics.distributions import (
    f_log10_sf,
    f_sf,
    normal_log10_p,
    stirling_error,
    student_t_log10_p,
)
from census.statistics.estimators.means import Sums, linearised_variance
from census.statistics.estimators.numbers import Exact, square_root, two_sided_t, two_sided_z
from census.statistics.estimators.proportions import proportion_estimate


class Sample(NamedTuple):
    """A group: its n, its mean, the variance of that estimate, and the variance of its values."""

    n: int
    mean: Fraction
    variance: Fraction | None
    spread: Fraction | None

    @classmethod
    def of(cls, sums: Sums, wx2: Exact) -> Sample | None:
        """Returns the sample of these sums and Σwx²; None of no rows, its variances of one."""
        if not sums.w:
            return None
        mean = Fraction(sums.wx, sums.w)
        spread = None
        if sums.n > 1:
            spread = (Fraction(wx2, sums.w) - mean * mean) * Fraction(sums.n, sums.n - 1)
        return cls(sums.n, mean, linearised_variance(sums), spread)


class Difference(NamedTuple):
    """A difference with the test that it is 0; `df` is None where the statistic is normal."""

    value: float | None = None
    standard_error: float | None = None
    ci_lower: float | None = None
    ci_upper: float | None = None
    statistic: float | None = None
    df: float | None = None
    p_value: float | None = None
    log10_p: float | None = None


class Overall(NamedTuple):
    """An F test that all groups are equal."""

    f: float | None = None
    f_df1: float | None = None
    f_df2: float | None = None
    f_p_value: float | None = None
    f_log10_p: float | None = None


class Effect(NamedTuple):
    """The size of an effect with its interval."""

    value: float | None = None
    ci_lower: float | None = None
    ci_upper: float | None = None


# --- Two groups -------------------------------------------------------------------------------


def welch_difference(
    group: Sample | None, reference: Sample | None, confidence: float
) -> Difference:
    """Welch's (1947) test of two means: SE² = s₁²/n₁ + s₀²/n₀, t on Satterthwaite's (1946) df."""
    df = None
    if group and reference and group.variance is not None and reference.variance is not None:
        parts = [s.variance**2 / (s.n - 1) for s in (group, reference)]  # type: ignore[operator]
        if any(parts):
            df = float((group.variance + reference.variance) ** 2 / sum(parts))
    return _t_difference(group, reference, df, confidence)


def linearised_difference(
    group: Sample | None, reference: Sample | None, confidence: float
) -> Difference:
    """The difference of two weighted means: SE² = v₁ + v₀, t on n₁ + n₀ - 2 degrees of freedom.

    The groups have no row in common, so that the covariance of their linearised contributions,
    which sum to 0 within a group and are 0 outside it, is 0.
    """
    df = float(group.n + reference.n - 2) if group and reference else None
    return _t_difference(group, reference, df, confidence)


def _t_difference(
    group: Sample | None, reference: Sample | None, df: float | None, confidence: float
) -> Difference:
    if group is None or reference is None:
        return Difference()
    value = float(group.mean - reference.mean)
    if group.variance is None or reference.variance is None:
        return Difference(value)
    standard_error = square_root(group.variance + reference.variance)
    if not standard_error or df is None:
        return Difference(value, standard_error, value, value, df=df)
    margin = two_sided_t(confidence, df) * standard_error
    statistic = value / standard_error
    log10_p = student_t_log10_p(statistic, df)
    return Difference(
        value,
        standard_error,
        value - margin,
        value + margin,
        statistic,
        df,
        10**log10_p,
        log10_p,
    )


def newcombe_difference(
    successes: int, n: int, reference_successes: int, reference_n: int, confidence: float
) -> Difference:
    """The difference of two shares with Newcombe's (1998) hybrid score interval (his method 10).

    With Wilson's intervals [l, u] of the two shares it is
    [d - √((p₁-l₁)² + (u₀-p₀)²), d + √((u₁-p₁)² + (p₀-l₀)²)]. The standard error is Wald's
    √(p₁(1-p₁)/n₁ + p₀(1-p₀)/n₀), the statistic the signed root of Pearson's χ² of the 2 × 2 table.
    """
    if not n or not reference_n:
        return Difference()
    first = proportion_estimate(successes, n, confidence)
    second = proportion_estimate(reference_successes, reference_n, confidence)
    exact = Fraction(successes, n) - Fraction(reference_successes, reference_n)
    value = float(exact)
    z = _signed_root_of_chi2(exact, successes + reference_successes, n, reference_n)
    log10_p = None if z is None else normal_log10_p(z)
    return Difference(
        value,
        square_root(
            Fraction(successes * (n - successes), n**3)
            + Fraction(reference_successes * (reference_n - reference_successes), reference_n**3)
        ),
        value - _hypotenuse(first.value, first.ci_lower, second.ci_upper, second.value),
        value + _hypotenuse(first.ci_upper, first.value, second.value, second.ci_lower),
        z,
        None,
        None if log10_p is None else 10**log10_p,
        log10_p,
    )


def _hypotenuse(a: float | None, b: float | None, c: float | None, d: float | None) -> float:
    """Returns √((a-b)² + (c-d)²); with rows in both groups no number is None."""
    if a is None or b is None or c is None or d is None:
        return math.nan
    return math.hypot(a - b, c - d)


def _signed_root_of_chi2(
    difference: Fraction, successes: int, n: int, reference_n: int
) -> float | None:
    total = n + reference_n
    pooled = Fraction(successes * (total - successes), total * total)
    if not pooled:
        return None
    squared = difference**2 / (pooled * (Fraction(1, n) + Fraction(1, reference_n)))
    return math.copysign(square_root(squared), difference)


# --- Effect sizes -----------------------------------------------------------------------------


def hedges_g(group: Sample | None, reference: Sample | None, confidence: float) -> Effect:
    """Hedges' g = J·(m₁-m₀)/s with the pooled s, and the interval g ± z·SE.

    J = Γ(df/2)/(√(df/2)·Γ((df-1)/2)), df = n₁+n₀-2, makes it unbiased (Hedges 1981);
    SE² = (n₁+n₀)/(n₁n₀) + g²/(2(n₁+n₀)) (Hedges and Olkin 1985, chapter 5).
    """
    d = standardized_difference(group, reference)
    if d is None or group is None or reference is None:
        return Effect()
    total = group.n + reference.n
    g = _hedges_correction(total - 2) * d
    error = math.sqrt(total / (group.n * reference.n) + g * g / (2 * total))
    margin = two_sided_z(confidence) * error
    return Effect(g, g - margin, g + margin)


def standardized_difference(group: Sample | None, reference: Sample | None) -> float | None:
    """Cohen's d = (m₁-m₀)/s, s² = ((n₁-1)s₁² + (n₀-1)s₀²)/(n₁+n₀-2) of (weighted) variances."""
    if group is None or reference is None or group.spread is None or reference.spread is None:
        return None
    squares = (group.n - 1) * group.spread + (reference.n - 1) * reference.spread
    if not squares:
        return None
    difference = group.mean - reference.mean
    squared = difference**2 * (group.n + reference.n - 2) / squares
    return math.copysign(square_root(squared), difference)


def _hedges_correction(df: int) -> float:
    """J, by Stirling's formula: without a difference of two large logarithms."""
    a = (df - 1) / 2
    return math.exp(
        (a - 0.5) * math.log1p(0.5 / a) - 0.5 + stirling_error(a + 0.5) - stirling_error(a)
    )


def cohens_h(share: float | None, reference: float | None) -> float | None:
    """2·arcsin √p₁ - 2·arcsin √p₀ (Cohen 1988, chapter 6)."""
    if share is None or reference is None:
        return None
    return 2 * (math.asin(math.sqrt(share)) - math.asin(math.sqrt(reference)))


def odds_ratio(
    successes: int, failures: int, reference_successes: int, reference_failures: int,
    confidence: float,
) -> Effect:  # fmt: skip
    """The ratio of odds ad/(bc) with Woolf's (1955) interval, exp(log ± z·√(1/a+1/b+1/c+1/d)).

    None where a cell is empty.
    """
    cells = (successes, failures, reference_successes, reference_failures)
    if not all(cells):
        return Effect()
    value = float(Fraction(successes * reference_failures, failures * reference_successes))
    error = square_root(Fraction(sum(Fraction(1, cell) for cell in cells)))
    factor = math.exp(two_sided_z(confidence) * error)
    return Effect(value, value / factor, value * factor)


def ks_distance(counts: Mapping[int, int], reference: Mapping[int, int]) -> float | None:
    """Kolmogorov and Smirnov's max |F₁(x) - F₀(x)| of two samples, by counts of each value."""
    n, reference_n = sum(counts.values()), sum(reference.values())
    if not n or not reference_n:
        return None
    steps = (
        counts.get(x, 0) * reference_n - reference.get(x, 0) * n
        for x in sorted({*counts, *reference})
    )
    return float(Fraction(max(map(abs, accumulate(steps))), n * reference_n))


# --- All groups -------------------------------------------------------------------------------


def welch_anova(samples: Sequence[Sample]) -> Overall:
    """Welch's (1951) F test of equal means of k groups whose variances differ.

    With weights u = n/s² and their mean m̃: F = [Σu(m-m̃)²/(k-1)]/[1 + 2(k-2)Λ] on k-1 and 1/(3Λ)
    degrees of freedom, Λ = Σ(1-u/Σu)²/(n-1)/(k²-1). As R's oneway.test. None where a group has no
    variance.
    """
    k = len(samples)
    between = _between(samples)
    if between is None:
        return Overall()
    precisions = [1 / float(s.variance or 0) for s in samples]
    total = math.fsum(precisions)
    terms = ((1 - u / total) ** 2 / (s.n - 1) for u, s in zip(precisions, samples, strict=True))
    excess = math.fsum(terms) / (k * k - 1)
    return _overall(between / (k - 1) / (1 + 2 * (k - 2) * excess), k - 1, 1 / (3 * excess))


def linearised_f(samples: Sequence[Sample]) -> Overall:
    """Wald's F test of equal weighted means of k independent groups, on k-1 and n-k.

    F = [Σm²/v - (Σm/v)²/Σ(1/v)]/(k-1), the variances v linearised. None where a group has none.
    """
    k, n = len(samples), sum(sample.n for sample in samples)
    between = _between(samples)
    if between is None or n <= k:
        return Overall()
    return _overall(between / (k - 1), k - 1, n - k)


def _between(samples: Sequence[Sample]) -> float | None:
    """Returns Σ(m-m̃)²/v, with m̃ the mean of the means by 1/v."""
    if len(samples) < 2 or not all(sample.variance for sample in samples):
        return None
    pairs = [(s.mean, 1 / float(s.variance or 0)) for s in samples]
    centre = Fraction(
        math.fsum(float(mean) * u for mean, u in pairs) / math.fsum(u for _, u in pairs)
    )
    offsets = [(float(mean - centre), u) for mean, u in pairs]
    total = math.fsum(u for _, u in offsets)
    # Corrects for the rounding of the centre.
    return (
        math.fsum(x * x * u for x, u in offsets) - math.fsum(x * u for x, u in offsets) ** 2 / total
    )


def _overall(f: float, df1: float, df2: float) -> Overall:
    return Overall(f, df1, df2, f_sf(f, df1, df2), f_log10_sf(f, df1, df2))


# --- Many tests -------------------------------------------------------------------------------

ADJUSTMENTS = ("holm", "bonferroni", "none")


def adjusted_log10_p(log10_ps: Sequence[float | None], how: str) -> list[float | None]:
    """Returns the logarithms of p values adjusted for their number; None is not counted.

    Bonferroni's min(1, kp), Holm's (1979) running maximum of min(1, (k-i+1)p₍ᵢ₎). As R's p.adjust.
    """
    known = sorted((p, place) for place, p in enumerate(log10_ps) if p is not None)
    adjusted = list(log10_ps)
    if how == "none":
        return adjusted
    largest = -math.inf
    for rank, (p, place) in enumerate(known):
        factor = len(known) - rank if how == "holm" else len(known)
        found = min(0.0, p + math.log10(factor))
        largest = max(largest, found) if how == "holm" else found
        adjusted[place] = largest
    return adjusted
