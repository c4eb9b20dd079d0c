"""Correlations with errors: scipy's tests, the formulas over the rows, corners."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from census.statistics.estimators.ranks import (
    Correlated,
    Weights,
    correlation_test,
    mid_ranks,
    pearson,
    weighted_correlation,
)


def close(expected: Any, rel: float = 1e-9) -> Any:
    return pytest.approx(expected, rel=rel, abs=0)


def weights(w: Any) -> Weights:
    w = [int(value) for value in w]
    return Weights([1] * len(w), w, [value * value for value in w])


def test_ages_and_hours(adult: pd.DataFrame) -> None:
    x, y = adult.age.tolist(), adult.hours_per_week.tolist()
    found = weighted_correlation(x, y, weights(adult.fnlwgt), 0.95)
    assert found.r == close(0.07753882470649974)
    assert found.standard_error == close(0.006189343857158432)


@pytest.mark.parametrize("pair", [("age", "hours_per_week"), ("education_num", "capital_gain")])
def test_the_unweighted_tests_are_scipys(adult: pd.DataFrame, pair: tuple[str, str]) -> None:
    x, y = (adult[name].tolist() for name in pair)
    ones = [1] * len(x)
    expected = stats.pearsonr(x, y)
    found = correlation_test(pearson(x, y, ones), len(adult), 0.95)
    assert found.r == close(expected.statistic)
    assert found.p_value == close(expected.pvalue)
    assert (found.ci_lower, found.ci_upper) == close(tuple(expected.confidence_interval()))
    ranked = pearson(mid_ranks(x, ones), mid_ranks(y, ones), ones)
    expected = stats.spearmanr(x, y)
    assert ranked == close(expected.statistic)
    assert correlation_test(ranked, len(adult), 0.95).p_value == close(expected.pvalue)


def test_weighted_ranks_are_those_of_repeated_rows() -> None:
    rng = np.random.default_rng(1)
    x, y, w = (rng.integers(*of, 60).tolist() for of in ((0, 9), (0, 9), (1, 5)))
    expected = stats.spearmanr(np.repeat(x, w), np.repeat(y, w))
    assert pearson(mid_ranks(x, w), mid_ranks(y, w), w) == close(expected.statistic)


def test_corners() -> None:
    assert correlation_test(None, 5, 0.95) == Correlated()
    assert correlation_test(0.5, 2, 0.95) == Correlated(0.5)
    assert correlation_test(0.5, 3, 0.95)[2:4] == (None, None)
    assert correlation_test(1.0, 9, 0.95) == Correlated(1.0, 0.0, None, None, None, 7)
    assert weighted_correlation([], [], weights([]), 0.95) == Correlated()
    assert weighted_correlation([1, 1, 1], [1, 2, 3], weights([1, 1, 1]), 0.95) == Correlated()
    straight = weighted_correlation([1, 2, 3, 4], [2, 4, 6, 8], weights([1, 2, 3, 4]), 0.95)
    assert straight.r == 1
    assert (straight.ci_lower, straight.ci_upper) == (None, None)


def test_mid_ranks_are_scipys() -> None:
    x = [3, 1, 3, 2, 2, 3]
    assert [(rank + 1) / 2 for rank in mid_ranks(x, [1] * 6)] == list(stats.rankdata(x))
