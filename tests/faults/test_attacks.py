"""What somebody does who means it: each keeps nobody else waiting, and changes nobody's answer."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from adultapi.warming import usual
from tests.faults.service import Service, processor_seconds

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
    for path in usual():  # or the memory would grow by these, too
        have_in_memory(standing, path)
    for number in range(20):
        standing.get(f"/v1?{number}={'a' * 7000}", Accept=f"a/{'b' * 7000}{number}")
    before = resident_megabytes(standing)
    for number in range(2000):
        answer = standing.get(f"/v1?{number}x={'a' * 7000}", Accept=f"*/*, a/{'b' * 7000}{number}")
        assert answer.status == 400
    assert resident_megabytes(standing) - before < 15


def have_in_memory(standing: Service, path: str) -> None:
    """Ask until no worker is left that would have to compute the answer."""
    hits = 0
    while hits < 10:
        told = standing.get(path).headers["server-timing"]
        hits = hits + 1 if told.startswith("cache;desc=hit") else 0


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


# Requests with one hidden in them, for whoever takes the end of the first to be elsewhere.
HIDDEN = GET + b"X-Hidden: yes\r\n\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(HIDDEN)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
SMUGGLED = {
    "in a body": GET + LENGTH + b"\r\n" + HIDDEN,
    "in a body of POST": GET.replace(b"GET", b"POST") + LENGTH + b"\r\n" + HIDDEN,
    "behind an empty chunk": GET + CHUNKED + LENGTH + b"\r\n0\r\n\r\n" + HIDDEN,
    "behind an empty chunk alone": GET + CHUNKED + b"\r\n0\r\n\r\n" + HIDDEN,
    "in a chunk": GET + CHUNKED + b"\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN),
    "chunked twice": GET + CHUNKED * 2 + b"\r\n0\r\n\r\n" + HIDDEN,
    "a space before the colon": GET + b"Content-Length : 0\r\n\r\n" + HIDDEN,
    "a tab before the coding": GET + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two lengths": GET + LENGTH + b"Content-Length: 0\r\n\r\n" + HIDDEN,
    "a list of lengths": GET + b"Content-Length: 0, 9\r\n\r\n" + HIDDEN,
    "a signed length": GET + b"Content-Length: +0\r\n\r\n" + HIDDEN,
    "a length in hexadecimal": GET + b"Content-Length: 0x0\r\n\r\n" + HIDDEN,
    "a folded line": GET + b"X: a\r\n " + LENGTH + b"\r\n" + HIDDEN,
    "line feeds alone": GET.replace(b"\r\n", b"\n") + b"\n" + HIDDEN,
    "a carriage return alone": GET + b"X: a\rContent-Length: 99\r\n\r\n",
    "an older protocol": GET.replace(b"1.1", b"1.0") + CHUNKED + b"\r\n0\r\n\r\n" + HIDDEN,
    "a protocol to come": GET
    + b"Upgrade: h2c\r\nHTTP2-Settings: AAAA\r\n"
    + LENGTH
    + b"\r\n"
    + HIDDEN,
    "an underscore": GET
    + b"Content_Length: 99\r\nTransfer_Encoding: chunked\r\nConnection: close\r\n\r\n",
}


@pytest.mark.parametrize("content", SMUGGLED.values(), ids=SMUGGLED)
def test_no_request_is_hidden_in_another(standing: Service, content: bytes) -> None:
    answers = said(standing, content)
    assert answers.count(b"HTTP/1.1 ") == 1, answers
    assert b"connection: close" in answers.lower()


def said(standing: Service, content: bytes) -> bytes:
    """Return all that comes until the service closes the connection."""
    with socket.create_connection(("127.0.0.1", standing.port), 15) as client:
        client.sendall(content)
        return b"".join(iter(lambda: client.recv(65_536), b""))


def test_requests_sent_at_once_are_answered_one_by_one(standing: Service) -> None:
    paths = [b"/v1/computation/mean/age", b"/nope", b"/v1/fields/sex", b"/healthz"] * 5
    sent = b"".join(b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % path for path in paths)
    answers = said(standing, sent + GET + b"Connection: close\r\n\r\n")
    statuses = [part[:3] for part in answers.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"404", b"200", b"200"] * 5 + [b"200"]


def test_who_takes_a_kept_answer_slowly_gets_all_of_it(standing: Service) -> None:
    path = "/v1/computation/distribution/age?bins=values&group_by=education,occupation"
    whole = [standing.get(path).body for _ in range(10)][-1]  # kept by both processes
    assert 200_000 < len(whole) < 500_000  # more than the kernel takes, less than is not kept
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)  # as far away: little waits
        client.settimeout(15)
        client.connect(("127.0.0.1", standing.port))
        client.sendall(request)
        time.sleep(0.5)
        assert standing.get(path).body == whole
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.partition(b"\r\n\r\n")[2] == whole


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"GET /healthz HTTP/1.0\r\n\r\n", b"200"),
        (b"GET /v1 HTTP/1.0\r\nHost: localhost\r\n\r\n", b"200"),
        (GET.replace(b"/", b"http://localhost/", 1) + b"Connection: close\r\n\r\n", b"200"),
        (GET.replace(b"GET /healthz", b"OPTIONS *") + b"Connection: close\r\n\r\n", b"404"),
        (b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", b"400"),
        (b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", b"404"),
        (b"GET /healthz HTTP/0.9\r\n\r\n", b"400"),
        (b"GET /v1 HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", b"400"),
        (GET + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello", b"100"),
    ],
)  # fmt: skip
def test_old_and_odd_ways_to_ask(standing: Service, content: bytes, status: bytes) -> None:
    assert said(standing, content)[9:12] == status
