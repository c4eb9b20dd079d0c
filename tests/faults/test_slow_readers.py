"""Clients that ask for much and take it slowly, or not at all: they keep nobody else waiting."""

import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.faults.load import PEOPLE
from tests.faults.service import Service, wait_until

LARGE = "/v1/computation/distribution/fnlwgt?bins=200&group_by=education,occupation"  # 3 MB
LARGER = LARGE.replace("200", "400")
CLIENTS = 16  # several times as many as there are threads


@pytest.fixture(scope="module")
def single(standing_url: str) -> Iterator[Service]:
    """A service of one process, so that all clients meet the same threads."""
    with Service({"DATABASE_URL": standing_url, "WEB_CONCURRENCY": "1"}) as service:
        yield service


def slow(service: Service, path: str) -> socket.socket:
    """Ask, with as little room for the answer as the kernel gives, and take nothing yet."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(60)
    client.connect(("127.0.0.1", service.port))
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
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


def received(client: socket.socket, pause: float = 0) -> bytes:
    """Return all that comes until the end of the connection."""
    parts = []
    try:
        while part := client.recv(65_536):
            parts.append(part)
            time.sleep(pause)
    except ConnectionResetError:
        pass
    return b"".join(parts)


@pytest.mark.parametrize("path", [LARGE, "/static/vendor/vega.min.js"])
def test_finished_answers_keep_no_thread(single: Service, path: str) -> None:
    """Whoever takes his, however slowly, gets all of it, and can ask again."""
    whole = single.get(path)
    assert whole.status == 200
    assert len(whole.body) > 200_000
    with ExitStack() as stack:
        clients = [stack.enter_context(slow(single, path)) for _ in range(CLIENTS)]
        await_answers(clients)
        assert_others_are_answered(single)
        first = clients[0]
        for _ in range(2):
            with closing(http.client.HTTPResponse(first)) as response:
                response.begin()
                begin = response.read(50_000)
                time.sleep(1)
                assert begin + response.read() == whole.body
            first.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())


def test_who_takes_nothing_is_cut_off(single: Service) -> None:
    length = len(single.get(LARGE).body)
    with slow(single, LARGE) as client, slow(single, LARGE) as late:
        wait_until(lambda: connections(single) == 0)
        assert len(received(client)) < length
        assert len(received(late)) < length


def connections(service: Service) -> int:
    """Return how many connections clients have with the service, by the kernel's table."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{service.port:04X}") and row[3] == "01" for row in rows)


def test_a_request_behind_an_answer_that_is_not_taken(single: Service) -> None:
    """Sent at once: the second answer waits for room behind the first, and no thread with it."""
    whole = single.get(LARGE).body
    with ExitStack() as stack:
        clients = [stack.enter_context(slow(single, LARGE)) for _ in range(CLIENTS)]
        for client in clients:
            client.sendall(f"GET {LARGE} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            client.sendall(b"GET /v1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        await_answers(clients)
        assert_others_are_answered(single)
        everything = received(clients[0])
    assert everything.count(b"HTTP/1.1 200 OK") == 3
    assert everything.count(whole) == 2


def test_what_waits_for_clients_is_bounded(single: Service) -> None:
    """Who has been at it for longest makes room."""
    whole = single.get(LARGER).body
    with ExitStack() as stack:
        clients = []
        for _ in range(12):
            clients.append(stack.enter_context(slow(single, LARGER)))
            await_answers(clients[-1:])
        assert len(received(clients[0])) < len(whole)
        with closing(http.client.HTTPResponse(clients[-1])) as response:
            response.begin()
            assert response.read() == whole


def test_files_leave_threads_for_others(single: Service) -> None:
    """Those beyond the limit are told so; whoever takes a byte now and then keeps no place."""
    with ExitStack() as stack:
        clients = [stack.enter_context(slow(single, "/v1/people.csv")) for _ in range(2)]
        await_answers(clients)
        clients += [stack.enter_context(slow(single, "/v1/people.csv")) for _ in range(CLIENTS)]
        assert_others_are_answered(single)
        assert single.get("/v1/people.csv").problem == "too-many-downloads"

        def is_free() -> bool:
            for client in clients[:2]:
                client.recv(1)
            time.sleep(0.5)
            return single.get("/v1/people.csv").status == 200

        assert wait_until(is_free) < 60
