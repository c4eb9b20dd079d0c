"""The spellings of lists, numbers and booleans that programs send mean the same."""

from typing import Any

import pytest
from django.test import Client

from census.statistics.parameters import Choice, Integer, Invalid, ListOf, Number

pytestmark = pytest.mark.django_db

MEAN = "/v1/computation/mean/age"
QUANTILES = "/v1/computation/quantiles/age"
HISTOGRAM = "/v1/computation/distribution/age"
PEOPLE = "/v1/people"
CORRELATION = "/v1/correlation"


@pytest.mark.parametrize(
    ("path", "canonical", "others"),
    [
        (
            MEAN,
            "group_by=sex,race",
            ["group_by=sex&group_by=race", "group_by[]=sex&group_by%5B%5D=race"],
        ),
        (
            MEAN,
            "group_by=income,sex,race",
            ["group_by=income,sex&group_by=race", "group_by[]=income&group_by[]=sex,race"],
        ),
        (MEAN, "group_by=sex", ["group_by[]=sex"]),
        (
            MEAN,
            "hours_per_week__in=40,20",
            [
                "hours-per-week__in=40&hours-per-week__in=20",
                "hours_per_week__in[]=40.0&hours_per_week__in[]=2e1",
            ],
        ),
        (MEAN, "race__not_in=White,Black", ["race__not_in=White&race__not_in=Black"]),
        (MEAN, "age__range=20,30", ["age__range=20&age__range=30", "age__range[]=2e%2B1,30.0"]),
        (QUANTILES, "q=0.5,0.1,1", ["q=0.5&q=0.1&q=1", "q[]=.5&q[]=1e-1&q[]=1.0", "q=5e-1,.1,1."]),
        (
            HISTOGRAM,
            "bins=20&range=0,100",
            ["range=0&range=100&bins=2e1", "range=.0,1e2&bins=20."],
        ),
        (HISTOGRAM, "bins=values&limit=5", ["limit=5.0&bins=values"]),
        (CORRELATION, "columns=age,fnlwgt", ["columns=age&columns=fnlwgt", "columns[]=age,fnlwgt"]),
        (
            "/v1/computation/count/age",
            "complete=true",
            ["complete=True", "complete=TRUE", "complete=tRuE"],
        ),
        (
            "/v1/computation/count/age",
            "fnlwgt__gte=100000",
            ["fnlwgt__gte=1e%2B05", "fnlwgt__gte=1e+05", "fnlwgt__gte=100000.0", "fnlwgt__gte=1E5"],
        ),
        (
            MEAN,
            "confidence=0.9&workclass__isnull=false",
            ["workclass__isnull=FALSE&confidence=.9"],
        ),
    ],
)
def test_spellings_of_one_question(
    client: Client, path: str, canonical: str, others: list[str]
) -> None:
    first = client.get(f"{path}?{canonical}")
    assert first.status_code == 200, first.content[:300]
    assert first.json()["links"]["self"] == f"{path}?{canonical}"
    for other in others:
        response = client.get(f"{path}?{other}")
        assert response.status_code == 200, (other, response.content[:300])
        assert response.content == first.content, other
        assert response["ETag"] == first["ETag"], other


@pytest.mark.parametrize(
    ("path", "other", "query"),
    [
        ("computation/mean/hours_per_week", "computation/mean/hours-per-week", ""),
        ("computation/avg/capital_gain", "computation/avg/capital-gain", "?group_by=sex"),
        ("crosstab/native_country/marital_status", "crosstab/native-country/marital-status", ""),
        ("fairness/sex,marital_status", "fairness/sex,marital-status", ""),
        ("comparison/education_num", "comparison/education-num", "?group_by=sex"),
        ("regression/linear/hours_per_week", "regression/linear/hours-per-week", "?on=sex"),
    ],
)
def test_spellings_of_a_column_in_the_path(
    client: Client, path: str, other: str, query: str
) -> None:
    first = client.get(f"/v1/{path}{query}")
    assert first.json()["links"]["self"] == f"/v1/{path}{query}"
    for spelling in (f"/v1/{other}{query}", f"/v1/{other}/{query}"):
        second = client.get(spelling)
        assert second.content == first.content
        assert second["ETag"] == first["ETag"]
    tables = [client.get(f"/v1/{name}.csv{query}") for name in (path, other)]
    assert tables[0].getvalue() == tables[1].getvalue()
    assert tables[0]["ETag"] == tables[1]["ETag"]


def test_values_are_right(client: Client) -> None:
    count = "/v1/computation/count/age"
    assert client.get(f"{count}?fnlwgt__gte=1e%2B05").json()["value"] == 40282
    assert client.get(f"{count}?complete=True").json()["value"] == 45222
    keys = [g["key"] for g in client.get(f"{MEAN}?group_by=race&group_by=sex").json()["groups"]]
    assert list(keys[0]) == ["race", "sex"]


def test_records_in_any_spelling(client: Client) -> None:
    query = "fields=id,age&ordering=-age,id&page_size=2"
    first = client.get(f"{PEOPLE}?{query}")
    other = "ordering=-age&ordering=id&fields=id&fields=age&page_size=2.0"
    second = client.get(f"{PEOPLE}?{other}")
    assert second.json() == first.json()
    assert "fields=id,age&ordering=-age,id" in second.json()["next"]
    following = client.get(second.json()["next"].removeprefix("http://testserver"))
    assert following.json()["previous"] is not None
    assert following.json()["results"][0].keys() == {"id", "age"}


@pytest.mark.parametrize(
    ("path", "query", "parameter", "code"),
    [
        (MEAN, "sex=Male&sex=Female", "sex", "repeated_parameter"),
        (MEAN, "weight=fnlwgt&weight=fnlwgt", "weight", "repeated_parameter"),
        (MEAN, "complete=true&complete=True", "complete", "repeated_parameter"),
        (MEAN, "age-__gte=3", "age-__gte", "unknown_parameter"),
        (MEAN, "sex[]=Male", "sex[]", "unknown_parameter"),
        (MEAN, "group_by=sex&group_by=sex", "group_by", "repeated_value"),
        (MEAN, "group_by=sex&group_by=", "group_by", "unknown_value"),
        (MEAN, "age__range=1&age__range=2&age__range=3", "age__range", "wrong_length"),
        (MEAN, "age__gte=30.5", "age__gte", "not_integer"),
        (MEAN, "age__gte=nan", "age__gte", "not_integer"),
        (MEAN, "age__gte=1e400", "age__gte", "out_of_range"),
        (MEAN, "age__gte=1e99999999", "age__gte", "not_integer"),
        (MEAN, "age__gte=-1e-999", "age__gte", "not_integer"),
        (MEAN, "age__in=1,1.0", "age__in", "repeated_value"),
        (MEAN, "complete=1", "complete", "not_boolean"),
        (MEAN, "confidence=1e400", "confidence", "out_of_range"),
        (PEOPLE, "page_size=1.5", "page_size", "not_integer"),
    ],
)
def test_what_stays_an_error(
    client: Client, path: str, query: str, parameter: str, code: str
) -> None:
    response = client.get(f"{path}?{query}")
    assert response.status_code == 400, response.content[:300]
    assert [(e["parameter"], e["code"]) for e in response.json()["errors"]] == [(parameter, code)]


@pytest.mark.parametrize(
    ("kind", "text", "value", "canonical"),
    [
        (Integer(), "1e+05", 100000, "100000"),
        (Integer(), "1e 05", 100000, "100000"),
        (Integer(), "13.0", 13, "13"),
        (Integer(), "-0.0", 0, "0"),
        (Integer(), "0.00013e5", 13, "13"),
        (Integer(), "9.99999999999999999e17", 10**18 - 1, "999999999999999999"),
        (Integer(), "0e400", 0, "0"),
        (Number(0, 1), "5e-1", 0.5, "0.5"),
        (Number(0, 1), "0.9999", 0.9999, "0.9999"),
        (Number(0, 1), "1.0", 1.0, "1"),
        (Number(0, 1), "-0", 0.0, "0"),
        (Number(-1, 1), "-1e-400", 0.0, "0"),
        (ListOf(Number()), "-0.0,-.5", [0.0, -0.5], "0,-0.5"),
        (ListOf(Number()), "1e3,.25", [1000.0, 0.25], "1000,0.25"),
        (ListOf(Choice(("a", "b"), aliases={"B": "b"})), "B,a", ["b", "a"], "b,a"),
    ],
)
def test_a_value_is_written_in_one_way(kind: Any, text: str, value: Any, canonical: str) -> None:
    assert kind.read(text) == value
    assert kind.write(value) == canonical
    assert kind.read(canonical) == value


@pytest.mark.parametrize("text", ["1e18", "-1e18", "1e400", "1e999", "9" * 19])
def test_a_number_too_large(text: str) -> None:
    with pytest.raises(Invalid, match=r"out of range|too many digits") as caught:
        Integer().read(text)
    assert caught.value.code == "out_of_range"
