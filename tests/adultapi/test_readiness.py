"""Health checks and data routes in each state of the database."""

import socket
from collections.abc import Iterator
from io import StringIO
from threading import Event
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

from adultapi.monitoring import health
from census.models import Dataset, Person

pytestmark = pytest.mark.django_db

DATA_ROUTES = [
    *("/v1/dataset", "/v1/fields", "/v1/fields/age", "/v1/people", "/v1/people/1"),
    *("/v1/computation/mean/age", "/v1/computation/quantiles/age?group_by=sex&weight=fnlwgt"),
    *("/v1/computation/distribution/age", "/v1/statistics", "/v1/correlation"),
    *("/v1/crosstab/sex/income", "/v1/fairness/sex", "/v1/computation/mean/age.csv"),
]
BROWSER = {"accept": "text/html,*/*;q=0.8"}


def readiness(client: Client) -> tuple[int, dict[str, str]]:
    response = client.get("/readyz", headers={"host": "10.0.0.7"})
    body = response.json()
    assert (response.status_code == 200) == (body["status"] == "ready")
    assert (response.status_code == 503) == ("Retry-After" in response)
    return response.status_code, body["checks"]


def assert_unavailable(client: Client, slug: str) -> None:
    for path in DATA_ROUTES:
        response = client.get(path)
        assert response.status_code == 503, (path, response.content[:300])
        assert response["Content-Type"] == "application/problem+json", path
        assert response["Retry-After"].isdecimal()
        assert response.json()["type"] == f"/problems/{slug}", path
        assert "Traceback" not in response.content.decode()
        page = client.get(path.partition(".csv")[0], headers=BROWSER)
        assert (page.status_code, page["Content-Type"]) == (503, "text/html; charset=utf-8")
        assert page["Retry-After"].isdecimal()
    for path in ("/healthz", "/docs", "/schema", "/problems/timeout"):
        assert client.get(path).status_code == 200, path


@pytest.mark.parametrize("host", ["localhost", "10.0.0.7", "evil.example", "[::1]", "x_y"])
def test_healthz_asks_nobody(client: Client, host: str) -> None:
    response = client.get("/healthz", headers={"host": host})
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.usefixtures("scratch_database")
class TestStates:
    def test_not_migrated(self, client: Client) -> None:
        status, checks = readiness(client)
        assert status == 503
        assert checks["database"] == "ok"
        assert "migrate" in checks["migrations"]
        assert_unavailable(client, "dataset-missing")

    def test_empty(self, client: Client) -> None:
        call_command("migrate", verbosity=0)
        status, checks = readiness(client)
        assert status == 503
        assert checks["migrations"] == "ok"
        assert "load_adult" in checks["dataset"]
        assert_unavailable(client, "dataset-missing")
        for path in ("/v1", "/v1/computation"):  # which need no data
            assert client.get(path).status_code == 200, path

    def test_loaded_then_incomplete(self, client: Client) -> None:
        call_command("migrate", verbosity=0)
        call_command("load_adult", verbosity=0, stdout=StringIO())
        assert readiness(client)[0] == 200
        assert client.get("/v1/computation/count/age").json()["value"] == 48842
        Person.objects.filter(id__gt=48000).delete()
        status, checks = readiness(client)
        assert status == 503
        assert "incomplete" in checks["dataset"]

    def test_loaded_by_an_earlier_version(self, client: Client) -> None:
        """A load of the same files counts the facts and does not write the rows again."""
        call_command("migrate", verbosity=0)
        call_command("load_adult", verbosity=0, stdout=StringIO())
        before = Dataset.objects.get()
        Dataset.objects.update(facts=None)
        status, checks = readiness(client)
        assert (status, checks["dataset"]) == (
            503,
            "loaded by an earlier version: run `manage.py load_adult`",
        )
        for path in ("/v1/fields", "/v1/statistics", "/v1/dataset/croissant"):
            problem = client.get(path).json()
            assert problem["type"] == "/problems/dataset-missing"
            assert "earlier version" in problem["detail"]
        assert client.get("/v1/computation/count/age").json()["value"] == 48842
        call_command("load_adult", verbosity=0, stdout=StringIO())
        after = Dataset.objects.get()
        assert (after.loaded_at, after.facts) == (before.loaded_at, before.facts)
        assert readiness(client)[0] == 200

    def test_a_statement_over_its_time(self, client: Client) -> None:
        call_command("migrate", verbosity=0)
        call_command("load_adult", verbosity=0, stdout=StringIO())
        with connection.cursor() as cursor:
            name = connection.settings_dict["NAME"]
            cursor.execute(f'ALTER DATABASE "{name}" SET statement_timeout = 1')
        connection.close()
        response = client.get("/v1/statistics?sex=Female")
        assert response.status_code == 503
        assert response.json()["type"] == "/problems/timeout"
        assert response["Retry-After"].isdecimal()


def test_once_started_always_started(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A load balancer does not replace instances because the database is down."""
    monkeypatch.setattr(health, "_started", Event())
    monkeypatch.setattr(health, "readiness", lambda: {"database": "away"})
    assert client.get("/startupz").status_code == 503
    monkeypatch.setattr(health, "readiness", lambda: {"database": "ok"})
    assert client.get("/startupz").status_code == 200
    monkeypatch.setattr(health, "readiness", lambda: {"database": "away"})
    assert client.get("/startupz").status_code == 200


@pytest.fixture
def nobody(scratch_database: Any) -> Iterator[None]:
    """A database address on which no server listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        connection.close()
        settings = connection.settings_dict
        kept = {name: settings[name] for name in ("HOST", "PORT", "OPTIONS")}
        options = {k: v for k, v in settings["OPTIONS"].items() if k not in ("host", "port")}
        settings.update(HOST="127.0.0.1", PORT=str(taken.getsockname()[1]), OPTIONS=options)
        yield
        connection.close()
        settings.update(kept)


@pytest.mark.usefixtures("nobody")
def test_away(client: Client) -> None:
    status, checks = readiness(client)
    assert status == 503
    assert checks == {"database": "the database does not answer"}
    assert_unavailable(client, "database-unavailable")
