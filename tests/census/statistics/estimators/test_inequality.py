"""Gini's coefficient and the Lorenz curve: R's figures, the definition over all pairs, laws."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from census.statistics.estimators import Estimate
from census.statistics.estimators.inequality import Held, gini, lorenz


def held(values: Any, weights: Any) -> dict[int, Held]:
    found: dict[int, Held] = {}
    for x, w in zip(values, weights, strict=True):
        n, total, squares = found.get(int(x), Held(0, 0, 0))
        found[int(x)] = Held(n + 1, total + int(w), squares + int(w) ** 2)
    return found


def close(expected: Any, rel: float = 1e-9) -> Any:
    return pytest.approx(expected, rel=rel, abs=0)


def test_hours_and_gains(adult: pd.DataFrame) -> None:
    hours = gini(held(adult.hours_per_week, adult.fnlwgt), 0.95)
    assert hours[:2] == close((0.14899606640441587, 0.0009655533055587752))
    assert gini(held(adult.capital_gain, adult.fnlwgt), 0.95).value == close(0.9669238579932411)


@pytest.mark.parametrize("values", [{}, {0: Held(3, 3, 3)}])
def test_nothing_to_share(values: dict[int, Held]) -> None:
    assert gini(values, 0.95) == Estimate()
    assert lorenz(values, [0.5, 1]) == [None, None]


def test_one_row_and_equal_rows() -> None:
    assert gini({5: Held(1, 3, 9)}, 0.95) == Estimate(0.0)
    assert gini({5: Held(4, 4, 4)}, 0.95)[:2] == (0.0, 0.0)
    assert lorenz({5: Held(4, 4, 4)}, [0, 0.3, 1]) == [0, 0.3, 1]


ROWS = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), min_size=2, max_size=30)


@given(ROWS)
@settings(max_examples=80)
def test_it_is_half_the_relative_mean_difference(rows: list[tuple[int, int]]) -> None:
    x, w = (np.array(column, float) for column in zip(*rows, strict=True))
    found = gini(held(x, w), 0.95)
    if not (w * x).sum():
        assert found == Estimate()
        return
    share, mean = w / w.sum(), np.average(x, weights=w)
    pairs = np.abs(x[:, None] - x[None, :]) * share[:, None] * share[None, :]
    assert found.value == pytest.approx(pairs.sum() / (2 * mean), abs=1e-13)
    # The linearised error by the derivative of G with respect to each row's weight, numerically.
    n = len(rows)
    derivatives = []
    for k in range(n):
        h = 1e-6 * w.sum()
        values = []
        for sign in (1, -1):
            moved = w.copy()
            moved[k] += sign * h
            p = moved / moved.sum()
            d = (np.abs(x[:, None] - x[None, :]) * p[:, None] * p[None, :]).sum()
            values.append(d / (2 * (p * x).sum()))
        derivatives.append((values[0] - values[1]) / (2 * h))
    expected = math.sqrt(n / (n - 1) * ((w * np.array(derivatives)) ** 2).sum())
    assert found.standard_error == pytest.approx(expected, rel=1e-5, abs=1e-8)


@given(ROWS)
@settings(max_examples=60)
def test_the_curve_encloses_the_coefficient(rows: list[tuple[int, int]]) -> None:
    x, w = zip(*rows, strict=True)
    values = held(x, w)
    total = sum(w)
    places = [k / total for k in range(total + 1)]
    curve = lorenz(values, places)
    if None in curve:
        return
    assert curve[0] == 0
    assert curve[-1] == 1
    area = np.trapezoid(np.array(curve, float), places)
    assert gini(values, 0.95).value == pytest.approx(1 - 2 * area, abs=1e-9)
    assert all(a <= b + 1e-15 for a, b in zip(curve, places, strict=True))  # type: ignore[operator]
