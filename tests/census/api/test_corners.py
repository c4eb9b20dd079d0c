"""Every capability in the corners: nobody, one person, all alike, all successes, and the others."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

WEIGHTS = pytest.mark.parametrize("weight", ["", "&weight=fnlwgt"], ids=["counts", "weights"])

RICH = "value=%3E50K"
COMPUTE = "/v1/computation"
SHARE = f"{COMPUTE}/proportion/income?{RICH}"
HOURS = "hours_per_week"
LINEAR = f"/v1/regression/linear/{HOURS}"
LOGISTIC = f"/v1/regression/logistic/income?{RICH}"
OAXACA = "/v1/decomposition/oaxaca"


def ask(client: Client, url: str, status: int = 200) -> Any:
    """Returns the answer, whose numbers are all finite: JSON has no others."""
    response = client.get(url)
    assert response.status_code == status, (url, response.content)

    def refuse(constant: str) -> None:
        raise AssertionError((url, constant))

    return json.loads(response.content, parse_constant=refuse)


def member(answer: Any, name: str) -> Any:
    for part in name.split("."):
        answer = answer[int(part)] if part.isdigit() else answer[part]
    return answer


def check(client: Client, url: str, expected: dict[str, Any]) -> None:
    answer = ask(client, url)
    found = {name: member(answer, name) for name in expected}
    assert found == {
        name: pytest.approx(value, rel=1e-12) if isinstance(value, float) else value
        for name, value in expected.items()
    }, url


def cases(table: dict[str, dict[str, Any]]) -> Any:
    return pytest.mark.parametrize(("url", "expected"), table.items(), ids=list(table))


# --- Nobody: no group, no value -----------------------------------------------------------------

NOBODY = "age__lt=17"
GROUPED = [
    f"{COMPUTE}/mean/age?group_by=sex",
    f"{COMPUTE}/mean/age?group_by=sex&standardize=race",
    f"{SHARE}&group_by=sex&standardize=race",
    "/v1/comparison/age?group_by=sex",
    f"/v1/comparison/income?{RICH}&group_by=sex",
    "/v1/fairness/sex?",
    "/v1/decomposition/age?group_by=sex&on=race",
    f"{OAXACA}/age?group_by=sex&on=race",
]
WITHOUT_GROUPS = {
    f"{COMPUTE}/count/age?": {"value": 0},
    f"{COMPUTE}/missing/age?": {"value": 0, "proportion": None},
    f"{COMPUTE}/distinct/age?": {"value": 0},
    f"{COMPUTE}/sum/age?": {"value": 0},
    **{
        f"{COMPUTE}/{metric}/age?": {"value": None}
        for metric in ("min", "max", "std", "variance", "skewness", "kurtosis", "mode")
    },
    **{
        f"{COMPUTE}/{metric}/age?": {"value": None, "ci_lower": None, "ci_upper": None}
        for metric in ("mean", "median", "gini")
    },
    f"{COMPUTE}/quantiles/age?q=0.5": {
        "quantiles": [{"q": 0.5, "value": None, "ci_lower": None, "ci_upper": None}]
    },
    f"{COMPUTE}/lorenz/age?q=0.5": {"lorenz": [{"q": 0.5, "value": None}]},
    f"{COMPUTE}/distribution/age?": {"buckets": []},
    f"{COMPUTE}/distribution/income?": {"buckets": []},
    SHARE: {"value": None, "standard_error": None, "ci_lower": None, "ci_upper": None},
    "/v1/statistics?": {"num_examples": 0, "statistics.0.column_statistics.mean": None},
    "/v1/correlation?columns=age,hours_per_week": {"matrix": [[None] * 2] * 2, "pairs.0.df": None},
    "/v1/crosstab/sex/income?cells=true": {
        "counts": [],
        "expected": [],
        "row_flags": [],
        "chi2": None,
        "g2": None,
        "min_expected": None,
    },
    "/v1/crosstab/sex/income?layer=race": {"layers": []},
    f"{LINEAR}?on=age": {"coefficients.0.estimate": None, "f": None, "r_squared": None},
    f"{LOGISTIC}&on=age": {"coefficients.0.estimate": None, "converged": False},
}


@WEIGHTS
@cases(WITHOUT_GROUPS)
def test_nobody(client: Client, url: str, expected: dict[str, Any], weight: str) -> None:
    check(client, f"{url}&{NOBODY}{weight}", {"rows": 0, "count": 0, **expected})


@WEIGHTS
@pytest.mark.parametrize("url", GROUPED)
def test_no_groups(client: Client, url: str, weight: str) -> None:
    answer = ask(client, f"{url}&{NOBODY}{weight}")
    assert (answer["rows"], answer["groups"]) == (0, [])
    assert {answer.get(name) for name in ("reference", "base_rate", "f")} == {None}


# --- One person: a value, no error --------------------------------------------------------------

ONE = "fnlwgt=1490400"  # a man of 27 who works 40 hours and earns up to 50K
ONE_PERSON: dict[str, dict[str, Any]] = {
    f"{COMPUTE}/count/age?": {"count": 1},
    f"{COMPUTE}/missing/workclass?": {"value": 0, "proportion": 0.0},
    f"{COMPUTE}/distinct/age?": {"value": 1},
    **{f"{COMPUTE}/{metric}/age?": {"value": 27} for metric in ("min", "max", "mode")},
    **{
        f"{COMPUTE}/{metric}/age?": {"value": None}
        for metric in ("std", "variance", "skewness", "kurtosis")
    },
    f"{COMPUTE}/mean/age?": {
        "value": 27.0, "standard_error": None, "ci_lower": None, "ci_upper": None,
    },
    f"{COMPUTE}/median/age?": {"value": 27, "ci_lower": None, "ci_upper": None},
    f"{COMPUTE}/gini/age?": {"value": 0.0, "standard_error": None, "ci_lower": None},
    f"{COMPUTE}/lorenz/age?q=0.5": {"lorenz.0.value": 0.5},
    f"{COMPUTE}/quantiles/age?q=0.1": {
        "quantiles.0.value": 27, "quantiles.0.ci_lower": None, "quantiles.0.ci_upper": None,
    },
    f"{COMPUTE}/distribution/sex?": {"buckets.0.proportion": 1.0},
    f"{COMPUTE}/distribution/age?bins=1": {"buckets.0.lower": 26.5, "buckets.0.proportion": 1.0},
    SHARE: {"value": 0.0, "successes": 0, "ci_lower": 0.0},
    "/v1/statistics?": {"statistics.0.column_statistics.std": None},
    "/v1/correlation?columns=age,hours_per_week": {
        "matrix.0.0": None, "pairs.0.r": None, "pairs.0.standard_error": None,
    },
    "/v1/crosstab/sex/income?cells=true": {
        "counts": [[1]], "dof": 0, "chi2": None, "adjusted_residuals": [[None]], "g2": None,
    },
    "/v1/crosstab/sex/income?layer=race": {"layers.0.counts": [[1]], "layers.0.chi2": None},
    f"{COMPUTE}/mean/age?group_by=sex&standardize=race": {
        "groups.0.value": 27.0, "groups.0.standard_error": None, "groups.0.empty_strata": [],
    },
    "/v1/comparison/age?group_by=sex": {
        "groups.0.value": 27.0, "groups.0.standard_error": None, "groups.0.difference": 0.0,
        "groups.0.statistic": None, "f": None,
    },
    f"/v1/comparison/income?{RICH}&group_by=sex": {
        "groups.0.value": 0.0, "groups.0.difference": 0.0, "groups.0.p_value": None, "f": None,
    },
    "/v1/fairness/sex?": {
        "base_rate": 0.0, "groups.0.base_rate": 0.0, "demographic_parity_ratio": None,
    },
    "/v1/decomposition/age?group_by=sex&on=race": {
        "groups.0.difference": 0.0, "groups.0.composition": 0.0, "groups.0.unmatched": [],
    },
    f"{OAXACA}/age?group_by=sex&on=education_num": {
        "groups.0.difference": 0.0, "groups.0.aliased": ["education_num"],
        "groups.0.explained": 0.0, "groups.0.explained_standard_error": None,
    },
    f"{LINEAR}?on=age": {
        "aliased": ["age"], "coefficients.0.estimate": 40.0, "coefficients.0.standard_error": None,
        "coefficients.1.estimate": None, "r_squared": None, "f": None, "df": 0,
    },
    f"{LOGISTIC}&on=age": {"converged": False, "coefficients.0.estimate": None},
}  # fmt: skip


@WEIGHTS
@cases(ONE_PERSON)
def test_one_person(client: Client, url: str, expected: dict[str, Any], weight: str) -> None:
    check(client, f"{url}&{ONE}{weight}", {"rows": 1, "count": 1, **expected})


# --- All have the same number -------------------------------------------------------------------

SAME = "hours_per_week=40"
ALL_ALIKE: dict[str, dict[str, Any]] = {
    f"{COMPUTE}/mean/{HOURS}?": {
        "value": 40.0, "standard_error": 0.0, "ci_lower": 40.0, "ci_upper": 40.0,
    },
    f"{COMPUTE}/std/{HOURS}?": {"value": 0.0},
    f"{COMPUTE}/skewness/{HOURS}?": {"value": None},
    f"{COMPUTE}/kurtosis/{HOURS}?": {"value": None},
    f"{COMPUTE}/median/{HOURS}?": {"value": 40, "ci_lower": 40, "ci_upper": 40},
    f"{COMPUTE}/gini/{HOURS}?": {"value": 0.0, "standard_error": 0.0, "ci_upper": 0.0},
    f"{COMPUTE}/gini/capital_gain?capital_gain=0": {"value": None, "standard_error": None},
    f"{COMPUTE}/lorenz/{HOURS}?q=0.3": {"lorenz.0.value": 0.3},
    f"{COMPUTE}/lorenz/capital_gain?q=0.3&capital_gain=0": {"lorenz.0.value": None},
    f"{COMPUTE}/distribution/{HOURS}?bins=2": {
        "buckets.0.lower": 39.5, "buckets.1.upper": 40.5, "buckets.0.proportion": 0.0,
    },
    "/v1/statistics?": {"statistics.12.column_statistics.std": 0.0},
    "/v1/correlation?columns=age,hours_per_week": {
        "matrix": [[1.0, None], [None, None]], "pairs.0.r": None, "pairs.0.statistic": None,
    },
    "/v1/correlation?columns=age,hours_per_week&coefficient=spearman": {
        "matrix": [[1.0, None], [None, None]], "pairs.0.standard_error": None,
    },
    f"{COMPUTE}/mean/{HOURS}?group_by=sex&standardize=race": {
        "groups.0.value": 40.0, "groups.0.standard_error": 0.0,
    },
    f"/v1/comparison/{HOURS}?group_by=sex": {
        "groups.0.difference": 0.0, "groups.0.difference_standard_error": 0.0,
        "groups.0.statistic": None, "groups.0.p_value": None, "groups.0.ks": 0.0, "f": None,
    },
    f"/v1/decomposition/{HOURS}?group_by=sex&on=race": {
        "groups.0.difference": 0.0, "groups.0.composition": 0.0, "groups.0.rate": 0.0,
    },
    f"{OAXACA}/{HOURS}?group_by=sex&on=age": {
        "groups.0.difference": 0.0, "groups.0.explained": 0.0, "groups.0.unexplained": 0.0,
        "groups.0.explained_standard_error": 0.0, "groups.0.unexplained_standard_error": 0.0,
    },
    f"{LINEAR}?on=age,race": {
        "coefficients.0.estimate": 40.0, "coefficients.1.estimate": 0.0,
        "coefficients.1.standard_error": 0.0, "coefficients.1.statistic": None,
        "r_squared": None, "adjusted_r_squared": None, "residual_standard_error": 0.0, "f": None,
    },
    f"/v1/regression/linear/age?on={HOURS},sex": {
        "aliased": [HOURS], "coefficients.1.estimate": None,
    },
    f"{LOGISTIC}&on={HOURS},sex": {
        "aliased": [HOURS], "coefficients.1.estimate": None, "converged": True,
    },
}  # fmt: skip


@WEIGHTS
@cases(ALL_ALIKE)
def test_all_alike(client: Client, url: str, expected: dict[str, Any], weight: str) -> None:
    check(client, f"{url}&{SAME}{weight}", expected)


# --- All have the outcome -----------------------------------------------------------------------

ALL_RICH: dict[str, dict[str, Any]] = {
    SHARE: {"value": 1.0, "standard_error": 0.0, "ci_upper": 1.0},
    f"{SHARE}&interval=korn_graubard": {"value": 1.0, "ci_upper": 1.0},
    f"{COMPUTE}/distribution/income?": {
        "buckets.0.proportion": 1.0, "buckets.0.standard_error": 0.0, "buckets.0.ci_upper": 1.0,
    },
    f"{SHARE}&group_by=sex&standardize=race": {
        "groups.0.value": 1.0, "groups.0.standard_error": 0.0,
    },
    "/v1/crosstab/sex/income?cells=true": {
        "chi2": None, "dof": 0, "row_proportions": [[1.0], [1.0]], "g2": None,
        "adjusted_residuals": [[None], [None]], "row_ci_upper": [[1.0], [1.0]],
    },
    f"/v1/comparison/income?{RICH}&group_by=sex": {
        "groups.0.difference": 0.0, "groups.0.statistic": None, "groups.0.p_value": None,
    },
    "/v1/fairness/sex?": {
        "groups.0.statistical_parity_difference": 0.0, "groups.0.disparate_impact": 1.0,
    },
    f"/v1/decomposition/income?{RICH}&group_by=sex&on=race": {
        "groups.0.difference": 0.0, "groups.0.rate": 0.0,
    },
    f"{OAXACA}/income?{RICH}&group_by=sex&on=age": {
        "groups.0.value": 1.0, "groups.0.explained": 0.0, "groups.0.unexplained": 0.0,
    },
    f"{LOGISTIC}&on=age,sex": {
        "converged": False, "separated": [], "coefficients.1.estimate": None,
    },
}  # fmt: skip


@WEIGHTS
@cases(ALL_RICH)
def test_all_successes(client: Client, url: str, expected: dict[str, Any], weight: str) -> None:
    check(client, f"{url}&income=%3E50K{weight}", expected)


# --- A reference that nobody is of --------------------------------------------------------------

ABSENT: dict[str, dict[str, Any]] = {
    "/v1/comparison/age?group_by=sex": dict.fromkeys(
        ("difference", "difference_standard_error", "statistic", "p_value", "p_adjusted")
    ),
    f"/v1/comparison/income?{RICH}&group_by=sex": dict.fromkeys(
        ("difference", "difference_ci_lower", "statistic", "p_adjusted")
    ),
    "/v1/fairness/sex?": dict.fromkeys(
        ("statistical_parity_difference", "spd_ci_lower", "disparate_impact", "di_ci_upper")
    ),
    "/v1/decomposition/age?group_by=sex&on=race": dict.fromkeys(
        ("difference", "composition", "rate")
    ),
    f"{OAXACA}/age?group_by=sex&on=race": dict.fromkeys(
        ("difference", "explained", "unexplained_standard_error")
    )
    | {"terms": [], "unmatched": []},
}


@WEIGHTS
@cases(ABSENT)
def test_an_absent_reference(
    client: Client, url: str, expected: dict[str, Any], weight: str
) -> None:
    answer = ask(client, f"{url}&reference=Male&sex=Female{weight}")
    (women,) = answer["groups"]
    assert answer["reference"] == {"sex": "Male"}
    assert {name: women[name] for name in expected} == expected
    assert women["count"] == 16192


# --- Terms that depend on others, categories that separate, too many patterns -------------------

COLLINEAR = {
    f"{LINEAR}?on=education,education_num": {"aliased": ["education_num"]},
    f"{LOGISTIC}&on=education,education_num&education__ne=Preschool": {
        "aliased": ["education_num"],
        "converged": True,
    },
    f"{OAXACA}/{HOURS}?group_by=sex&on=education,education_num": {
        "groups.0.aliased": ["education_num"],
        "groups.0.unmatched": [],
    },
}


@WEIGHTS
@cases(COLLINEAR)
def test_collinear(client: Client, url: str, expected: dict[str, Any], weight: str) -> None:
    check(client, f"{url}{weight}", expected)
    answer = ask(client, f"{url}{weight}")
    if "coefficients" in answer:
        aliased = answer["coefficients"][-1]
        assert (aliased["term"], aliased["estimate"]) == ("education_num", None)
    else:
        women = answer["groups"][0]
        assert women["explained"] + women["unexplained"] == pytest.approx(women["difference"])


@WEIGHTS
def test_separated(client: Client, weight: str) -> None:
    """No one who never worked earns more than 50K: those rows are left out, the rest is fitted."""
    answer = ask(client, f"{LOGISTIC}&on=workclass,age{weight}")
    assert answer["separated"] == ["workclass=Never-worked"]
    assert answer["separated_rows"] == 10
    found = {one["term"]: one for one in answer["coefficients"]}
    assert found["workclass=Never-worked"]["estimate"] is None
    rest = ask(client, f"{LOGISTIC}&on=workclass,age&workclass__ne=Never-worked{weight}")
    assert rest["separated"] == []
    for one in rest["coefficients"]:
        assert found[one["term"]] == one
    for url in (f"{SHARE}&", f"/v1/comparison/income?{RICH}&group_by=workclass&"):
        ask(client, f"{url}workclass=Never-worked{weight}")


def too_many() -> Iterator[tuple[str, str, str]]:
    """Yield URLs, the parameter at fault, and what its error advises."""
    columns = "age,workclass,education,marital_status,occupation,race"
    bands = "`age__bands`"
    yield f"{LINEAR}?on={columns}", "on", bands
    yield f"{LOGISTIC}&on={columns}", "on", bands
    yield f"{OAXACA}/{HOURS}?group_by=sex&on={columns}", "on", bands
    yield f"{COMPUTE}/mean/age?group_by=fnlwgt", "fnlwgt__bands", "`fnlwgt__bands`"
    yield "/v1/comparison/age?group_by=fnlwgt", "fnlwgt__bands", "`fnlwgt__bands`"
    yield "/v1/fairness/fnlwgt?", "fnlwgt__bands", "`fnlwgt__bands`"
    yield "/v1/decomposition/age?group_by=fnlwgt&on=sex", "fnlwgt__bands", "`fnlwgt__bands`"
    yield "/v1/crosstab/fnlwgt/sex?", "fnlwgt__bands", "`fnlwgt__bands`"
    yield f"{COMPUTE}/mean/age?group_by=sex&standardize=fnlwgt", "fnlwgt__bands", "fnlwgt__bands"


@WEIGHTS
@pytest.mark.parametrize(("url", "parameter", "advice"), list(too_many()))
def test_too_many_patterns(
    client: Client, url: str, parameter: str, advice: str, weight: str
) -> None:
    (error,) = ask(client, f"{url}{weight}", 400)["errors"]
    assert error["parameter"] == parameter
    assert advice in error["detail"]
