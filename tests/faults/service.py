"""Real parts to break: a PostgreSQL, gunicorn, and clients that know the right answers."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
GUNICORN = ("-m", "gunicorn", "-c", "python:adultapi.gunicorn")
WORKERS = 2
PATIENCE = 300.0  # seconds for whatever must come in the end, on a machine however busy


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
    command: tuple[str, ...] = (sys.executable, *GUNICORN)
    code: Path = ROOT
    wait: bool = True

    def __enter__(self) -> Self:
        given = {
            "PORT": str(self.port),
            "WEB_CONCURRENCY": str(WORKERS),
            "WEB_THREADS": "4",
            "QUEUE_TIMEOUT": "60",  # or a machine that is busy with other things would refuse
        }
        given |= {
            "GUNICORN_CMD_ARGS": "--log-level critical",
            "LOG_LEVEL": "ERROR",
            "PYTHONWARNINGS": "ignore:No directory at",
        }
        self.process = subprocess.Popen(
            self.command,
            cwd=self.code,
            env=os.environ | {"SECRET_KEY": "only-for-tests"} | given | dict(self.environment),
        )
        try:
            if self.wait:
                wait_until(self.is_up)
        except BaseException:
            self.process.kill()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        finally:
            self.process.kill()  # does nothing once it has ended

    def is_up(self) -> bool:
        """Whether it answers, and all its workers are there."""
        assert self.process.poll() is None, "gunicorn has ended"
        wanted = int(self.environment.get("WEB_CONCURRENCY", WORKERS))
        try:
            return self.get("/healthz").status == 200 and len(self.workers) == wanted
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

    def figures(self) -> dict[str, float]:
        """Return the samples of `/metrics`, each by its name and labels as they are written."""
        lines = self.get("/metrics").body.decode().splitlines()
        found = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        return {name: float(value) for name, _, value in found}

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


def processor_seconds(service: Service) -> float:
    """Return what the workers have taken."""
    taken = 0
    for worker in service.workers:
        fields = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()
        taken += int(fields[11]) + int(fields[12])
    return taken / 100


def wait_until(condition: Callable[[], Any]) -> float:
    """Return the seconds until `condition()` holds."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() < start + PATIENCE, f"{condition} does not come"
        time.sleep(0.05)
    return time.monotonic() - start
