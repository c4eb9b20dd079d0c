"""The image's entry point as a separate process. tests/image tests it in the image."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from census.ingest.preparation import migration_lock
from census.ingest.writer import LOCK
from tests.faults.service import PATIENCE, Service

ENTRYPOINT = [sys.executable, "-m", "adultapi.container"]


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*ENTRYPOINT, *arguments], env=environment, text=True, capture_output=True, timeout=120
    )


@pytest.mark.parametrize(
    ("arguments", "changes", "says"),
    [
        (["dance"], {}, "Error: 'dance' is not a mode of this image.\nModes of this image:"),
        (["serve", "now"], {}, "Error: 'serve now' is not a mode of this image."),
        (["prepare", "now"], {}, "Error: 'prepare now' is not a mode of this image."),
        ([], {"DATABASE_URL": " "}, "Error: DATABASE_URL is not set: set it to postgresql://"),
        ([], {"SECRET_KEY": ""}, "Error: SECRET_KEY is not set: set it to"),
        (["migrate"], {"START_TIMEOUT": "soon"}, "Error: START_TIMEOUT is 'soon': set it to"),
        (
            [],
            {"DATABASE_URL": "postgresql://a@127.0.0.1:1/b", "START_TIMEOUT": "0"},
            "Error: The database did not answer within 0 s (connection failed",
        ),
    ],
)
def test_errors_end_with_a_message(
    service_environment: dict[str, str], arguments: list[str], changes: dict[str, str], says: str
) -> None:
    ended = run(service_environment | changes, *arguments)
    assert ended.returncode == 1
    assert ended.stderr.startswith(says)
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["migrate"], "No migrations to apply"),
        (["prepare"], "Dataset: 48,842 people"),
        (["load"], "already loaded"),
        (["manage", "check"], "no issues"),
    ],
)
def test_the_modes_that_end(
    service_environment: dict[str, str], arguments: list[str], says: str
) -> None:
    ended = run(service_environment, *arguments)
    assert (ended.returncode, says in ended.stdout) == (0, True), ended.stdout + ended.stderr


@pytest.mark.django_db(transaction=True)
def test_it_prepares_an_empty_database_and_serves(
    database_server: str, scratch_database: str
) -> None:
    url = urlsplit(database_server)._replace(path=f"/{scratch_database}").geturl()
    environment = {"DATABASE_URL": url, "LOADER_DATABASE_URL": url}
    with Service(environment, command=tuple(ENTRYPOINT)) as running:
        assert json.loads(running.get("/v1/computation/count/age").body)["value"] == 48842
        # The process that serves does not have the loader's credentials.
        served = Path(f"/proc/{running.process.pid}/environ").read_text()
        assert "DATABASE_URL=" in served
        assert "LOADER_DATABASE_URL" not in served
    assert running.process.returncode == 0


@pytest.mark.django_db(transaction=True)
def test_serve_prepares_nothing(database_server: str, scratch_database: str) -> None:
    url = urlsplit(database_server)._replace(path=f"/{scratch_database}").geturl()
    with Service({"DATABASE_URL": url}, command=(*ENTRYPOINT, "serve")) as running:
        assert running.get("/healthz").status == 200
        assert running.get("/startupz").status == 503
        assert "migrate" in json.loads(running.get("/readyz").body)["checks"]["migrations"]


def without_a_database(**streams: int) -> "subprocess.Popen[str]":
    """Starts the entry point with a database that does not answer."""
    given = {"DATABASE_URL": "postgresql://a@127.0.0.1:1/b", "SECRET_KEY": "x"}
    return subprocess.Popen(ENTRYPOINT, env=os.environ | given, text=True, **streams)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize(
    ("signum", "status"), [(signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGINT, 130)]
)
def test_a_signal_ends_what_waits(signum: signal.Signals, status: int) -> None:
    with without_a_database(stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline().startswith("Waiting for the database: ")
        process.send_signal(signum)
        assert process.wait(PATIENCE) == status


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("moment", range(8))
def test_a_signal_ends_the_start_at_any_moment(signum: signal.Signals, moment: int) -> None:
    with without_a_database(stderr=subprocess.PIPE) as process:
        assert process.stderr
        status = Path(f"/proc/{process.pid}/status")
        while not re.search("SigBlk:\t0*[1-9a-f]", status.read_text()):  # Python itself starts
            assert process.poll() is None
            time.sleep(0.002)
        time.sleep(0.05 * moment)
        process.send_signal(signum)
        assert process.wait(PATIENCE) == 128 + signum
        assert process.stderr.read() == ""


def test_it_waits_for_another_process_that_migrates_or_loads(
    service_environment: dict[str, str],
) -> None:
    with closing(psycopg.connect(service_environment["DATABASE_URL"])) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        ended = run(service_environment | {"START_TIMEOUT": "0"}, "migrate")
    assert ended.returncode == 1
    assert "Another process is migrating or loading: waiting" in ended.stdout
    assert ended.stderr.startswith("Error: Another process has been migrating or loading for 0 s")


def test_the_lock_is_given_back(dataset: None) -> None:
    said: list[str] = []
    for _ in range(2):
        with migration_lock(said.append, timeout=0):
            pass
    assert said == []
