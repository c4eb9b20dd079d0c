"""What gunicorn's worker does with requests that are none, come late, or are never ended.

tests/faults/test_attacks.py and test_crowds.py have what many clients do at once.
"""

import http.client
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing, contextmanager, suppress
from itertools import islice, pairwise
from pathlib import Path

import pytest

from adultapi.worker import LARGEST_HEAD, LINGER_SECONDS
from tests.faults.service import GUNICORN, PATIENCE, Service, wait_until

GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
LAST = GET + b"Connection: close\r\n\r\n"
LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
FAULTY = """
from adultapi.gunicorn import *
from adultapi.gunicorn import post_worker_init as usual

def post_worker_init(worker):
    usual(worker)
    from adultapi import front
    front.prepare = lambda environ: {"": False}[environ["QUERY_STRING"]]
"""
NO_DATABASE = "postgresql://nobody@127.0.0.1:1/none"


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """One process, which needs no database for what is asked of it here."""
    with Service({"DATABASE_URL": NO_DATABASE, "WEB_CONCURRENCY": "1"}) as running:
        yield running


@contextmanager
def client_of(service: Service) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", service.port), PATIENCE) as client:
        yield client


def until_end(client: socket.socket) -> bytes:
    """Return all that comes until the service closes its end."""
    return b"".join(iter(lambda: client.recv(65_536), b""))


@pytest.mark.parametrize(
    ("content", "status", "slug"),
    [
        (b"\x16\x03\x01\r\n\r\n", 400, "bad-request"),
        (GET + b"no header\r\n\r\n", 400, "bad-request"),
        (GET + b"Content-Length: 0, 9\r\n\r\n", 400, "bad-request"),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", 414, "uri-too-long"),
        (b"GET /" + b"a" * LARGEST_HEAD, 414, "uri-too-long"),
        (GET + b"X: " + b"a" * 9000 + b"\r\n\r\n", 431, "headers-too-large"),
        (GET + b"X: " + b"a" * LARGEST_HEAD, 431, "headers-too-large"),
        (GET + b"".join(b"X%d: a\r\n" % n for n in range(200)) + b"\r\n", 431, "headers-too-large"),
    ],
)
def test_what_is_no_request_is_refused_by_a_problem_document(
    service: Service, content: bytes, status: int, slug: str
) -> None:
    counted = f'adultapi_requests_total{{method="other",route="refused",status="{status}"}}'
    before = service.figures().get(counted, 0)
    answer = service.send(content)
    assert answer is not None
    assert (answer.status, answer.problem) == (status, slug)
    assert answer.headers["connection"] == "close"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert service.figures()[counted] == before + 1


def test_a_head_may_come_in_pieces(service: Service) -> None:
    with client_of(service) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start, end in pairwise([0, 9, 20, len(LAST) - 2, len(LAST)]):
            time.sleep(0.1)  # so that each is seen by itself
            client.sendall(LAST[start:end])
        assert until_end(client).startswith(b"HTTP/1.1 200 ")


def test_who_ends_before_a_head_is_whole_is_let_go(service: Service) -> None:
    for content in (b"", GET):
        with client_of(service) as client:
            client.sendall(content)
            client.shutdown(socket.SHUT_WR)
            with suppress(ConnectionResetError):  # for what was never read
                assert until_end(client) == b""


def test_a_connection_is_kept_for_further_requests(service: Service) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", service.port, PATIENCE)) as connection:
        ends = set()
        for _ in range(3):
            connection.request("GET", "/healthz")
            assert connection.getresponse().read()
            assert connection.sock
            ends.add(connection.sock.getsockname())
        assert len(ends) == 1
        # Half of one, after which it is waited for as at first.
        connection.sock.sendall(LAST[:-2])
        time.sleep(0.1)
        connection.sock.sendall(LAST[-2:])
        assert until_end(connection.sock).startswith(b"HTTP/1.1 200 ")


def test_requests_may_be_sent_at_once_but_none_by_half(service: Service) -> None:
    for behind, answers in ((GET + b"\r\n" + LAST, 3), (GET + b"\r\n" + GET, 2)):
        with client_of(service) as client:
            client.sendall(GET + b"\r\n" + behind)
            assert until_end(client).count(b"HTTP/1.1 200 ") == answers


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 1000000\r\n\r\n" + b"a" * 1_000_000,
        b"Transfer-Encoding: chunked\r\n\r\nfff\r\nabc",
    ],
)
def test_no_body_is_taken(service: Service, body: bytes) -> None:
    with client_of(service) as client:
        client.sendall(GET.replace(b"GET", b"POST") + body)
        answer = until_end(client)
    assert answer.startswith(b"HTTP/1.1 405 ")
    assert b"connection: close" in answer.lower()


def test_who_does_not_close_its_end_is_let_go_in_the_end(service: Service) -> None:
    with client_of(service) as client:
        client.sendall(LAST)
        assert until_end(client).startswith(b"HTTP/1.1 200 ")

        def is_reset() -> bool:
            try:
                client.sendall(b"\r\n")
            except OSError:
                return True
            return False

        assert wait_until(is_reset) < LINGER_SECONDS + 20  # for a machine that is busy


def test_what_no_thread_takes_is_refused_in_time() -> None:
    """The one thread waits for a database that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent, ThreadPoolExecutor() as pool:
        environment = {
            "DATABASE_URL": f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/none",
            "WEB_CONCURRENCY": "1",
            "WEB_THREADS": "1",
            "QUEUE_TIMEOUT": "1",
        }
        with Service(environment) as service:
            asked = [pool.submit(service.get, "/v1/fields", PATIENCE) for _ in range(3)]
            late = [future.result() for future in islice(as_completed(asked), 2)]
            assert {(answer.status, answer.problem) for answer in late} == {(503, "overloaded")}
            assert all(int(answer.headers["retry-after"]) > 0 for answer in late)
            assert sum(future.done() for future in asked) == 2
            assert service.get("/healthz").status == 200  # by a thread of its own
            silent.close()
            problems = [future.result().problem for future in asked]
            assert sorted(problems) == ["database-unavailable", "overloaded", "overloaded"]


def test_who_says_nothing_makes_room() -> None:
    """A process that may open few files holds half as many connections."""
    environment = {"DATABASE_URL": NO_DATABASE, "WEB_CONCURRENCY": "1"}
    with Service(environment, command=(sys.executable, "-c", LIMITED, *GUNICORN)) as service:
        clients = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(80)]
        try:
            assert service.get("/healthz", timeout=PATIENCE).status == 200
            clients[0].settimeout(PATIENCE)
            assert clients[0].recv(1) == b""  # the oldest
        finally:
            for client in clients:
                client.close()


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "65536"), ("WEB_CONCURRENCY", "0"), ("WEB_THREADS", "many")]
)
def test_a_number_that_is_none_stops_the_start(name: str, value: str) -> None:
    environment = {"DATABASE_URL": NO_DATABASE, name: value}
    with Service(environment, wait=False) as service:
        assert service.process.wait(PATIENCE) == 1


def test_a_fault_before_django_ends_no_worker(tmp_path: Path) -> None:
    configuration = tmp_path / "faulty.py"
    configuration.write_text(FAULTY)
    command = (sys.executable, "-m", "gunicorn", "-c", str(configuration))
    environment = {"DATABASE_URL": NO_DATABASE, "WEB_CONCURRENCY": "1"}
    with Service(environment, command=command) as running:
        (worker,) = running.workers
        for _ in range(3):
            answer = running.get("/healthz?fault")
            assert (answer.status, answer.problem) == (500, "internal-error")
        assert running.get("/healthz").status == 200
        assert running.workers == [worker]
