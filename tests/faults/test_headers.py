"""What a browser is told on every answer, whoever gives it."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from adultapi.postgres import Server
from tests.faults.conftest import manage
from tests.faults.service import Answer, Service
from tests.faults.test_database import kill

MEAN = "/v1/computation/mean/age"
ANSWERS = [
    *[(path, 200) for path in ("/", "/docs", "/redoc", "/schema", "/healthz", "/readyz")],
    *[(path, 200) for path in ("/metrics", "/problems/timeout", "/v1", "/v1/fields")],
    *[(f"{MEAN}{kind}", 200) for kind in ("", ".csv", ".svg", "?format=api", ".vega", ".ndjson")],
    *[(f"/v1/people.{kind}?age=90", 200) for kind in ("csv", "ndjson", "parquet")],
    *[("/favicon.ico", 302), ("/static/census/favicon.svg", 200), ("/static/nope.css", 404)],
    *[("/nope", 404), ("/v1/fields?a=1", 400), (f"{MEAN}?format=x", 406), ("/v1/fields/x", 404)],
    *[("/" + "a" * 9000, 414), ("/?metric=nope", 404), ("/v1/computation/nope/age", 404)],
]
HEAD = f"GET {MEAN} HTTP/1.1\r\nHost: localhost\r\n".encode()
# Some of gunicorn's own, and of Django's before it comes to a view.
REFUSED = [
    (HEAD + b"X: " + b"a" * 9000 + b"\r\n\r\n", 431),
    (HEAD + b"X: a\r\n" * 200 + b"\r\n", 431),
    (HEAD + b"X: %b\r\n" % (b"a" * 8000) * 20, 431),  # without an end
    (b"GET /%b" % (b"a" * 70_000), 414),  # likewise
    (HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400),
    (HEAD + b"Name\r\n\r\n", 400),
    (b"\x16\x03\x01\r\n\r\n", 400),
    (b"GET /v1 HTTP/1.1\r\n\r\n", 400),  # without a host
    (HEAD.replace(b"localhost", b"evil.example") + b"\r\n", 400),
    (HEAD.replace(b"GET", b"POST") + b"Content-Length: 9\r\n\r\n", 405),
    (HEAD.replace(b"GET", b"TRACE") + b"\r\n", 405),
    (HEAD.replace(b"GET", b"OPTIONS") + b"Connection: close\r\n\r\n", 200),
    (HEAD + b"Connection: close\r\nIf-None-Match: *\r\n\r\n", 304),
]
WANTED = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "content-security-policy": "default-src 'self'",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=()",
}


def assert_told(answer: Answer, status: int) -> None:
    assert answer.status == status, answer
    for name, value in WANTED.items():
        assert value in answer.headers.get(name, ""), (name, answer)


def test_every_answer_has_them(standing: Service) -> None:
    for path, status in ANSWERS:
        assert_told(standing.get(path), status)
    tag = standing.get("/v1").headers["etag"]
    for path in ("/v1", "/v1", "/v1"):  # of Django or before it
        assert_told(standing.get(path, **{"If-None-Match": tag}), 304)
    for content, status in REFUSED:
        found = standing.send(content)
        assert found is not None, content[:99]
        assert_told(found, status)


def test_so_has_every_failure(database: Server, url: str, owner: str) -> None:
    """A fault of our own, a statement over its time, no thread in time, no database."""
    few = {"WEB_CONCURRENCY": "1", "WEB_THREADS": "1", "QUEUE_TIMEOUT": "1"}
    with Service({"DATABASE_URL": url} | few) as service, ThreadPoolExecutor() as pool:
        with psycopg.connect(owner, autocommit=True) as session:
            session.execute("ALTER TABLE census_person RENAME age TO years")
            assert_told(service.get(MEAN), 500)
            session.execute("ALTER TABLE census_person RENAME years TO age")
        with psycopg.connect(owner) as session:
            session.execute("LOCK TABLE census_person IN ACCESS EXCLUSIVE MODE")
            answers = [*pool.map(service.get, [f"{MEAN}?age={age}" for age in (20, 30)])]
        assert {answer.problem for answer in answers} == {"timeout", "overloaded"}
        kill(database)
        answers += [service.get(f"{MEAN}?age=40"), service.get("/readyz")]
    for answer in answers:
        assert_told(answer, 503)
        assert int(answer.headers["retry-after"]) > 0


def test_a_page_of_another_origin_can_read_all(standing: Service) -> None:
    for path, _ in [one for one in ANSWERS if one[0].startswith("/v1")]:
        answer = standing.get(path, Origin="https://other.example")
        assert answer.headers["access-control-allow-origin"] == "*", path
        assert "access-control-allow-credentials" not in answer.headers


def test_over_the_limit_too(standing_url: str) -> None:
    limited = {"DATABASE_URL": standing_url, "RATE_LIMIT": "3/hour", "WEB_CONCURRENCY": "1"}
    with Service(limited) as service:
        answers = [service.get(MEAN) for _ in range(5)]
        left = [a.headers["ratelimit"].partition(";")[2][:3] for a in answers]
        assert [a.status for a in answers] == [200, 200, 200, 429, 429]
        assert left == ["r=2", "r=1", "r=0", "r=0", "r=0"]  # those out of memory, too
        assert_told(answers[-1], 429)
        assert answers[-1].problem == "too-many-requests"
        assert answers[-1].headers["access-control-allow-origin"] == "*"
        assert int(answers[-1].headers["retry-after"]) > 0
        # Whom nobody trusts can say what they want; machines may go on asking.
        assert service.get(MEAN, **{"X-Forwarded-For": "192.0.2.1"}).status == 429
        assert {service.get(path).status for path in ("/healthz", "/readyz", "/metrics")} == {200}


def test_https_behind_a_proxy(standing_url: str) -> None:
    secure = {"X-Forwarded-Proto": "https"}
    with Service({"DATABASE_URL": standing_url, "SECURE_PROXY": "true"}) as service:
        for path in ("/v1", "/healthz", "/nope", "/v1"):
            told = service.get(path, **secure).headers["strict-transport-security"]
            assert told == "max-age=31536000; includeSubDomains"
        for path in ("/docs", "/v1", MEAN, MEAN, "/v1/people?page_size=1"):
            plain = service.get(path)
            assert plain.status == 301, path
            assert plain.headers["location"].startswith("https://")
            assert "strict-transport-security" not in plain.headers
        for path in ("/healthz", "/readyz", "/metrics"):
            assert service.get(path).status == 200
        next_page = service.get("/v1/people?page_size=1", **secure).headers["link"]
        assert "https://" in next_page


def test_nobody_is_believed_unless_told(standing: Service) -> None:
    answer = standing.get("/v1", **{"X-Forwarded-Proto": "https"})
    assert answer.status == 200
    assert "strict-transport-security" not in answer.headers


@pytest.mark.parametrize("proxy", ["true"])
def test_the_settings_are_fit_to_deploy(standing_url: str, proxy: str) -> None:
    checked = manage(
        standing_url,
        *("check", "--deploy", "--fail-level", "WARNING"),
        SECURE_PROXY=proxy,
        SECRET_KEY="v3ry-l0ng-and-random-" + "".join(map(chr, range(65, 91))) * 2,
    )
    assert checked.returncode == 0, checked.stderr
