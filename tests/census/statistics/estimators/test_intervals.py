"""Intervals of quantiles, totals and shares, design effects, and flags."""

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from census.statistics.estimators import flags, means, proportions
from census.statistics.estimators.quantiles import WeightedValues
from tests.census.statistics.estimators.samples import close, linearised, sample, sums_of


def values_of(x: np.ndarray, w: np.ndarray) -> WeightedValues:
    values = np.unique(x)
    groups = [w[x == value] for value in values]
    return WeightedValues(
        [int(v) for v in values],
        [len(g) for g in groups],
        [int(g.sum()) for g in groups],
        [int((g * g).sum()) for g in groups],
    )


def inverse(x: np.ndarray, w: np.ndarray, q: float) -> int | None:
    """Return the least x whose cumulative weight is at least q of all."""
    if not 0 <= q <= 1:
        return None
    order = np.argsort(x, kind="stable")
    cumulated = w[order].cumsum()
    return int(x[order][min(np.searchsorted(cumulated, q * cumulated[-1]), len(x) - 1)])


@pytest.mark.parametrize("n", [2, 5, 60, 700])
@pytest.mark.parametrize("q", [0.01, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("confidence", [0.5, 0.95])
def test_woodruff_about_q(n: int, q: float, confidence: float) -> None:
    x, w = sample(3, n)
    point = inverse(x, w, q)
    _, error = linearised((x <= point).astype(float), w)
    margin = stats.t.ppf((1 + confidence) / 2, n - 1) * error
    table, exact = values_of(x, w), Fraction(repr(q))
    assert table.quantile(exact) == point
    assert table.interval(exact, confidence) == (
        inverse(x, w, q - margin),
        inverse(x, w, q + margin),
    )


def test_woodruff_in_the_corners() -> None:
    half = Fraction(1, 2)
    nothing = values_of(np.array([], int), np.array([], int))
    assert (nothing.quantile(half), nothing.interval(half, 0.95)) == (None, (None, None))
    assert values_of(np.array([3]), np.array([9])).interval(half, 0.95) == (None, None)
    constant = values_of(np.array([3, 3, 3]), np.array([9, 1, 2]))
    assert constant.interval(half, 0.95) == (3, 3)


@pytest.mark.parametrize("n", [2, 40])
def test_total_of_a_domain_is_that_of_all_rows_with_zeros(n: int) -> None:
    x, w = sample(5, n)
    inside = np.arange(n) % 3 == 0
    y = w * x * inside
    error = math.sqrt(n * y.var(ddof=1))
    sums, _ = sums_of(x[inside], w[inside])
    found = means.total_estimate(n, sums.wx, sums.w2x2, 0.9)
    assert (found.value, found.standard_error) == (y.sum(), close(error))
    assert found.ci_upper == close(y.sum() + stats.t.ppf(0.95, n - 1) * error)


def test_total_of_one_row_has_no_error() -> None:
    assert means.total_estimate(1, 5, 25, 0.95) == (5.0, None, None, None)


def test_deff_is_the_variance_over_that_of_a_simple_sample() -> None:
    x, w = sample(4, 50)
    mean, error = linearised(x, w)
    spread = 50 / 49 * (w * (x - mean) ** 2).sum() / w.sum()
    assert means.deff(*sums_of(x, w)) == close(error**2 * 50 / spread)
    assert means.deff(*sums_of(x, np.full(50, 7))) == close(1)
    assert means.deff(*sums_of(np.full(9, 3), w[:9])) is None


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (0, 10), (3, 10), (10, 10), (12, 90)])
def test_clopper_pearson_equals_statsmodels(successes: int, n: int) -> None:
    expected = proportion_confint(successes, n, 0.1, method="beta")
    found = proportions.clopper_pearson_interval(successes, n - successes, 0.9)
    assert found == pytest.approx(expected, rel=1e-10)


def test_korn_graubard_is_clopper_pearson_of_the_effective_size() -> None:
    x, w = sample(4, 50)
    y = (x > 20).astype(int)
    p, error = linearised(y, w)
    size = p * (1 - p) / error**2
    found = proportions.korn_graubard_interval(sums_of(y, w)[0], 0.95)
    assert found == (
        close(stats.beta.ppf(0.025, size * p, size * (1 - p) + 1), 1e-10),
        close(stats.beta.ppf(0.975, size * p + 1, size * (1 - p)), 1e-10),
    )


@pytest.mark.parametrize("share", [0, 1])
def test_a_share_of_all_or_none_has_korn_graubards_interval(share: int) -> None:
    w = sample(4, 12)[1]
    sums = sums_of(np.full(12, share), w)[0]
    expected = proportion_confint(12 * share, 12, method="beta")
    found = proportions.weighted_proportion_estimate(sums, 0.95)
    assert found[:2] == (share, 0.0)
    assert found[2:] == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((29, None), [flags.FEW]),
        ((30, 30.0), []),
        ((40, 29.9), [flags.FEW_EFFECTIVE]),
        ((0, None), [flags.FEW]),
    ],
)
def test_flags_of_size(given: tuple[int, float | None], expected: list[str]) -> None:
    assert flags.size_flags(*given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((0.5, 0.35, 0.65), [flags.WIDE]),
        ((0.5, 0.36, 0.65), []),
        ((0.01, 0.0, 0.04), []),  # up to 0.05 is narrow enough, whatever the share
        ((0.04, 0.01, 0.07), [flags.RELATIVELY_WIDE]),
        ((0.0, 0.0, 0.06), [flags.RELATIVELY_WIDE]),
        ((None, None, None), []),
    ],
)
def test_flags_of_width(given: tuple[float, float, float], expected: list[str]) -> None:
    assert flags.width_flags(*given) == expected


def test_flags_of_error() -> None:
    assert flags.error_flags(-10.0, 3.1) == [flags.UNSTABLE]
    assert flags.error_flags(10.0, 3.0) == flags.error_flags(None, None) == []
