"""CORS and security headers, request ids, prefixes, hosts and health routes."""

import json
import re

import pytest
from django.test import Client

from tests.faults.service import Service

pytestmark = pytest.mark.django_db

MEAN = "/v1/computation/mean/age"
EVERYWHERE = [
    (MEAN, 200),
    (f"{MEAN}.csv", 200),
    (f"{MEAN}?sex=Man", 400),
    (f"{MEAN}?format=xml", 406),
    ("/v1/nothing", 404),
    ("/", 200),
    ("/docs", 200),
    ("/schema", 200),
    ("/healthz", 200),
    ("/readyz", 200),
    ("/startupz", 200),
    ("/metrics", 200),
]


@pytest.mark.parametrize(("url", "status"), EVERYWHERE)
@pytest.mark.parametrize("origin", [None, "https://a.example", "null"])
def test_every_answer_is_for_every_origin(
    client: Client, url: str, status: int, origin: str | None
) -> None:
    answer = client.get(url, headers={"Origin": origin} if origin else {})
    assert answer.status_code == status
    assert answer["Access-Control-Allow-Origin"] == "*"
    exposed = answer["Access-Control-Expose-Headers"].split(", ")
    assert {"Link", "ETag", "Content-Range", "Retry-After", "X-Request-ID"} <= set(exposed)
    assert "origin" not in answer.get("Vary", "").lower()


@pytest.mark.parametrize(("url", "status"), EVERYWHERE)
def test_every_answer_tells_a_browser_what_it_may_do(client: Client, url: str, status: int) -> None:
    answer = client.get(url)
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert answer["Referrer-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]
    assert answer["X-Request-ID"]
    assert "total;dur=" in answer["Server-Timing"]


def test_the_exposed_headers_are_the_same_for_every_status(client: Client) -> None:
    tag = client.get(MEAN)["ETag"]
    csv = f"{MEAN}.csv"
    answers = [
        client.get(MEAN),
        client.get(MEAN, headers={"If-None-Match": tag}),
        client.get(MEAN, headers={"If-Match": '"x"'}),
        client.get(csv, headers={"Range": "bytes=0-3"}),
        client.get(csv, headers={"Range": "bytes=99999-"}),
        client.get(f"{MEAN}?sex=Man"),
        client.post(MEAN),
    ]
    assert [answer.status_code for answer in answers] == [200, 304, 412, 206, 416, 400, 405]
    assert len({answer["Access-Control-Expose-Headers"] for answer in answers}) == 1


@pytest.mark.parametrize("header", ["if-none-match", "x-request-id", "range", "x-anything"])
def test_a_preflight_allows_any_header(client: Client, header: str) -> None:
    answer = client.options(
        MEAN,
        headers={
            "Origin": "https://a.example",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": header,
        },
    )
    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == "*"
    # Without credentials the star stands for all but Authorization.
    assert answer["Access-Control-Allow-Headers"] == "*, Authorization"


@pytest.mark.parametrize(
    ("sent", "kept"), [("abc-1", True), ("a" * 129, False), ("a b", False), ("<x>", False)]
)
def test_request_id(client: Client, sent: str, kept: bool) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": sent})
    assert (answer["X-Request-ID"] == sent) is kept


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/startupz", "/metrics"])
@pytest.mark.parametrize("host", ["10.0.0.5:8000", "evil.example", "x_y"])
def test_operations_are_asked_by_address(client: Client, path: str, host: str) -> None:
    assert client.get(path, headers={"Host": host}).status_code == 200


def test_a_host_that_is_not_allowed_is_named(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.get(MEAN, headers={"Host": "10.0.0.5:8000"})
    assert answer.status_code == 400
    assert answer.json()["detail"] == (
        "The host '10.0.0.5:8000' is not allowed: it is not in ALLOWED_HOSTS."
    )
    assert "ALLOWED_HOSTS" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_prefix_is_in_all_links(service_environment: dict[str, str]) -> None:
    # With DEBUG static files need not be collected.
    given = {"SCRIPT_NAME": "/adult", "DEBUG": "true"}
    with Service(service_environment | given) as service:
        for passed_on in ("", "/adult"):  # by a proxy that strips it, and by one that does not
            answer = json.loads(service.get(f"{passed_on}{MEAN}").body)
            assert answer["links"]["self"] == f"/adult{MEAN}"
            assert answer["links"]["caveats"] == "/adult/v1/dataset"
            page = json.loads(service.get(f"{passed_on}/v1/people").body)
            assert page["next"].startswith(f"http://127.0.0.1:{service.port}/adult/v1/people?")
            problem = json.loads(service.get(f"{passed_on}{MEAN}?sex=Man").body)
            assert problem["type"] == "/adult/problems/bad-parameter"
            assert problem["instance"] == f"/adult{MEAN}?sex=Man"
            for path in ("/", "/v1?format=api", "/docs", "/redoc"):
                html = service.get(f"{passed_on}{path}", Accept="text/html").body.decode()
                links = re.findall(r'(?:href|src)="(/[^"]*)"', html)
                assert any(link.startswith("/adult/static/") for link in links), path
                assert [link for link in links if not link.startswith("/adult/")] == [], path
            description = json.loads(service.get(f"{passed_on}/schema?format=json").body)
            assert description["servers"] == [{"url": "/adult"}]
            assert service.get(f"{passed_on}/healthz").status == 200


@pytest.mark.parametrize("path", ["/", "/people", "/columns", "/about"])
def test_pages_are_for_shared_caches(client: Client, path: str) -> None:
    kept = client.get(path)["Cache-Control"].split(", ")
    assert {"public", "max-age=0", "s-maxage=2", "stale-if-error=86400"} <= set(kept)


def test_a_page_of_an_error_is_not_for_shared_caches(client: Client) -> None:
    answer = client.get("/?metric=nothing&column=age")
    assert answer.status_code == 404
    assert "public" not in answer.get("Cache-Control", "")


def test_a_trailing_slash_is_the_same(client: Client) -> None:
    plain, slash = client.get(MEAN), client.get(f"{MEAN}/")
    assert plain.content == slash.content
    assert plain["ETag"] == slash["ETag"]
