"""Real programs for fault injection: gunicorn, and nginx in front of it."""

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
WORKERS, THREADS = 2, 4
PATIENCE = 300.0  # seconds for whatever must come in the end, on a machine however busy


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]  # by names in lower case
    body: bytes

    @property
    def problem(self) -> str:
        """The last segment of the type of a problem document."""
        assert self.headers["content-type"].startswith("application/problem+json"), self
        document = json.loads(self.body)
        assert document["status"] == self.status
        return str(document["type"]).rpartition("/")[2]

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    """A process that answers HTTP on a port of this machine."""

    port: int = field(default_factory=free_port, kw_only=True)
    process: subprocess.Popen[bytes] = field(init=False)
    stop: signal.Signals = field(default=signal.SIGTERM, init=False)

    def start(self) -> None:
        raise NotImplementedError

    def is_up(self) -> bool:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self.start()
        try:
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
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(self.stop)
        try:
            self.process.wait(60)
        finally:
            self.process.kill()  # does nothing once it has ended

    @property
    def workers(self) -> list[int]:
        pid = self.process.pid
        return [int(w) for w in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def signal(self, signum: signal.Signals) -> None:
        self.process.send_signal(signum)

    def get(self, path: str, timeout: float = 60, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        with closing(connection):
            connection.request(method, path, headers=headers)
            return received(connection)

    def connect(self, timeout: float = 60) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def send(self, content: bytes, timeout: float = 60) -> Answer | None:
        """Sends raw bytes; returns the answer, or None if the connection ends without one."""
        with self.connect(timeout) as client:
            with suppress(ConnectionError):
                client.sendall(content)
                client.shutdown(socket.SHUT_WR)
            response = http.client.HTTPResponse(client)
            try:
                response.begin()
            except (http.client.RemoteDisconnected, ConnectionError):
                return None
            return _answer(response)


@dataclass
class Service(Server):
    """gunicorn as shipped, with the database at a URL."""

    environment: Mapping[str, str]
    command: tuple[str, ...] = (sys.executable, *GUNICORN)
    code: Path = ROOT

    def start(self) -> None:
        given = {
            "PORT": str(self.port),
            "WEB_CONCURRENCY": str(WORKERS),
            "WEB_THREADS": str(THREADS),
            "GUNICORN_CMD_ARGS": "--log-level critical",
            "LOG_LEVEL": "ERROR",
            "PYTHONWARNINGS": "ignore:No directory at",
        }
        self.process = subprocess.Popen(
            self.command,
            cwd=self.code,
            env=os.environ | {"SECRET_KEY": "only-for-tests"} | given | dict(self.environment),
        )

    def is_up(self) -> bool:
        """Whether it answers and has all its workers."""
        assert self.process.poll() is None, "gunicorn has ended"
        wanted = int(self.environment.get("WEB_CONCURRENCY", WORKERS))
        try:
            return self.get("/healthz").status == 200 and len(self.workers) == wanted
        except OSError:
            return False


@dataclass
class Proxy(Server):
    """nginx as shipped, in front of a service; its files are in `folder`."""

    service: int  # the port of the service
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stop = signal.SIGQUIT

    def start(self) -> None:
        given = {
            "SERVICE": f"127.0.0.1:{self.service}",
            "PORT": str(self.port),
            "RUN_DIR": str(self.folder),
            "CACHE_DIR": str(self.folder / "answers"),
            # All clients of a test have one address.
            "RATE_LIMIT": "1000000r/s",
            "CONNECTION_LIMIT": "10000",
        }
        # nginx drops root's rights, and must still reach its folder and its log.
        self.folder.chmod(0o777)
        self.log = self.folder / "log"
        with self.log.open("ab") as log:
            self.log.chmod(0o666)
            self.process = subprocess.Popen(
                [ROOT / "docker" / "start-proxy.sh"],
                env=os.environ | given | dict(self.environment),
                stdout=log,
                stderr=log,
            )

    def is_up(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.get("/metrics").status == 404
        except OSError:
            return False

    def requests(self) -> list[dict[str, Any]]:
        """Returns the lines of the access log so far."""
        time.sleep(1.1)  # nginx writes them each second
        lines = self.log.read_text(errors="replace").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


def received(connection: http.client.HTTPConnection) -> Answer:
    return _answer(connection.getresponse())


def _answer(response: http.client.HTTPResponse) -> Answer:
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


def wait_until(condition: Callable[[], Any], pause: float = 0.05) -> float:
    """Returns the seconds until `condition()` holds."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() < start + PATIENCE, f"{condition} does not come"
        time.sleep(pause)
    return time.monotonic() - start
