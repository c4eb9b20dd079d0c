"""The image as in production: behind HTTPS and with a read-only role."""

import json

import pytest

from tests.containers import Answer, Container, Postgres, engine, eventually
from tests.image.conftest import Environment, Run

DATABASE, READER, SECRET = "guarded", "image_reader", "kept-to-itself-" + "0123456789abcdef" * 4
HEADERS = {
    "content-security-policy": "default-src 'self'",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=()",
    "referrer-policy": "same-origin",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


@pytest.fixture(scope="module")
def guarded(run: Run, environment: Environment, postgres: Postgres) -> Container:
    """A container that prepares its database as the owner and reads it as another role."""
    postgres.sql(f"CREATE DATABASE {DATABASE}")
    roles = {
        "DATABASE_URL": postgres.url(DATABASE, READER),
        "LOADER_DATABASE_URL": postgres.url(DATABASE),
    }
    https = {"SECURE_PROXY": "true", "SECRET_KEY": SECRET}
    container = run(**environment(DATABASE) | roles | https)
    container.service().wait_until_ready()
    return container


def _get(container: Container, path: str, **headers: str) -> Answer:
    return container.service().get(path, X_Forwarded_Proto="https", **headers)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        *[(path, 200) for path in ("/", "/docs", "/schema", "/healthz", "/readyz", "/metrics")],
        *[(f"/v1/computation/mean/age{form}", 200) for form in ("", ".csv", ".svg", "?format=api")],
        *[(f"/v1/people.{form}?age=90", 200) for form in ("csv", "ndjson", "parquet")],
        *[("/nowhere", 404), ("/static/nothing.css", 404), ("/v1/fields?sexx=1", 400)],
        ("/v1/fields?format=xml", 406),
    ],
)
def test_every_answer_tells_a_browser_what_it_may_do(
    guarded: Container, path: str, status: int
) -> None:
    answer = _get(guarded, path)
    assert answer.status == status
    _assert_told(answer)


def test_so_do_those_without_a_body(guarded: Container) -> None:
    tag = _get(guarded, "/v1/fields").headers["etag"]
    unchanged = _get(guarded, "/v1/fields", If_None_Match=tag)
    assert unchanged.status == 304
    _assert_told(unchanged)
    refused = _get(guarded, "/v1/fields", Host="elsewhere.example")
    assert refused.status == 400
    _assert_told(refused)


def _assert_told(answer: Answer) -> None:
    for name, value in HEADERS.items():
        assert value in answer.headers[name], name


def test_plain_http_is_led_to_https(guarded: Container) -> None:
    answer = guarded.service().get("/v1/fields")
    assert answer.status == 301
    assert answer.headers["location"].startswith("https://")
    assert guarded.service().get("/healthz").status == 200  # a load balancer asks without


def test_the_settings_pass_the_deployment_check(guarded: Container) -> None:
    guarded.sh("python -m adultapi.container manage check --deploy --fail-level WARNING")


def test_it_serves_as_the_role_that_can_only_read(guarded: Container, postgres: Postgres) -> None:
    assert _get(guarded, "/v1/computation/mean/age?fnlwgt__gte=1").status == 200
    who = f"SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = '{DATABASE}'"
    eventually(lambda: postgres.sql(who) == READER)  # the loader's session has ended


def test_its_sessions_are_read_only_and_limited(guarded: Container) -> None:
    names = ("session_authorization", "default_transaction_read_only", "statement_timeout")
    names += ("lock_timeout", "idle_in_transaction_session_timeout")
    values = " || ' ' || ".join(f"current_setting('{name}')" for name in names)
    code = f'c.execute("SELECT {values}"); print(c.fetchone()[0])'
    code = f"from django.db import connection; c = connection.cursor(); {code}"
    command = ("python", "-m", "adultapi.container", "manage", "shell", "--verbosity=0")
    said = engine("exec", "--env=SERVING=true", guarded.name, *command, f"--command={code}")
    assert said == f"{READER} on 10s 2s 1min"


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM census_person",
        "UPDATE census_person SET age = 1",
        "INSERT INTO census_dataset SELECT * FROM census_dataset",
        "TRUNCATE census_person",
        "DROP TABLE census_person",
        "ALTER TABLE census_person ADD COLUMN x int",
        "CREATE TABLE x ()",
        f"ALTER ROLE {READER} SUPERUSER",
        "COPY census_person TO PROGRAM 'cat'",
        "SELECT pg_read_file('/etc/passwd')",
    ],
)
def test_that_role_can_change_nothing(
    guarded: Container, postgres: Postgres, statement: str
) -> None:
    """This holds even in a session that is set to read-write."""
    url = f"postgresql://{READER}:{Postgres.PASSWORD}@127.0.0.1/{DATABASE}"
    script = f'psql --no-psqlrc "{url}?options=-cdefault_transaction_read_only%3Doff"'
    script += ' --command="$1" 2>&1 || true'
    said = engine("exec", postgres.name, "sh", "-c", script, "sh", statement)
    assert "ERROR:  permission denied" in said or "ERROR:  must be owner" in said


def test_no_secret_is_told(guarded: Container, image: str) -> None:
    for path in ("/readyz", "/metrics", "/nowhere", "/v1/fields?sexx=1"):
        body = _get(guarded, path).body.decode()
        assert SECRET not in body
        assert Postgres.PASSWORD not in body
    assert SECRET not in guarded.logs()
    assert Postgres.PASSWORD not in guarded.logs()
    history = engine("history", "--no-trunc", "--format={{json .}}", image)
    environment = json.loads(engine("inspect", "--format={{json .Config.Env}}", image))
    for name in ("SECRET_KEY", "PASSWORD", "TOKEN"):
        assert not [text for text in environment if name in text]
    assert "PASSWORD" not in history
