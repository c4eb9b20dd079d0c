"""What becomes of answers when the database dies, is not there yet, is full or is slow."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adultapi.postgres import Server
from tests.faults.load import PEOPLE, Load
from tests.faults.service import GUNICORN, WORKERS, Service, free_port, wait_until

Record = Callable[..., None]
AWAY = "503 database-unavailable"


def kill(server: Server) -> None:
    """End the postmaster by SIGKILL, and reap it: its backends see that and end, too."""
    assert server.pid
    os.kill(server.pid, signal.SIGKILL)
    assert server._process
    server._process.wait()


@pytest.mark.parametrize("kept_alive", [False, True], ids=["new connections", "kept connections"])
def test_killed_and_started_again(
    database: Server, service: Service, record: Record, kept_alive: bool
) -> None:
    """What is in memory is answered all the time, the rest by 503 for as long as it is away."""
    with Load(service, kept_alive=kept_alive) as load:
        kill(database)
        load.wait_for_errors(50)
        load.wait_for_answers(50)
        assert service.get("/readyz").status == 503
        assert service.get("/healthz").status == 200
        wait_until(database.take_over)
        load.healed()
        load.wait_for_answers(200)
    wait_until(lambda: service.get("/readyz").status == 200)
    assert set(load.errors) == {AWAY}
    assert not load.unfit
    record(
        f"database killed and restarted, {'kept' if kept_alive else 'new'} connections",
        **load.figures(),
    )


def test_being_away_is_said_once(database: Server, url: str, tmp_path: Path) -> None:
    """By each process, besides what each request that fails for it says."""
    said = tmp_path / "said"
    redirect = ("bash", "-c", 'exec "$@" >"$0" 2>&1', str(said))
    environment = {"DATABASE_URL": url, "LOG_LEVEL": "WARNING"}
    with Service(environment, command=(*redirect, sys.executable, *GUNICORN)) as service:
        wait_until(lambda: service.get("/readyz").status == 200)
        kill(database)
        service.signal(signal.SIGHUP)  # those that start meanwhile, too
        end = time.monotonic() + 5
        while time.monotonic() < end:  # the dataset is looked for each second
            service.get("/v1/computation/mean/age")
    lines = said.read_text().splitlines()
    assert 1 <= sum("Which dataset is loaded" in line for line in lines) <= 2 * WORKERS, lines


def test_a_backend_is_killed(
    database: Server, url: str, owner: str, service: Service, record: Record
) -> None:
    """The server then ends all sessions and recovers by itself."""
    with Load(service) as load, closing(psycopg.connect(owner, autocommit=True)) as admin:
        pids = admin.execute("SELECT pid FROM pg_stat_activity WHERE usename = 'reader'").fetchall()
        os.kill(pids[0][0], signal.SIGKILL)
        load.healed()
        load.wait_for_answers(200)
    assert set(load.errors) <= {AWAY}
    assert not load.unfit
    record("a backend of the database killed", **load.figures())


def test_gone_at_start_of_a_process(database: Server, url: str, record: Record) -> None:
    """A process that comes up before the database serves once it is there."""
    kill(database)
    with Service({"DATABASE_URL": url}) as service:
        assert service.get("/healthz").status == 200
        away = service.get("/readyz")
        assert (away.status, away.headers["retry-after"]) == (503, "5")
        assert b"does not answer" in away.body
        assert service.get("/v1/computation/mean/age").problem == "database-unavailable"
        assert service.get("/v1/computation").status == 200  # it needs no data
        database.take_over()
        with Load(service) as load:
            load.healed()
            load.wait_for_answers(100)
        assert service.get("/readyz").status == 200
    assert not load.errors
    record("database gone at start", **load.figures())


def test_gone_at_start_of_the_image(database: Server, url: str, owner: str) -> None:
    """Its entrypoint waits, says so, and gives up after START_TIMEOUT."""
    kill(database)
    command = [sys.executable, "-m", "adultapi.container", "serve"]
    environment = os.environ | {
        "DATABASE_URL": url,
        "LOADER_DATABASE_URL": owner,
        "SECRET_KEY": "only-for-tests",
        "PORT": str(free_port()),
    }
    impatient = subprocess.run(
        command, env=environment | {"START_TIMEOUT": "1"}, capture_output=True, text=True
    )
    assert impatient.returncode == 1
    assert "Waiting for the database: " in impatient.stdout
    assert "The database did not answer within 1 s" in impatient.stderr
    assert "Traceback" not in impatient.stderr
    with Service(environment, int(environment["PORT"]), tuple(command), wait=False) as service:
        database.take_over()
        wait_until(service.is_up)
        assert service.get("/readyz").status == 200
        question = PEOPLE.new()
        assert question.look(json.loads(service.get(question.path).body)) == question.right


def test_hangs(database: Server, url: str, record: Record) -> None:
    """It takes connections and statements, and answers none: as on a disk that does not."""
    environment = {"DATABASE_URL": url, "STATEMENT_TIMEOUT": "1", "QUEUE_TIMEOUT": "5"}
    with Service(environment) as service, ExitStack() as hanging:
        with Load(service) as load:
            hanging.callback(stop_all(database))
            load.wait_for_errors(20)
            assert service.get("/healthz", timeout=2).status == 200
            assert b"does not answer" in service.get("/readyz", timeout=30).body
            hanging.close()
            load.healed()
            load.wait_for_answers(200)
        wait_until(lambda: service.get("/readyz").status == 200)
    assert set(load.errors) <= {AWAY, "503 overloaded"}
    assert not load.unfit
    assert load.slowest < 25
    record("database hangs", **load.figures())


def stop_all(server: Server) -> Callable[[], None]:
    """Stop the postmaster and all of its processes; return what lets them go on."""
    assert server.pid
    os.kill(server.pid, signal.SIGSTOP)  # first, or it would have more of them
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    pids = [server.pid, *map(int, children)]

    def each(signum: signal.Signals) -> None:
        for pid in pids:
            os.kill(pid, signum)

    each(signal.SIGSTOP)
    return lambda: each(signal.SIGCONT)


class TestFull:
    """No connection is left for some of those who serve."""

    @pytest.fixture
    def settings_of_server(self) -> dict[str, str]:
        return {"max_connections": "12", "superuser_reserved_connections": "2"}

    def test_connections_exhausted(
        self, database: Server, owner: str, service: Service, record: Record
    ) -> None:
        with ExitStack() as others, Load(service) as load:
            admin = others.enter_context(closing(psycopg.connect(owner, autocommit=True)))
            ending = (
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'"
            )
            while not load.errors:
                admin.execute(ending)
                while connected := _connect(owner):
                    others.enter_context(closing(connected))
            load.wait_for_errors(20)
            others.close()
            load.healed()
            load.wait_for_answers(200)
        assert set(load.errors) == {AWAY}
        assert not load.unfit
        record("connections exhausted", **load.figures())


def _connect(url: str) -> psycopg.Connection[Any] | None:
    try:
        return psycopg.connect(url)
    except psycopg.OperationalError:
        return None


@pytest.mark.parametrize(
    ("fault", "timeout"),
    [("a statement over its time", "1"), ("a statement that waits for a lock", "10")],
)
def test_a_statement_takes_too_long(
    url: str, owner: str, record: Record, fault: str, timeout: str
) -> None:
    """Each waits for a lock on the table, which one who migrates may hold: for 2 s at most."""
    with Service({"DATABASE_URL": url, "STATEMENT_TIMEOUT": timeout}) as service:
        workers = service.workers
        with Load(service) as load, closing(psycopg.connect(owner)) as other:
            other.execute("LOCK TABLE census_person IN ACCESS EXCLUSIVE MODE")
            load.wait_for_errors(10)
            load.wait_for_answers(10)
            other.rollback()
            load.healed()
            load.wait_for_answers(200)
        assert service.workers == workers
    assert set(load.errors) == {"503 timeout"}
    assert not load.unfit
    record(fault, **load.figures())
