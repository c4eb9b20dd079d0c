"""Clients that ask for much and take it slowly, or not at all: they keep nobody else waiting."""

import http.client
import json
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from tests.faults.load import PEOPLE
from tests.faults.service import GUNICORN, Service, wait_until

LARGE = "/v1/computation/distribution/fnlwgt?bins=200&group_by=education,occupation"  # 3 MB
CLIENTS = 16  # several times as many as there are threads


@contextmanager
def single(url: str, **limits: int) -> Iterator[Service]:
    """Run a service of one process, so that all clients meet the same threads.

    Its patience is long, or a test on a busy machine would be too slow a client itself.
    """
    changed = {"STALL_SECONDS": 300} | limits
    code = "from adultapi import sending; from gunicorn.app.wsgiapp import run; "
    code += "".join(f"sending.{name} = {value}; " for name, value in changed.items()) + "run()"
    command = (sys.executable, "-c", code, *GUNICORN[2:])
    with Service({"DATABASE_URL": url, "WEB_CONCURRENCY": "1"}, command=command) as service:
        yield service


@pytest.fixture(scope="module")
def patient(standing_url: str) -> Iterator[Service]:
    with single(standing_url) as service:
        yield service


def slow(service: Service, path: str, more: str = "") -> socket.socket:
    """Ask, with as little room for the answer as the kernel gives, and take nothing yet."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(60)
    client.connect(("127.0.0.1", service.port))
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n".encode())
    return client


def await_answers(clients: list[socket.socket]) -> None:
    """Return once an answer has begun to come to each, which takes none of it yet."""
    for client in clients:
        assert client.recv(1, socket.MSG_PEEK)


def assert_others_are_answered(service: Service) -> None:
    for _ in range(20):
        question = PEOPLE.new()
        answer = service.get(question.path, timeout=10)
        assert answer.status == 200, answer
        assert question.look(json.loads(answer.body)) == question.right


def received(client: socket.socket) -> bytes:
    """Return all that comes until the end of the connection."""
    parts = []
    with suppress(ConnectionResetError):
        while part := client.recv(65_536):
            parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("path", [LARGE, "/static/vendor/vega.min.js"])
def test_finished_answers_keep_no_thread(patient: Service, path: str) -> None:
    """Whoever takes his, however slowly, gets all of it, and can ask again."""
    whole = patient.get(path)
    assert whole.status == 200
    assert len(whole.body) > 200_000
    with ExitStack() as stack:
        clients = [stack.enter_context(slow(patient, path)) for _ in range(CLIENTS)]
        await_answers(clients)
        assert_others_are_answered(patient)
        first = clients[0]
        for _ in range(2):
            with closing(http.client.HTTPResponse(first)) as response:
                response.begin()
                begin = response.read(50_000)
                time.sleep(1)
                assert begin + response.read() == whole.body
            first.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())


def test_a_request_behind_an_answer_that_is_not_taken(patient: Service) -> None:
    """Sent at once: the second answer waits for room behind the first, and no thread with it."""
    whole = patient.get(LARGE).body
    with ExitStack() as stack:
        clients = [stack.enter_context(slow(patient, LARGE)) for _ in range(CLIENTS)]
        for client in clients:
            client.sendall(f"GET {LARGE} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            client.sendall(b"GET /v1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        await_answers(clients)
        assert_others_are_answered(patient)
        everything = received(clients[0])
    assert everything.count(b"HTTP/1.1 200 OK") == 3
    assert everything.count(whole) == 2


def test_files_leave_threads_for_others(patient: Service) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(slow(patient, "/v1/people.csv")) for _ in range(2)]
        await_answers(clients)
        clients += [stack.enter_context(slow(patient, "/v1/people.csv")) for _ in range(CLIENTS)]
        assert_others_are_answered(patient)
        assert patient.get("/v1/people.csv").problem == "too-many-downloads"


@pytest.mark.parametrize("path", [LARGE, "/v1/people.csv"])
@pytest.mark.parametrize("taken", [0, 1], ids=["nothing", "a byte now and then"])
def test_who_takes_too_little_is_cut_off(standing_url: str, path: str, taken: int) -> None:
    limits = {"STALL_SECONDS": 2, "SLOWEST": 1 << 20}
    with single(standing_url, **limits) as service, ExitStack() as stack:
        whole = service.get(path).body
        clients = [stack.enter_context(slow(service, path)) for _ in range(2)]
        await_answers(clients)

        def are_gone() -> bool:
            for client in clients:
                with suppress(ConnectionResetError):
                    client.recv(taken)
            return connections(service) == 0

        wait_until(are_gone)
        assert all(len(received(client)) < len(whole) for client in clients)
        assert service.get(path).body == whole


def test_a_file_that_breaks_off(url: str, owner: str) -> None:
    """What waits for the client then is not sent to a connection that is closed."""
    with psycopg.connect(owner, autocommit=True) as admin:
        admin.execute("ALTER TABLE census_person RENAME TO people")
        admin.execute(
            "CREATE VIEW census_person AS SELECT * FROM people WHERE 1 / (id - 48000) IS NOT NULL"
        )
        admin.execute("GRANT SELECT ON census_person TO reader")
    with single(url, AHEAD=1 << 30) as service:
        workers = service.workers
        with slow(service, "/v1/people.csv") as client:
            await_answers([client])
            wait_until(lambda: connections(service) == 0)
            assert not received(client).endswith(b"\r\n0\r\n\r\n")
        assert service.get("/healthz").status == 200
        time.sleep(1)  # for who is to end
        assert service.workers == workers


def connections(service: Service) -> int:
    """Return how many connections clients have with the service, by the kernel's table."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{service.port:04X}") and row[3] == "01" for row in rows)


def test_what_waits_for_clients_is_bounded(standing_url: str) -> None:
    """Who has been at it for longest makes room, also for one that is beyond the bound alone."""
    with single(standing_url, MOST_UNSENT=1 << 16) as service, ExitStack() as stack:
        whole = service.get(LARGE).body
        end = "Connection: close\r\n"
        clients = [stack.enter_context(slow(service, LARGE, end)) for _ in range(3)]
        await_answers(clients)
        wait_until(lambda: connections(service) == 1)
        sizes = sorted(len(received(client)) for client in clients)
        assert sizes[0] <= sizes[1] < len(whole) < sizes[2]
