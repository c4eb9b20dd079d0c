"""Requests while processes are stopped or killed."""

import os
import signal
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection

import pytest

from tests.faults.load import Load
from tests.faults.service import WORKERS, Proxy, Service, wait_until

Record = Callable[..., None]
CLIENTS = 6
AWAY = "503 service-unavailable"
CUT = "IncompleteRead"  # of an answer that had begun: its length shows that it is not whole


def test_the_service_is_killed_and_started_again(
    service: Service, proxy: Proxy, record: Record
) -> None:
    """nginx sends its cached answers and refuses other requests."""
    with Load(proxy, CLIENTS) as load:
        for worker in [service.process.pid, *service.workers]:
            os.kill(worker, signal.SIGKILL)
        service.process.wait()
        load.wait_for_errors(50)
        right = load.right
        load.wait_for_answers(200)
        assert load.right > right
        service.start()
        wait_until(service.is_up)
        load.healed()
        load.wait_for_answers(100)
    assert load.errors[AWAY]
    assert set(load.errors) <= {AWAY, CUT}
    assert not load.unexpected
    record("service killed and started again", **load.figures())


def test_the_service_hangs(service: Service, proxy: Proxy, record: Record) -> None:
    pids = [service.process.pid, *service.workers]
    with Load(proxy, CLIENTS, new=0.0) as load:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        load.wait_for_answers(500)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        load.healed()
        load.wait_for_answers(100)
    assert not load.errors
    assert load.slowest < 5
    record("service hangs, known answers", **load.figures())


def test_gunicorn_reloads(service: Service, proxy: Proxy, record: Record) -> None:
    with Load(proxy, CLIENTS) as load:
        for _ in range(3):
            before = set(service.workers)
            service.signal(signal.SIGHUP)
            wait_for_others(service, before)
            load.wait_for_answers(50)
    record("gunicorn reloads three times (SIGHUP)", **load.figures())
    assert not load.errors


def test_nginx_reloads(service: Service, proxy: Proxy, record: Record) -> None:
    with Load(proxy, CLIENTS, kept_alive=True) as load:
        for _ in range(3):
            before = set(proxy.workers)
            proxy.signal(signal.SIGHUP)
            wait_until(lambda before=before: set(proxy.workers) - before)
            load.wait_for_answers(50)
    record("nginx reloads three times (SIGHUP)", **load.figures())
    assert not load.errors


def test_nginx_stops_when_all_is_answered(service: Service, proxy: Proxy, record: Record) -> None:
    """It accepts no connection any more, but ends what it has begun to answer."""
    with closing(HTTPConnection("127.0.0.1", proxy.port, timeout=60)) as connection:
        connection.request("GET", "/v1/people.csv")
        download = connection.getresponse()
        assert download.read(1000)  # the rest is more than the buffers of the connection hold
        with Load(proxy, CLIENTS) as load:
            load.wait_for_answers(200)
            proxy.signal(signal.SIGQUIT)
            load.wait_for_errors(10)
        assert proxy.process.poll() is None
        rest = download.read()
    assert 1000 + len(rest) == int(download.headers["Content-Length"])
    wait_until(lambda: proxy.process.poll() is not None)
    assert proxy.process.returncode == 0
    refused = load.errors.pop("ConnectionRefusedError")
    record("nginx stops (SIGQUIT)", **load.figures() | {"requests": load.sent - refused})
    # The kernel resets connections that nginx had not accepted when it closed its socket.
    assert set(load.errors) <= {"ConnectionResetError"}
    lines = [line for line in proxy.requests() if line["uri"].startswith("/v1/")]
    assert {line["status"] for line in lines} == {200}
    assert len(lines) == load.right + 1


def wait_for_others(service: Service, gone: set[int]) -> None:
    """Waits until all workers are running and none of them is one of these."""
    wait_until(lambda: len(service.workers) == WORKERS and not gone & set(service.workers))


@pytest.mark.parametrize("number", [1, WORKERS], ids=["one", "all"])
def test_workers_are_killed(service: Service, proxy: Proxy, record: Record, number: int) -> None:
    """gunicorn starts new workers; only the requests of the killed workers fail."""
    with Load(proxy, CLIENTS) as load:
        victims = set(service.workers[:number])
        for victim in victims:
            os.kill(victim, signal.SIGKILL)
        load.healed()
        wait_for_others(service, victims)
        load.wait_for_answers(200)
    assert set(load.errors) <= {AWAY, CUT}
    record(f"{number} of {WORKERS} workers killed", **load.figures())
