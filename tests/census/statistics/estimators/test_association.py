"""Tests of independence against scipy, R, and the formula of Rao and Scott written out in numpy."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from census.statistics.estimators.association import (
    DesignIndependence,
    Independence,
    independence,
    rao_scott,
)

Counts = list[list[int]]


def close(expected: float, rel: float = 1e-12) -> object:
    return pytest.approx(expected, rel=rel, abs=0)


def cells(rows: pd.Series, columns: pd.Series, values: pd.Series) -> Counts:
    table = values.groupby([rows, columns]).sum().unstack(fill_value=0)
    return [[int(cell) for cell in row] for row in table.to_numpy()]


def weighted_table(adult: pd.DataFrame, row: str, column: str) -> tuple[int, Counts, Counts]:
    frame = adult.dropna(subset=[row, column])
    w = frame.fnlwgt
    return len(frame), *(cells(frame[row], frame[column], v) for v in (w, w * w))


def rao_scott_written_out(n: int, w: Counts, w2: Counts) -> tuple[float, float, float]:
    """F, df1 and df2 with every matrix made: what R's svychisq does, in numpy."""
    shape = np.shape(w)
    total = np.sum(w, dtype=float)
    p, q = np.ravel(w) / total, np.ravel(w2) / total**2
    covariance = n / (n - 1) * (np.diag(q) - np.outer(q, p) - np.outer(p, q))
    covariance += n / (n - 1) * q.sum() * np.outer(p, p)
    row, column = (indices.ravel() for indices in np.indices(shape))
    additive = np.hstack([np.eye(shape[0])[row], np.eye(shape[1])[column]])
    rank = sum(shape) - 1
    contrasts = np.linalg.svd(additive)[0][:, rank:]
    inverse = np.diag(np.divide(1, p, out=np.zeros_like(p), where=p > 0))
    effects = n * np.linalg.solve(
        contrasts.T @ inverse @ contrasts, contrasts.T @ inverse @ covariance @ inverse @ contrasts
    )
    trace = np.trace(effects)
    df1 = trace**2 / np.trace(effects @ effects)
    expected = np.outer(p.reshape(shape).sum(1), p.reshape(shape).sum(0)).ravel()
    return n * ((p - expected) ** 2 / expected).sum() / trace, df1, df1 * (n - 1)


class TestIndependence:
    def test_sex_and_income(self, adult: pd.DataFrame) -> None:
        result = independence(cells(adult.sex, adult.income, adult.age > 0))
        assert result.chi2 == 2249.9161672890773
        assert (result.dof, result.p_value) == (1, 0)
        assert result.log10_p == close(-490.33742401896282)
        assert result.cramers_v == close(math.sqrt(2249.9161672890773 / 48_842))
        assert result.min_expected == close(16_192 * 11_687 / 48_842)

    @pytest.mark.parametrize(
        ("row", "column"),
        [("race", "sex"), ("education", "income"), ("native_country", "education")],
    )
    def test_adult_equals_scipy(self, adult: pd.DataFrame, row: str, column: str) -> None:
        complete = adult.dropna(subset=[row, column])
        counts = cells(complete[row], complete[column], complete.age > 0)
        expected = stats.contingency.chi2_contingency(counts, correction=False)
        result = independence(counts)
        assert result.chi2 == close(expected.statistic)
        assert result.dof == expected.dof
        assert result.p_value == close(expected.pvalue, 1e-9)
        assert result.min_expected == close(expected.expected_freq.min())
        assert result.cramers_v == close(stats.contingency.association(counts))

    @pytest.mark.parametrize(
        ("counts", "expected"),
        [
            ([], Independence(None, 0, None, None, None, None)),
            ([[0, 0], [0, 0]], Independence(None, 0, None, None, None, None)),
            ([[3]], Independence(None, 0, None, None, None, 3.0)),
            ([[3, 4]], Independence(None, 0, None, None, None, 3.0)),
            ([[3, 4], [0, 0]], Independence(None, 0, None, None, None, 3.0)),
            ([[2, 2], [2, 2]], Independence(0.0, 1, 1.0, 0.0, 0.0, 2.0)),
        ],
    )
    def test_corners(self, counts: Counts, expected: Independence) -> None:
        assert independence(counts) == expected

    def test_perfect_association(self) -> None:
        result = independence([[5, 0, 0], [0, 5, 0], [0, 0, 5]])
        assert (result.chi2, result.dof, result.cramers_v) == (30.0, 4, 1.0)


class TestRaoScott:
    @pytest.mark.parametrize(
        ("row", "column", "f", "df1", "df2"),
        [
            ("sex", "income", 1716.3857693421037, 1, 48_841),
            ("race", "sex", 111.69725957642578, 3.9029207229081413, 190_622.55102755653),
            ("education", "income", 360.277736256534467, 14.860557886427003, 725_804.50773098122),
            ("workclass", "sex", 101.6055886340981, 6.8762324495815283, 316_595.49444363266),
            # nobody who never worked earns more than 50K: an empty cell
            ("workclass", "income", 156.46874396055725, 6.9229128961800734, 318_744.75556592293),
        ],
    )
    def test_adult_equals_r(
        self, adult: pd.DataFrame, row: str, column: str, f: float, df1: float, df2: float
    ) -> None:
        """R 4.2.2, survey 4.1-1: svychisq(~row+column, D, statistic="F") on complete pairs."""
        result = rao_scott(*weighted_table(adult, row, column))
        assert result[:3] == (close(f, 1e-11), close(df1), close(df2))
        assert result.p_value == close(stats.f.sf(f, df1, df2), 1e-9)

    def test_log10_p_of_sex_and_income(self, adult: pd.DataFrame) -> None:
        result = rao_scott(*weighted_table(adult, "sex", "income"))
        assert result.p_value == 0
        assert result.log10_p == close(-368.01713399106803)

    @pytest.mark.parametrize("shape", [(2, 3), (2, 5), (3, 3), (7, 4), (12, 16)])
    @pytest.mark.parametrize("empty", [[], [(0, 1)], [(1, 0), (0, 1)], [(0, 0), (0, 1)]])
    def test_equals_the_formula_written_out(
        self, shape: tuple[int, int], empty: list[tuple[int, int]]
    ) -> None:
        random = np.random.default_rng(sum(shape))
        counts = random.integers(1, 9, shape)
        for cell in empty:
            counts[cell] = 0
        weights = [[random.integers(1, 10**6, count) for count in row] for row in counts]
        w = [[int(cell.sum()) for cell in row] for row in weights]
        w2 = [[int((cell**2).sum()) for cell in row] for row in weights]
        n = int(counts.sum())
        expected = rao_scott_written_out(n, w, w2)
        assert rao_scott(n, w, w2)[:3] == tuple(close(value, 1e-9) for value in expected)

    def test_equal_weights_give_pearsons_test(self) -> None:
        """n/(n-1) apart, which is the factor of a sample drawn with replacement."""
        counts = [[13, 5, 8], [4, 9, 21]]
        n = sum(map(sum, counts))
        pearson = independence(counts)
        assert pearson.chi2 is not None
        result = rao_scott(
            n, [[7 * c for c in row] for row in counts], [[49 * c for c in row] for row in counts]
        )
        assert result.f == close(pearson.chi2 / pearson.dof * (n - 1) / n)
        assert result.df1 == close(pearson.dof)

    @pytest.mark.parametrize(
        ("n", "w"),
        [
            (0, []),
            (3, [[1, 1, 1]]),
            (2, [[1, 0], [1, 0]]),
            (1, [[1, 0], [0, 0]]),
            (5, [[1, 1, 1], [1, 0, 0], [1, 0, 0]]),  # the empty cells close a circle
            (10, [[5, 0], [0, 5]]),  # no variance left: F would be infinite
        ],
    )
    def test_undefined(self, n: int, w: Counts) -> None:
        assert rao_scott(n, w, w) == DesignIndependence()

    def test_empty_rows_and_columns_do_not_count(self) -> None:
        w, w2 = [[4, 2], [1, 5]], [[16, 4], [1, 13]]
        wider = [[[*row, 0] for row in table] + [[0, 0, 0]] for table in (w, w2)]
        assert rao_scott(6, *wider) == rao_scott(6, w, w2)
