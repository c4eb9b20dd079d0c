"""What somebody does who means it: each keeps nobody else waiting, and changes nobody's answer."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.faults.service import Service

GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
CONNECTIONS = 64  # many times as many as there are threads
# Sent, and then nothing: each connection is kept open.
STALLED = {
    "nothing": b"",
    "half a head": GET,
    "a head without end": GET + b"".join(b"X%d: %b\r\n" % (n, b"a" * 8000) for n in range(9)),
    "a line without end": b"GET /" + b"a" * 70_000,
    "an empty line, then half a head": b"\r\n\r\n" + GET,
    "half a head behind a whole one": GET + b"\r\n" + GET,
    "an empty line and half a head behind a whole one": GET + b"\r\n\r\n\r\n" + GET,
    "no body where one is announced": GET + b"Content-Length: 100000\r\n\r\n",
    "half a chunk": GET + b"Transfer-Encoding: chunked\r\n\r\nfff\r\nabc",
    "a body that is waited for": GET + b"Expect: 100-continue\r\nContent-Length: 9\r\n\r\n",
    "what is no request": b"\x16\x03\x01\r\n\r\n",
    "no end of the connection": GET + b"Connection: close\r\n\r\n",
}


@contextmanager
def connections(standing: Service, content: bytes) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        clients = []
        for _ in range(CONNECTIONS):
            client = socket.create_connection(("127.0.0.1", standing.port))
            clients.append(stack.enter_context(client))
            client.sendall(content)
        yield clients


@pytest.mark.parametrize("content", STALLED.values(), ids=STALLED)
def test_clients_that_stall_keep_nobody_waiting(standing: Service, content: bytes) -> None:
    workers = standing.workers
    with connections(standing, content):
        for _ in range(20):
            assert standing.get("/healthz", timeout=8).status == 200
    assert standing.workers == workers


def test_clients_that_send_half_and_end_cost_nothing(standing: Service) -> None:
    with connections(standing, GET) as clients:
        for client in clients:
            client.shutdown(socket.SHUT_WR)
        assert all(is_let_go(client) for client in clients)
        before = processor_seconds(standing)
        time.sleep(1)
        assert processor_seconds(standing) - before < 0.5


def is_let_go(client: socket.socket) -> bool:
    client.settimeout(8)
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def processor_seconds(standing: Service) -> float:
    """Return what the workers have taken."""
    taken = 0
    for worker in standing.workers:
        fields = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()
        taken += int(fields[11]) + int(fields[12])
    return taken / 100


def test_an_answer_reaches_whom_a_body_was_not_read_of(standing: Service) -> None:
    """What is unread when a connection is closed would take the answer away with it."""
    body = b"a" * 1_000_000
    head = b"POST /v1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body)
    for _ in range(20):
        answer = standing.send(head + body)
        assert answer is not None
        assert answer.status == 405
        assert answer.headers["connection"] == "close"


def test_what_is_asked_but_once_is_not_remembered(standing: Service) -> None:
    """Long requests that differ would fill the memory, were what they mean looked up by them."""
    for number in range(20):
        standing.get(f"/v1?{number}={'a' * 7000}", Accept=f"a/{'b' * 7000}{number}")
    before = resident_megabytes(standing)
    for number in range(2000):
        answer = standing.get(f"/v1?{number}x={'a' * 7000}", Accept=f"*/*, a/{'b' * 7000}{number}")
        assert answer.status == 400
    assert resident_megabytes(standing) - before < 15


def resident_megabytes(standing: Service) -> float:
    """Return what the workers hold."""
    return sum(
        int(Path(f"/proc/{worker}/statm").read_text().split()[1]) * 4096 / 2**20
        for worker in standing.workers
    )


def test_nobody_is_a_proxy_for_being_on_this_machine(standing: Service) -> None:
    """gunicorn would believe these of 127.0.0.1: a path for others to get in their links."""
    request = b"GET /evil%b?sex=Male HTTP/1.1\r\nHost: localhost\r\nSCRIPT_NAME: /evil\r\n\r\n"
    answer = standing.send(request % b"/v1/computation/mean/age")
    assert answer is not None
    assert answer.status == 404
    page = standing.get("/v1/people?page_size=1", **{"X-Forwarded-Proto": "https"})
    assert json.loads(page.body)["next"].startswith("http://")
