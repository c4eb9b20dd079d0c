"""Many clients at once: more than can be answered, and more than there are connections for."""

import resource
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg

from tests.faults.load import Load
from tests.faults.service import WORKERS, Service, processor_seconds, wait_until

Record = Callable[..., None]
OVERLOADED = "503 overloaded"


def test_a_burst(url: str, owner: str, record: Record) -> None:
    """Ten times as many as can be answered: some are, the others are told so before long.

    Each statement takes half a second, and two are at work: on any machine that is 4 a second.
    """
    with closing(psycopg.connect(owner, autocommit=True)) as admin:
        admin.execute("ALTER TABLE census_person RENAME TO people")
        admin.execute(
            "CREATE VIEW census_person AS "
            "SELECT people.* FROM people, (SELECT pg_sleep(0.5)) AS pause"
        )
        admin.execute("GRANT SELECT ON census_person TO reader")
    environment = {"DATABASE_URL": url, "WEB_THREADS": "1", "QUEUE_TIMEOUT": "5"}
    with Service(environment) as service:
        with Load(service, clients=4) as usual:
            usual.wait_for_answers(20)
        assert not usual.errors
        with Load(service, clients=240) as burst:
            burst.wait_for_errors(300)
            assert service.get("/healthz").status == 200
            assert service.get("/readyz").status == 200
        with Load(service, clients=4) as after:
            after.healed()
            after.wait_for_answers(20)
        refused = sum(n for name, n in service.figures().items() if 'route="refused"' in name)
    assert set(burst.errors) == {OVERLOADED}
    assert burst.right > 20
    assert burst.slowest < 15  # and not the half minute in which all could be answered
    assert refused == burst.errors.total()
    assert not after.errors
    record("ten times as many requests as can be answered", **burst.figures())
    record("right after that", **after.figures())


def test_silent_clients_make_room(service: Service, record: Record) -> None:
    """More of them than all processes take, and each says half of what it wants."""
    with ExitStack() as stack:
        for _ in range(WORKERS * 1000 + 200):
            client = socket.create_connection(("127.0.0.1", service.port), timeout=60)
            stack.enter_context(client)
            client.sendall(b"GET /v1 HTTP/1.1\r\nHost: localhost\r\n")
        with Load(service) as load:
            load.wait_for_answers(200)
    assert not load.errors
    record("2,200 half-open clients", **load.figures())


def test_no_more_files_may_be_open(service: Service, record: Record) -> None:
    """Neither does a process end, nor ask again and again: idle clients make room."""
    workers = service.workers
    with Load(service, kept_alive=True) as load:
        for worker in workers:
            most = len([*Path(f"/proc/{worker}/fd").iterdir()]) + 5
            resource.prlimit(worker, resource.RLIMIT_NOFILE, (most, most))
        with ExitStack() as stack:
            for _ in range(100):
                client = socket.create_connection(("127.0.0.1", service.port), timeout=60)
                stack.enter_context(client)
                client.sendall(b"GET /v1 HTTP/1.1\r\n")
            load.wait_for_answers(200)
    wait_until(lambda: service.get("/healthz").status == 200)
    before = processor_seconds(service)
    time.sleep(1)
    assert processor_seconds(service) - before < 0.5
    assert service.workers == workers
    record("no more files may be open", **load.figures())
