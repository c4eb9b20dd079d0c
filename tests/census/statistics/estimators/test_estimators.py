"""The estimators: by hand, in the corners, and against pandas, scipy, statsmodels and R.

Figures of R are of R 4.2.2 with survey 4.1-1, `svydesign(ids=~1, weights=~fnlwgt)`.
"""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from census.statistics.estimators import (
    Estimate,
    RateRatio,
    Sums,
    correlation,
    design_effect,
    kurtosis,
    mean,
    mean_estimate,
    n_effective,
    proportion_estimate,
    rate,
    rate_ratio,
    skewness,
    smoothed_differential_fairness,
    square_root,
    standard_deviation,
    variance,
    weighted_proportion_estimate,
    weighted_rate,
)

Values = Sequence[int]

# Values that have their own ways of going wrong: two rows, ties, mostly zeros, one far outlier,
# and so far from zero that a sum of squares in floats would forget the spread.
SAMPLES: list[Values] = [
    [1, 2, 3, 4],
    [5, 5, 5, 5, 6],
    [0] * 92 + [7688, 15024, 99999, 5178, 0, 0, 0, 3103],
    [10**12 + k for k in (1, 5, 2, 8, 13)],
    [-3, 0, 3, 9],
]


def close(expected: float, rel: float = 1e-12) -> object:
    return pytest.approx(expected, rel=rel, abs=0)


def powers(x: Values, up_to: int) -> list[int]:
    return [sum(v**k for v in x) for k in range(1, up_to + 1)]


def sums_of(x: Values, w: Values) -> Sums:
    pairs = list(zip(x, w, strict=True))
    return Sums(
        n=len(pairs),
        w=sum(w),
        wx=sum(w * x for x, w in pairs),
        w2=sum(w * w for w in w),
        w2x=sum(w * w * x for x, w in pairs),
        w2x2=sum((w * x) ** 2 for x, w in pairs),
    )


def series(column: pd.Series) -> list[int]:
    return [int(value) for value in column]


class TestMoments:
    @pytest.mark.parametrize("x", SAMPLES)
    @pytest.mark.parametrize("ddof", [0, 1])
    def test_of_samples(self, x: Values, ddof: int) -> None:
        n, (s1, s2) = len(x), powers(x, 2)
        exact = [Fraction(value) for value in x]
        centre = sum(exact) / n
        expected = sum((value - centre) ** 2 for value in exact) / (n - ddof)
        assert mean(s1, n) == float(centre)
        assert variance(n, n, s1, s2, ddof) == float(expected)
        assert standard_deviation(n, n, s1, s2, ddof) == close(math.sqrt(expected), 1e-15)

    @pytest.mark.parametrize("x", SAMPLES)
    def test_shape_equals_pandas(self, x: Values) -> None:
        n, (s1, s2, s3, s4) = len(x), powers(x, 4)
        shifted = pd.Series(x) - min(x)
        assert skewness(n, n, s1, s2, s3) == pytest.approx(shifted.skew(), rel=1e-8, abs=1e-12)
        assert kurtosis(n, n, s1, s2, s3, s4) == close(shifted.kurt(), 1e-8)
        assert skewness(n, n, s1, s2, s3, bias=True) == pytest.approx(
            stats.skew(shifted), rel=1e-8, abs=1e-12
        )
        assert kurtosis(n, n, s1, s2, s3, s4, bias=True) == close(stats.kurtosis(shifted), 1e-8)

    def test_by_hand(self) -> None:
        # 0, 0, 0, 4: m2 = 3, m3 = 6, m4 = 21
        assert skewness(4, 4, 4, 16, 64, bias=True) == close(6 / 3**1.5, 1e-15)
        assert kurtosis(4, 4, 4, 16, 64, 256, bias=True) == -2 / 3
        assert skewness(4, 4, 4, 16, 64) == 2.0
        assert kurtosis(4, 4, 4, 16, 64, 256) == 4.0
        assert skewness(4, 4, -4, 16, -64) == -2.0

    @pytest.mark.parametrize("bias", [True, False])
    def test_shape_is_undefined_for_few_or_equal_values(self, bias: bool) -> None:
        for x in ([], [3], [3, 4], [7, 7, 7, 7, 7]):
            s1, s2, s3, s4 = powers(x, 4)
            assert skewness(len(x), len(x), s1, s2, s3, bias=bias) is None
            assert kurtosis(len(x), len(x), s1, s2, s3, s4, bias=bias) is None
        assert kurtosis(3, 3, *powers([1, 2, 4], 4), bias=bias) is None

    def test_undefined_for_few(self) -> None:
        assert mean(0, 0) is None
        assert [variance(0, 0, 0, 0, ddof) for ddof in (0, 1)] == [None, None]
        assert variance(1, 1, 5, 25) is None
        assert variance(1, 1, 5, 25, ddof=0) == 0.0
        assert standard_deviation(1, 1, 5, 25) is None

    def test_adult(self, adult: pd.DataFrame) -> None:
        n, age = len(adult), series(adult.age)
        s1, s2, s3, s4 = powers(age, 4)
        assert mean(s1, n) == 38.64358543876172
        assert standard_deviation(n, n, s1, s2) == close(13.71050993444316)
        assert skewness(n, n, s1, s2, s3) == close(adult.age.skew(), 1e-8)
        assert kurtosis(n, n, s1, s2, s3, s4) == close(adult.age.kurt(), 1e-8)
        # fnlwgt⁴ is 5e24 for one row
        weights = series(adult.fnlwgt)
        assert kurtosis(n, n, *powers(weights, 4)) == close(adult.fnlwgt.kurt(), 1e-8)


@pytest.mark.parametrize("weighted", [False, True])
def test_correlation_equals_numpy(adult: pd.DataFrame, weighted: bool) -> None:
    x, y = series(adult.age), series(adult.capital_gain)
    w = series(adult.fnlwgt) if weighted else [1] * len(x)
    rows = list(zip(w, x, y, strict=True))
    actual = correlation(
        sum(w),
        sum(w * x for w, x, _ in rows),
        sum(w * y for w, _, y in rows),
        sum(w * x * x for w, x, _ in rows),
        sum(w * x * y for w, x, y in rows),
        sum(w * y * y for w, _, y in rows),
    )
    assert actual == close(
        np.cov(x, y, aweights=w)[0, 1] / math.sqrt(np.cov(x, aweights=w) * np.cov(y, aweights=w)),
        1e-10,
    )


@pytest.mark.parametrize(
    ("y", "expected"), [([1, 2, 4], 1.0), ([-1, -2, -4], -1.0), ([5, 5, 5], None)]
)
def test_correlation_corners(y: Values, expected: float | None) -> None:
    x = [10, 20, 40]
    cross = sum(a * b for a, b in zip(x, y, strict=True))
    assert correlation(3, sum(x), sum(y), powers(x, 2)[1], cross, powers(y, 2)[1]) == expected


class TestWeights:
    def test_adult(self, adult: pd.DataFrame) -> None:
        w, w2 = powers(series(adult.fnlwgt), 2)
        assert w2 > 2**51
        assert n_effective(w, w2) == pytest.approx(37_283.56, abs=0.005)
        assert design_effect(len(adult), w, w2) == pytest.approx(1.310014, abs=5e-7)

    def test_equal_weights_have_no_effect(self) -> None:
        assert n_effective(7 * 12, 7 * 144) == 7
        assert design_effect(7, 7 * 12, 7 * 144) == 1

    def test_nothing(self) -> None:
        assert n_effective(0, 0) is None
        assert design_effect(0, 0, 0) is None


class TestMean:
    def test_adult(self, adult: pd.DataFrame) -> None:
        x = series(adult.age)
        estimate = mean_estimate(Sums.unweighted(len(x), *powers(x, 2)), 0.95)
        lower, upper = stats.t.interval(0.95, len(x) - 1, adult.age.mean(), stats.sem(adult.age))
        assert estimate == (
            close(38.64358543876172),
            close(0.06203787139360584),
            close(lower),
            close(upper),
        )

    def test_adult_weighted_equals_r(self, adult: pd.DataFrame) -> None:
        estimate = mean_estimate(sums_of(series(adult.age), series(adult.fnlwgt)), 0.95)
        assert estimate == (
            close(38.05862309067412),
            close(0.06887667899496155),
            close(37.923623934957412),
            close(38.193622246390824),
        )

    @pytest.mark.parametrize("x", SAMPLES)
    @pytest.mark.parametrize("weight", [1, 1000])
    def test_a_constant_weight_changes_nothing(self, x: Values, weight: int) -> None:
        weighted = mean_estimate(sums_of(x, [weight] * len(x)), 0.9)
        assert weighted == mean_estimate(Sums.unweighted(len(x), *powers(x, 2)), 0.9)

    def test_weighted_variance_by_hand(self) -> None:
        # x = 0 with weight 3, x = 4 with weight 1: m = 1, Σw(x-m)² = 3 + 9
        assert variance(2, 4, 4, 16) == 2 * 12 / 4
        assert variance(2, 4, 4, 16, ddof=0) == 12 / 4
        # contributions w(x-m)/W are -3/4 and 3/4
        assert mean_estimate(sums_of([0, 4], [3, 1]), 0.95).standard_error == close(1.5, 1e-15)

    @pytest.mark.parametrize(
        ("x", "w", "expected"),
        [
            ([], [], Estimate()),
            ([5], [3], Estimate(5.0)),
            ([5, 5, 5], [3, 1, 9], Estimate(5.0, 0.0, 5.0, 5.0)),
            ([5, 6], [0, 0], Estimate()),
        ],
    )
    def test_corners(self, x: Values, w: Values, expected: Estimate) -> None:
        assert mean_estimate(sums_of(x, w), 0.95) == expected


class TestProportion:
    def test_adult(self) -> None:
        assert proportion_estimate(11_687, 48_842, 0.95) == (
            0.23928176569346055,
            close(math.sqrt(0.23928176569346055 * (1 - 0.23928176569346055) / 48_842)),
            close(0.23551865086164034),
            close(0.2430858886574361),
        )

    @pytest.mark.parametrize(
        ("successes", "n"), [(0, 1), (1, 1), (0, 30), (30, 30), (1, 10), (3, 7), (2, 10**6)]
    )
    @pytest.mark.parametrize("confidence", [0.5, 0.95, 0.9999])
    def test_interval_equals_statsmodels(self, successes: int, n: int, confidence: float) -> None:
        _, _, *interval = proportion_estimate(successes, n, confidence)
        expected = proportion_confint(successes, n, 1 - confidence, method="wilson")
        assert interval == pytest.approx(list(expected), rel=1e-9, abs=1e-15)

    def test_corners(self) -> None:
        assert proportion_estimate(0, 0, 0.95) == Estimate()
        none, every = proportion_estimate(0, 9, 0.95), proportion_estimate(9, 9, 0.95)
        assert (none.value, none.standard_error, none.ci_lower) == (0, 0, 0)
        assert (every.value, every.standard_error, every.ci_upper) == (1, 0, 1)

    def indicator(self, rows: pd.DataFrame, hit: pd.Series) -> Sums:
        w, y = series(rows.fnlwgt), series(hit)
        hits = [w for w, y in zip(w, y, strict=True) if y]
        sums = Sums.of_indicator(
            len(w), *powers(w, 1), sum(hits), powers(w, 2)[1], powers(hits, 2)[1]
        )
        assert sums == sums_of(y, w)
        return sums

    def test_weighted_share_of_men_equals_r(self, adult: pd.DataFrame) -> None:
        sums = self.indicator(adult, adult.sex == "Male")
        assert weighted_proportion_estimate(sums, 0.95) == (
            close(0.6757528069510574),
            close(0.0024101770209819084, 1e-10),
            close(0.6710110459801867933, 1e-10),
            close(0.6804587701193541838, 1e-10),
        )

    def test_weighted_share_of_a_few_equals_r(self, adult: pd.DataFrame) -> None:
        """With 20 degrees of freedom t and z are far apart: svyciprop(method="xlogit")."""
        rows = adult[adult.workclass == "Without-pay"]
        sums = self.indicator(rows, rows.income == ">50K")
        assert weighted_proportion_estimate(sums, 0.95) == (
            close(0.094242525998622789, 1e-10),
            close(0.067871208290481155, 1e-10),
            close(0.019427087986718855, 1e-10),
            close(0.353353343205226822, 1e-10),
        )

    @pytest.mark.parametrize(
        ("y", "w", "expected"),
        [
            ([], [], Estimate()),
            ([1, 0], [1, 1], Estimate(0.5, 0.5, 0.0, 1.0)),
        ],
    )
    def test_weighted_corners(self, y: Values, w: Values, expected: Estimate) -> None:
        actual = weighted_proportion_estimate(sums_of(y, w), 0.9999)
        assert actual == pytest.approx(expected) if None not in expected else actual == expected


class TestRates:
    WOMEN, MEN = (1769, 16_192), (9918, 32_650)

    def test_by_sex(self) -> None:
        women, men = rate(*self.WOMEN), rate(*self.MEN)
        ratio = rate_ratio(women, men, 0.95)
        assert ratio == tuple(
            pytest.approx(value, abs=5e-7) for value in (0.359655, 0.343161, 0.376942)
        )

    def test_ratio_equals_scipy(self) -> None:
        (a, n), (b, m) = self.WOMEN, self.MEN
        expected = stats.contingency.relative_risk(a, n, b, m)
        interval = expected.confidence_interval(0.9)
        actual = rate_ratio(rate(a, n), rate(b, m), 0.9)
        assert actual == (close(expected.relative_risk), close(interval.low), close(interval.high))

    def test_weighted_equals_r(self, adult: pd.DataFrame) -> None:
        """svyby(~hi, ~sex, D, svymean), whose n/(n-1) counts the rows of both sexes."""
        women, men = (
            weighted_rate(sums_of(series(rows.income == ">50K"), series(rows.fnlwgt)))
            for _, rows in adult.groupby("sex")
        )
        n = len(adult)
        for group, size, value, error in (
            (women, 16_192, 0.10835926234886563, 0.0027635682276520839),
            (men, 32_650, 0.29987411405864461, 0.0028833323697332850),
        ):
            assert group is not None
            assert group.variance is not None
            assert float(group.value) == close(value)
            of_whole = group.variance * Fraction(n, n - 1) / Fraction(size, size - 1)
            assert square_root(of_whole) == close(error, 1e-10)
        assert rate_ratio(women, men, 0.95).value == close(0.361349170431144)

    def test_corners(self) -> None:
        nobody, some, none, all_ = rate(0, 0), rate(2, 5), rate(0, 5), rate(5, 5)
        alone = weighted_rate(sums_of([1], [9]))
        assert nobody is None
        assert weighted_rate(sums_of([], [])) is None
        assert rate_ratio(nobody, some, 0.95) == rate_ratio(some, nobody, 0.95) == RateRatio()
        assert rate_ratio(some, none, 0.95) == RateRatio()
        assert rate_ratio(none, some, 0.95) == RateRatio(0.0)
        assert rate_ratio(all_, all_, 0.95) == RateRatio(1.0, 1.0, 1.0)
        assert rate_ratio(alone, some, 0.95) == RateRatio(2.5)


class TestSmoothedDifferentialFairness:
    def test_equals_aif360(self, adult: pd.DataFrame) -> None:
        """The value in the docstring test of AIF360's smoothed_edf: sex and race, complete rows."""
        complete = adult.dropna()
        groups = (complete.income == ">50K").groupby([complete.sex, complete.race])
        counts = [(int(group.sum()), len(group)) for _, group in groups]
        assert smoothed_differential_fairness(counts) == close(1.7547611985549287, 1e-15)

    @pytest.mark.parametrize(
        ("groups", "expected"),
        [
            ([], None),
            ([(3, 8)], 0.0),
            ([(0, 0), (1, 2)], 0.0),  # nobody: the prior alone, 1/2
            ([(0, 3), (3, 3)], math.log(7)),
            ([(9, 9), (8, 9)], math.log(3)),  # by the outcome that is not favourable
        ],
    )
    def test_by_hand(self, groups: list[tuple[int, int]], expected: float | None) -> None:
        assert smoothed_differential_fairness(groups) == (
            None if expected is None else pytest.approx(expected, rel=1e-15)
        )


@pytest.mark.parametrize("scale", [Fraction(1), Fraction(1, 10**40), Fraction(10**40)])
def test_square_root_is_correctly_rounded(scale: Fraction) -> None:
    for k in range(1, 500):
        value = Fraction(k, 7) * scale
        root = square_root(value)
        below, above = math.nextafter(root, 0), math.nextafter(root, math.inf)
        assert ((Fraction(below) + Fraction(root)) / 2) ** 2 <= value
        assert value <= ((Fraction(root) + Fraction(above)) / 2) ** 2
    assert square_root(Fraction(0)) == 0
    assert square_root(Fraction(9, 4)) == 1.5
