"""Correlations with errors: scipy's tests, the formulas over the rows, corners."""

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from census.statistics.estimators.ranks import (
    Correlated,
    Point,
    correlation_test,
    mid_ranks,
    weighted_correlation,
)


def close(expected: Any, rel: float = 1e-9) -> Any:
    return pytest.approx(expected, rel=rel, abs=0)


def points(x: Any, y: Any, w: Any) -> list[Point]:
    found: dict[tuple[int, int], list[int]] = {}
    for a, b, c in zip(x, y, w, strict=True):
        sums = found.setdefault((int(a), int(b)), [0, 0, 0])
        for k, value in enumerate((1, int(c), int(c) ** 2)):
            sums[k] += value
    return [Point(*at, *sums) for at, sums in found.items()]


def test_ages_and_hours(adult: pd.DataFrame) -> None:
    of = points(adult.age, adult.hours_per_week, adult.fnlwgt)
    found = weighted_correlation(of, 0.95)
    assert found.r == close(0.07753882470649974)
    assert found.standard_error == close(0.006189343857158432)


@pytest.mark.parametrize("pair", [("age", "hours_per_week"), ("education_num", "capital_gain")])
def test_the_unweighted_tests_are_scipys(adult: pd.DataFrame, pair: tuple[str, str]) -> None:
    x, y = (adult[name] for name in pair)
    expected = stats.pearsonr(x, y)
    found = correlation_test(float(expected.statistic), len(adult), 0.95)
    assert found.p_value == close(expected.pvalue)
    assert (found.ci_lower, found.ci_upper) == close(tuple(expected.confidence_interval()))
    ranked = weighted_correlation(mid_ranks(points(x, y, [1] * len(adult))), 0.95)
    expected = stats.spearmanr(x, y)
    assert ranked.r == close(expected.statistic)
    assert correlation_test(ranked.r, len(adult), 0.95).p_value == close(expected.pvalue)


def test_weighted_ranks_are_those_of_repeated_rows() -> None:
    rng = np.random.default_rng(1)
    x, y, w = rng.integers(0, 9, 60), rng.integers(0, 9, 60), rng.integers(1, 5, 60)
    repeated = stats.spearmanr(np.repeat(x, w), np.repeat(y, w))
    assert weighted_correlation(mid_ranks(points(x, y, w)), 0.95).r == close(repeated.statistic)


def test_corners() -> None:
    assert correlation_test(None, 5, 0.95) == Correlated()
    assert correlation_test(0.5, 2, 0.95) == Correlated(0.5)
    assert correlation_test(0.5, 3, 0.95)[2:4] == (None, None)
    assert correlation_test(1.0, 9, 0.95) == Correlated(1.0, 0.0, None, None, None, 7)
    assert weighted_correlation([], 0.95) == Correlated()
    assert weighted_correlation(points([1, 1, 1], [1, 2, 3], [1, 1, 1]), 0.95) == Correlated()
    straight = weighted_correlation(points([1, 2, 3, 4], [2, 4, 6, 8], [1, 2, 3, 4]), 0.95)
    assert straight.r == 1
    assert (straight.ci_lower, straight.ci_upper) == (None, None)


def test_mid_ranks_are_scipys() -> None:
    x = [3, 1, 3, 2, 2, 3]
    ranks = Counter((p.x + 1) / 2 for p in mid_ranks(Point(a, 0, 1, 1, 1) for a in x))
    assert ranks == Counter(stats.rankdata(x))
