"""The role of the service can read the dataset and change nothing."""

import os
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors, sql


@pytest.fixture
def scratch(database_server: str) -> Iterator[str]:
    """The URL of an empty database, as its owner."""
    name = f"roles_{uuid4().hex[:8]}"
    with psycopg.connect(database_server, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield urlsplit(database_server)._replace(path=f"/{name}").geturl()
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        server.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(f"{name}_reader")))


@pytest.fixture
def environment(scratch: str) -> dict[str, str]:
    owner = urlsplit(scratch)
    role = f"{owner.path[1:]}_reader"
    host = owner.netloc.rpartition("@")[2]
    reader = owner._replace(netloc=f"{role}:p%40ss@{host}").geturl()
    return os.environ | {
        "LOADER_DATABASE_URL": scratch,
        "DATABASE_URL": reader,
        "SECRET_KEY": "only-for-tests",
    }


def manage(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True, timeout=120
    ).stdout


CHANGES = (
    "DELETE FROM census_person",
    "UPDATE census_person SET age = 0",
    "INSERT INTO django_migrations (app, name, applied) VALUES ('a', 'b', now())",
    "TRUNCATE census_person",
    "DROP TABLE census_person",
    "CREATE TABLE mine (id int)",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "SELECT pg_read_file('/etc/passwd')",
    "CREATE ROLE another",
    "CREATE TEMPORARY TABLE mine (id int)",
    "CREATE SCHEMA mine",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE EXTENSION file_fdw",
    "ALTER TABLE census_person ADD mine int",
    "LOCK census_person IN ACCESS EXCLUSIVE MODE",
    "SELECT * FROM census_person FOR UPDATE",
    "COPY census_person FROM PROGRAM 'true'",
    "COPY census_person TO '/tmp/mine'",
    "SELECT pg_ls_dir('/')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_create(0)",
    "SELECT lo_from_bytea(0, 'mine')",
    "SELECT rolpassword FROM pg_authid",
    "SELECT pg_reload_conf()",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> current_user",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "SET SESSION AUTHORIZATION pg_write_all_data",
    "SET ROLE pg_write_all_data",
)


def test_the_reader_reads_and_changes_nothing(environment: dict[str, str]) -> None:
    manage(environment, "migrate", "--verbosity", "0")
    manage(environment, "migrate", "--verbosity", "0")  # a role that there is already
    manage(environment, "load_adult", "--verbosity", "0")
    with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as reader:
        found = reader.execute("SELECT count(*) FROM census_person").fetchone()
        assert found == (48842,)
        for change in CHANGES:
            with pytest.raises(errors.InsufficientPrivilege):
                reader.execute(f"BEGIN READ WRITE; {change}")  # type: ignore[arg-type]
            reader.execute("ROLLBACK")


def test_the_service_uses_the_reader_with_limited_sessions(environment: dict[str, str]) -> None:
    manage(environment, "migrate", "--verbosity", "0")
    asked = (
        "from django.db import connection as c; k = c.cursor(); "
        "k.execute('SELECT current_user, current_setting(%s), current_setting(%s), "
        "current_setting(%s), current_setting(%s)', ['default_transaction_read_only', "
        "'statement_timeout', 'idle_in_transaction_session_timeout', 'lock_timeout']); "
        "print(*k.fetchone())"
    )
    shell = ("shell", "--no-imports", "-c", asked)
    serving = manage(environment | {"SERVING": "true", "STATEMENT_TIMEOUT": "7"}, *shell)
    role = urlsplit(environment["DATABASE_URL"]).username
    assert serving.split() == [role, "on", "7s", "1min", "2s"]
    assert manage(environment, *shell).split() == ["postgres", "off", "0", "0", "0"]
