"""Database passwords in libpq's password file, which changes while the service runs."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from adultapi.postgres import Place, Server, local_url
from tests.conftest import FAST
from tests.faults.service import Service

PASSWORDS = ("first", "p'a\"s s\\w:ö", "third")
MEAN = "/v1/computation/mean/age"


class Database:
    """A PostgreSQL that asks for passwords; `owner` migrates and loads, `service` reads."""

    def __init__(self, folder: Path) -> None:
        self.var = folder / "var"
        self.passfile = folder / "passwords"
        self.host = str(Place(self.var).sockets)

    def execute(self, statement: str, *values: str) -> None:
        with psycopg.connect(local_url(self.var), dbname="postgres", autocommit=True) as admin:
            admin.execute(sql.SQL(statement).format(*map(sql.Literal, values)))

    def write(self, password: str) -> None:
        """Replaces the password file by a new one, as a rotation does."""
        escaped = password.replace("\\", "\\\\").replace(":", "\\:")
        new = self.passfile.with_suffix(".new")
        new.write_text(f"*:*:*:service:{escaped}\n*:*:*:owner:{PASSWORDS[0]}\n")
        new.chmod(0o600)
        new.replace(self.passfile)

    def url(self, user: str) -> str:
        return f"postgresql://{user}@/service?host={self.host}&passfile={self.passfile}"

    @property
    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.url("service"), "LOADER_DATABASE_URL": self.url("owner")}

    def end_sessions(self) -> None:
        self.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'service'"
        )


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    folder = Path(tempfile.mkdtemp(prefix="adultapi-passfile-"))
    folder.chmod(0o711)  # a way in for the user that root runs the server as
    with Server(folder / "var", FAST) as server:
        database = Database(folder)
        database.execute("create role owner login createrole password {}", PASSWORDS[0])
        database.execute("create role service login password {}", PASSWORDS[0])
        database.execute("create database service owner owner")
        database.write(PASSWORDS[0])
        rules = server.place.data / "pg_hba.conf"
        rules.write_text("local all owner,service scram-sha-256\n" + rules.read_text())
        database.execute("select pg_reload_conf()")
        for command in (["migrate", "--verbosity", "0"], ["load_adult", "--json"]):
            subprocess.run(
                [sys.executable, "manage.py", *command],
                env=os.environ | {"SECRET_KEY": "only-for-tests"} | database.environment,
                check=True,
                stdout=subprocess.DEVNULL,
            )
        yield database
    shutil.rmtree(folder)


def rows(service: Service, filters: str) -> Any:
    answer = service.get(f"{MEAN}?{filters}")
    return json.loads(answer.body)["rows"] if answer.status == 200 else answer.problem


def test_a_password_that_changes_is_read_for_the_next_session(database: Database) -> None:
    with Service(database.environment | {"WEB_CONCURRENCY": "1", "WEB_THREADS": "1"}) as service:
        assert rows(service, "") == 48842
        for number, password in enumerate(PASSWORDS[1:]):
            database.execute("alter role service password {}", password)
            # An open session goes on; a new one needs the new password.
            assert rows(service, f"age__gt={20 + number}") < 48842
            database.end_sessions()
            assert rows(service, f"age__gt={30 + number}") == "database-unavailable"
            database.write(password)
            assert rows(service, f"age__gt={40 + number}") < 48842
