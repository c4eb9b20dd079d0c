"""The dataset and its readers when a load fails."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pytest

from adultapi.postgres import Server, processes
from tests.faults.conftest import manage
from tests.faults.load import Load
from tests.faults.service import ROOT, Proxy, Service, wait_until

Record = Callable[..., None]
LOAD = ("load_adult", "--force", "-v0")
SEGMENT = 16 * 2**20  # bytes, of the write-ahead log: no file has to be larger
MOMENTS = 10


def loaded_at(owner: str) -> str:
    with closing(psycopg.connect(owner)) as connection:
        row = connection.execute("SELECT loaded_at::text FROM census_dataset").fetchone()
    assert row
    return str(row[0])


def test_killed_at_ten_moments(owner: str, service: Service, proxy: Proxy, record: Record) -> None:
    """The load is complete or has no effect, and readers see no errors."""
    with Load(proxy) as load:
        start = time.monotonic()
        assert manage(owner, *LOAD).returncode == 0
        whole = time.monotonic() - start
        cut_short = 0
        for _ in range(MOMENTS):
            before = loaded_at(owner)
            loading = subprocess.Popen(
                [sys.executable, "manage.py", *LOAD],
                cwd=ROOT,
                env=os.environ | {"DATABASE_URL": owner, "SECRET_KEY": "only-for-tests"},
                stderr=subprocess.DEVNULL,
            )
            time.sleep(random.uniform(0.3, 1.2) * whole)
            loading.kill()
            loading.wait()
            cut_short += loaded_at(owner) == before
        load.healed()
        assert manage(owner, *LOAD).returncode == 0  # at once: nothing is locked
        load.wait_for_answers(50)
        assert proxy.get("/readyz").status == 200
    assert cut_short
    assert not load.errors
    record(f"load_adult killed at {MOMENTS} moments", **load.figures())


def test_no_file_may_grow(
    database: Server, owner: str, service: Service, proxy: Proxy, record: Record
) -> None:
    """The load fails with a message, and succeeds when there is space."""
    with Load(proxy) as load, closing(psycopg.connect(owner)) as reader:
        # Who sees the first version keeps its rows from being freed for the next.
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT count(*) FROM census_person")
        assert manage(owner, *LOAD).returncode == 0
        size = reader.execute("SELECT pg_relation_size('census_person')").fetchone()
        assert size
        before = loaded_at(owner)
        limit_files(database, max(SEGMENT, size[0] + 2**20))
        refused = manage(owner, *LOAD)
        limit_files(database, None)
        load.healed()
        assert_nothing_changed(refused, owner, before)
        assert manage(owner, *LOAD).returncode == 0
        assert loaded_at(owner) > before
        load.wait_for_answers(50)
    assert not load.errors
    record("no room for a file to grow while loading", **load.figures())


def limit_files(server: Server, size: int | None) -> None:
    """Lets those whom the server starts from now on write no file beyond `size` bytes.

    As the user it runs as: not every root may do that to others.
    """
    soft = "unlimited" if size is None else str(size)
    command = ["prlimit", f"--pid={server.pid}", f"--fsize={soft}:"]
    done = processes.run(command, account=server.place.account)
    assert done.returncode == 0, done.stdout


def assert_nothing_changed(
    refused: subprocess.CompletedProcess[str], owner: str, before: str
) -> None:
    assert refused.returncode == 1
    assert refused.stderr.startswith("CommandError: The database ")
    assert "Traceback" not in refused.stderr
    assert loaded_at(owner) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a file system")
class TestSmallVolume:
    """The whole server is on its own file system."""

    SIZE = 256 * 2**20

    @pytest.fixture
    def var(self, tmp_path_factory: pytest.TempPathFactory, var: Path) -> Iterator[Path]:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={self.SIZE},mode=711", "tmpfs", var]
        subprocess.run(mount, check=True)
        yield var
        subprocess.run(["umount", "--lazy", var], check=True)

    def test_the_disk_is_full(
        self,
        var: Path,
        database: Server,
        owner: str,
        service: Service,
        proxy: Proxy,
        record: Record,
    ) -> None:
        """The server may end because its log has no space; afterwards it has the same data."""
        before = loaded_at(owner)
        with Load(proxy) as load:
            fill(var / "ballast")
            refused = manage(owner, *LOAD)
            (var / "ballast").unlink()
            load.healed()
            database.take_over()
            wait_until(lambda: proxy.get("/readyz").status == 200)
            assert_nothing_changed(refused, owner, before)
            assert manage(owner, *LOAD).returncode == 0
            load.wait_for_answers(50)
        assert set(load.errors) <= {"503 database-unavailable"}
        assert not load.unexpected
        record("disk full while loading", **load.figures())


def fill(path: Path) -> None:
    """Fills the disk except for a few pages."""
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(bytes(2**16)) == 2**16:
            pass
