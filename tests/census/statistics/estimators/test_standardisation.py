"""Standardised rates and decompositions: R's figures, the formulas over the rows, laws."""

from collections import defaultdict
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from census.statistics.estimators import Estimate, Sums
from census.statistics.estimators.standardisation import (
    Category,
    kitagawa,
    shares,
    standardised,
)


def close(expected: Any, rel: float = 1e-9) -> Any:
    return pytest.approx(expected, rel=rel, abs=0)


def strata(frame: pd.DataFrame, stratum: str, y: str) -> dict[Any, Sums]:
    found: defaultdict[Any, list[int]] = defaultdict(lambda: [0] * 6)
    for key, w, x in frame[[stratum, "fnlwgt", y]].itertuples(index=False, name=None):
        for k, value in enumerate((1, w, w * x, w * w, w * w * x, w * w * x * x)):
            found[key][k] += value
    names = ("n", "w", "wx", "w2", "w2x", "w2x2")
    return {key: Sums(**dict(zip(names, sums, strict=True))) for key, sums in found.items()}


def sizes(of: dict[Any, Sums]) -> dict[Any, int]:
    return {key: int(sums.w) for key, sums in of.items()}


@pytest.fixture(scope="module")
def people(adult: pd.DataFrame) -> pd.DataFrame:
    return adult.assign(
        band=np.searchsorted([25, 35, 45, 55, 65], adult.age, side="right"),
        rich=(adult.income == ">50K").astype(int),
    )


def test_it_is_that_of_svystandardize(people: pd.DataFrame) -> None:
    """R 4.2.2, survey 4.1-1: incomes over 50K by sex at the common ages, in six bands."""
    standard = shares(sizes(strata(people, "band", "rich")))
    for sex, expected in (("Female", 0.11853040326834405), ("Male", 0.2876904266051354)):
        of_sex = strata(people[people.sex == sex], "band", "rich")
        found = standardised(of_sex, standard, 0.95)
        assert found.estimate.value == close(expected)
        assert found.estimate.standard_error == close(error(people, sex))
        assert found.empty_strata == []


def error(people: pd.DataFrame, sex: str) -> float:
    variance = 0.0
    total = people.fnlwgt.sum()
    for _, stratum in people.groupby("band"):
        rows = stratum[stratum.sex == sex]
        w, n = rows.fnlwgt.to_numpy(float), len(rows)
        m = np.average(rows.rich, weights=w)
        share = stratum.fnlwgt.sum() / total
        variance += share**2 * n / (n - 1) * ((w * (rows.rich - m)) ** 2).sum() / w.sum() ** 2
    return float(np.sqrt(variance))


def test_empty_strata_are_named() -> None:
    frame = pd.DataFrame({"g": [1, 1, 2], "y": [0, 1, 1], "fnlwgt": [1, 1, 1]})
    of = strata(frame[frame.g == 1], "g", "y")
    found = standardised(of, shares({1: 2, 2: 1}), 0.95)
    assert (found.estimate, found.empty_strata) == (Estimate(), [2])


def test_a_stratum_of_one_has_no_error() -> None:
    frame = pd.DataFrame({"g": [1, 1, 2], "y": [0, 1, 1], "fnlwgt": [1, 1, 1]})
    found = standardised(strata(frame, "g", "y"), shares({1: 1, 2: 3}), 0.95)
    assert found.estimate == Estimate(0.5 / 4 + 3 / 4)


def test_nobody() -> None:
    assert standardised({}, {}, 0.95).estimate == Estimate()
    assert kitagawa({}, {}).difference is None
    assert kitagawa({"a": Category(0, 0)}, {"a": Category(1, 1)}).difference is None


ROWS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(1, 99)), min_size=1, max_size=40
)


@given(ROWS)
@settings(max_examples=60)
def test_by_its_own_composition_a_group_is_as_it_is(rows: list[tuple[int, int, int]]) -> None:
    frame = pd.DataFrame(rows, columns=["g", "y", "fnlwgt"])
    of = strata(frame, "g", "y")
    found = standardised(of, shares(sizes(of)), 0.95)
    assert found.estimate.value == close(float(np.average(frame.y, weights=frame.fnlwgt)), 1e-12)


# --- Decompositions -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "composition", "rate"),
    [
        ("marital_status", -0.1639832331699583, -0.027531618539820717),
        ("education", -0.011511514483002175, -0.18000333722677683),
    ],
)
def test_women_and_men(people: pd.DataFrame, on: str, composition: float, rate: float) -> None:
    women, men = (categories(people[people.sex == sex], on) for sex in ("Female", "Male"))
    found = kitagawa(women, men)
    assert found.difference == close(-0.19151485170977903)
    assert found.composition == close(composition)
    assert found.rate == close(rate)


def categories(frame: pd.DataFrame, on: str, y: str = "rich") -> dict[Any, Category]:
    return {key: Category(int(s.w), int(s.wx)) for key, s in strata(frame, on, y).items()}


def test_a_category_of_one_group_only() -> None:
    found = kitagawa({"a": Category(3, 2), "b": Category(1, 1)}, {"a": Category(2, 1)})
    assert (found.composition, found.rate, found.unmatched) == (None, None, ["b"])
    assert found.difference == close(1 / 4)
    assert list(found.categories) == ["a"]


@given(ROWS, ROWS)
@settings(max_examples=60)
def test_the_parts_add_up(one: list[tuple[int, int, int]], two: list[tuple[int, int, int]]) -> None:
    a, b = (
        categories(pd.DataFrame(rows, columns=["g", "y", "fnlwgt"]), "g", "y")
        for rows in (one, two)
    )
    found, other = kitagawa(a, b), kitagawa(b, a)
    assert found.difference == -(other.difference or 0) or found.difference == 0
    assert set(found.unmatched) == set(a) ^ set(b)
    if found.composition is not None and found.rate is not None:
        assert found.composition + found.rate == pytest.approx(found.difference, abs=1e-13)
        assert other.composition == pytest.approx(-found.composition, abs=1e-13)
