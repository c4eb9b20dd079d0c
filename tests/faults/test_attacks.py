"""Request smuggling, and malformed requests."""

import socket

import pytest

from tests.faults.service import Proxy

GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
# Requests with one hidden in them, for a server that takes the end of the first to be elsewhere.
HIDDEN = GET + b"X-Hidden: yes\r\n\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(HIDDEN)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
SMUGGLED = {
    "behind an empty chunk": GET + CHUNKED + LENGTH + b"\r\n0\r\n\r\n" + HIDDEN,
    "chunked twice": GET + CHUNKED * 2 + b"\r\n0\r\n\r\n" + HIDDEN,
    "a space before the colon": GET + b"Content-Length : 0\r\n\r\n" + HIDDEN,
    "a tab before the coding": GET + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two lengths": GET + LENGTH + b"Content-Length: 0\r\n\r\n" + HIDDEN,
    "a list of lengths": GET + b"Content-Length: 0, 9\r\n\r\n" + HIDDEN,
    "a signed length": GET + b"Content-Length: +0\r\n\r\n" + HIDDEN,
    "a length in hexadecimal": GET + b"Content-Length: 0x0\r\n\r\n" + HIDDEN,
    "a carriage return alone": GET + b"X: a\rContent-Length: 99\r\n\r\n",
}
# The body of the first is read as a body; what follows it would be a second request.
READ = {
    "in a body": GET + LENGTH + b"Connection: close\r\n\r\n" + HIDDEN,
    "in a chunk": GET
    + CHUNKED
    + b"Connection: close\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN),
    "a protocol to come": GET
    + b"Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAAA\r\n\r\n",
}


def said(proxy: Proxy, content: bytes) -> bytes:
    """Returns everything received until the connection is closed."""
    with socket.create_connection(("127.0.0.1", proxy.port), 15) as client:
        client.sendall(content)
        return b"".join(iter(lambda: client.recv(65_536), b""))


@pytest.mark.parametrize("content", [*SMUGGLED.values(), *READ.values()], ids=[*SMUGGLED, *READ])
def test_no_request_is_hidden_in_another(stack: Proxy, content: bytes) -> None:
    answers = said(stack, content)
    assert answers.count(b"HTTP/1.1 ") == 1, answers
    assert b"connection: close" in answers.lower()


def test_requests_sent_at_once_are_answered_one_by_one(stack: Proxy) -> None:
    paths = [b"/v1/computation/mean/age", b"/nope", b"/v1/fields/sex", b"/healthz"] * 5
    sent = b"".join(b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % path for path in paths)
    answers = said(stack, sent + GET + b"Connection: close\r\n\r\n")
    statuses = [part[:3] for part in answers.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"404", b"200", b"200"] * 5 + [b"200"]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"GET /healthz HTTP/1.0\r\n\r\n", b"200"),
        (b"GET /v1 HTTP/1.0\r\nHost: localhost\r\n\r\n", b"200"),
        (GET.replace(b"/", b"http://localhost/", 1) + b"Connection: close\r\n\r\n", b"200"),
        (GET.replace(b"GET /healthz", b"OPTIONS *") + b"Connection: close\r\n\r\n", b"400"),
        (b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", b"400"),
        (
            GET + b"Connection: close\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
            b"100",
        ),
    ],
)  # fmt: skip
def test_old_and_odd_ways_to_ask(stack: Proxy, content: bytes, status: bytes) -> None:
    assert said(stack, content)[9:12] == status
