"""Oaxaca and Blinder's decomposition: statsmodels and Jann's formulas, laws, corners."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from census.statistics.estimators import Estimate
from census.statistics.estimators.regression.linear import Errors
from census.statistics.estimators.regression.model import TooManyCoefficients
from census.statistics.estimators.regression.oaxaca import (
    MOST_COEFFICIENTS,
    Decomposed,
    Part,
    oaxaca,
)
from tests.census.statistics.estimators.patterns import model, patterns

Frame = pd.DataFrame


def close(expected: Any, rel: float = 1e-9) -> Any:
    return pytest.approx(expected, rel=rel, abs=0)


def decompose(
    frame: Frame,
    by: str,
    reference: Any,
    y: str,
    terms: Sequence[str],
    errors: Errors = "classical",
    confidence: float = 0.95,
) -> dict[Any, Decomposed]:
    right, columns = model(frame, terms)
    groups = {
        key: patterns(
            rows,
            columns,
            rows[y].tolist(),
            rows.fnlwgt.tolist() if errors == "linearised" else None,
        )
        for key, rows in frame.groupby(by)
    }
    return dict(oaxaca(right, groups, reference, errors, confidence).groups)


@pytest.fixture(scope="module")
def some(adult: Frame) -> Frame:
    rows = adult.dropna().iloc[::7]
    few = rows.race.isin(["White", "Black"]) & (rows.workclass != "Without-pay")
    rich = (rows.income == ">50K").astype(int)
    return rows.assign(rich=rich)[few].reset_index(drop=True)


class Side:
    """A group by statsmodels: means of the columns, coefficients, and the covariances of both."""

    def __init__(self, x: np.ndarray, y: np.ndarray, w: np.ndarray | None, errors: str) -> None:
        n = len(y)
        weights = np.ones(n) if w is None else w
        self.x = np.average(x, axis=0, weights=weights)
        fit = sm.WLS(y, x, weights=weights).fit()
        self.b = fit.params
        if errors == "linearised":
            bread = np.linalg.inv(x.T @ (weights[:, None] * x))
            scores = (weights * (y - x @ self.b))[:, None] * x
            self.of_b = n / (n - 1) * bread @ (scores.T @ scores) @ bread
        else:
            kind = "nonrobust" if errors == "classical" else errors.upper()
            self.of_b = sm.OLS(y, x).fit(cov_type=kind).cov_params()
        parts = weights[:, None] * (x - self.x) / weights.sum()
        self.of_x = n / (n - 1) * parts.T @ parts
        self.y = np.average(y, weights=weights)
        of_y = weights * (y - self.y) / weights.sum()
        self.of_y = n / (n - 1) * of_y @ of_y


def side(frame: Frame, y: str, terms: Sequence[str], bases: dict[str, Any], errors: str) -> Side:
    columns = [np.ones(len(frame))]
    for term in terms:
        if term in bases:
            levels = [v for v in sorted(set(frame[term])) if v != bases[term]]
            columns += [(frame[term] == v).to_numpy(float) for v in levels]
        else:
            columns.append(np.prod([frame[part].to_numpy(float) for part in term.split(":")], 0))
    w = frame.fnlwgt.to_numpy(float) if errors == "linearised" else None
    return Side(np.column_stack(columns), frame[y].to_numpy(float), w, errors)


def jann(one: Side, two: Side, at: slice | list[int]) -> tuple[float, float, float, float]:
    """Return the parts of the columns `at`, each with its standard error."""
    d, change = one.x - two.x, one.b - two.b
    explained, unexplained = d[at] @ two.b[at], one.x[at] @ change[at]

    def quadratic(matrix: np.ndarray, vector: np.ndarray) -> float:
        return float(vector[at] @ matrix[at][:, at] @ vector[at])

    return (
        explained,
        np.sqrt(quadratic(two.of_b, d) + quadratic(one.of_x + two.of_x, two.b)),
        unexplained,
        np.sqrt(quadratic(one.of_b + two.of_b, one.x) + quadratic(one.of_x, change)),
    )


def flat(part: Part) -> tuple[float | None, ...]:
    return (*part.explained[:2], *part.unexplained[:2])


@pytest.mark.parametrize("errors", ["classical", "hc1", "hc3", "linearised"])
@pytest.mark.parametrize(
    ("y", "terms"),
    [
        ("hours_per_week", ["age", "education_num"]),
        ("hours_per_week", ["race", "age", "age:age"]),
        ("rich", ["education_num", "workclass", "hours_per_week"]),
    ],
)
def test_it_is_that_of_the_rows(some: Frame, y: str, terms: list[str], errors: Errors) -> None:
    bases = {t: some[t].mode()[0] for t in terms if t in ("race", "workclass")}
    found = decompose(some, "sex", "Male", y, terms, errors, 0.9)["Female"]
    one, two = (side(some[some.sex == s], y, terms, bases, errors) for s in ("Female", "Male"))
    everything = list(range(len(one.b)))
    rel = 1e-6 if "age:age" in terms else 1e-8
    assert flat(found.whole) == close(jann(one, two, everything), rel)
    assert found.difference[:2] == close((one.y - two.y, np.sqrt(one.of_y + two.of_y)))
    z = stats.norm.ppf(0.95)
    for estimate in (found.difference, *found.whole):
        value, error, low, high = estimate
        assert (low, high) == close((value - z * error, value + z * error))

    for k, column in enumerate(found.columns):
        assert (column.mean, column.reference_mean) == close((one.x[k], two.x[k]))
        assert (column.coefficient, column.reference_coefficient) == close(
            (one.b[k], two.b[k]), rel
        )
        expected = jann(one, two, [k])
        assert flat(column.part) == pytest.approx(expected, rel=rel, abs=1e-10)
    by_term: dict[int | None, list[int]] = {None: [0]}
    for k, column in enumerate(found.columns[1:], 1):
        name = ":".join(part.partition("=")[0] for part in column.name.split(":"))
        by_term.setdefault(terms.index(name), []).append(k)
    assert [term for term, _ in found.terms] == list(by_term)
    for term, part in found.terms:
        assert flat(part) == pytest.approx(jann(one, two, by_term[term]), rel=rel, abs=1e-10)


def test_the_base_does_not_change_what_a_term_explains(some: Frame) -> None:
    """The sum over the dummies is that of any base; their own parts are not."""
    right, columns = model(some, ["workclass", "age"])
    groups = {
        key: patterns(rows, columns, rows.hours_per_week.tolist(), None)
        for key, rows in some.groupby("sex")
    }
    found = []
    for base in ("Private", "Local-gov"):
        covariate = right.covariates[0]._replace(reference=base)
        of = type(right)([covariate, *right.covariates[1:]], right.terms)
        found.append(oaxaca(of, groups, "Male", "classical", 0.95))
    one, two = (f.groups["Female"] for f in found)
    assert [f.references for f in found] == [{"workclass": "Private"}, {"workclass": "Local-gov"}]
    assert flat(one.whole) == close(flat(two.whole), 1e-12)
    assert one.terms[1].part.explained == close(tuple(two.terms[1].part.explained), 1e-12)


# --- Corners ------------------------------------------------------------------------------------


def frame(rows: Sequence[tuple[Any, ...]]) -> Frame:
    return pd.DataFrame(rows, columns=["g", "x", "z", "y"]).assign(fnlwgt=1)


ROWS = [(0, 1, 2, 3), (0, 2, 4, 5), (0, 4, 8, 4), (0, 7, 14, 9)]
MORE = [(1, 1, 2, 8), (1, 3, 6, 2), (1, 4, 8, 7), (1, 9, 18, 5)]


def test_a_term_aliased_in_both_is_left_out() -> None:
    found = decompose(frame(ROWS + MORE), "g", 0, "y", ["x", "z"])[1]
    alone = decompose(frame(ROWS + MORE), "g", 0, "y", ["x"])[1]
    assert (found.aliased, found.unmatched) == (["z"], [])
    assert found.whole == alone.whole
    assert found.whole.explained.standard_error is not None
    assert [column.name for column in found.columns] == ["(intercept)", "x"]


def test_a_term_aliased_in_one_alone_leaves_the_parts_undefined() -> None:
    other = [(1, 1, 5, 8), (1, 3, 1, 2), (1, 4, 0, 7), (1, 9, 2, 5)]
    for reference, group in ((0, 1), (1, 0)):
        found = decompose(frame(ROWS + other), "g", reference, "y", ["x", "z"])[group]
        assert (found.aliased, found.unmatched) == ([], ["z"])
        assert {found.whole, *(part for _, part in found.terms)} == {Part()}
        assert abs(found.difference.value or 0) == close(1 / 4)
        z = found.columns[-1]
        assert (z.coefficient is None) != (z.reference_coefficient is None)


@pytest.mark.parametrize("largest", ["a", "c"], ids=["another category", "the base"])
def test_a_category_of_one_group_alone_is_named(largest: str) -> None:
    """Also where it is the base, which no column stands for."""
    rows = [(0, 1, "a", 3), (0, 2, "b", 5), (0, 4, "a", 4), (0, 7, "b", 9), (0, 7, "b", 8)]
    rows += [(1, x, z, y) for x, z, y in [(1, "a", 8), (3, "b", 2), (4, "a", 7), (9, "b", 5)]]
    rows += [(0, k, "c", k % 3) for k in range(9 if largest == "c" else 2)]
    for reference, group in ((0, 1), (1, 0)):
        found = decompose(frame(rows), "g", reference, "y", ["x", "z"])[group]
        assert found.unmatched[0] == "z=c"
        assert found.whole == Part()
        assert {column.part for column in found.columns} == {Part()}
        assert found.difference.standard_error is not None


def test_nobody_and_an_absent_reference() -> None:
    people = frame(ROWS + MORE)
    assert decompose(people.iloc[:0], "g", None, "y", ["x"]) == {}
    assert decompose(people, "g", 7, "y", ["x"]) == {0: Decomposed(), 1: Decomposed()}
    right, columns = model(people, ["x"])
    groups = {0: patterns(people, columns, people.y.tolist(), None), 1: patterns(
        people.iloc[:0], columns, [], None)}  # fmt: skip
    assert oaxaca(right, groups, 0, "classical", 0.95).groups[1] == Decomposed()


def test_the_reference_itself() -> None:
    itself = decompose(frame(ROWS + MORE), "g", 0, "y", ["x"])[0]
    nothing = Estimate(0.0)
    assert (itself.difference, itself.whole) == (nothing, Part(nothing, nothing))


@pytest.mark.parametrize("errors", ["classical", "linearised"])
def test_one_row_and_as_many_rows_as_coefficients(errors: Errors) -> None:
    found = decompose(frame([*ROWS, MORE[0]]), "g", 0, "y", ["x"], errors)[1]
    assert found.difference == Estimate(8 - 21 / 4)
    assert (found.whole, found.unmatched) == (Part(), ["x"])
    found = decompose(frame([*ROWS, *MORE[:2]]), "g", 0, "y", ["x"], errors)[1]
    assert found.whole.explained.standard_error is not None
    assert found.whole.unexplained.value is not None
    assert found.whole.unexplained.standard_error is None


def test_equal_outcomes() -> None:
    people = frame(ROWS + MORE).assign(y=3)
    found = decompose(people, "g", 0, "y", ["x"])[1]
    assert found.difference == found.whole.unexplained == Estimate(0.0, 0.0, 0.0, 0.0)


def test_too_many_coefficients() -> None:
    rows = [(g, x, z, x) for g in range(60) for x in range(3) for z in "abcdef"]
    with pytest.raises(TooManyCoefficients) as raised:
        decompose(frame(rows), "g", 0, "y", ["x", "z"])
    assert (raised.value.number, raised.value.most) == (60 * 7, MOST_COEFFICIENTS)


# --- Laws ---------------------------------------------------------------------------------------

ANY = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 6), st.sampled_from("ab"), st.integers(-9, 9)),
    min_size=1,
    max_size=40,
)
KINDS = st.sampled_from(["classical", "linearised"])


@given(ANY, KINDS, st.integers(0, 9))
@settings(max_examples=60)
def test_the_parts_add_up(rows: list[tuple[int, int, str, int]], errors: Any, seed: int) -> None:
    people = frame(rows)
    people["fnlwgt"] = np.random.default_rng(seed).integers(1, 99, len(people))
    for found in decompose(people, "g", 0, "y", ["x", "z"], errors).values():
        explained, unexplained = found.whole.explained.value, found.whole.unexplained.value
        assert (explained is None) == (found.difference.value is None or bool(found.unmatched))
        if explained is None or unexplained is None:
            continue
        assert explained + unexplained == pytest.approx(found.difference.value, rel=0, abs=1e-12)
        for parts in ([t.part for t in found.terms], [c.part for c in found.columns]):
            assert sum(p.explained.value or 0 for p in parts) == pytest.approx(explained, abs=1e-11)
            assert sum(p.unexplained.value or 0 for p in parts) == pytest.approx(
                unexplained, abs=1e-11
            )


@given(ANY, st.integers(2, 1000))
@settings(max_examples=40)
def test_equal_weights_are_none(rows: list[tuple[int, int, str, int]], weight: int) -> None:
    people = frame(rows).assign(fnlwgt=weight)
    plain, weighted = (
        decompose(people, "g", 0, "y", ["x", "z"], errors) for errors in ("classical", "linearised")
    )
    for key, one in plain.items():
        two = weighted[key]
        assert (one.aliased, one.unmatched) == (two.aliased, two.unmatched)
        assert one.difference == pytest.approx(two.difference, rel=1e-11, abs=1e-12)
        assert [p and p.value for p in one.whole] == pytest.approx(
            [p and p.value for p in two.whole], rel=1e-11, abs=1e-12
        )


@given(ANY)
@settings(max_examples=40)
def test_by_one_factor_it_is_the_groups_composition(rows: list[tuple[int, int, str, int]]) -> None:
    """Regressions on one factor are its means: what is explained is Σ(p₁−p₀)·r₀."""
    people = frame(rows)
    found = decompose(people, "g", 0, "y", ["z"])
    for key, one in found.items():
        if one.whole.explained.value is None:
            continue
        ours, theirs = (people[people.g == g] for g in (key, 0))
        rates = theirs.groupby("z").y.mean()
        shares = [of.z.value_counts(normalize=True) for of in (ours, theirs)]
        expected = ((shares[0] - shares[1]) * rates).sum()
        assert one.whole.explained.value == pytest.approx(expected, abs=1e-12)
