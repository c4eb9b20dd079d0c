"""Regressions and correlation tests against the oracles."""

import math
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from django.test import Client
from scipy import stats

from tests.census import oracle
from tests.census.answers import ask

pytestmark = pytest.mark.django_db

WEIGHTS = pytest.mark.parametrize("weighted", [False, True], ids=["counts", "weights"])
CUTS = [25, 35, 45, 55, 65]
BANDS = "age__bands=25,35,45,55,65"
BAND_NAMES = ["<25", "25-34", "35-44", "45-54", "55-64", ">=65"]


def close(expected: Any, rel: float = 1e-8) -> Any:
    return pytest.approx(expected, rel=rel, abs=0)


def errors(client: Client, url: str) -> list[tuple[str, str]]:
    response = client.get(url)
    assert response.status_code == 400, (url, response.content)
    return [(error["parameter"], error["code"]) for error in response.json()["errors"]]


def band(ages: "pd.Series[int]") -> "pd.Series[str]":
    places = np.searchsorted(CUTS, ages, side="right")
    return pd.Series(np.array(BAND_NAMES, object)[places], index=ages.index)


def dummies(values: "pd.Series[Any]", name: str) -> tuple[dict[str, Any], str]:
    """Returns a dummy variable for each category except the largest, and the largest category."""
    present = sorted(set(values), key=lambda v: oracle.rank(name, v))
    if name == "age":
        present.sort(key=BAND_NAMES.index)
    counts = values.value_counts()
    reference = max(present, key=lambda value: counts[value])
    return {
        f"{name}={v}": (values == v).astype(float) for v in present if v != reference
    }, reference


def design(rows: pd.DataFrame, on: str, *, bands: bool) -> tuple[pd.DataFrame, dict[str, str]]:
    """Returns the columns of the design matrix by the names of their terms in the answer."""
    columns: dict[str, Any] = {"(intercept)": pd.Series(1.0, index=rows.index)}
    single: dict[str, dict[str, Any]] = {}
    references = {}
    for term in on.split(","):
        for part in term.split(":"):
            if part in single:
                continue
            values = band(rows.age) if part == "age" and bands else rows[part]
            if part in oracle.NUMERIC and not (part == "age" and bands):
                single[part] = {part: values.astype(float)}
            else:
                single[part], references[part] = dummies(values, part)
        products = {"": 1.0}
        for part in term.split(":"):
            products = {
                f"{a}:{b}" if a else b: x * y
                for a, x in products.items()
                for b, y in single[part].items()
            }
        columns |= {name: column for name, column in products.items() if np.any(column)}
    return pd.DataFrame(columns), references


# --- Regressions --------------------------------------------------------------------------------

# Selection, terms, whether by bands of ages.
MODELS = [
    ("all", "age,education_num,sex", False),
    ("complete", "workclass,sex", False),
    ("is", "age,age:age,race", False),
    ("not_in", "age,sex,age:sex", True),
    ("split", "occupation,education_num", False),
    ("many", "marital_status,hours_per_week,marital_status:hours_per_week", False),
]
IDS = [f"{selection}-{on}" for selection, on, _ in MODELS]


def known(adult: pd.DataFrame, selection: str, on: str) -> tuple[str, pd.DataFrame, int]:
    query, mask = oracle.SELECTIONS[selection]
    rows = adult[mask(adult)]
    names = {part for term in on.split(",") for part in term.split(":")}
    return query, rows.dropna(subset=list(names)), len(rows)


@WEIGHTS
@pytest.mark.parametrize(("selection", "on", "bands"), MODELS, ids=IDS)
def test_linear(
    client: Client, adult: pd.DataFrame, selection: str, on: str, bands: bool, weighted: bool
) -> None:
    query, rows, selected = known(adult, selection, on)
    if selection == "many":
        on = "marital_status,education_num,marital_status:education_num"
    x, references = design(rows, on, bands=bands)
    y, w = rows.hours_per_week.astype(float), rows.fnlwgt.astype(float)
    parts = [query, f"on={on}", BANDS if bands else ""]
    for kind in ["linearised"] if weighted else ["classical", "hc1", "hc3"]:
        of_kind = [] if weighted else [f"errors={kind}"]
        answer = ask(
            client,
            "/v1/regression/linear/hours_per_week",
            *parts,
            *of_kind,
            weighted=weighted,
        )
        scale = np.abs(x).max()
        z = (x / scale).to_numpy()
        if weighted:
            fit = sm.WLS(y, z, weights=w).fit()
            bread = np.linalg.inv(z.T @ (w.to_numpy()[:, None] * z))
            e = (w * (y - z @ fit.params.to_numpy())).to_numpy()
            n = len(y)
            variance = np.diag(n / (n - 1) * bread @ (z.T @ (e[:, None] ** 2 * z)) @ bread)
        else:
            fit = sm.OLS(y, z).fit(cov_type="nonrobust" if kind == "classical" else kind.upper())
            variance = np.diag(fit.cov_params())
        assert (answer["rows"], answer["count"]) == (selected, len(rows))
        assert answer["references"] == references
        coefficients = answer["coefficients"]
        assert [c["term"] for c in coefficients] == list(x.columns)
        assert [c["estimate"] for c in coefficients] == close(list(fit.params / scale.to_numpy()))
        error = np.sqrt(variance) / scale.to_numpy()
        assert [c["standard_error"] for c in coefficients] == close(list(error), 1e-7)
        t = stats.t.ppf(0.975, answer["df"])
        for c in coefficients:
            assert c["ci_upper"] - c["estimate"] == close(t * c["standard_error"], 1e-7)
            assert c["statistic"] == close(c["estimate"] / c["standard_error"])
        assert answer["r_squared"] == close(fit.rsquared)
        assert answer["df"] == len(y) - x.shape[1]
        assert answer["errors"] == kind


@WEIGHTS
@pytest.mark.parametrize(("selection", "on", "bands"), MODELS, ids=IDS)
def test_logistic(
    client: Client, adult: pd.DataFrame, selection: str, on: str, bands: bool, weighted: bool
) -> None:
    query, rows, selected = known(adult, selection, on)
    answer = ask(
        client,
        "/v1/regression/logistic/income",
        *(query, f"on={on}", BANDS if bands else "", f"value={quote('>50K')}"),
        weighted=weighted,
    )
    assert (answer["rows"], answer["count"]) == (selected, len(rows))
    for term in answer["separated"]:  # the oracle leaves those rows out by hand
        for name, value in (part.split("=") for part in term.split(":")):
            rows = rows[rows[name] != value]
    x, references = design(rows, on, bands=bands)
    assert answer["references"] == references
    scale = np.abs(x).max().to_numpy()
    z, y = x.to_numpy() / scale, (rows.income == ">50K").to_numpy(float)
    w = rows.fnlwgt.to_numpy(float) if weighted else np.ones(len(y))
    model = sm.GLM(y, z, family=sm.families.Binomial(), freq_weights=w)
    fit = model.fit(tol=1e-14, maxiter=100)
    mu = fit.fittedvalues
    bread = np.linalg.inv(z.T @ ((w * mu * (1 - mu))[:, None] * z))
    variance = bread
    n = len(y)
    if weighted:
        variance = n / (n - 1) * bread @ (z.T @ ((w * (y - mu))[:, None] ** 2 * z)) @ bread
    found = {c["term"]: c for c in answer["coefficients"]}
    assert set(answer["separated"]) | set(x.columns) <= set(found)
    of_x = [found[name] for name in x.columns]
    assert [c["estimate"] for c in of_x] == close(list(fit.params / scale))
    error = np.sqrt(np.diag(variance)) / scale
    assert [c["standard_error"] for c in of_x] == close(list(error), 1e-7)
    q = stats.t.ppf(0.975, answer["df"]) if weighted else stats.norm.ppf(0.975)
    for c in of_x:
        assert c["odds_ratio"] == close(math.exp(c["estimate"]), 1e-14)
        assert c["ci_upper"] - c["estimate"] == close(q * c["standard_error"], 1e-7)
    if not weighted:
        assert answer["deviance"] == close(fit.deviance)
        assert answer["null_deviance"] == close(fit.null_deviance)
        assert answer["aic"] == close(fit.aic)
    assert answer["converged"]
    assert answer["df"] == n - x.shape[1]


def test_a_reference_and_bands_of_it(client: Client) -> None:
    path = "/v1/regression/linear/hours_per_week"
    answer = ask(client, path, "on=age,sex", BANDS, f"age__reference={quote('>=65')}")
    assert answer["references"] == {"age": ">=65", "sex": "Male"}
    assert [c["term"] for c in answer["coefficients"]][1] == "age=<25"
    assert answer["bands"]["age"][0] == {"key": "<25", "lower": None, "upper": 25}


LINEAR = "/v1/regression/linear/hours_per_week"
LOGISTIC = "/v1/regression/logistic/income"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (LINEAR, [("on", "required")]),
        (f"{LINEAR}?on=fnlwgt", [("on", "unknown_value")]),
        (f"{LINEAR}?on=hours_per_week", [("on", "unknown_value")]),
        (f"{LINEAR}?on=hours-per-week", [("on", "unknown_value")]),
        (f"{LINEAR}?on=age,agee", [("on", "unknown_value")]),
        (f"{LINEAR}?on=age,age", [("on", "repeated_value")]),
        (f"{LINEAR}?on=age,sex,age:sex,sex:age", [("on", "repeated_value")]),
        (f"{LINEAR}?on=age:sex", [("on", "part_missing")]),
        (f"{LINEAR}?on=age,age:sex,sex", [("on", "part_missing")]),
        (f"{LINEAR}?on=sex,sex:sex", [("on", "square_of_category")]),
        (f"{LINEAR}?on=age,age:age&{BANDS}", [("on", "square_of_category")]),
        (f"{LINEAR}?on=age,:", [("on", "unknown_value")]),
        (
            f"{LINEAR}?on=age,workclass,education,marital_status,occupation,race,sex",
            [("on", "too_many_patterns")],
        ),
        (
            f"{LINEAR}?on=native_country,race,native_country:race",
            [("on", "too_many_coefficients")],
        ),
        (f"{LINEAR}?on=age&sex__reference=Male", [("sex__reference", "reference_unused")]),
        (f"{LINEAR}?on=age&age__reference=30", [("age__reference", "not_applicable")]),
        (f"{LINEAR}?on=age&{BANDS}&age__reference=30", [("age__reference", "unknown_value")]),
        (f"{LINEAR}?on=sex&sex__reference=Femal", [("sex__reference", "unknown_value")]),
        (f"{LINEAR}?on=sex&{BANDS}", [("age__bands", "bands_unused")]),
        (f"{LINEAR}?on=sex&errors=hc2", [("errors", "unknown_value")]),
        (f"{LINEAR}?on=sex&errors=hc3&weight=fnlwgt", [("errors", "not_applicable")]),
        (f"{LINEAR}?on=sex&value=40", [("value", "unknown_parameter")]),
        (f"{LINEAR}?on=sex&group_by=race", [("group_by", "unknown_parameter")]),
        ("/v1/regression/linear/sex?on=age", [("column", "not_applicable")]),
        ("/v1/regression/logistic/age?on=sex", [("column", "not_applicable")]),
        (f"{LOGISTIC}?on=sex", [("value", "required")]),
        (f"{LOGISTIC}?on=income&value=%3E50K", [("on", "unknown_value")]),
        (f"{LOGISTIC}?on=sex&value=rich", [("value", "unknown_value")]),
    ],
)
def test_what_is_refused(client: Client, url: str, expected: list[tuple[str, str]]) -> None:
    assert errors(client, url) == expected


@pytest.mark.parametrize("path", [LINEAR, f"{LOGISTIC}?value={quote('>50K')}"])
@WEIGHTS
def test_nobody_and_one_person(client: Client, path: str, weighted: bool) -> None:
    path, _, query = path.partition("?")
    for rows in ("age__lt=17", "fnlwgt=1490400"):
        answer = ask(client, path, query, "on=age,education_num", rows, weighted=weighted)
        assert {c["standard_error"] for c in answer["coefficients"]} == {None}
        assert answer["count"] == (rows != "age__lt=17")


@pytest.mark.parametrize("suffix", ["csv", "ndjson", "svg", "vega"])
def test_other_formats(client: Client, suffix: str) -> None:
    for path, query in (
        (LINEAR, "on=age,sex,sex:age"),
        (LINEAR, "on=age&age__lt=17"),
        (LOGISTIC, f"value={quote('>50K')}&on=workclass,race"),
    ):
        response = client.get(f"{path}.{suffix}?{query}")
        assert response.status_code == 200, response.content
    response = client.get(f"{LINEAR}.csv?on=age")
    text = b"".join(response.streaming_content) if response.streaming else response.content
    assert text.decode().splitlines()[0].startswith("term,estimate,standard_error,ci_lower")


def test_a_saturated_regression_is_svyttest(client: Client) -> None:
    """It has the factor n/(n−1) of all rows, a comparison that of each group."""
    of_all = ask(client, LINEAR, "on=sex", weighted=True)["coefficients"][1]
    assert (of_all["estimate"], of_all["standard_error"]) == (
        close(-5.719336261685527, 1e-9),
        close(0.12887498159080332),
    )


# --- Correlations -------------------------------------------------------------------------------

NUMBERS = ["age", "education_num", "capital_gain", "hours_per_week"]


@pytest.mark.parametrize("coefficient", ["pearson", "spearman"])
@pytest.mark.parametrize("selection", ["is", "never_worked", "one_person", "nothing"])
def test_correlation_tests(
    client: Client, adult: pd.DataFrame, selection: str, coefficient: str
) -> None:
    query, mask = oracle.SELECTIONS[selection]
    rows = adult[mask(adult)]
    answer = ask(
        client,
        "/v1/correlation",
        query,
        f"columns={','.join(NUMBERS)}",
        f"coefficient={coefficient}",
    )
    assert [(p["x"], p["y"]) for p in answer["pairs"]][:2] == [
        ("age", "education_num"),
        ("age", "capital_gain"),
    ]
    for pair in answer["pairs"]:
        i, j = NUMBERS.index(pair["x"]), NUMBERS.index(pair["y"])
        assert answer["matrix"][i][j] == answer["matrix"][j][i] == pair["r"]
        x, y = rows[pair["x"]], rows[pair["y"]]
        if x.nunique() < 2 or y.nunique() < 2:
            assert pair["r"] is pair["p_value"] is None
            continue
        expected = stats.pearsonr(x, y) if coefficient == "pearson" else stats.spearmanr(x, y)
        assert pair["r"] == close(expected.statistic)
        assert pair["p_value"] == close(expected.pvalue, 1e-7)
        assert pair["df"] == len(rows) - 2


def test_weighted_correlations(client: Client, adult: pd.DataFrame) -> None:
    rows = adult[adult.sex == "Female"]
    for coefficient in ("pearson", "spearman"):
        answer = ask(
            client,
            "/v1/correlation",
            *("sex=Female", "columns=age,fnlwgt,hours_per_week", f"coefficient={coefficient}"),
            weighted=True,
        )
        w = rows.fnlwgt.to_numpy(np.longdouble)
        for pair in answer["pairs"]:
            x, y = (
                middle(rows[name], w) if coefficient == "spearman" else rows[name].to_numpy(w.dtype)
                for name in (pair["x"], pair["y"])
            )
            a, b = (
                (v - np.average(v, weights=w))
                / np.sqrt(np.average((v - np.average(v, weights=w)) ** 2, weights=w))
                for v in (x, y)
            )
            r = np.average(a * b, weights=w)
            n = len(rows)
            u = a * b - r * (a * a + b * b) / 2
            error = np.sqrt(n / (n - 1) * ((w * u) ** 2).sum()) / w.sum()
            assert pair["r"] == close(float(r), 1e-10)
            assert pair["standard_error"] == close(float(error), 1e-9)
            ends = np.tanh(
                np.arctanh(float(r))
                + np.array([-1, 1]) * 1.959963984540054 * float(error / (1 - r * r))
            )
            assert (pair["ci_lower"], pair["ci_upper"]) == close(tuple(ends), 1e-9)


def middle(values: "pd.Series[int]", w: Any) -> Any:
    """Returns the weighted share below each value plus half of the share at it."""
    sizes = pd.Series(w.astype(float), index=values.index).groupby(values).sum()
    return values.map(sizes.cumsum() - sizes / 2).to_numpy(np.longdouble) / w.sum()
