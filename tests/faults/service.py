"""Real parts to break: a PostgreSQL, gunicorn, and clients that know the right answers."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
PATHS = (
    "/v1/computation/mean/age",
    "/v1/computation/sum/fnlwgt?group_by=sex",
    "/v1/computation/median/hours_per_week?weight=fnlwgt",
    "/v1/computation/distribution/education",
    "/v1/crosstab/sex/income",
    "/v1/people?page_size=3",
)
PATIENCE = 90.0  # seconds for whatever must come in the end


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def problem(self) -> str:
        """The last part of the type of a problem document."""
        assert self.headers["content-type"] == "application/problem+json", self
        return str(json.loads(self.body)["type"]).rpartition("/")[2]


@dataclass
class Service:
    """gunicorn as it ships, on the database of an URL."""

    environment: Mapping[str, str]
    port: int = field(default_factory=free_port)
    command: tuple[str, ...] = (sys.executable, "-m", "gunicorn", "-c", "python:adultapi.gunicorn")

    def __enter__(self) -> Self:
        given = {"PORT": str(self.port), "WEB_CONCURRENCY": "2", "WEB_THREADS": "4"}
        given |= {"LOG_LEVEL": "ERROR", "PYTHONWARNINGS": "ignore:No directory at"}
        self.process = subprocess.Popen(
            [*self.command, "--log-level", "critical"],
            cwd=ROOT,
            env=os.environ | {"SECRET_KEY": "only-for-tests"} | given | dict(self.environment),
        )
        wait_until(self._is_up)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)

    def _is_up(self) -> bool:
        assert self.process.poll() is None, "gunicorn has ended"
        try:
            return self.get("/healthz").status == 200
        except OSError:
            return False

    @property
    def workers(self) -> list[int]:
        pid = self.process.pid
        return [int(w) for w in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def signal(self, signum: signal.Signals) -> None:
        self.process.send_signal(signum)

    def get(self, path: str, timeout: float = 60, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        with closing(connection):
            connection.request("GET", path, headers=headers)
            return received(connection)

    def send(self, content: bytes, timeout: float = 60) -> Answer | None:
        """Send bytes as they are; return what comes back, None if it is no more than an end."""
        with socket.create_connection(("127.0.0.1", self.port), timeout) as client:
            with suppress(ConnectionError):
                client.sendall(content)
                client.shutdown(socket.SHUT_WR)
            response = http.client.HTTPResponse(client)
            try:
                response.begin()
            except (http.client.RemoteDisconnected, ConnectionError):
                return None
            return _answer(response)


def received(connection: http.client.HTTPConnection) -> Answer:
    return _answer(connection.getresponse())


def _answer(response: http.client.HTTPResponse) -> Answer:
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


def wait_until(condition: Any) -> float:
    """Return the seconds until `condition()` holds."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() < start + PATIENCE, f"{condition} does not come"
        time.sleep(0.05)
    return time.monotonic() - start


class Load:
    """Clients that ask without end, and compare each answer with the right one.

    An answer other than 200 is an error by its status, one that does not come by its exception.
    """

    def __init__(self, service: Service, clients: int = 6, *, kept_alive: bool = False) -> None:
        self.service = service
        self.right = {path: _content(service.get(path)) for path in PATHS}
        self.sent = 0
        self.wrong = 0
        self.errors: Counter[str] = Counter()
        self.slowest = 0.0
        self.last_error = self.first_error = 0.0
        self._kept_alive = kept_alive
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._ask, args=[n]) for n in range(clients)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    @property
    def recovery(self) -> float:
        """Seconds from the first error to the last."""
        return round(self.last_error - self.first_error, 2)

    def figures(self) -> dict[str, Any]:
        return {
            "requests": self.sent,
            "wrong": self.wrong,
            "errors": dict(sorted(self.errors.items())),
            "slowest_seconds": round(self.slowest, 2),
        }

    def _ask(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=30)
        while not self._done.is_set():
            path = PATHS[(self.sent + number) % len(PATHS)]
            start, error, wrong = time.monotonic(), "", False
            try:
                connection.request("GET", path)
                answer = received(connection)
                if answer.status == 200:
                    wrong = _content(answer) != self.right[path]
                else:
                    error = f"{answer.status} {answer.problem}"
                if not self._kept_alive:
                    connection.close()
            except (OSError, http.client.HTTPException) as failure:
                error = type(failure).__name__
                connection.close()
            with self._lock:
                now = time.monotonic()
                self.sent += 1
                self.wrong += wrong
                self.slowest = max(self.slowest, now - start)
                if error:
                    self.errors[error] += 1
                    self.last_error = now
                    self.first_error = self.first_error or now
        connection.close()


def _content(answer: Answer) -> bytes:
    assert answer.status == 200, answer
    return answer.body


@contextmanager
def environment_of(url: str, **more: str) -> Iterator[dict[str, str]]:
    yield {"DATABASE_URL": url, **more}
