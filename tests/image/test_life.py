"""A running container while its environment changes."""

import itertools
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Self

import pytest

from tests.containers import PATIENCE, Container, Postgres, Service, engine, eventually
from tests.image.conftest import Environment, Run

# Statements over the people wait until `gate` is called: a sequence is outside of any snapshot.
_GATE = """
    CREATE SEQUENCE gate;
    CREATE FUNCTION opened() RETURNS bool LANGUAGE plpgsql AS $$
        BEGIN
            WHILE NOT (SELECT is_called FROM gate) LOOP PERFORM pg_sleep(0.05); END LOOP;
            RETURN true;
        END $$;
    ALTER TABLE census_person RENAME TO everybody;
    CREATE VIEW census_person AS SELECT everybody.* FROM everybody, opened() WHERE opened
"""


def test_sigterm_lets_a_request_in_flight_complete(
    run: Run, environment: Environment, postgres: Postgres, empty: str
) -> None:
    container = run(**environment(empty) | {"STATEMENT_TIMEOUT": "600"})
    service = container.service()
    service.wait_until_ready()
    postgres.sql(_GATE, empty)
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' "
        f"AND datname = '{empty}' AND query LIKE '%fnlwgt%'"
    )
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(service.get, "/v1/computation/mean/age?fnlwgt__gte=0")
        try:
            eventually(lambda: int(postgres.sql(waiting)))
            engine("kill", "--signal=TERM", container.name)
            eventually(lambda: "Handling signal: term" in container.logs())
            assert not answer.done()
            assert container.inspect("{{.State.Running}}") == "true"
        finally:
            postgres.sql("SELECT nextval('gate')", empty)
        assert answer.result(timeout=PATIENCE).json()["value"] == pytest.approx(38.64358543876172)
    assert container.wait() == 0
    assert "Shutting down" in container.logs()


def test_the_database_is_restarted_under_load(
    run: Run, environment: Environment, postgres: Postgres, empty: str
) -> None:
    container = run(**environment(empty))
    service = container.service()
    service.wait_until_ready()
    before = container.inspect("{{.State.StartedAt}} {{.State.Pid}}")
    with _Load(service) as load:
        load.sees(200)
        engine("stop", postgres.name)
        try:
            load.sees(503)
            away = service.get("/v1/computation/mean/age?fnlwgt__lt=1000000")
            assert away.status == 503
            assert away.headers["content-type"] == "application/problem+json"
            assert away.json()["type"] == "/problems/database-unavailable"
            assert int(away.headers["retry-after"]) > 0
            assert service.get("/readyz").status == 503
            assert service.get("/healthz").status == 200
        finally:
            engine("start", postgres.name)
            eventually(postgres.answers)
        service.wait_until_ready()
        load.start_anew()
        load.sees(200, times=20)
        assert set(load.statuses) == {200}, "none fails once it is ready again"
    assert set(load.all) == {200, 503}
    assert container.inspect("{{.State.StartedAt}} {{.State.Pid}}") == before


class _Load:
    """Sends requests in four threads until it ends, and counts the statuses of the answers.

    Each request is new, because a cached answer needs no database.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self.statuses: Counter[int] = Counter()
        self.all: Counter[int] = Counter()
        self._numbers = itertools.count()
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(4)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def start_anew(self) -> None:
        """Counts only the answers from now on."""
        self.statuses = Counter()

    def sees(self, status: int, times: int = 1) -> None:
        eventually(lambda: self.statuses[status] >= times)

    def _ask(self) -> None:
        while not self._end.is_set():
            statuses = self.statuses
            path = f"/v1/computation/mean/age?fnlwgt__gte={next(self._numbers)}"
            status = self.service.status(path)
            statuses[status] += 1
            self.all[status] += 1
            time.sleep(0.02)


def test_a_container_can_be_stopped_and_started_again(
    run: Run, environment: Environment, empty: str
) -> None:
    container: Container = run(**environment(empty))
    container.service().wait_until_ready()
    engine("restart", "--time=30", container.name)
    container.service().wait_until_ready()
    assert "48,842 people, already loaded" in container.logs()
