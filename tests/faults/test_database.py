"""Answers while the database is down, hangs, is full, is slow or has not started yet."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import psycopg
import pytest

from adultapi.postgres import Server
from tests.faults.load import PEOPLE, Load
from tests.faults.service import Proxy, Service, free_port, wait_until

Record = Callable[..., None]
Before = Callable[..., Proxy]
AWAY = "503 database-unavailable"


def kill(server: Server) -> None:
    """Kills the postmaster with SIGKILL; its backends then end, too."""
    assert server.pid
    os.kill(server.pid, signal.SIGKILL)
    assert server._process
    server._process.wait()


def test_killed_and_started_again(
    database: Server, service: Service, proxy: Proxy, record: Record
) -> None:
    """Cached answers are sent all the time; other answers are 503 while it is down."""
    with Load(proxy) as load:
        kill(database)
        load.wait_for_errors(50)
        load.wait_for_answers(50)
        assert proxy.get("/readyz").status == 503
        assert proxy.get("/healthz").status == 200
        wait_until(database.take_over)
        load.healed()
        load.wait_for_answers(200)
    wait_until(lambda: proxy.get("/readyz").status == 200)
    assert set(load.errors) == {AWAY}
    assert not load.unexpected
    record("database killed and restarted", **load.figures())


def test_a_backend_is_killed(
    database: Server, owner: str, service: Service, proxy: Proxy, record: Record
) -> None:
    """The server then closes all sessions and recovers."""
    with Load(proxy) as load, closing(psycopg.connect(owner, autocommit=True)) as admin:
        pids = admin.execute("SELECT pid FROM pg_stat_activity WHERE usename = 'reader'").fetchall()
        os.kill(pids[0][0], signal.SIGKILL)
        load.healed()
        load.wait_for_answers(200)
    assert set(load.errors) <= {AWAY}
    assert not load.unexpected
    record("a backend of the database killed", **load.figures())


def test_gone_at_start_of_a_process(
    database: Server, url: str, before: Before, record: Record
) -> None:
    """A process that starts before the database answers as soon as it is up."""
    kill(database)
    with Service({"DATABASE_URL": url}) as service:
        proxy = before(service)
        assert proxy.get("/healthz").status == 200
        assert proxy.get("/startupz").status == 503
        away = proxy.get("/readyz")
        assert away.status == 503
        assert int(away.headers["retry-after"]) > 0
        assert b"does not answer" in away.body
        assert proxy.get("/v1/computation/mean/age").problem == "database-unavailable"
        database.take_over()
        wait_until(lambda: proxy.get("/readyz").status == 200)
        with Load(proxy) as load:
            load.healed()
            load.wait_for_answers(100)
        assert proxy.get("/startupz").status == 200
    assert not load.errors
    record("database gone at start", **load.figures())


def test_gone_at_start_of_the_image(database: Server, url: str, owner: str) -> None:
    """The entry point waits with a message, and gives up after START_TIMEOUT."""
    kill(database)
    command = (sys.executable, "-m", "adultapi.container")
    environment = {
        "DATABASE_URL": url,
        "LOADER_DATABASE_URL": owner,
        "SECRET_KEY": "only-for-tests",
        "PORT": str(free_port()),
    }
    impatient = subprocess.run(
        command,
        env=os.environ | environment | {"START_TIMEOUT": "1"},
        capture_output=True,
        text=True,
    )
    assert impatient.returncode == 1
    assert "Waiting for the database: " in impatient.stdout
    assert "The database did not answer within 1 s" in impatient.stderr
    assert "Traceback" not in impatient.stderr
    service = Service(environment, command, port=int(environment["PORT"]))
    service.start()
    try:
        database.take_over()
        wait_until(service.is_up)
        question = PEOPLE.new()
        assert question.look(service.get(question.path).json()) == question.right
    finally:
        service.__exit__(None, None, None)


def test_hangs(database: Server, url: str, before: Before, record: Record) -> None:
    """It accepts connections and statements but does not answer, as with a disk that hangs.

    Known answers come at once all the time. The rest waits for as long as nginx waits.
    """
    with (
        Service({"DATABASE_URL": url, "STATEMENT_TIMEOUT": "1"}) as service,
        ExitStack() as hanging,
    ):
        proxy = before(service)
        with Load(proxy, new=0.0) as known:
            hanging.callback(stop_all(database))
            waiting = [threading.Thread(target=proxy.get, args=[PEOPLE.new().path]) for _ in "ab"]
            for thread in waiting:
                thread.start()
            known.wait_for_answers(500)
            hanging.close()
            known.healed()
            for thread in waiting:
                thread.join()
            known.wait_for_answers(100)
        with Load(proxy) as load:
            load.wait_for_answers(100)
    assert not known.errors
    assert known.slowest < 5
    assert not load.errors
    record("database hangs, known answers", **known.figures())


def stop_all(server: Server) -> Callable[[], None]:
    """Stops the postmaster and all its processes; returns a function that resumes them."""
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
    """Some threads of the service get no connection."""

    @pytest.fixture
    def settings_of_server(self) -> dict[str, str]:
        return {"max_connections": "12", "superuser_reserved_connections": "2"}

    def test_connections_exhausted(
        self, owner: str, service: Service, proxy: Proxy, record: Record
    ) -> None:
        with ExitStack() as others, Load(proxy) as load:
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
        assert not load.unexpected
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
    url: str, owner: str, before: Before, record: Record, fault: str, timeout: str
) -> None:
    """Statements wait at most 2 s for a lock on the table, such as that of a migration."""
    with Service({"DATABASE_URL": url, "STATEMENT_TIMEOUT": timeout}) as service:
        workers = service.workers
        with Load(before(service)) as load, closing(psycopg.connect(owner)) as other:
            other.execute("LOCK TABLE census_person IN ACCESS EXCLUSIVE MODE")
            load.wait_for_errors(10)
            load.wait_for_answers(10)
            other.rollback()
            load.healed()
            load.wait_for_answers(200)
        assert service.workers == workers
    assert set(load.errors) == {"503 timeout"}
    assert not load.unexpected
    record(fault, **load.figures())


def test_the_password_changes(
    var: Path, database: Server, url: str, owner: str, before: Before, record: Record
) -> None:
    """libpq reads the passfile for each connection: no restart is needed, no request fails."""
    passfile = var / "passfile"

    def write(password: str) -> None:
        new = var / "passfile.new"
        new.write_text(f"*:*:*:reader:{password}\n")
        new.chmod(0o600)
        new.replace(passfile)

    def change(password: str) -> None:
        admin.execute(f"ALTER ROLE reader PASSWORD '{password}'")  # type: ignore[call-overload]

    require_passwords(database, "reader")
    write("first")
    with closing(psycopg.connect(owner, autocommit=True)) as admin:
        change("first")
        secured = urlsplit(url)
        query = f"{secured.query}&passfile={quote(str(passfile))}"
        with (
            Service({"DATABASE_URL": secured._replace(query=query).geturl()}) as service,
            Load(before(service)) as load,
        ):
            change("second")
            write("second")
            ending = "pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'"
            load.wait_for_answers(50)
            admin.execute(f"SELECT {ending}")
            load.healed()
            load.wait_for_answers(200)
    assert set(load.errors) <= {AWAY}  # of the sessions that were ended in the midst of an answer
    assert load.errors.total() < 20
    assert not load.unexpected
    record("the password changes in the passfile", **load.figures())


def require_passwords(server: Server, role: str) -> None:
    """Makes PostgreSQL require a password for this role."""
    data = server.place.data
    rules = data / "pg_hba.conf"
    shutil.copy(rules, rules.with_suffix(".before"))
    rules.write_text(f"local all {role} scram-sha-256\n" + rules.read_text())
    assert server.pid
    os.kill(server.pid, signal.SIGHUP)
