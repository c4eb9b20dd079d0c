"""What a browser is told on every answer, whoever gives it."""

import pytest

from adultapi.postgres import Server
from tests.faults.conftest import manage
from tests.faults.service import Service

ANSWERS = [
    *[(path, 200) for path in ("/", "/docs", "/redoc", "/schema", "/healthz", "/readyz")],
    *[(path, 200) for path in ("/metrics", "/problems/timeout", "/v1", "/v1/fields")],
    *[(f"/v1/computation/mean/age{kind}", 200) for kind in ("", ".csv", ".svg", "?format=api")],
    *[(f"/v1/people.{kind}?age=90", 200) for kind in ("csv", "ndjson", "parquet")],
    *[("/nope", 404), ("/v1/fields?a=1", 400), ("/v1/computation/mean/age?format=x", 406)],
    *[("/static/nope.css", 404), ("/" + "a" * 9000, 414)],
]
WANTED = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "content-security-policy": "default-src 'self'",
    "permissions-policy": "camera=()",
}


def assert_told(service: Service, path: str, status: int, **headers: str) -> None:
    answer = service.get(path, **headers)
    assert answer.status == status, (path, answer)
    for name, value in WANTED.items():
        assert value in answer.headers[name], (path, name)


def test_every_answer_has_them(service: Service) -> None:
    for path, status in ANSWERS:
        assert_told(service, path, status)
    assert_told(service, "/v1", 400, Host="evil.example")
    tag = service.get("/v1").headers.get("etag")
    if tag:
        assert_told(service, "/v1", 304, **{"If-None-Match": tag})


def test_https_behind_a_proxy(url: str) -> None:
    secure = {"X-Forwarded-Proto": "https"}
    with Service({"DATABASE_URL": url, "SECURE_PROXY": "true"}) as service:
        for path in ("/v1", "/healthz", "/nope"):
            told = service.get(path, **secure).headers["strict-transport-security"]
            assert told == "max-age=31536000; includeSubDomains"
        plain = service.get("/docs")
        assert plain.status == 301
        assert plain.headers["location"].startswith("https://")
        assert "strict-transport-security" not in plain.headers
        for path in ("/healthz", "/readyz", "/metrics"):
            assert service.get(path).status == 200
        next_page = service.get("/v1/people?page_size=1", **secure).headers["link"]
        assert "https://" in next_page


def test_nobody_is_believed_unless_told(service: Service) -> None:
    answer = service.get("/v1", **{"X-Forwarded-Proto": "https"})
    assert answer.status == 200
    assert "strict-transport-security" not in answer.headers


@pytest.mark.parametrize("proxy", ["true"])
def test_the_settings_are_fit_to_deploy(database: Server, url: str, proxy: str) -> None:
    checked = manage(
        url,
        *("check", "--deploy", "--fail-level", "WARNING"),
        SECURE_PROXY=proxy,
        SECRET_KEY="v3ry-l0ng-and-random-" + "".join(map(chr, range(65, 91))) * 2,
    )
    assert checked.returncode == 0, checked.stderr
