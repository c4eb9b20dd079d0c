"""The passwords of the database change under the running service, which has them in files."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, OperationalError, connections, transaction
from psycopg import sql

from adultapi import settings
from adultapi.postgres import Server, local_url
from tests.faults.service import PATIENCE

FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
PASSWORDS = ("first", "p'a\"s s\\w:ö", "third")


class Database:
    """A PostgreSQL of its own, which asks for passwords by SCRAM.

    As in production, the role `owner` migrates and loads, and the role `service` reads.
    """

    def __init__(self, var: Path) -> None:
        self.var = var
        self.password_file = var.parent / "password"
        self.owners_file = var.parent / "owners-password"

    def execute(self, statement: str, *values: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(local_url(self.var), dbname="postgres", autocommit=True) as admin:
            cursor = admin.execute(sql.SQL(statement).format(*map(sql.Literal, values)))
            return cursor.fetchall() if cursor.description else []

    def change_password(self, password: str, seconds: float = 0) -> None:
        """Change the password, and after some seconds the file, as a rotation does."""
        self.execute("alter role service password {}", password)
        time.sleep(seconds)
        new = self.password_file.with_suffix(".new")
        new.write_text(password + "\n")
        new.replace(self.password_file)

    def disconnect_idle(self) -> None:
        self.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where usename = 'service' and state = 'idle'"
        )


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    folder = Path(tempfile.mkdtemp(prefix="adultapi-rotation-"))
    folder.chmod(0o711)  # a way in for the user that root hands the server to
    with Server(folder / "var", FAST) as server:
        database = Database(folder / "var")
        database.execute("create role owner login createrole password {}", PASSWORDS[0])
        database.execute("create role service login password {}", PASSWORDS[0])
        database.execute("create database service owner owner")
        database.owners_file.write_text(PASSWORDS[0])
        rules = server.place.data / "pg_hba.conf"
        rules.write_text("local all owner,service scram-sha-256\n" + rules.read_text())
        database.execute("select pg_reload_conf()")
        database.change_password(PASSWORDS[0])
        yield database
    shutil.rmtree(folder)


def environment(database: Database) -> dict[str, str]:
    host = socket_folder(database)
    return os.environ | {
        "DATABASE_URL": f"postgresql://service@/service?host={host}",
        "DATABASE_PASSWORD_FILE": str(database.password_file),
        "LOADER_DATABASE_URL": f"postgresql://owner@/service?host={host}",
        "LOADER_DATABASE_PASSWORD_FILE": str(database.owners_file),
        "SECRET_KEY": "only-for-tests",
    }


def socket_folder(database: Database) -> str:
    return str(connection_settings(local_url(database.var))["OPTIONS"]["host"])


def connection_settings(url: str, password_file: str = "") -> dict[str, Any]:
    return settings._database("DATABASE_URL", url, password_file)


# --- Under gunicorn -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def service(database: Database) -> Iterator[int]:
    """The port of gunicorn, serving the dataset from that database."""
    env = environment(database)
    for command in (["migrate", "--verbosity", "0"], ["load_adult", "--json"]):
        subprocess.run([sys.executable, "manage.py", *command], env=env, check=True, timeout=120)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "python:adultapi.gunicorn"],
        env=env | {"PORT": str(port), "WEB_CONCURRENCY": "2"},
    )
    try:
        for _ in range(10 * int(PATIENCE)):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0


def get(port: int, path: str) -> int:
    client = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        client.request("GET", path)
        response = client.getresponse()
        response.read()
        return response.status
    finally:
        client.close()


def test_a_service_under_load_gets_through_rotations(database: Database, service: int) -> None:
    """Clients ask all the time, each time something new; connections are lost on top."""
    statuses: list[int] = []
    numbers, stop = count(), threading.Event()

    def ask() -> None:
        while not stop.is_set():
            number = next(numbers)
            statuses.append(get(service, f"/v1/computation/mean/age?fnlwgt__gte={number}"))
            statuses.append(get(service, "/readyz"))

    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    try:
        for password in (*PASSWORDS[1:], PASSWORDS[0]):
            before = len(statuses)
            database.change_password(password, seconds=2)
            database.disconnect_idle()
            deadline = time.monotonic() + PATIENCE
            while len(statuses) < before + 40 and time.monotonic() < deadline:
                time.sleep(0.1)
            assert len(statuses) >= before + 40
    finally:
        stop.set()
        for client in clients:
            client.join()
    assert set(statuses) == {200}


# --- The backend alone --------------------------------------------------------------------------


@pytest.fixture
def connection(
    database: Database, monkeypatch: pytest.MonkeyPatch, django_db_blocker: Any
) -> Iterator[Any]:
    """A connection of Django's, kept as by a thread that serves."""
    url = environment(database)["DATABASE_URL"]
    config = connection_settings(url, str(database.password_file)) | {"CONN_MAX_AGE": 300}
    config = {**connections["default"].settings_dict, **config, "TIME_ZONE": None}
    monkeypatch.setitem(connections.databases, "rotating", config)
    with django_db_blocker.unblock():
        wrapper = connections["rotating"]
        yield wrapper
        wrapper.close()
    del connections["rotating"]


def works(connection: Any) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select 1")
        return bool(cursor.fetchone() == (1,))


@pytest.mark.parametrize("seconds", [0, 1.5], ids=["at once", "late"])
def test_a_new_connection_uses_the_new_password(
    database: Database, connection: Any, seconds: float
) -> None:
    database.change_password(PASSWORDS[0])
    assert works(connection)
    connection.close()
    database.disconnect_idle()
    change = threading.Thread(target=database.change_password, args=(PASSWORDS[1], seconds))
    change.start()
    time.sleep(0.3)
    assert works(connection)
    change.join()


def test_an_open_connection_goes_on(database: Database, connection: Any) -> None:
    database.change_password(PASSWORDS[0])
    assert works(connection)
    database.execute("alter role service password {}", "unknown to the file")
    assert works(connection)
    database.change_password(PASSWORDS[0])


def session(connection: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        return int(cursor.fetchone()[0])


def wait_for_end(database: Database, pid: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while database.execute("select from pg_stat_activity where pid = {}::int", str(pid)):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_session_is_kept_from_request_to_request(connection: Any) -> None:
    first = session(connection)
    connection.close_if_unusable_or_obsolete()  # as Django does between requests
    assert session(connection) == first
    assert connection.is_usable()


def test_a_session_that_was_ended_is_noticed_before_it_is_used(
    database: Database, connection: Any
) -> None:
    first = session(connection)
    connection.close_if_unusable_or_obsolete()
    database.disconnect_idle()
    wait_for_end(database, first)
    assert not connection.is_usable()
    assert session(connection) != first


def test_a_statement_that_meets_the_end_of_its_session_is_executed_again(
    database: Database, connection: Any
) -> None:
    first = session(connection)  # and it has been looked at: nobody does again in this request
    with connection.cursor() as cursor:
        database.disconnect_idle()
        wait_for_end(database, first)
        cursor.execute("select pg_backend_pid()")
        assert cursor.fetchone()[0] != first


def test_a_transaction_is_not_taken_up_in_another_session(
    database: Database, connection: Any
) -> None:
    with pytest.raises(OperationalError), transaction.atomic("rotating"):  # noqa: PT012
        pid = session(connection)
        database.execute("select pg_terminate_backend({}::int)", str(pid))
        wait_for_end(database, pid)
        session(connection)


def test_a_wrong_password_fails_in_the_end(
    database: Database, connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adultapi.database.base.PATIENCE", 1)
    database.password_file.write_text("wrong")
    with pytest.raises(DatabaseError):
        works(connection)
    database.change_password(PASSWORDS[0])


def test_a_file_that_is_gone_is_a_database_error(database: Database, connection: Any) -> None:
    database.password_file.unlink()
    with pytest.raises(DatabaseError):
        works(connection)
    database.change_password(PASSWORDS[0])


# --- Settings -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["DATABASE_PASSWORD_FILE", "SECRET_KEY_FILE"])
def test_a_file_that_cannot_be_read_stops_the_start(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, str(tmp_path / "missing"))
    with pytest.raises(ImproperlyConfigured, match=f"{name} names .*missing, which cannot be read"):
        settings._file(name)


def test_the_key_comes_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from the file\n")
    env = os.environ | {
        "DATABASE_URL": "postgresql://service@/service",
        "SECRET_KEY": "",
        "SECRET_KEY_FILE": str(tmp_path / "key"),
    }
    told = subprocess.run(
        [sys.executable, "-c", "from adultapi import settings; print(settings.SECRET_KEY)"],
        env=env, text=True, capture_output=True, check=True,
    )  # fmt: skip
    assert told.stdout == "from the file\n"
