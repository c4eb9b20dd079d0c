"""Hundreds of clients that send or read slowly: all other clients are answered as usual."""

import contextlib
import json
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.faults.load import PEOPLE, Question
from tests.faults.service import Proxy, wait_until

Record = Callable[..., None]
CLIENTS = 200
GET = b"GET /v1/computation/mean/age HTTP/1.1\r\nHost: localhost\r\n"
SLOW = {
    "heads": GET + b"X-Slow: ",
    "bodies": GET.replace(b"GET", b"POST") + b"Content-Length: 9999\r\n\r\n",
    "readers of people.csv": GET.replace(b"/computation/mean/age", b"/people.csv") + b"\r\n",
}


@contextmanager
def slow_clients(proxy: Proxy, start: bytes, reads: bool) -> Iterator[list[socket.socket]]:
    """Many connections that send a byte, or read some, at intervals."""
    done = threading.Event()

    def dawdle(clients: list[socket.socket]) -> None:
        while not done.wait(0.2):
            for client in clients:
                with contextlib.suppress(OSError):
                    if reads:
                        client.recv(512)
                    else:
                        client.send(b"a")

    with ExitStack() as stack:
        clients = []
        for _ in range(CLIENTS):
            client = stack.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(30)
            client.connect(("127.0.0.1", proxy.port))
            client.sendall(start)
            clients.append(client)
        thread = threading.Thread(target=dawdle, args=[clients])
        thread.start()
        try:
            yield clients
        finally:
            done.set()
            thread.join()


def seconds(proxy: Proxy, questions: list[Question]) -> list[float]:
    """Sends requests one after another; returns the time of each answer in seconds."""
    found = []
    for question in questions:
        start = time.monotonic()
        answer = proxy.get(question.path, timeout=20)
        found.append(time.monotonic() - start)
        assert answer.status == 200, answer
        assert question.look(json.loads(answer.body)) == question.right
    return found


def questions(number: int = 60) -> list[Question]:
    known = PEOPLE.known()
    return [PEOPLE.new() if n % 2 else known[n % len(known)] for n in range(number)]


@pytest.mark.parametrize("kind", SLOW)
def test_everybody_else_is_answered(stack: Proxy, record: Record, kind: str) -> None:
    seconds(stack, questions())  # what is asked for again is kept from here on
    with slow_clients(stack, SLOW[kind], reads=kind.startswith("readers")) as clients:
        times = seconds(stack, questions())
        calm_after: list[float] = []
        assert len(clients) == CLIENTS
    calm_after = seconds(stack, questions())
    calm, busy = statistics.median(calm_after), statistics.median(times)
    assert busy <= max(3 * calm, 0.02), (calm, busy)
    record(
        f"{CLIENTS} slow {kind}",
        requests=len(times),
        errors={},
        slowest_seconds=max(times),
        median=f"{busy * 1000:.0f} ms, {calm * 1000:.0f} ms without them",
    )


def test_a_slow_reader_gets_all_of_it(stack: Proxy) -> None:
    whole = stack.get("/v1/people.csv").body
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(30)
        client.connect(("127.0.0.1", stack.port))
        client.sendall(
            SLOW["readers of people.csv"].replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        )
        time.sleep(3)
        answer = b"".join(iter(lambda: client.recv(65_536), b""))
    assert answer.partition(b"\r\n\r\n")[2] == whole


def test_clients_that_send_too_slowly_are_disconnected(stack: Proxy) -> None:
    with stack.connect() as head, stack.connect() as body:
        head.sendall(SLOW["heads"])
        body.sendall(SLOW["bodies"])
        for client in (head, body):
            client.settimeout(30)
            with contextlib.suppress(ConnectionResetError):
                assert client.recv(9) in (b"", b"HTTP/1.1 ")


def test_thousands_of_half_open_connections(stack: Proxy) -> None:
    with ExitStack() as opened:
        for _ in range(2000):
            client = opened.enter_context(stack.connect())
            client.sendall(b"GET /v1 HTTP/1.1\r\n")
        assert max(seconds(stack, questions(20))) < 5
    wait_until(lambda: stack.get("/healthz").status == 200)
