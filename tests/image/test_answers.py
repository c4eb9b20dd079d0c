"""What the service answers through its published port."""

import csv
import io
import json
import re

import pytest

from tests.containers import Service


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v1/dataset", {"rows": 48_842}),
        ("/v1/fields/age", {"distinct": 74, "minimum": 17, "maximum": 90}),
        ("/v1/computation/mean/age", {"value": 38.64358543876172}),
        ("/v1/computation/mean/age?weight=fnlwgt", {"value": 38.05862309067412}),
        ("/v1/computation/median/age?weight=fnlwgt", {"value": 36}),
        ("/v1/computation/std/age", {"value": 13.71050993444316}),
        (
            "/v1/computation/mean/hours-per-week?workclass=Never-worked",
            {"value": 28.9, "count": 10},
        ),
        ("/v1/computation/count/age?native_country__ne=United-States", {"value": 4_153}),
        ("/v1/statistics", {"num_examples": 48_842}),
        ("/v1/correlation?columns=age,education_num", {"rows": 48_842}),
        ("/v1/crosstab/sex/income", {"chi2": 2249.9161672890773, "dof": 1}),
        ("/v1/fairness/sex", {"reference": {"sex": "Male"}}),
        ("/v1/people/1", {"id": 1, "age": 39}),
    ],
)
def test_the_main_answers(service: Service, path: str, expected: dict[str, object]) -> None:
    answer = service.get(path)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("application/json")
    body = answer.json()
    for name, value in expected.items():
        assert body[name] == (pytest.approx(value, rel=1e-12) if type(value) is float else value)


@pytest.mark.parametrize(
    ("path", "status", "problem"),
    [
        ("/v1/computation/mean/age?sexx=Female", 400, "bad-parameter"),
        ("/v1/computation/mean/sex", 400, "bad-parameter"),
        ("/v1/computation/meen/age", 404, "not-found"),
        ("/v1/people/48843", 404, "not-found"),
        ("/nowhere", 404, "not-found"),
        ("/v1/fields?format=xml", 406, "not-acceptable"),
    ],
)
def test_errors_are_problems(service: Service, path: str, status: int, problem: str) -> None:
    answer = service.get(path)
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"/problems/{problem}"
    assert service.get(f"/problems/{problem}").status == 200


def test_other_methods_and_hosts_are_refused(service: Service) -> None:
    assert service.get("/v1/fields", method="POST").status == 405
    assert service.get("/v1/fields", Host="elsewhere.example").status == 400
    assert service.get("/readyz", Host="elsewhere.example").status == 200  # a load balancer


@pytest.mark.parametrize("path", ["/", "/docs", "/redoc", "/schema", "/v1?format=api"])
def test_pages_and_all_that_they_need(service: Service, path: str) -> None:
    answer = service.get(path, Accept="text/html,*/*")
    assert answer.status == 200
    needed = re.findall(r"""(?:src|href)="([^"#]+)""", answer.body.decode())
    assert not [url for url in needed if url.startswith(("http:", "//")) and "static" in url]
    for url in {url for url in needed if url.startswith("/static/")}:
        assert service.get(url).status == 200, url
        assert "immutable" in service.get(url).headers["cache-control"], url


def test_the_schema_describes_the_service(service: Service) -> None:
    schema = service.get("/schema?format=json").json()
    assert schema["openapi"].startswith("3.1")
    assert "/v1/computation/mean/{column}" in schema["paths"]


def test_headers(service: Service) -> None:
    headers = service.get("/v1/computation/mean/age", X_Request_ID="of-mine").headers
    assert headers["x-request-id"] == "of-mine"
    assert "db;dur=" in headers["server-timing"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'self'" in headers["content-security-policy"]
    assert service.get("/v1/fields", Origin="https://any.example").headers[
        "access-control-allow-origin"
    ]


@pytest.mark.parametrize(
    ("format_", "media_type", "begins"),
    [
        ("svg", "image/svg+xml", b"<svg"),
        ("png", "image/png", b"\x89PNG"),
        ("vega", "application/", b"{"),
    ],
)
def test_pictures(service: Service, format_: str, media_type: str, begins: bytes) -> None:
    answer = service.get(f"/v1/computation/mean/age.{format_}?group_by=education")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith(media_type)
    assert answer.body.startswith(begins)


def test_exports(service: Service) -> None:
    rows = list(csv.DictReader(io.StringIO(service.get("/v1/people.csv").body.decode())))
    assert len(rows) == 48_842
    assert rows[0]["age"] == "39"
    lines = service.get("/v1/people.ndjson?workclass=Never-worked").body.splitlines()
    assert [json.loads(line)["workclass"] for line in lines] == ["Never-worked"] * 10
    parquet = service.get("/v1/people.parquet?fields=age,sex")
    assert parquet.status == 200
    assert parquet.body[:4] == parquet.body[-4:] == b"PAR1"
