"""A PostgreSQL of its own with the dataset for each test, and the figures that tests write."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from adultapi.postgres import Server, local_url
from tests.faults.service import ROOT, Service, wait_until

FIGURES = ROOT / "docs" / "reliability.json"
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def manage(url: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command of Django's on the database at `url`."""
    environment = os.environ | {"DATABASE_URL": url, "SECRET_KEY": "only-for-tests"} | more
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )


def prepare(url: str) -> None:
    for command in (["migrate"], ["load_adult"], ["collectstatic", "--noinput"]):
        done = manage(url, *command, "-v0")
        assert done.returncode == 0, done.stderr


@pytest.fixture
def var() -> Iterator[Path]:
    """A folder for a server that is another user's where root runs the tests."""
    with tempfile.TemporaryDirectory(prefix="adultapi-faults-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture
def settings_of_server() -> dict[str, str]:
    return {}


@pytest.fixture
def database(var: Path, settings_of_server: dict[str, str]) -> Iterator[Server]:
    """A server with the dataset, to be killed and started again by `take_over`."""
    with Server(var, FAST | settings_of_server) as server:
        prepare(local_url(var))
        yield server
        server.take_over()


@pytest.fixture
def url(database: Server, var: Path) -> str:
    return local_url(var, user="postgres")


@pytest.fixture
def service(url: str) -> Iterator[Service]:
    with Service({"DATABASE_URL": url}) as running:
        yield running


@pytest.fixture(scope="session")
def standing() -> Iterator[Service]:
    """A service that nobody breaks, for all tests that only ask."""
    with tempfile.TemporaryDirectory(prefix="adultapi-faults-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        with Server(folder, FAST):
            prepare(local_url(folder))
            with Service({"DATABASE_URL": local_url(folder, user="postgres")}) as running:
                wait_until(lambda: len(running.workers) == 2)
                yield running


@pytest.fixture
def record() -> Callable[..., None]:
    """Write the figures of a fault to `docs/reliability.json`, if RELIABILITY is set."""

    def write(fault: str, **figures: Any) -> None:
        print(fault, figures)
        assert figures.get("wrong", 0) == 0, figures
        if os.environ.get("RELIABILITY"):
            known: dict[str, Any] = {}
            with suppress(FileNotFoundError):
                known = json.loads(FIGURES.read_text())
            FIGURES.write_text(json.dumps(known | {fault: figures}, indent=1) + "\n")

    return write
