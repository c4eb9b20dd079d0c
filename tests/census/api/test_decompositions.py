"""Standardised values and decompositions against the oracles."""

import math
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from django.test import Client

from tests.census import oracle
from tests.census.answers import ask
from tests.census.api.test_regressions import BANDS, WEIGHTS, band, close, design, errors

pytestmark = pytest.mark.django_db

RICH = f"value={quote('>50K')}"


# --- Standardised values ------------------------------------------------------------------------


@WEIGHTS
def test_standardised(client: Client, adult: pd.DataFrame, weighted: bool) -> None:
    adult = adult.assign(band=band(adult.age), rich=(adult.income == ">50K").astype(float))
    weights = adult.fnlwgt.astype(float) if weighted else pd.Series(1.0, index=adult.index)
    parts = ("group_by=sex", "standardize=age,education", BANDS)
    for path, name, query in (
        ("/v1/computation/mean/hours_per_week", "hours_per_week", ""),
        ("/v1/computation/proportion/income", "rich", RICH),
    ):
        answer = ask(client, path, query, *parts, "race=White", weighted=weighted)
        rows = adult[adult.race == "White"]
        for group in answer["groups"]:
            value = variance = 0.0
            single = False
            for _, stratum in rows.groupby(["band", "education"]):
                of = stratum[stratum.sex == group["key"]["sex"]]
                share = weights[stratum.index].sum() / weights[rows.index].sum()
                if of.empty:
                    value = math.nan
                    continue
                mean, error = oracle.linearised(
                    of[name].to_numpy(np.longdouble), weights[of.index].to_numpy(np.longdouble)
                )
                single |= error is None
                value += share * mean
                variance += share**2 * (error or 0) ** 2
            if math.isnan(value):
                assert (group["value"], bool(group["empty_strata"])) == (None, True)
                continue
            assert group["value"] == close(value, 1e-11)
            assert group["empty_strata"] == []
            if single:
                assert group["standard_error"] is None
            else:
                assert group["standard_error"] == close(math.sqrt(variance), 1e-9)


def test_standardised_is_that_of_r(client: Client) -> None:
    answer = ask(
        client,
        "/v1/computation/proportion/income",
        *(RICH, "group_by=sex", "standardize=age", BANDS),
        weighted=True,
    )
    values = [group["value"] for group in answer["groups"]]
    assert values == close([0.11853040326834405, 0.2876904266051354], 1e-12)


@WEIGHTS
def test_equal_strata_change_nothing(client: Client, weighted: bool) -> None:
    """Every group has the split's one value: the standardised value is the crude one."""
    answer = ask(
        client,
        "/v1/computation/mean/age",
        *("group_by=sex", "standardize=split", "split=train"),
        weighted=weighted,
    )
    for group in answer["groups"]:
        assert group["value"] == close(group["crude_value"], 1e-15)


# --- Kitagawa -----------------------------------------------------------------------------------


@WEIGHTS
@pytest.mark.parametrize("on", ["marital_status", "education,race", "occupation"])
def test_decomposition(client: Client, adult: pd.DataFrame, on: str, weighted: bool) -> None:
    answer = ask(
        client,
        "/v1/decomposition/income",
        *(RICH, "group_by=sex", "reference=Male", f"on={on}"),
        weighted=weighted,
    )
    w = adult.fnlwgt if weighted else pd.Series(1, index=adult.index)
    frame = adult.assign(w=w, wy=w * (adult.income == ">50K"))
    found = {}
    for sex, rows in frame.groupby("sex"):
        sums = rows.groupby(on.split(","), dropna=False)[["w", "wy"]].sum()
        found[sex] = (sums.w / sums.w.sum()).to_dict(), (sums.wy / sums.w).to_dict()
    (p1, r1), (p0, r0) = found["Female"], found["Male"]
    (women,) = [group for group in answer["groups"] if group["key"] == {"sex": "Female"}]
    if {str(k) for k in p1} == {str(k) for k in p0}:
        by = {str(k): k for k in p0}
        pairs = [(p1[k], p0[by[str(k)]], r1[k], r0[by[str(k)]]) for k in p1]
        composition = sum((a - b) * (c + d) / 2 for a, b, c, d in pairs)
        rate = sum((c - d) * (a + b) / 2 for a, b, c, d in pairs)
        assert women["composition"] == close(composition, 1e-9)
        assert women["rate"] == close(rate, 1e-9)
        assert women["composition"] + women["rate"] == close(women["difference"], 1e-12)
    else:
        assert women["composition"] is None
        assert women["unmatched"]
    mean = ask(
        client,
        "/v1/computation/proportion/income",
        *(RICH, "group_by=sex"),
        weighted=weighted,
    )
    female, male = (group["value"] for group in mean["groups"])
    assert women["difference"] == close(female - male, 1e-12)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/v1/computation/mean/age?standardize=sex", [("standardize", "not_applicable")]),
        (
            "/v1/computation/mean/age?standardize=sex&group_by=sex",
            [("standardize", "grouped_by")],
        ),
        (
            "/v1/computation/mean/age?standardize=sx&group_by=sex",
            [("standardize", "unknown_value")],
        ),
        ("/v1/computation/sum/age?standardize=sex", [("standardize", "unknown_parameter")]),
        ("/v1/decomposition/age?group_by=sex", [("on", "required")]),
        ("/v1/decomposition/age?on=race", [("group_by", "required")]),
        ("/v1/decomposition/age?on=race&group_by=sex,split", [("group_by", "wrong_length")]),
        ("/v1/decomposition/age?on=sex&group_by=sex", [("on", "grouped_by")]),
        ("/v1/decomposition/age?on=age&group_by=sex", [("on", "unknown_value")]),
        ("/v1/decomposition/income?on=race&group_by=sex", [("value", "required")]),
        ("/v1/decomposition/age?on=race&group_by=sex&value=3", [("value", "not_applicable")]),
    ],
)
def test_what_neither_takes(client: Client, url: str, expected: list[tuple[str, str]]) -> None:
    assert errors(client, url) == expected


# --- Oaxaca and Blinder -------------------------------------------------------------------------

OAXACA = "/v1/decomposition/oaxaca"


def fit(rows: pd.DataFrame, x: pd.DataFrame, y: "pd.Series[Any]", *, weighted: bool) -> Any:
    """Returns the means of the columns, the coefficients, and the covariances of both."""
    w = rows.fnlwgt.to_numpy(float) if weighted else np.ones(len(rows))
    n, z = len(rows), x.to_numpy()
    found = sm.WLS(y.to_numpy(float), z, weights=w).fit()
    of_b = found.cov_params()
    if weighted:
        bread = np.linalg.inv(z.T @ (w[:, None] * z))
        scores = (w * (y.to_numpy() - z @ found.params))[:, None] * z
        of_b = n / (n - 1) * bread @ (scores.T @ scores) @ bread
    mean = np.average(z, axis=0, weights=w)
    parts = w[:, None] * (z - mean) / w.sum()
    return mean, found.params, of_b, n / (n - 1) * parts.T @ parts


@WEIGHTS
@pytest.mark.parametrize(
    ("path", "query", "on", "by", "bands"),
    [
        ("hours_per_week", "", "age,education_num,race", "sex", False),
        ("hours_per_week", "complete=true", "age,workclass", "sex", True),
        ("income", RICH, "education,hours_per_week", "sex", False),
        (
            "income",
            f"{RICH}&race__in=White,Black,Other",
            "age,education_num,sex,sex:age",
            "race",
            0,
        ),
    ],
)
def test_oaxaca(
    client: Client, adult: pd.DataFrame, path: str, query: str, on: str, by: str, bands: bool,
    weighted: bool,
) -> None:  # fmt: skip
    """The reference categories and the group compared with are the largest of the rows used."""
    parts = (query, f"group_by={by}", f"on={on}", BANDS if bands else "")
    answer = ask(client, f"{OAXACA}/{path}", *parts, weighted=weighted)
    rows = adult.dropna() if "complete" in query else adult
    if "race" in query:
        rows = rows[rows.race.isin(["White", "Black", "Other"])]
    selected = len(rows)
    rows = rows.dropna(subset=[c for c in on.split(",") if c in rows])
    x, references = design(rows, on, bands=bool(bands))
    y = (rows.income == ">50K").astype(float) if path == "income" else rows[path]
    assert answer["references"] == references
    assert (answer["rows"], answer["count"]) == (selected, len(rows))
    largest = rows[by].value_counts().index[0]
    assert answer["reference"] == {by: largest}
    at = rows[by] == largest
    x0, b0, v0, m0 = fit(rows[at], x[at], y[at], weighted=weighted)
    others = [group for group in answer["groups"] if group["key"][by] != largest]
    assert len(others) == rows[by].nunique() - 1
    for group in others:
        of = rows[by] == group["key"][by]
        x1, b1, v1, m1 = fit(rows[of], x[of], y[of], weighted=weighted)
        d, change = x1 - x0, b1 - b0
        assert group["difference"] == close(x1 @ b1 - x0 @ b0)
        assert group["explained"] == close(d @ b0)
        assert group["unexplained"] == close(x1 @ change)
        assert group["explained"] + group["unexplained"] == close(group["difference"], 1e-13)
        expected = np.sqrt(d @ v0 @ d + b0 @ (m1 + m0) @ b0)
        assert group["explained_standard_error"] == close(expected)
        expected = np.sqrt(x1 @ (v1 + v0) @ x1 + change @ m1 @ change)
        assert group["unexplained_standard_error"] == close(expected)
        assert [c["term"] for c in group["coefficients"]] == list(x.columns)
        found = [c["explained"] for c in group["coefficients"]]
        assert found == pytest.approx(list(d * b0), rel=1e-8, abs=1e-11)
        assert [t["term"] for t in group["terms"]] == ["(intercept)", *on.split(",")]
        assert (group["aliased"], group["unmatched"]) == ([], [])
    compare = f"/v1/comparison/{path}"
    known = "&".join(f"{name}__isnull=false" for name in references if name in oracle.NULLABLE)
    compared = ask(client, compare, query, known, f"group_by={by}", weighted=weighted)
    for group, other in zip(answer["groups"], compared["groups"], strict=True):
        assert group["value"] == close(other["value"], 1e-15)
        assert group["difference"] == pytest.approx(other["difference"], rel=1e-14)
        if group not in others or (path == "income" and not weighted):
            continue
        assert group["difference_standard_error"] == close(other["difference_standard_error"])


def test_oaxaca_in_the_corners(client: Client) -> None:
    sex = (RICH, "group_by=sex", "reference=Male")
    women, men = ask(client, f"{OAXACA}/income", *sex, "on=education,education_num")["groups"]
    assert (women["aliased"], women["unmatched"]) == (["education_num"], [])
    assert women["explained"] + women["unexplained"] == close(women["difference"], 1e-13)
    assert (men["difference"], men["explained"], men["explained_standard_error"]) == (0, 0, None)

    women, _ = ask(client, f"{OAXACA}/income", *sex, "on=occupation,age")["groups"]
    assert women["unmatched"] == ["occupation=Armed-Forces"]
    assert (women["explained"], women["unexplained"]) == (None, None)
    assert {term["explained"] for term in women["terms"]} == {None}
    assert women["difference"] is not None
    known = ask(
        client, f"{OAXACA}/income", *sex, "on=occupation,age", "occupation__ne=Armed-Forces"
    )
    assert known["groups"][0]["unmatched"] == []
    assert known["groups"][0]["explained"] is not None

    (women,) = ask(client, f"{OAXACA}/age", *sex[1:], "on=education_num", "sex=Female")["groups"]
    assert (women["difference"], women["explained"], women["terms"]) == (None, None, [])
    assert women["value"] is not None
    assert ask(client, f"{OAXACA}/age", "group_by=sex", "on=race", "age__lt=17")["groups"] == []

    answer = ask(client, f"{OAXACA}/age", "group_by=workclass", "on=sex", weighted=True)
    keys = [group["key"]["workclass"] for group in answer["groups"]]
    assert (keys[0], keys[-1]) == ("Federal-gov", None)
    never = answer["groups"][keys.index("Never-worked")]
    assert never["flags"] == ["n<30", "effective n<30"]
    assert sum(group["rows"] for group in answer["groups"]) == 48842


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("hours_per_week?group_by=sex", [("on", "required")]),
        ("hours_per_week?on=age", [("group_by", "required")]),
        ("hours_per_week?on=age&group_by=sex,race", [("group_by", "wrong_length")]),
        ("hours_per_week?on=age,sex&group_by=sex", [("on", "grouped_by")]),
        ("hours_per_week?on=hours_per_week&group_by=sex", [("on", "unknown_value")]),
        ("hours_per_week?on=fnlwgt&group_by=sex", [("on", "unknown_value")]),
        ("hours_per_week?on=race,race:race&group_by=sex", [("on", "square_of_category")]),
        ("hours_per_week?on=age&group_by=sex&value=40", [("value", "not_applicable")]),
        ("income?on=age&group_by=sex", [("value", "required")]),
        ("hours_per_week?on=age&group_by=sex&reference=Mal", [("reference", "unknown_value")]),
        (
            "hours_per_week?on=age&group_by=sex&race__reference=White",
            [("race__reference", "reference_unused")],
        ),
        (
            "hours_per_week?on=age&group_by=sex&errors=hc3&weight=fnlwgt",
            [("errors", "not_applicable")],
        ),
        (
            "hours_per_week?on=age,workclass,education,marital_status,occupation,race&group_by=sex",
            [("on", "too_many_patterns")],
        ),
        (
            "hours_per_week?on=education&group_by=native_country",
            [("on", "too_many_coefficients")],
        ),
        ("hours_per_week?on=sex&group_by=fnlwgt", [("fnlwgt__bands", "bands_required")]),
    ],
)
def test_what_oaxaca_does_not_take(
    client: Client, query: str, expected: list[tuple[str, str]]
) -> None:
    assert errors(client, f"{OAXACA}/{query}") == expected


@pytest.mark.parametrize("suffix", ["csv", "ndjson", "svg", "vega"])
def test_other_formats(client: Client, suffix: str) -> None:
    for path, query in (
        ("/v1/decomposition/income", f"{RICH}&group_by=race&on=education"),
        ("/v1/decomposition/age", "group_by=sex&on=race&age__lt=17"),
        ("/v1/decomposition/age", "group_by=sex&on=occupation"),
        (f"{OAXACA}/income", f"{RICH}&group_by=sex&on=education,age,age:age"),
        (f"{OAXACA}/age", "group_by=sex&on=race&age__lt=17"),
        (f"{OAXACA}/age", "group_by=sex&on=occupation"),
    ):
        response = client.get(f"{path}.{suffix}?{query}")
        assert response.status_code == 200, response.content
    lines = client.get(f"{OAXACA}/age.csv?group_by=sex&on=race").content.decode().splitlines()
    assert lines[0].startswith("sex,rows,count,missing,value,difference,difference_standard_error")
    assert len(lines) == 3
