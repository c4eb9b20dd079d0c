"""Comparisons of groups against scipy and statsmodels; figures of R are of R 4.2.2."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.oneway import anova_oneway
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    proportion_effectsize,
)

from census.statistics.estimators import comparison
from census.statistics.estimators.comparison import Difference, Effect, Overall, Sample
from tests.census.statistics.estimators.samples import close, linearised, sample, sums_of

SIZES = [(2, 2), (2, 50), (10, 3), (200, 150), (3000, 9)]


def unweighted(x: np.ndarray) -> Sample | None:
    return Sample.of(*sums_of(x, np.ones(len(x), int)))


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_welch_equals_scipy(sizes: tuple[int, int], confidence: float) -> None:
    (x, _), (y, _) = (sample(seed, n) for seed, n in enumerate(sizes, 1))
    found = comparison.welch_difference(unweighted(x), unweighted(y), confidence)
    expected = stats.ttest_ind(x, y, equal_var=False)
    interval = expected.confidence_interval(confidence)
    assert found.value == close(x.mean() - y.mean())
    assert found.statistic == close(expected.statistic)
    assert found.df == close(expected.df)
    assert (found.ci_lower, found.ci_upper) == (
        close(interval.low, 1e-9),
        close(interval.high, 1e-9),
    )
    assert found.p_value == close(expected.pvalue, 1e-10)
    assert found.log10_p == close(math.log10(expected.pvalue), 1e-9)


@pytest.mark.parametrize("sizes", SIZES)
def test_linearised_difference_is_of_independent_groups(sizes: tuple[int, int]) -> None:
    pairs = [sample(seed, n) for seed, n in enumerate(sizes, 1)]
    (m1, e1), (m0, e0) = (linearised(*pair) for pair in pairs)
    found = comparison.linearised_difference(*(Sample.of(*sums_of(*p)) for p in pairs), 0.9)
    df = sum(sizes) - 2
    error = math.hypot(e1, e0)
    margin = stats.t.ppf(0.95, df) * error
    assert found.value == close(m1 - m0, 1e-10)
    assert found.standard_error == close(error)
    assert (found.ci_lower, found.ci_upper) == (
        close(m1 - m0 - margin, 1e-9),
        close(m1 - m0 + margin, 1e-9),
    )
    assert found.df == df
    assert found.p_value == close(2 * stats.t.sf(abs(m1 - m0) / error, df), 1e-9)


@pytest.mark.parametrize(
    "difference", [comparison.welch_difference, comparison.linearised_difference]
)
class TestEdges:
    def test_absent(self, difference: type) -> None:
        some = unweighted(np.array([1, 2, 4]))
        assert difference(None, some, 0.95) == difference(some, None, 0.95) == Difference()

    def test_of_one_row(self, difference: type) -> None:
        found = difference(unweighted(np.array([1])), unweighted(np.array([2, 4])), 0.95)
        assert found[:2] == (-2.0, None)
        assert found.statistic is None

    def test_all_equal(self, difference: type) -> None:
        found = difference(unweighted(np.array([1, 1])), unweighted(np.array([3, 3, 3])), 0.95)
        assert found[:5] == (-2.0, 0.0, -2.0, -2.0, None)
        assert found.p_value is None


@pytest.mark.parametrize("sizes", [(2, 2), (5, 9, 40), (200, 3, 7, 30, 1000)])
def test_welch_anova_equals_statsmodels(sizes: tuple[int, ...]) -> None:
    groups = [sample(seed, n)[0] for seed, n in enumerate(sizes, 1)]
    found = comparison.welch_anova([Sample.of(*sums_of(x, np.ones(len(x), int))) for x in groups])  # type: ignore[misc]
    expected = anova_oneway(groups, use_var="unequal")
    assert found.f == close(expected.statistic, 1e-9)
    assert (found.f_df1, found.f_df2) == (close(expected.df[0]), close(expected.df[1], 1e-9))
    assert found.f_p_value == close(expected.pvalue, 1e-9)


def test_linearised_f_of_two_groups_is_the_square_of_t() -> None:
    groups = [Sample.of(*sums_of(*sample(seed, 50))) for seed in (1, 2)]
    found = comparison.linearised_f(groups)  # type: ignore[arg-type]
    t = comparison.linearised_difference(*groups, 0.95)
    assert t.statistic is not None
    assert found == (close(t.statistic**2), 1, 98, close(t.p_value or 0), close(t.log10_p or 0))


@pytest.mark.parametrize("test", [comparison.welch_anova, comparison.linearised_f])
def test_no_test_of_groups_without_variance(test: type) -> None:
    some, constant, single = (unweighted(np.array(x)) for x in ([1, 2], [3, 3], [4]))
    for groups in ([], [some], [some, constant], [some, single]):
        assert test(groups) == Overall()


class TestShares:
    PAIRS = ((3, 10, 40, 90), (0, 10, 8355, 33906), (5, 5, 0, 7), (1, 1, 1, 2), (700, 1000, 2, 3))

    @pytest.mark.parametrize("pair", PAIRS)
    @pytest.mark.parametrize("confidence", [0.8, 0.95])
    def test_newcombe_equals_statsmodels(
        self, pair: tuple[int, int, int, int], confidence: float
    ) -> None:
        found = comparison.newcombe_difference(*pair, confidence)
        low, high = confint_proportions_2indep(
            *pair, method="newcomb", compare="diff", alpha=1 - confidence
        )
        assert (found.ci_lower, found.ci_upper) == (close(low, 1e-9), close(high, 1e-9))

    @pytest.mark.parametrize("pair", PAIRS)
    def test_statistic_is_the_signed_root_of_chi2(self, pair: tuple[int, int, int, int]) -> None:
        found = comparison.newcombe_difference(*pair, 0.95)
        a, n, b, m = pair
        expected = stats.chi2_contingency([[a, n - a], [b, m - b]], correction=False)
        assert found.statistic == close(
            math.copysign(math.sqrt(expected.statistic), a / n - b / m), 1e-9
        )
        assert found.p_value == close(expected.pvalue, 1e-9)
        assert found.df is None

    def test_all_successes(self) -> None:
        found = comparison.newcombe_difference(4, 4, 9, 9, 0.95)
        assert (found.value, found.standard_error, found.statistic) == (0.0, 0.0, None)
        assert found.ci_lower is not None
        assert found.ci_lower < 0

    def test_absent(self) -> None:
        assert comparison.newcombe_difference(0, 0, 1, 2, 0.95) == Difference()

    def test_odds_ratio_equals_statsmodels(self) -> None:
        found = comparison.odds_ratio(3, 7, 40, 50, 0.9)
        table = Table2x2([[3, 7], [40, 50]])
        low, high = table.oddsratio_confint(0.1)
        assert found == (close(table.oddsratio), close(low), close(high))
        assert comparison.odds_ratio(0, 7, 40, 50, 0.9) == Effect()

    def test_cohens_h_equals_statsmodels(self) -> None:
        assert comparison.cohens_h(0.3, 0.7) == close(proportion_effectsize(0.3, 0.7))
        assert comparison.cohens_h(None, 0.7) is None


def test_hedges_g_of_r() -> None:
    """effectsize::hedges_g(c(1,2,4,7), c(3,5,9)) by the exact correction: J(5)·d."""
    x, y = np.array([1, 2, 4, 7]), np.array([3, 5, 9])
    pooled = math.sqrt((3 * x.var(ddof=1) + 2 * y.var(ddof=1)) / 5)
    d = (x.mean() - y.mean()) / pooled
    j = math.gamma(2.5) / (math.sqrt(2.5) * math.gamma(2))
    error = math.sqrt(7 / 12 + (j * d) ** 2 / 14)
    found = comparison.hedges_g(unweighted(x), unweighted(y), 0.95)
    assert found.value == close(j * d)
    assert found.ci_upper == close(j * d + stats.norm.ppf(0.975) * error)
    assert comparison.standardized_difference(unweighted(x), unweighted(y)) == close(d)


def test_hedges_g_needs_spread() -> None:
    constant, single = unweighted(np.array([2, 2])), unweighted(np.array([3]))
    assert comparison.hedges_g(constant, constant, 0.95) == Effect()
    assert comparison.hedges_g(constant, single, 0.95) == Effect()


class TestAdjusted:
    P = (0.01, 0.04, 0.03, 1e-12, 0.9, 0.04)

    @pytest.mark.parametrize("how", ["holm", "bonferroni"])
    def test_equals_statsmodels(self, how: str) -> None:
        found = comparison.adjusted_log10_p([math.log10(p) for p in self.P], how)
        expected = multipletests(self.P, method=how)[1]
        assert [10 ** (p or 0) for p in found] == [close(p) for p in expected]

    def test_counts_only_the_tests_there_are(self) -> None:
        assert comparison.adjusted_log10_p([None, -600.0, None], "holm") == [None, -600.0, None]
        assert comparison.adjusted_log10_p([-1.0, -600.0], "none") == [-1.0, -600.0]

    def test_keeps_what_no_float_can(self) -> None:
        found = comparison.adjusted_log10_p([-600.0, -500.0], "bonferroni")
        assert found == [close(-600 + math.log10(2)), close(-500 + math.log10(2))]


def test_ks_distance_equals_scipy() -> None:
    x, y = sample(1, 80)[0], sample(2, 300)[0]
    counts = [dict(zip(*map(list, np.unique(z, return_counts=True)), strict=True)) for z in (x, y)]
    assert comparison.ks_distance(*counts) == close(stats.ks_2samp(x, y).statistic)
    assert comparison.ks_distance({}, counts[1]) is None
