"""The distribution functions against scipy over wide tables, and mpmath where scipy gives out."""

import math
from itertools import pairwise

import pytest
from scipy import stats

from census.statistics.distributions import (
    beta_quantile,
    chi2_log10_sf,
    chi2_sf,
    f_log10_sf,
    f_sf,
    normal_log10_p,
    normal_quantile,
    student_t_log10_p,
    student_t_quantile,
)

DEGREES = [1, 2, 3, 4, 5, 7, 10, 19, 20, 30, 99, 500, 1999, 2000, 2001, 48_841, 10**6, 10**7]
CONFIDENCES = [0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 0.9999]


def close(expected: float, rel: float = 1e-12) -> object:
    return pytest.approx(expected, rel=rel, abs=0)


@pytest.mark.parametrize("confidence", CONFIDENCES)
def test_normal_quantile_equals_scipy(confidence: float) -> None:
    probability = (1 + confidence) / 2
    assert normal_quantile(probability) == close(stats.norm.ppf(probability))


@pytest.mark.parametrize("df", DEGREES)
@pytest.mark.parametrize("confidence", CONFIDENCES)
def test_student_t_quantile_equals_scipy(df: int, confidence: float) -> None:
    probability = (1 + confidence) / 2
    assert student_t_quantile(probability, df) == close(stats.t.isf(1 - probability, df))


@pytest.mark.parametrize(
    ("probability", "df", "expected"),
    [
        (0.5, 7, 0.0),
        (0.75, 1, 1.0),  # Cauchy's quartile
        (0.975, 5, 2.570581835636315),  # any printed table
        (0.975, 10**15, 1.959963984540054),  # the normal's
    ],
)
def test_student_t_quantile_known_values(probability: float, df: int, expected: float) -> None:
    assert student_t_quantile(probability, df) == close(expected)


@pytest.mark.parametrize("df", [1, 2, 3, 40, 5000])
@pytest.mark.parametrize("probability", [1e-12, 1e-3, 0.2, 0.49])
def test_student_t_quantile_is_odd_and_reaches_far_tails(df: int, probability: float) -> None:
    assert student_t_quantile(probability, df) == close(stats.t.ppf(probability, df), rel=1e-10)
    assert student_t_quantile(1 - probability, df) == close(
        -student_t_quantile(1 - (1 - probability), df)
    )


@pytest.mark.parametrize("x", [0, 1e-300, 1e-8, 0.3, 1, 3.84, 10, 19.5, 40, 100, 300, 620, 1300])
@pytest.mark.parametrize("df", [1, 2, 3, 4, 15, 19, 20, 21, 41, 100, 615, 2000])
def test_chi2_sf_equals_scipy(x: float, df: int) -> None:
    assert chi2_sf(x, df) == close(stats.chi2.sf(x, df))


@pytest.mark.parametrize("f", [0, 1e-9, 0.3, 0.9, 1, 1.1, 2, 11.5, 360.3, 1e6])
@pytest.mark.parametrize("df1", [1, 1.5, 3.9029207, 14.86, 600])
@pytest.mark.parametrize("df2", [1, 2.5, 30, 5000, 48_841, 725_804.5])
def test_f_sf_equals_scipy(f: float, df1: float, df2: float) -> None:
    expected = stats.f.sf(f, df1, df2)
    if expected > 1e-290:  # scipy's own last values before it underflows are not exact
        assert f_sf(f, df1, df2) == close(expected, rel=1e-10)
    else:
        assert f_log10_sf(f, df1, df2) < -289


# Computed with 50 digits by mpmath: the incomplete gamma function, and the series of the
# incomplete beta function.
@pytest.mark.parametrize(
    ("x", "df", "probability", "log10"),
    [
        (1e-10, 1, 0.9999920211543921, -3.4651824435633313e-6),
        (3.841458820694124, 1, 0.050000000000000057, -1.3010299956639807),
        (40, 20, 0.0049954123083075872, -2.3014286604244015),
        (620, 615, 0.43597602930981458, -0.36053738831090616),
        (1400, 40, 9.4965092573853994e-268, -267.02243600406377),
        (2249.9161672890773, 1, 0, -490.33742401896282),
        (5000, 600, 0, -681.70553076465567),
        (1e6, 1, 0, -217150.33901199872),
        (1e300, 3, 0, -2.1714724095162591e299),
    ],
)
def test_chi2_against_many_digits(x: float, df: int, probability: float, log10: float) -> None:
    assert chi2_sf(x, df) == close(probability)
    assert chi2_log10_sf(x, df) == close(log10)


@pytest.mark.parametrize(
    ("f", "df1", "df2", "probability", "log10"),
    [
        (0.01, 1, 2.5, 0.92780654406248958, -0.032542568613761068),
        (4.0, 1, 48841, 0.045505791167663247, -1.3419333305491225),
        (1.1, 3.9029, 30, 0.37386035069253848, -0.42729059097978645),
        (1.05, 600, 5000, 0.20624586527573537, -0.68561474923103984),
        (1e6, 1.5, 9, 1.7426684862493762e-24, -23.758785222348464),
        (111.697, 3.9029207, 190622.551, 4.7682107680276541e-93, -92.321644555833197),
        (1716.3857693421037, 1, 48841, 0, -368.01713399106803),
        (360.27773625653447, 14.860557886427003, 725804.5077309812, 0, -1139.5158388105113),
    ],
)
def test_f_against_many_digits(
    f: float, df1: float, df2: float, probability: float, log10: float
) -> None:
    assert f_sf(f, df1, df2) == close(probability)
    assert f_log10_sf(f, df1, df2) == close(log10)


@pytest.mark.parametrize("x", [0, -1.0])
def test_everything_exceeds_what_is_not_positive(x: float) -> None:
    assert chi2_sf(x, 3) == f_sf(x, 2, 5) == 1
    assert chi2_log10_sf(x, 3) == f_log10_sf(x, 2, 5) == 0


@pytest.mark.parametrize("x", [0, 1e-300, 1e-200, 1e-20, 1e-5])
@pytest.mark.parametrize("df", [1, 300, 4000])
def test_the_logarithm_of_one_is_no_negative_zero(x: float, df: int) -> None:
    """Also where what is missing from 1 is too small for a float."""
    for log10 in (chi2_log10_sf(x, df), f_log10_sf(x, df, 5)):
        assert log10 < 0 or math.copysign(1, log10) == 1


def test_tails_never_rise() -> None:
    """Also where the series gives way to the continued fraction."""
    for df in (1, 2, 30, 615):
        steps = [df / 2 * 1.01**k for k in range(300)]
        for values in ([chi2_sf(x, df) for x in steps], [f_sf(x / df, df, 900) for x in steps]):
            assert all(b <= a for a, b in pairwise(values))
            assert all(math.isfinite(value) for value in values)


@pytest.mark.parametrize("a", [0.01, 0.3, 1, 2.5, 11, 500, 11_687])
@pytest.mark.parametrize("b", [0.01, 0.3, 1, 2.5, 11, 500, 30_000])
@pytest.mark.parametrize("probability", [1e-8, 0.005, 0.025, 0.5, 0.9, 0.975, 0.9995])
def test_beta_quantile_equals_scipy(a: float, b: float, probability: float) -> None:
    expected = stats.beta.ppf(probability, a, b)
    if 1e-290 < expected < 1 - 1e-9:
        assert beta_quantile(probability, a, b) == close(expected, rel=1e-10)


@pytest.mark.parametrize("df", [1.3, 1.9, 2.5, 17.2, 1999.5, 32_706.13])
@pytest.mark.parametrize("confidence", CONFIDENCES)
def test_student_t_quantile_of_broken_degrees(df: float, confidence: float) -> None:
    probability = (1 + confidence) / 2
    assert student_t_quantile(probability, df) == close(stats.t.isf(1 - probability, df), 1e-11)


@pytest.mark.parametrize("x", [0.0, 0.4, -2.5, 8.0, -30.0])
def test_log10_p_is_of_both_tails(x: float) -> None:
    for found, expected in (
        (normal_log10_p(x), stats.norm.logsf(abs(x))),
        (student_t_log10_p(x, 5.5), stats.t.logsf(abs(x), 5.5)),
    ):
        assert found == pytest.approx((expected + math.log(2)) / math.log(10), rel=1e-11, abs=1e-15)
