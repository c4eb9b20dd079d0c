"""The database goes, comes back, is full, is slow; the service says so and recovers."""

import os
import signal
import subprocess
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adultapi.postgres import Server, local_url
from tests.faults.conftest import FAST, manage, prepare
from tests.faults.service import PATHS, Load, Service, wait_until

UNCACHED = "/v1/computation/mean/age?fnlwgt__gt={}"


def ready(service: Service) -> bool:
    return service.get("/readyz").status == 200


def test_killed_and_started_again_under_load(
    database: Server, service: Service, record: Any
) -> None:
    recovery = []
    with Load(service) as load:
        for _ in range(3):
            time.sleep(2)
            assert database.pid
            os.kill(database.pid, signal.SIGKILL)
            wait_until(lambda: service.get("/readyz").status == 503)
            away = service.get(UNCACHED.format(time.time_ns() % 10**6))
            assert (away.status, away.problem) == (503, "database-unavailable")
            assert away.headers["retry-after"].isdecimal()
            time.sleep(1)
            assert database.take_over()
            recovery.append(wait_until(lambda: ready(service)))
        time.sleep(2)
    # Each kill may break what is being computed; nothing but 503 comes of it.
    assert set(load.errors) <= {"503 database-unavailable"}
    record("database killed (kill -9) three times", **load.figures(), recovery=max(recovery))


def test_gone_at_start(var: Path, record: Any) -> None:
    with Server(var, FAST):
        prepare(local_url(var))
    with Service({"DATABASE_URL": local_url(var)}) as service:
        for path in PATHS:
            assert service.get(path).problem == "database-unavailable"
        assert service.get("/healthz").status == 200
        with Server(var, FAST):
            seconds = wait_until(lambda: ready(service))
            assert all(service.get(path).status == 200 for path in PATHS)
    record("database gone at start", requests=12, errors={"503 database-unavailable": 6},
           wrong=0, recovery=seconds)  # fmt: skip


class TestFewConnections:
    @pytest.fixture
    def settings_of_server(self) -> dict[str, str]:
        return {"max_connections": "12", "superuser_reserved_connections": "0"}

    def test_exhausted(self, var: Path, url: str, service: Service, record: Any) -> None:
        load = Load(service)
        with ExitStack() as others:
            with suppress(psycopg.OperationalError):
                while True:
                    others.enter_context(psycopg.connect(url))
            with load:
                refused = service.get(UNCACHED.format(1))
                time.sleep(3)
                others.close()
                seconds = wait_until(lambda: ready(service))
                time.sleep(1)
        assert refused.status in (200, 503)  # one may be held by the service itself
        assert set(load.errors) <= {"503 database-unavailable"}
        record("connections exhausted", **load.figures(), recovery=seconds)


def test_a_statement_too_long(url: str, record: Any) -> None:
    """A lock as TRUNCATE takes it: readers wait for it until their statement is stopped."""
    with Service({"DATABASE_URL": url, "STATEMENT_TIMEOUT": "1"}) as service:
        workers = service.workers
        with psycopg.connect(url) as connection:
            connection.execute("LOCK TABLE census_person IN ACCESS EXCLUSIVE MODE")
            answers = []
            for number in range(6):
                start = time.monotonic()
                answer = service.get(UNCACHED.format(number))
                assert time.monotonic() - start < 10
                assert (answer.status, answer.problem) == (503, "timeout")
                assert answer.headers["retry-after"].isdecimal()
                answers.append(answer)
            connection.rollback()
        seconds = wait_until(lambda: service.get(UNCACHED.format(7)).status == 200)
        assert service.workers == workers
    record("statement too long", requests=len(answers), errors={"503 timeout": len(answers)},
           wrong=0, recovery=seconds)  # fmt: skip


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a file system is root's")
def test_disk_full_while_loading(url: str, var: Path, service: Service, record: Any) -> None:
    """The files of the table on a disk too small for a second copy of its rows."""
    disk = var / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,mode=777", "tmpfs", disk], check=True)
    try:
        folder = disk / "space"
        folder.mkdir()
        owner = (var / "postgres").stat() if (var / "postgres").exists() else disk.stat()
        os.chown(folder, owner.st_uid, owner.st_gid)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"CREATE TABLESPACE small LOCATION '{folder}'")
            connection.execute("ALTER TABLE census_person SET TABLESPACE small")
        with Load(service, clients=2) as load:
            loaded = manage(url, "load_adult", "--force", "-v0")
        assert loaded.returncode != 0
        assert "No space left" in loaded.stderr
        assert "Traceback" not in loaded.stderr
        assert not load.errors
        record("disk full while loading", **load.figures(), recovery=0.0)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM FULL census_person")
            connection.execute("ALTER TABLE census_person SET TABLESPACE pg_default")
            connection.execute("DROP TABLESPACE small")
        assert manage(url, "load_adult", "--force", "-v0").returncode == 0
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_migration_failing_half_way(var: Path, record: Any) -> None:
    """A migration is one transaction: of one that fails, nothing is there."""
    with Server(var, FAST):
        url = local_url(var)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE census_dataset ()")  # in its way, as its last table
        failed = manage(url, "migrate", "-v0")
        assert failed.returncode != 0
        with Service({"DATABASE_URL": url}) as service:
            checks = service.get("/readyz")
            assert checks.status == 503
            assert b"migrate" in checks.body
            assert service.get(PATHS[0]).status == 503
            with psycopg.connect(url, autocommit=True) as connection:
                found = connection.execute("SELECT to_regclass('census_person')").fetchone()
                assert found == (None,)
                connection.execute("DROP TABLE census_dataset")
            prepare(url)
            seconds = wait_until(lambda: ready(service))
            assert service.get(PATHS[0]).status == 200
    record("migration failing half-way", requests=3, errors={"503 dataset-missing": 1}, wrong=0,
           recovery=seconds)  # fmt: skip
