"""A running container when the world around it moves."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Self

from tests.containers import Container, Postgres, Service, engine, eventually
from tests.image.conftest import Environment, Run


def test_sigterm_lets_a_request_in_flight_complete(
    run: Run, environment: Environment, postgres: Postgres, empty: str
) -> None:
    container = run(**environment(empty))
    service = container.service()
    service.wait_until_ready()
    with ThreadPoolExecutor() as pool:
        engine("pause", postgres.name)  # so that the request takes as long as we like
        try:
            answer = pool.submit(service.get, "/v1/computation/mean/age")
            time.sleep(1)
            engine("kill", "--signal=TERM", container.name)
            time.sleep(1)
            assert not answer.done()
            assert container.inspect("{{.State.Running}}") == "true"
        finally:
            engine("unpause", postgres.name)
        assert answer.result(timeout=30).status == 200
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
        load.sees(503)
        away = service.get("/v1/computation/mean/age")
        assert away.status == 503
        assert away.headers["content-type"] == "application/problem+json"
        assert away.json()["type"] == "/problems/database-unavailable"
        assert int(away.headers["retry-after"]) > 0
        assert service.get("/readyz").status == 503
        assert service.get("/healthz").status == 200
        engine("start", postgres.name)
        eventually(postgres.answers)
        service.wait_until_ready(seconds=15)
        load.statuses.clear()
        load.sees(200, times=20)
        assert set(load.statuses) == {200}, "none fails once it is ready again"
    assert set(load.all) == {200, 503}
    assert container.inspect("{{.State.StartedAt}} {{.State.Pid}}") == before


class _Load:
    """Asks without end, in four threads, and counts the statuses of the answers."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.statuses: Counter[int] = Counter()
        self.all: Counter[int] = Counter()
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

    def sees(self, status: int, times: int = 1) -> None:
        eventually(lambda: self.statuses[status] >= times, seconds=30)

    def _ask(self) -> None:
        while not self._end.is_set():
            status = self.service.status("/v1/computation/mean/age?group_by=sex")
            self.statuses[status] += 1
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
