"""A running service for real clients: gunicorn with a database for these tests."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import psycopg
import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Service:
    """A service at `url` with one worker, whose process id is `worker`."""

    url: str
    worker: int

    def peak(self) -> int:
        """Returns the peak memory of the worker since the last call, in bytes."""
        process = Path(f"/proc/{self.worker}")
        status = (process / "status").read_text()
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        (process / "clear_refs").write_text("5")
        return int(peak.split()[1]) * 1024


Serve = Callable[[str], AbstractContextManager[Service]]


def _prepare(database: str) -> None:
    environment = os.environ | {"DATABASE_URL": database, "SECRET_KEY": "only-for-tests"}
    for command in ("migrate", "load_adult"):
        arguments = [sys.executable, "manage.py", *command.split(), "-v0"]
        subprocess.run(arguments, cwd=ROOT, env=environment, check=True, capture_output=True)


@contextmanager
def _serve(database: str, exports: Path) -> Iterator[Service]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "DATABASE_URL": database,
        "SECRET_KEY": "only-for-tests",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WEB_CONCURRENCY": "1",
        "EXPORT_DIR": str(exports),
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "python:adultapi.gunicorn"]
    with subprocess.Popen(
        [*command, "--log-level", "critical"], cwd=ROOT, env=environment
    ) as master:
        try:
            _wait_for(master, port)
            children = Path(f"/proc/{master.pid}/task/{master.pid}/children").read_text()
            yield Service(f"http://127.0.0.1:{port}", int(children.split()[0]))
        finally:
            master.terminate()


def _wait_for(master: "subprocess.Popen[bytes]", port: int) -> None:
    for _ in range(600):
        assert master.poll() is None, "gunicorn has ended"
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/healthz")
            assert connection.getresponse().status == 200
        except OSError:
            time.sleep(0.05)
        else:
            return
        finally:
            connection.close()
    pytest.fail("gunicorn does not answer")


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Serve:
    """Starts a service for the database at a URL, with its own folder for files."""
    return lambda database: _serve(database, tmp_path_factory.mktemp("exports"))


@pytest.fixture(scope="session")
def own_database(database_server: str) -> str:
    """The URL of a database with the dataset, for these tests alone."""
    name = f"clients_{os.getpid()}"
    with psycopg.connect(database_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    url = urlsplit(database_server)._replace(path=f"/{name}").geturl()
    _prepare(url)
    return url


@pytest.fixture(scope="session")
def service(own_database: str, serve: Serve) -> Iterator[Service]:
    """The service for the clients of this process."""
    with serve(own_database) as found:
        yield found


@pytest.fixture(scope="session")
def copies(own_database: str) -> str:
    """The URL of the same dataset with ten copies of its people: 488,420 rows."""
    with psycopg.connect(own_database) as connection:
        names = [
            column.name
            for column in connection.execute("SELECT * FROM census_person LIMIT 0").description
            or []
        ]
        others = ", ".join(name for name in names if name != "id")
        connection.execute("CREATE SCHEMA copies")
        connection.execute("CREATE UNLOGGED TABLE copies.census_person (LIKE public.census_person)")
        connection.execute(
            f"INSERT INTO copies.census_person (id, {others}) "
            f"SELECT id + 48842 * copy, {others} FROM generate_series(0, 9) AS copy "
            "CROSS JOIN (SELECT * FROM public.census_person ORDER BY id) AS person"
        )
        connection.execute("ALTER TABLE copies.census_person ADD PRIMARY KEY (id)")
        connection.execute("ANALYZE copies.census_person")
    options: dict[str, Any] = {"options": "-csearch_path=copies,public"}
    address = urlsplit(own_database)
    return address._replace(
        query="&".join(filter(None, (address.query, urlencode(options))))
    ).geturl()
