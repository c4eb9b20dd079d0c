"""Regressions: against R's figures, statsmodels and numpy, and in the corners."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from census.statistics.estimators.regression.inference import Coefficient
from census.statistics.estimators.regression.linear import Errors
from census.statistics.estimators.regression.model import (
    Covariate,
    Model,
    Patterns,
    TooManyCoefficients,
    fit_linear,
)
from tests.census.statistics.estimators.patterns import by_term, linear, logistic, patterns

Frame = pd.DataFrame


def close(expected: Any, rel: float = 1e-8) -> Any:
    return pytest.approx(expected, rel=rel, abs=0)


def matrix(frame: Frame, terms: Sequence[str], references: dict[str, Any]) -> np.ndarray:
    """Return the design matrix, in the order in which the terms come."""
    found = [np.ones(len(frame))]
    for term in terms:
        of_term = [np.ones(len(frame))]
        for part in term.split(":"):
            if pd.api.types.is_numeric_dtype(frame[part]):
                columns = [frame[part].to_numpy(float)]
            else:
                levels = [v for v in sorted(set(frame[part])) if v != references[part]]
                columns = [(frame[part] == v).to_numpy(float) for v in levels]
            of_term = [a * b for a in of_term for b in columns]
        found += [column for column in of_term if column.any()]
    return np.column_stack(found)


# --- R 4.2.2: lm, glm, survey::svyglm 4.1-1 ---------------------------------------------------

ON = ["age", "education_num", "sex"]


def test_linear_is_that_of_r(adult: Frame) -> None:
    found = linear(adult, "hours_per_week", ON)
    of = by_term(found)
    assert of["age"][1:3] == close((0.0429900397897588, 0.003951515307957552))
    assert of["sex=Female"][1:3] == close((-5.871415720241054, 0.11503376878212264))
    assert found.fit.r_squared == close(0.07452261427712711)
    assert found.references == {"sex": "Male"}


def test_weighted_linear_is_that_of_r(adult: Frame) -> None:
    of = by_term(linear(adult, "hours_per_week", ON, "linearised"))
    assert of["age"][1:3] == close((0.047625543841222535, 0.0054351940041250935))
    assert of["sex=Female"][1:3] == close((-5.57750861203477, 0.12778307386540647))


def test_logistic_is_that_of_r(adult: Frame) -> None:
    y = (adult.income == ">50K").astype(int).tolist()
    of = by_term(logistic(adult, y, ["age", "sex", "education_num"]))
    assert of["age"][1:3] == close((0.04207381764500339, 0.0009208696177307608))
    assert of["sex=Female"][1:3] == close((-1.3221653956741324, 0.030049370464264556))


def test_weighted_logistic_is_that_of_r(adult: Frame) -> None:
    y = (adult.income == ">50K").astype(int).tolist()
    of = by_term(logistic(adult, y, ["age", "sex", "education_num"], weighted=True))
    assert of["age"][1:3] == close((0.044170708898551805, 0.0009873909505955418))
    assert of["sex=Female"][1:3] == close((-1.3189242008549533, 0.03445538673661462))
    assert of["education_num"].estimate == close(0.3751315029498066)


# --- statsmodels and numpy ----------------------------------------------------------------------

MODELS = [
    ["age"],
    ["sex"],
    ["age", "age:age"],
    ["age", "sex", "sex:age"],
    ["age", "education_num", "sex", "race", "race:sex"],
    ["workclass", "capital_gain", "education_num"],
]


@pytest.fixture(scope="module")
def some(adult: Frame) -> Frame:
    """Some thousand people without missing values, in no particular order."""
    rows = adult.dropna().iloc[::11]
    # So few are left of two categories that one decides its own fit, and one separates.
    some = rows[(rows.workclass != "Without-pay") & rows.race.isin(["White", "Black"])]
    return some.reset_index(drop=True)


@pytest.mark.parametrize("errors", ["classical", "hc1", "hc3"])
@pytest.mark.parametrize("terms", MODELS, ids=",".join)
def test_linear_is_that_of_statsmodels(some: Frame, terms: list[str], errors: Errors) -> None:
    found = linear(some, "hours_per_week", terms, errors)
    x = matrix(some, terms, dict(found.references))
    kind = {"classical": "nonrobust"}.get(errors, errors.upper())
    expected = sm.OLS(some.hours_per_week.to_numpy(float), x).fit(cov_type=kind, use_t=True)
    given = found.fit.coefficients
    assert [c.estimate for c in given] == close(list(expected.params))
    assert [c.standard_error for c in given] == close(list(expected.bse))
    assert [c.statistic for c in given] == close(list(expected.tvalues))
    assert [c.p_value for c in given] == pytest.approx(list(expected.pvalues), rel=1e-6, abs=1e-300)
    assert [(c.ci_lower, c.ci_upper) for c in given] == [
        close(tuple(row), rel=1e-7) for row in expected.conf_int()
    ]
    assert found.fit.r_squared == close(expected.rsquared)
    assert found.fit.adjusted_r_squared == close(expected.rsquared_adj)
    assert found.fit.residual_standard_error == close(math.sqrt(expected.mse_resid))
    assert found.fit.joint.f == close(float(np.squeeze(expected.fvalue)), rel=1e-6)
    assert found.fit.df == expected.df_resid


@pytest.mark.parametrize("terms", MODELS, ids=",".join)
def test_weighted_linear_is_binders(some: Frame, terms: list[str]) -> None:
    found = linear(some, "hours_per_week", terms, "linearised")
    x = matrix(some, terms, dict(found.references)).astype(np.longdouble)
    y, w = (some[name].to_numpy(np.longdouble) for name in ("hours_per_week", "fnlwgt"))
    expected = sm.WLS(y.astype(float), x.astype(float), w.astype(float)).fit()
    e = y - x @ expected.params
    inverse = np.linalg.inv((x.T @ (w[:, None] * x)).astype(float))
    filling = (x.T @ ((w * e)[:, None] ** 2 * x)).astype(float)
    n = len(some)
    v = n / (n - 1) * inverse @ filling @ inverse
    assert [c.estimate for c in found.fit.coefficients] == close(list(expected.params))
    errors = [c.standard_error for c in found.fit.coefficients]
    assert errors == close(list(np.sqrt(np.diag(v))), rel=1e-6 if "age:age" in terms else 1e-8)
    assert found.fit.r_squared == close(expected.rsquared)


@pytest.mark.parametrize("terms", MODELS, ids=",".join)
def test_logistic_is_that_of_statsmodels(some: Frame, terms: list[str]) -> None:
    y = (some.income == ">50K").astype(int)
    found = logistic(some, y.tolist(), terms)
    x = matrix(some, terms, dict(found.references))
    scale = np.abs(x).max(axis=0)
    expected = sm.GLM(y, x / scale, family=sm.families.Binomial()).fit(tol=1e-15, maxiter=100)
    assert found.fit.converged
    given = found.fit.coefficients
    assert [c.estimate for c in given] == close(list(expected.params / scale))
    assert [c.standard_error for c in given] == close(list(expected.bse / scale), rel=1e-7)
    assert found.fit.deviance == close(expected.deviance)
    assert found.fit.null_deviance == close(expected.null_deviance)
    assert found.fit.aic == close(expected.aic)
    assert found.fit.mcfadden_r_squared == close(1 - expected.deviance / expected.null_deviance)


@pytest.mark.parametrize("terms", MODELS, ids=",".join)
def test_weighted_logistic_solves_its_equations(some: Frame, terms: list[str]) -> None:
    y = (some.income == ">50K").to_numpy(int)
    found = logistic(some, y.tolist(), terms, weighted=True)
    x, w = matrix(some, terms, dict(found.references)), some.fnlwgt.to_numpy(float)
    b = np.array([c.estimate for c in found.fit.coefficients])
    mu = 1 / (1 + np.exp(-x @ b))
    scale = np.abs(x).max(axis=0)
    z = x / scale
    information = z.T @ ((w * mu * (1 - mu))[:, None] * z)
    step = np.linalg.solve(information, z.T @ (w * (y - mu)))
    inverse, n = np.linalg.inv(information), len(y)
    v = n / (n - 1) * inverse @ (z.T @ ((w * (y - mu))[:, None] ** 2 * z)) @ inverse
    assert np.abs(step / np.sqrt(np.diag(v))).max() < 1e-9
    errors = [c.standard_error for c in found.fit.coefficients]
    assert errors == close(list(np.sqrt(np.diag(v)) / scale), rel=1e-7)


# --- Corners ------------------------------------------------------------------------------------


def test_a_cubic_keeps_its_digits(some: Frame) -> None:
    """Normal equations in floats lose all: the condition number of X'X is 10²⁰ here."""
    terms = ["age", "age:age", "age:age:age", "age:age:age:age"]
    given = linear(some, "hours_per_week", terms).fit.coefficients
    z = (some.age.to_numpy(float) - 40) / 20
    expected = sm.OLS(some.hours_per_week.to_numpy(float), np.vander(z, 5, increasing=True)).fit()
    assert given[-1].estimate == close(expected.params[-1] / 20**4)
    assert given[-1].standard_error == close(expected.bse[-1] / 20**4)


def test_what_no_residual_touches_has_no_error() -> None:
    """Only b's rows are off their fit, and b has a coefficient of its own."""
    rows = [("a", 1, 7), ("a", 3, 11), ("a", 8, 21), ("b", 5, 2), ("b", 5, 9)]
    frame = pd.DataFrame(rows, columns=["g", "age", "y"]).assign(fnlwgt=[3, 7, 5, 11, 2])
    of = by_term(linear(frame, "y", ["age", "g"], "linearised", {"g": "a"}))
    for name, estimate in (("(intercept)", 5.0), ("age", 2.0)):
        assert of[name][1:7] == (estimate, 0.0, estimate, estimate, None, None)
    assert of["g=b"].standard_error is not None
    assert of["g=b"].standard_error > 1


def test_an_exact_zero_is_zero() -> None:
    rows = [("a", k, 40) for k in (1, 2, 17)] + [("b", k, 40) for k in (3, 5, 6, 11)]
    frame = pd.DataFrame(rows, columns=["g", "age", "y"]).assign(fnlwgt=[3, 7, 5, 11, 2, 1, 13])
    for errors in ("classical", "hc1", "linearised"):
        found = linear(frame, "y", ["age", "g", "age:g"], errors)  # type: ignore[arg-type]
        assert [c.estimate for c in found.fit.coefficients] == [40.0, 0.0, 0.0, 0.0]
        assert {c.standard_error for c in found.fit.coefficients} == {0.0}


def test_what_depends_on_earlier_terms_is_aliased(adult: Frame) -> None:
    found = linear(adult, "hours_per_week", ["education", "education_num"])
    assert found.fit.aliased == ["education_num"]
    assert by_term(found)["education_num"] == Coefficient("education_num")
    assert found.fit.df == len(adult) - 16
    alone = linear(adult, "hours_per_week", ["education"])
    assert found.fit.coefficients[:-1] == alone.fit.coefficients

    found = linear(adult, "hours_per_week", ["education_num", "education"])
    assert len(found.fit.aliased) == 1
    assert found.fit.r_squared == close(alone.fit.r_squared, rel=1e-14)


def test_aliased_terms_of_a_logistic_regression(adult: Frame) -> None:
    y = (adult.income == ">50K").astype(int).tolist()
    found = logistic(
        adult[adult.education != "Preschool"],
        [value for value, school in zip(y, adult.education, strict=True) if school != "Preschool"],
        ["education", "education_num"],
    )
    assert (found.fit.aliased, found.fit.converged) == (["education_num"], True)


@pytest.mark.parametrize("errors", ["classical", "hc1", "hc3", "linearised"])
def test_nobody(errors: Errors) -> None:
    empty = pd.DataFrame({"age": [], "y": [], "fnlwgt": []}).astype(int)
    found = linear(empty, "y", ["age"], errors)
    assert found.fit.coefficients == [Coefficient("(intercept)"), Coefficient("age")]
    assert (found.fit.aliased, found.fit.r_squared, found.fit.joint.f) == ([], None, None)
    found = logistic(empty, [], ["age"])
    assert found.fit.coefficients == [Coefficient("(intercept)"), Coefficient("age")]
    assert not found.fit.converged


@pytest.mark.parametrize("errors", ["classical", "hc1", "hc3", "linearised"])
def test_no_more_rows_than_coefficients(errors: Errors) -> None:
    two = pd.DataFrame({"age": [20, 30], "y": [1, 5], "fnlwgt": [3, 7]})
    found = linear(two, "y", ["age"], errors)
    assert [c.estimate for c in found.fit.coefficients] == close([-7.0, 0.4])
    assert {c.standard_error for c in found.fit.coefficients} == {None}
    assert (found.fit.df, found.fit.r_squared, found.fit.adjusted_r_squared) == (0, 1.0, None)
    assert found.fit.residual_standard_error is None
    one = linear(two[:1], "y", ["age"], errors)
    assert [c.estimate for c in one.fit.coefficients] == [1.0, None]
    assert one.fit.aliased == ["age"]


@pytest.mark.parametrize("errors", ["classical", "hc1", "hc3", "linearised"])
def test_a_constant_outcome(errors: Errors) -> None:
    frame = pd.DataFrame({"age": [20, 30, 30, 55], "y": [7] * 4, "fnlwgt": [1, 2, 3, 4]})
    found = linear(frame, "y", ["age"], errors)
    assert [c.estimate for c in found.fit.coefficients] == [pytest.approx(7), pytest.approx(0)]
    assert [c.standard_error for c in found.fit.coefficients] in ([0.0, 0.0], [None, None])
    assert {c.statistic for c in found.fit.coefficients} == {None}
    assert (found.fit.r_squared, found.fit.joint.f) == (None, None)
    assert not logistic(frame, [1, 1, 1, 1], ["age"]).fit.converged


def test_a_perfect_fit() -> None:
    frame = pd.DataFrame({"age": [20, 30, 40, 50], "y": [41, 61, 81, 101]})
    found = linear(frame, "y", ["age"], "hc1")
    assert [c.estimate for c in found.fit.coefficients] == close([1.0, 2.0], rel=1e-15)
    assert [c.standard_error for c in found.fit.coefficients] == [0.0, 0.0]
    assert (found.fit.r_squared, found.fit.residual_standard_error) == (1.0, 0.0)


def test_hc3_is_undefined_where_a_row_decides_its_own_fit() -> None:
    frame = pd.DataFrame({"sex": ["M", "M", "F"], "y": [1, 3, 8]})
    assert by_term(linear(frame, "y", ["sex"], "hc3"))["sex=F"][1:3] == (6.0, None)
    assert by_term(linear(frame, "y", ["sex"], "hc1"))["sex=F"].standard_error is not None


def test_the_reference_asked_for(adult: Frame) -> None:
    found = linear(adult, "hours_per_week", ["race"], references={"race": "Other"})
    assert found.references == {"race": "Other"}
    assert "race=White" in by_term(found)
    mean = adult[adult.race == "Other"].hours_per_week.mean()
    assert by_term(found)["(intercept)"].estimate == close(mean)


def test_a_reference_of_no_rows_leaves_one_term_aliased(adult: Frame) -> None:
    some = adult[adult.race != "Other"]
    found = linear(some, "hours_per_week", ["race"], references={"race": "Other"})
    assert found.fit.aliased == ["race=White"]


def test_separated_categories_are_named_and_left_out(adult: Frame) -> None:
    rows = adult.dropna(subset=["workclass"])
    y = (rows.income == ">50K").astype(int)
    found = logistic(rows, y.tolist(), ["workclass", "age"])
    assert found.separated == ["workclass=Never-worked"]
    assert found.rows == len(rows) - 10
    assert by_term(found)["workclass=Never-worked"] == Coefficient("workclass=Never-worked")
    kept = rows.workclass != "Never-worked"
    rest = logistic(rows[kept], y[kept].tolist(), ["workclass", "age"])
    for term, coefficient in by_term(rest).items():
        assert by_term(found)[term] == coefficient
    assert found.fit.converged


def test_a_separated_reference_gives_way_to_the_next(adult: Frame) -> None:
    frame = pd.DataFrame({"sex": list("aaaaabbbbccc"), "age": range(20, 32)})
    y = [0] * 5 + [0, 1, 1, 0] + [1, 0, 1]
    found = logistic(frame, y, ["sex"])
    assert found.separated == ["sex=a"]
    assert found.references == {"sex": "b"}
    assert [c.term for c in found.fit.coefficients] == ["(intercept)", "sex=c", "sex=a"]
    assert by_term(found)["sex=c"].estimate == close(math.log(2))
    asked = logistic(frame, y, ["sex"], references={"sex": "a"})
    assert not asked.fit.converged


def test_a_number_that_separates_has_no_maximum() -> None:
    frame = pd.DataFrame({"age": [20, 21, 22, 30, 31, 32]})
    found = logistic(frame, [0, 0, 0, 1, 1, 1], ["age"])
    assert not found.fit.converged
    assert [c.estimate for c in found.fit.coefficients] == [None, None]
    assert found.fit.deviance is None


def test_a_large_number_that_does_not(adult: Frame) -> None:
    """x'b is beyond 30 for a capital gain of 99,999 dollars; the maximum is there all the same."""
    y = (adult.income == ">50K").astype(int)
    found = logistic(adult, y.tolist(), ["capital_gain"])
    x = sm.add_constant(adult.capital_gain.to_numpy(float) / 1e4)
    expected = sm.GLM(y, x, family=sm.families.Binomial()).fit(tol=1e-15, maxiter=100)
    assert by_term(found)["capital_gain"].estimate == close(expected.params.iloc[1] / 1e4)


def test_too_many_coefficients() -> None:
    order = {f"c{k}": k for k in range(60)}
    twice = Model([Covariate("a", order), Covariate("b", order)], [(0,), (1,)])
    frame = pd.DataFrame({"a": list(order), "b": list(order)})
    found: Patterns = patterns(frame, ["a", "b"], [0] * 60, None)
    with pytest.raises(TooManyCoefficients, match="119"):
        fit_linear(twice, found, "classical", 0.95)
