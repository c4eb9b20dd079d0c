"""What becomes of requests when processes are told to stop, or are killed."""

import os
import signal
from collections.abc import Callable

import pytest

from tests.faults.load import Load
from tests.faults.service import WORKERS, Service, wait_until

Record = Callable[..., None]
CLIENTS = 6
KEPT_ALIVE = pytest.mark.parametrize("kept_alive", [False, True], ids=["new", "kept"])


@KEPT_ALIVE
def test_told_to_stop(service: Service, record: Record, kept_alive: bool) -> None:
    """What was sent is answered in full; then nobody is there to connect to."""
    with Load(service, kept_alive=kept_alive) as load:
        load.wait_for_answers(200)
        service.signal(signal.SIGTERM)
        wait_until(lambda: service.process.poll() is not None)
        load.wait_for_errors(10)
    assert service.process.returncode == 0
    refused = load.errors.pop("ConnectionRefusedError")
    kind = "kept" if kept_alive else "new"
    record(f"SIGTERM, {kind} connections", **load.figures() | {"requests": load.sent - refused})
    assert not load.errors


@KEPT_ALIVE
def test_told_to_reload(service: Service, record: Record, kept_alive: bool) -> None:
    with Load(service, CLIENTS, kept_alive=kept_alive) as load:
        for _ in range(3):
            before = set(service.workers)
            service.signal(signal.SIGHUP)
            wait_for_others(service, before)
            load.wait_for_answers(50)
    kind = "kept" if kept_alive else "new"
    record(f"SIGHUP three times, {kind} connections", **load.figures())
    assert not load.errors
    assert load.resent <= 3 * CLIENTS


def wait_for_others(service: Service, gone: set[int]) -> None:
    """Wait until there are as many workers as there should be, and none of those."""
    wait_until(lambda: len(service.workers) == WORKERS and not gone & set(service.workers))


@pytest.mark.parametrize("number", [1, WORKERS], ids=["one", "all"])
def test_workers_are_killed(service: Service, record: Record, number: int) -> None:
    """What they were at is lost, others take their place, and what they counted stays counted."""
    with Load(service, CLIENTS) as load:
        victims = set(service.workers[:number])
        for victim in victims:
            os.kill(victim, signal.SIGKILL)
        load.healed()
        wait_for_others(service, victims)
        load.wait_for_answers(200)
    figures = service.figures()
    answered = sum(n for name, n in figures.items() if name.startswith("adultapi_requests_total"))
    assert answered >= load.right
    assert set(load.errors) <= {"RemoteDisconnected", "ConnectionResetError", "IncompleteRead"}
    assert load.errors.total() <= number * CLIENTS
    record(f"{number} of {WORKERS} workers killed", **load.figures())
