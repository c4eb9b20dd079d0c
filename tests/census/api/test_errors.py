"""Errors: each invalid parameter with the allowed values and the most similar one."""

from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

MANY_QUANTILES = f"/v1/computation/quantiles/age?q={','.join(f'0.{n:03}' for n in range(100))}"

PROBLEM = "application/problem+json"
MEAN = "/v1/computation/mean/age"
QUANTILES = "/v1/computation/quantiles/age"
AGES = "/v1/computation/distribution/age"
HISTOGRAM = "/v1/computation/distribution/age"


def problem(client: Client, url: str, status: int, **headers: str) -> dict[str, Any]:
    response = client.get(url, headers=headers)
    assert response.status_code == status, (url, response.content[:300])
    assert response["Content-Type"] == PROBLEM
    body: dict[str, Any] = response.json()
    assert set(body) >= {"type", "title", "status", "detail", "instance"}
    assert body["status"] == status
    assert body["detail"]
    assert client.get(body["type"]).status_code == 200
    return body


BINS = "a whole number from 1 to 1000"
# URL, status, parameter, code, one of `allowed`, did_you_mean.
CASES = [
    (f"{MEAN}?agee=1", 400, "agee", "unknown_parameter", "age", "age"),
    (f"{MEAN}?hours-per-wek=1", 400, "hours-per-wek", "unknown_parameter", None, "hours_per_week"),
    (f"{MEAN}?native_country=Trinadad&Tobago", 400, "Tobago", "unknown_parameter", None, None),
    (f"{MEAN}?sex=Femal", 400, "sex", "unknown_value", "Female", "Female"),
    (f"{MEAN}?sex=female", 400, "sex", "unknown_value", "Female", "Female"),
    (f"{MEAN}?sex__in=Male,Femal", 400, "sex__in", "unknown_value", "Female", "Female"),
    (f"{MEAN}?sex=", 400, "sex", "unknown_value", "Male", None),
    (f"{MEAN}?education__gte=Bachelor", 400, "education__gte", "unknown_value", None, "Bachelors"),
    (f"{MEAN}?workclass=%3F", 400, "workclass", "unknown_value", "Private", None),
    (f"{MEAN}?income=%3E50K.", 400, "income", "unknown_value", ">50K", ">50K"),
    (f"{MEAN}?age__gte=old", 400, "age__gte", "not_integer", None, None),
    (f"{MEAN}?age=38.5", 400, "age", "not_integer", None, None),
    (f"{MEAN}?age=1e-1", 400, "age", "not_integer", None, None),
    (f"{MEAN}?age=0x10", 400, "age", "not_integer", None, None),
    (f"{MEAN}?age=%D9%A3", 400, "age", "not_integer", None, None),
    (f"{MEAN}?age=", 400, "age", "not_integer", None, None),
    (f"{MEAN}?age=%00", 400, "age", "not_integer", None, None),
    (f"{MEAN}?age=" + "9" * 5000, 400, "age", "out_of_range", None, None),
    (f"{MEAN}?age__range=40,30", 400, "age__range", "empty_range", None, None),
    (f"{MEAN}?age__range=40", 400, "age__range", "wrong_length", None, None),
    (f"{MEAN}?age__range=1,2,3", 400, "age__range", "wrong_length", None, None),
    *(
        (f"{MEAN}?age__range={text}", 400, "age__range", "wrong_length", None, "17,24")
        for text in ("17-24", "17..24", "17 to 24", "17%E2%80%9324", "17:24", "24-17")
    ),
    (f"{MEAN}?age__range=9-" + "9" * 19, 400, "age__range", "wrong_length", None, None),
    (f"{MEAN}?age__range=" + "9" * 5000 + "-9", 400, "age__range", "wrong_length", None, None),
    (f"{HISTOGRAM}?range=24-17", 400, "range", "wrong_length", None, "17,24"),
    (f"{HISTOGRAM}?range=24-24", 400, "range", "wrong_length", None, None),
    (f"{MEAN}?workclass__isnull=maybe", 400, "workclass__isnull", "not_boolean", "true", None),
    (f"{MEAN}?complete=yes", 400, "complete", "not_boolean", "true", None),
    (f"{MEAN}?complete=tru", 400, "complete", "not_boolean", "true", "true"),
    (f"{MEAN}?sex=Male&sex=Female", 400, "sex", "repeated_parameter", None, None),
    (
        f"{MEAN}?hours-per-week=1&hours_per_week=2",
        *(400, "hours_per_week", "repeated_parameter", None, None),
    ),
    (f"{MEAN}?group_by=nope", 400, "group_by", "unknown_value", "sex", None),
    (f"{MEAN}?group_by=salary", 400, "group_by", "unknown_value", "sex", None),
    (f"{MEAN}?group_by=rac", 400, "group_by", "unknown_value", "race", "race"),
    (f"{MEAN}?group_by=sex,sex", 400, "group_by", "repeated_value", None, None),
    (f"{MEAN}?group_by=sex,race,income,split", 400, "group_by", "wrong_length", None, None),
    (f"{MEAN}?group_by=", 400, "group_by", "wrong_length", None, None),
    (f"{MEAN}?weight=age", 400, "weight", "unknown_value", "fnlwgt", None),
    (f"{MEAN}?confidence=1", 400, "confidence", "out_of_range", None, None),
    (f"{MEAN}?confidence=NaN", 400, "confidence", "not_number", None, None),
    (f"{MEAN}?confidence=inf", 400, "confidence", "not_number", None, None),
    (f"{MEAN}?limit=0", 400, "limit", "out_of_range", None, None),
    (f"{MEAN}?limit=-1", 400, "limit", "out_of_range", None, None),
    (f"{MEAN}?order_by=size", 400, "order_by", "unknown_value", "-value", None),
    (f"{QUANTILES}?group_by=sex&order_by=value", 400, "order_by", "unknown_value", "-count", None),
    (f"{AGES}?group_by=sex&order_by=-value", 400, "order_by", "not_applicable", None, None),
    (f"{AGES}?order_by=-count", 400, "order_by", "not_applicable", None, None),
    (f"{AGES}?limit=3", 400, "limit", "not_applicable", None, None),
    (f"{MEAN}?ddof=1", 400, "ddof", "unknown_parameter", None, None),
    (f"{MEAN}?sex__gt=Male", 400, "sex__gt", "unknown_parameter", None, "sex__ne"),
    (f"{MEAN}?id=1", 400, "id", "unknown_parameter", None, None),
    (f"{MEAN}?age--gte=30", 400, "age--gte", "unknown_parameter", None, "age__gte"),
    (f"{MEAN}?group-by=sex", 400, "group-by", "unknown_parameter", None, "group_by"),
    (
        "/v1/computation/distribution/age?bins=1000&group_by=native_country,education",
        *(400, "bins", "too_many_values", None, None),
    ),
    (
        f"{MANY_QUANTILES}&group_by=native_country,education,occupation",
        *(400, "q", "too_many_values", None, None),
    ),
    (f"{MEAN}?age__contains=1", 400, "age__contains", "unknown_parameter", None, "age__not_in"),
    (f"{MEAN}?pk__in=1", 400, "pk__in", "unknown_parameter", None, "split__in"),
    (f"{MEAN}?%F0%9F%98%80=1", 400, "😀", "unknown_parameter", None, None),
    (f"{MEAN}?sex=%FF%FE", 400, "sex", "unknown_value", "Male", None),
    (f"{MEAN}?sex=Male%00", 400, "sex", "unknown_value", "Male", "Male"),
    (f"{MEAN}?sex=Male'--", 400, "sex", "unknown_value", "Male", "Male"),
    (f"{HISTOGRAM}?bins=0", 400, "bins", None, BINS, None),
    (f"{HISTOGRAM}?bins=-3", 400, "bins", None, BINS, None),
    (f"{HISTOGRAM}?bins=100000000", 400, "bins", None, BINS, None),
    (f"{HISTOGRAM}?bins=1001", 400, "bins", None, "values", None),
    (f"{HISTOGRAM}?bins=valus", 400, "bins", None, "values", "values"),
    (f"{HISTOGRAM}?bins=2.5", 400, "bins", None, "values", None),
    (f"{HISTOGRAM}?range=5", 400, "range", "wrong_length", None, None),
    (f"{HISTOGRAM}?range=5,5", 400, "range", "empty_range", None, None),
    (f"{HISTOGRAM}?range=9,1", 400, "range", "empty_range", None, None),
    (
        f"{HISTOGRAM}?bins=1000&range=1e17,1.00000000000000016e17",
        400,
        "range",
        "too_narrow",
        None,
        None,
    ),
    (f"{HISTOGRAM}?range=nan,inf", 400, "range", "not_number", None, None),
    ("/v1/computation/distribution/sex?bins=3", 400, "bins", "not_applicable", None, None),
    ("/v1/computation/quantiles/age?q=1.5", 400, "q", "out_of_range", None, None),
    ("/v1/computation/quantiles/age?q=half", 400, "q", "not_number", None, None),
    ("/v1/computation/quantiles/age?q=", 400, "q", "wrong_length", None, None),
    ("/v1/computation/std/age?ddof=2", 400, "ddof", "out_of_range", None, None),
    ("/v1/computation/skewness/age?bias=1", 400, "bias", "not_boolean", "true", None),
    ("/v1/computation/proportion/income", 400, "value", "required", ">50K", None),
    ("/v1/computation/proportion/income?value=50K", 400, "value", "unknown_value", ">50K", ">50K"),
    ("/v1/computation/mean/workclass", 400, "column", "not_applicable", "age", None),
    ("/v1/computation/proportion/age", 400, "column", "not_applicable", "sex", None),
    ("/v1/computation/wombat/age", 404, "metric", "unknown_metric", "mean", None),
    ("/v1/computation/meen/age", 404, "metric", "unknown_metric", "mean", "mean"),
    ("/v1/computation/mean/salary", 404, "column", "unknown_column", "age", None),
    ("/v1/computation/mean/agee", 404, "column", "unknown_column", "age", "age"),
    ("/v1/computation/mean/age%00", 404, "column", "unknown_column", "age", "age"),
    ("/v1/computation/mean/%F0%9F%98%80", 404, "column", "unknown_column", "age", None),
    ("/v1/fields/salary", 404, "column", "unknown_column", "age", None),
    ("/v1/fields/hours-per-wek", 404, "column", "unknown_column", None, "hours_per_week"),
    ("/v1/crosstab/sex/salary", 404, "column", "unknown_column", "race", None),
    ("/v1/crosstab/salary/sex", 404, "row", "unknown_column", "race", None),
    ("/v1/crosstab/sex/fnlwgt", 400, "fnlwgt__bands", "bands_required", None, None),
    ("/v1/fairness/salary", 404, "column", "unknown_column", "sex", None),
    ("/v1/fairness/sex,wombat", 404, "column", "unknown_column", "sex", None),
    ("/v1/fairness/fnlwgt", 400, "fnlwgt__bands", "bands_required", None, None),
    ("/v1/fairness/income", 400, "column", None, "sex", None),
    ("/v1/fairness/sex,sex", 400, "column", "repeated_value", None, None),
    ("/v1/fairness/sex,race,split,education", 400, "column", "wrong_length", None, None),
    ("/v1/fairness/sex?reference=Mal", 400, "reference", "unknown_value", "Male", "Male"),
    ("/v1/fairness/sex,race?reference=Male", 400, "reference", "wrong_length", None, None),
    ("/v1/fairness/sex?outcome=rich", 400, "outcome", "unknown_value", ">50K", None),
    ("/v1/correlation?columns=age", 400, "columns", "wrong_length", None, None),
    ("/v1/correlation?columns=age,sex", 400, "columns", "unknown_value", "fnlwgt", None),
    ("/v1/correlation?columns=age,age", 400, "columns", "repeated_value", None, None),
    ("/v1/statistics?group_by=sex", 400, "group_by", "unknown_parameter", None, None),
    ("/v1/statistics?bins=3", 400, "bins", "unknown_parameter", None, None),
    ("/v1/dataset?sex=Male", 400, "sex", "unknown_parameter", None, None),
    ("/v1/fields?sex=Male", 400, "sex", "unknown_parameter", None, None),
    ("/v1/computation?sex=Male", 400, "sex", "unknown_parameter", None, None),
    ("/v1?sex=Male", 400, "sex", "unknown_parameter", None, None),
]


@pytest.mark.parametrize(
    ("url", "status", "parameter", "code", "allowed", "meant"), CASES, ids=lambda c: str(c)[:60]
)
def test_the_invalid_parameter_is_named(
    client: Client,
    url: str,
    status: int,
    parameter: str,
    code: str | None,
    allowed: str | None,
    meant: str | None,
) -> None:
    errors = {e["parameter"]: e for e in problem(client, url, status)["errors"]}
    assert parameter in errors, errors
    error = errors[parameter]
    if code:
        assert error["code"] == code
    if allowed:
        assert allowed in error["allowed"]
    assert error.get("did_you_mean") == meant
    assert len(error["detail"]) < 400


def test_all_invalid_parameters_at_once(client: Client) -> None:
    body = problem(client, f"{MEAN}?age__gte=old&sex=Femal&agee=1&group_by=nope&limit=0", 400)
    assert {e["parameter"] for e in body["errors"]} == {
        *("agee", "group_by", "limit", "sex", "age__gte")
    }


def test_metric_and_column_at_once(client: Client) -> None:
    body = problem(client, "/v1/computation/wombat/salary", 404)
    assert [e["parameter"] for e in body["errors"]] == ["metric", "column"]


@pytest.mark.parametrize(
    ("url", "detail"),
    [
        (f"{MEAN}?group_by=", "Give 1 to 3 values, separated by commas."),
        ("/v1/correlation?columns=age", "Give 2 to 6 values, separated by commas."),
        (
            "/v1/decomposition/age?group_by=sex,race&on=education",
            "Give exactly one value.",
        ),
        (
            f"{MEAN}?age__gte=1e18",
            "1e18 is out of range: give a whole number of up to 18 digits.",
        ),
        (f"{MEAN}?limit=0", "0 is out of range: give a whole number from 1 to 100000."),
    ],
)
def test_what_is_expected_is_named(client: Client, url: str, detail: str) -> None:
    assert problem(client, url, 400)["detail"] == detail


def test_an_answer_holds_100_000_bins(client: Client) -> None:
    """1,000 in each of the 100 groups that men have here."""
    url = "/v1/computation/distribution/age?bins=1000&group_by=education,marital_status"
    groups = client.get(f"{url}&sex=Male").json()["groups"]
    assert sum(len(group["buckets"]) for group in groups) == 100_000
    detail = problem(client, url, 400)["detail"]
    assert detail.startswith("1000 values by `bins`, of ")


def test_thousands_of_parameters(client: Client) -> None:
    for query in ("&".join(f"x{n}=1" for n in range(900)), "&".join(["sex=Male"] * 900)):
        problem(client, f"{MEAN}?{query}", 400)
    # Above Django's own limit the query cannot even be read.
    problem(client, f"{MEAN}?" + "&".join(f"x{n}=1" for n in range(5000)), 400)


def test_a_hint_for_several_values_only_where_it_works(client: Client) -> None:
    for name, hint in (("sex", True), ("age__gte", False), ("group_by", False)):
        body = problem(client, f"{MEAN}?{name}=1&{name}=2", 400)
        assert ("__in=" in body["detail"]) is hint, name


def test_an_empty_selection_by_huge_integers(client: Client) -> None:
    for query in (
        "age=999999999999999999",
        "age__in=999999999999999999",
        "age__gt=999999999999999999",
        "age__lte=-999999999999999999",
    ):
        response = client.get(f"{MEAN}?{query}")
        assert response.status_code == 200, query
        assert (response.json()["rows"], response.json()["value"]) == (0, None)
    for query in ("age__lt=999999999999999999", "age__not_in=-999999999999999999"):
        assert client.get(f"{MEAN}?{query}").json()["rows"] == 48842


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize(
    "path", [MEAN, "/v1", "/v1/fields", "/v1/dataset", "/v1/statistics", "/v1/fairness/sex"]
)
def test_only_reading_is_allowed(client: Client, method: str, path: str) -> None:
    response = getattr(client, method)(path, {"a": 1}, content_type="application/json")
    assert response.status_code == 405
    assert response["Content-Type"] == PROBLEM
    assert response.json()["type"] == "/problems/method-not-allowed"
    assert {"GET", "HEAD", "OPTIONS"} <= set(response["Allow"].replace(" ", "").split(","))


@pytest.mark.parametrize("method", ["post", "delete", "options"])
@pytest.mark.parametrize(
    "path", ["/", "/favicon.ico", "/healthz", "/metrics", "/problems/not-found", "/readyz"]
)
def test_what_is_beside_the_api_is_read_only_too(client: Client, method: str, path: str) -> None:
    response = getattr(client, method)(path)
    assert response.status_code == 405
    assert response["Content-Type"] == PROBLEM
    assert response["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "path",
    [
        *("/nope", "/v1/nope", "/v1/computation/mean/age/more"),
        *("/v1/Fields", "/v2", "/favicon.ico.bak", "/problems/nope"),
        *("/v1/computation/mean/age.foo", "/v1/fields.foo", "/v1.foo", "/%00", "/v1/%F0%9F%98%80"),
    ],
)
def test_nothing_there(client: Client, path: str) -> None:
    assert problem(client, path, 404)["type"] == "/problems/not-found"
    for accept in ("application/json", "text/csv", "*/*", "application/xml"):
        problem(client, path, 404, accept=accept)


def test_the_instance_is_what_was_asked(client: Client) -> None:
    assert problem(client, f"{MEAN}?agee=1", 400)["instance"] == f"{MEAN}?agee=1"
