"""Cells of two-way tables against scipy, statsmodels and matrices written out."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable, Table

from census.statistics.estimators import cells
from census.statistics.estimators.association import DesignIndependence, rao_scott
from census.statistics.estimators.cells import Layered
from tests.census.statistics.estimators.samples import close

TABLES = [[[9592, 1769], [15128, 6662]], [[3, 0, 9], [1, 5, 2]], [[1, 2], [3, 4], [5, 0], [0, 7]]]


def rows_of(table: list[list[int]], seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the row, the column and the weight of each person of a table of counts."""
    i, j = (
        np.repeat(index, np.ravel(table)) for index in np.indices(np.shape(table)).reshape(2, -1)
    )
    return i, j, np.random.default_rng(seed).integers(1, 500, len(i))


def weighted(table: list[list[int]], seed: int = 1) -> tuple[int, list, list]:
    i, j, w = rows_of(table, seed)
    sums = [np.zeros(np.shape(table), int) for _ in range(2)]
    for power, total in enumerate(sums, 1):
        np.add.at(total, (i, j), w**power)
    return len(i), sums[0].tolist(), sums[1].tolist()


@pytest.mark.parametrize("table", TABLES)
class TestCells:
    def test_expected_and_residuals_equal_statsmodels(self, table: list[list[int]]) -> None:
        oracle = Table(np.array(table), shift_zeros=False)
        assert cells.expected_counts(table) == [[close(x) for x in r] for r in oracle.fittedvalues]
        assert cells.adjusted_residuals(table) == [
            [close(x, 1e-9) for x in r] for r in oracle.standardized_resids
        ]

    def test_likelihood_ratio_equals_scipy(self, table: list[list[int]]) -> None:
        oracle = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")
        assert cells.likelihood_ratio(table) == close(oracle.statistic, 1e-9)

    def test_weighted_residuals_are_those_of_the_rows(self, table: list[list[int]]) -> None:
        i, j, w = rows_of(table, 1)
        found = cells.weighted_adjusted_residuals(*weighted(table))
        for row, column in np.ndindex(np.shape(table)):
            share = [w[where].sum() / w.sum() for where in (i == row, j == column)]
            u = (i == row) * (j == column) - share[1] * (i == row) - share[0] * (j == column)
            mean = (w * u).sum() / w.sum()
            error = np.sqrt(len(w) / (len(w) - 1) * ((w * (u - mean) / w.sum()) ** 2).sum())
            both = w[(i == row) & (j == column)].sum() / w.sum()
            assert found[row][column] == close((both - share[0] * share[1]) / error, 1e-9)

    def test_rao_scott_null_equals_its_matrices(self, table: list[list[int]]) -> None:
        n, w, w2 = weighted(table)
        p, q = np.array(w) / np.sum(w), n * np.array(w2) / np.sum(w) ** 2
        r, c = p.sum(1), p.sum(0)
        null, x, y = np.outer(r, c).ravel(), p.ravel(), q.ravel()
        v = (np.diag(y) - np.outer(y, x) - np.outer(x, y) + np.outer(x, x) * y.sum()) / (n - 1)
        a, b = (np.vstack([np.eye(k - 1), -np.ones(k - 1)]) for k in p.shape)
        contrast = np.kron(a, b)
        d = np.diag(1 / null)
        delta = n * np.linalg.solve(contrast.T @ d @ contrast, contrast.T @ d @ v @ d @ contrast)
        trace, squared = np.trace(delta), np.trace(delta @ delta)
        chi2 = n * (((p - np.outer(r, c)) ** 2) / np.outer(r, c)).sum()
        found = cells.rao_scott_null(n, w, w2)
        assert found.f == close(chi2 / trace, 1e-9)
        assert found.df1 == close(trace**2 / squared, 1e-9)
        assert found.df2 == close(trace**2 / squared * (n - 1), 1e-9)


def test_rao_scott_null_is_defined_where_the_other_is_not() -> None:
    n, w, w2 = weighted([[5, 0, 0], [3, 0, 0], [2, 3, 4]])
    assert rao_scott(n, w, w2) == DesignIndependence()
    assert cells.rao_scott_null(n, w, w2).f is not None


@pytest.mark.parametrize("table", [[], [[4]], [[4, 5]], [[0, 0], [0, 0]], [[3, 2], [0, 0]]])
def test_nothing_to_test(table: list[list[int]]) -> None:
    assert cells.likelihood_ratio(table) is None
    assert cells.rao_scott_null(9, table, table) == DesignIndependence()
    nothing = [[None for _ in row] for row in table]
    assert cells.adjusted_residuals(table) == nothing
    assert cells.weighted_adjusted_residuals(9, table, table) == nothing


LAYERS = [[[12, 5], [9, 14]], [[3, 4], [0, 7]], [[40, 2], [31, 8]], [[0, 0], [3, 1]]]


@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_cochran_mantel_haenszel_equals_statsmodels(confidence: float) -> None:
    oracle = StratifiedTable([np.array(table) for table in LAYERS[:3]])
    test = oracle.test_null_odds(correction=False)
    low, high = oracle.oddsratio_pooled_confint(1 - confidence)
    found = cells.cochran_mantel_haenszel(LAYERS, confidence)
    assert (found.cmh_chi2, found.cmh_p) == (close(test.statistic), close(test.pvalue, 1e-9))
    assert found[4:] == (close(oracle.oddsratio_pooled), close(low), close(high))


def test_cochran_mantel_haenszel_of_nothing() -> None:
    assert cells.cochran_mantel_haenszel([], 0.95) == Layered()
    assert cells.cochran_mantel_haenszel([[[1, 0], [0, 0]], [[3, 2], [0, 0]]], 0.95) == Layered()
