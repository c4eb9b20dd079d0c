"""Security and CORS headers are on every answer, of the service and of nginx."""

import psycopg
import pytest

from adultapi.postgres import Server
from tests.faults.conftest import Before, manage
from tests.faults.service import Answer, Proxy, Service
from tests.faults.test_database import kill

MEAN = "/v1/computation/mean/age"
ANSWERS = [
    *[(path, 200) for path in ("/", "/docs", "/redoc", "/schema", "/healthz", "/readyz")],
    *[(path, 200) for path in ("/problems/timeout", "/v1", "/v1/fields")],
    *[(f"{MEAN}{kind}", 200) for kind in ("", ".csv", ".svg", "?format=api", ".vega", ".ndjson")],
    *[(f"/v1/people.{kind}?age=90", 200) for kind in ("csv", "ndjson", "parquet")],
    *[("/favicon.ico", 302), ("/static/census/favicon.svg", 200), ("/static/nope.css", 404)],
    *[("/nope", 404), ("/v1/fields?a=1", 400), (f"{MEAN}?format=x", 406), ("/v1/fields/x", 404)],
    *[("/" + "a" * 9000, 414), ("/metrics", 404), ("/v1/computation/nope/age", 404)],
]
WANTED = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "content-security-policy": "default-src 'self'",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=()",
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "X-Request-ID",
}


def assert_has_them(answer: Answer, status: int) -> None:
    assert answer.status == status, answer
    for name, value in WANTED.items():
        assert value in answer.headers.get(name, ""), (name, answer)
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("server", ["standing", "stack"])
def test_every_answer_has_them(request: pytest.FixtureRequest, server: str) -> None:
    """Answers of the service alone, through nginx, and from nginx's cache."""
    asked: Service | Proxy = request.getfixturevalue(server)
    for path, status in ANSWERS:
        if (server == "standing" and status == 414) or path == "/metrics":
            continue
        for _ in range(2):
            assert_has_them(asked.get(path, Origin="https://other.example"), status)
    tag = asked.get("/v1").headers["etag"]
    assert_has_them(asked.get("/v1", **{"If-None-Match": tag}), 304)


def test_so_has_every_failure(url: str, owner: str, database: Server, before: Before) -> None:
    """An internal error, a statement over its time limit, no database."""
    with Service({"DATABASE_URL": url}) as service:
        proxy = before(service)
        with psycopg.connect(owner, autocommit=True) as session:
            session.execute("ALTER TABLE census_person RENAME age TO years")
            assert_has_them(proxy.get(MEAN), 500)
            session.execute("ALTER TABLE census_person RENAME years TO age")
        with psycopg.connect(owner) as session:
            session.execute("LOCK TABLE census_person IN ACCESS EXCLUSIVE MODE")
            answers = [proxy.get(f"{MEAN}?age=20")]
        assert answers[0].problem == "timeout"
        kill(database)
        answers += [proxy.get(f"{MEAN}?age=40"), proxy.get("/readyz")]
    answers.append(proxy.get(f"{MEAN}?age=50"))
    assert answers[-1].problem == "service-unavailable"
    for answer in answers:
        assert_has_them(answer, 503)
        assert int(answer.headers["retry-after"]) > 0


def test_the_settings_are_fit_to_deploy(standing_url: str) -> None:
    checked = manage(
        standing_url,
        *("check", "--deploy", "--fail-level", "WARNING"),
        SECURE_PROXY="true",
        SECRET_KEY="v3ry-l0ng-and-random-" + "".join(map(chr, range(65, 91))) * 2,
    )
    assert checked.returncode == 0, checked.stderr
