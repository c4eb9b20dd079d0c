"""Fixtures: databases, services and proxies; and the figures of all faults."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from adultapi.postgres import Server, local_url
from tests.faults import figures
from tests.faults.cache import Cache
from tests.faults.service import ROOT, Proxy, Service

FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
Before = Callable[..., Proxy]
_found = pytest.StashKey[dict[str, dict[str, Any]]]()


def manage(
    url: str, *arguments: str, code: Path = ROOT, **more: str
) -> subprocess.CompletedProcess[str]:
    """Runs a command of Django's on the database at `url`."""
    environment = os.environ | {"DATABASE_URL": url, "SECRET_KEY": "only-for-tests"} | more
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=code,
        env=environment,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def var() -> Iterator[Path]:
    """A folder for a server; it belongs to another user if root runs the tests."""
    with _folder() as name:
        yield name


@pytest.fixture(scope="session")
def prepared() -> Iterator[Path]:
    """The folder of a stopped server whose database is migrated and has the dataset.

    One role serves, and may only read; another one loads.
    """
    with _folder() as folder:
        with Server(folder, FAST):
            static = ["shell", "-c", "from adultapi.local import collect_static; collect_static()"]
            for command in (["migrate"], ["load_adult"], static):
                loader = {"LOADER_DATABASE_URL": local_url(folder)}
                done = manage(local_url(folder, "reader"), *command, "-v0", **loader)
                assert done.returncode == 0, done.stderr
        yield folder


@pytest.fixture
def settings_of_server() -> dict[str, str]:
    """PostgreSQL's settings in addition to `FAST`, which a test overrides."""
    return {}


@pytest.fixture
def database(var: Path, prepared: Path, settings_of_server: dict[str, str]) -> Iterator[Server]:
    """A server with the dataset, which tests kill and start again with `take_over`."""
    subprocess.run(["cp", "-a", prepared / "postgres", var], check=True)
    with Server(var, FAST | settings_of_server) as server:
        yield server
        server.take_over()


@pytest.fixture
def url(database: Server, var: Path) -> str:
    """The URL of the database for the service."""
    return local_url(var, "reader")


@pytest.fixture
def owner(database: Server, var: Path) -> str:
    """The URL of the database for the superuser, who migrates and loads."""
    return local_url(var)


@pytest.fixture
def service(url: str) -> Iterator[Service]:
    """gunicorn with its own database."""
    with Service({"DATABASE_URL": url}) as running:
        yield running


@pytest.fixture
def before() -> Iterator[Before]:
    """Starts nginx in front of a service: before(service, RATE_LIMIT="5r/s")."""
    with ExitStack() as stack:

        def start(service: Service, **environment: str) -> Proxy:
            folder = stack.enter_context(_folder())
            return stack.enter_context(Proxy(service.port, folder, environment))

        yield start


@pytest.fixture
def proxy(service: Service, before: Before) -> Proxy:
    """nginx and gunicorn with their own database, which tests break."""
    return before(service)


@pytest.fixture(scope="session")
def standing_url(prepared: Path) -> Iterator[str]:
    """The URL of a database that no test breaks."""
    with _folder() as folder:
        subprocess.run(["cp", "-a", prepared / "postgres", folder], check=True)
        with Server(folder, FAST):
            yield local_url(folder, "reader")


@pytest.fixture(scope="session")
def standing(standing_url: str) -> Iterator[Service]:
    """A service that no test breaks."""
    with Service({"DATABASE_URL": standing_url}) as running:
        yield running


@pytest.fixture(scope="session")
def stack(standing: Service) -> Iterator[Proxy]:
    """nginx in front of it, which no test breaks."""
    with _folder() as folder, Proxy(standing.port, folder) as running:
        yield running


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    found = Cache(tmp_path)
    yield found
    found.process.send_signal(signal.SIGCONT)
    found.end()


@pytest.fixture
def record(pytestconfig: pytest.Config) -> Callable[..., None]:
    """Records the figures of a fault for `docs/reliability.md`; a wrong answer fails the test."""

    def write(fault: str, *, wrong: int = 0, **found: Any) -> None:
        print(fault, found)
        assert wrong == 0, found
        pytestconfig.stash.setdefault(_found, {})[fault] = {"wrong": wrong, **found}

    return write


def pytest_sessionfinish(session: pytest.Session) -> None:
    if os.environ.get("RELIABILITY") and session.testsfailed == 0:
        figures.write(session.config.stash.get(_found, {}))


@contextmanager
def _folder() -> Iterator[Path]:
    """Makes a temporary folder that a server of another user can reach."""
    with tempfile.TemporaryDirectory(prefix="adultapi-faults-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name)
