"""Loads with concurrent readers and loads, and loads that are killed."""

import random
import signal
import subprocess
import threading
import time
from collections import Counter
from contextlib import closing
from itertools import cycle
from pathlib import Path
from typing import Self

import psycopg
import pytest

from census.ingest.writer import LOCK
from tests.census.ingest.tools import Scratch, authentic, load
from tests.faults.service import PATIENCE

BACKENDS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
COPYING = "SELECT count(*) FROM pg_stat_progress_copy WHERE datname = current_database()"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A folder with UCI's people, each a year older."""
    for name in ("adult.data", "adult.test"):
        data = authentic(name).replace(b"\n39, ", b"\n40, ")
        (tmp_path / name).write_bytes(data)
    return tmp_path


class Poller(threading.Thread):
    """Reads the dataset repeatedly, as the service does."""

    def __init__(self, scratch: Scratch) -> None:
        super().__init__()
        self._scratch = scratch
        self._stop_asked = threading.Event()
        self.seen: Counter[tuple[int, int, str]] = Counter()
        self.seconds: list[float] = []
        self.error: psycopg.Error | None = None

    def run(self) -> None:
        query = "SELECT count(*), sum(age), (SELECT version FROM census_dataset) FROM census_person"
        with closing(self._scratch.connect()) as connection:
            connection.execute("SET lock_timeout = '100ms'")  # to be kept waiting is an error
            while not self._stop_asked.is_set():
                started = time.perf_counter()
                try:
                    row = connection.execute(query).fetchone()
                except psycopg.Error as error:
                    self.error = error
                    return
                self.seconds.append(time.perf_counter() - started)
                assert row
                self.seen[row] += 1

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop_asked.set()
        self.join()


def test_readers_see_one_dataset_or_the_other_and_never_wait(full: Scratch, other: Path) -> None:
    query = "SELECT sum(age) FROM census_person"
    ages = [full.one(query)]
    versions = [full.dataset()["version"]]
    with Poller(full) as poller:
        for _ in range(2):
            assert load("--source", other).code == 0
            ages.append(full.one(query))
            versions.append(full.dataset()["version"])
            assert load().code == 0
    assert poller.error is None
    assert {rows for rows, _, _ in poller.seen} == {48_842}
    assert {(age, version) for _, age, version in poller.seen} <= set(
        zip(ages, versions, strict=True)
    )
    assert len(poller.seconds) > 20
    assert len(set(versions)) == 2


def test_a_long_reader_does_not_block_a_load(full: Scratch, other: Path) -> None:
    """The reader still sees the same rows."""
    with closing(full.connect()) as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        query = "SELECT sum(age) FROM census_person"
        before = connection.execute(query).fetchone()
        assert load("--source", other).code == 0
        assert connection.execute(query).fetchone() == before
    assert (full.one(query),) != before


def test_three_at_once(empty: Scratch) -> None:
    processes = [empty.start("--json") for _ in range(3)]
    outs = [process.communicate(timeout=PATIENCE)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    statuses = Counter(out.partition(",")[0] for out in outs)
    assert statuses == {'{"status": "loaded"': 1, '{"status": "already loaded"': 2}
    assert empty.one("SELECT count(*) FROM census_person") == 48_842


def test_a_load_waits_for_another_and_says_so(full: Scratch, small: Path) -> None:
    before = full.state()
    with closing(full.connect()) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        process = full.start("--source", small)
        assert process.stderr
        assert process.stderr.readline() == "Another process is loading: waiting for it.\n"
        assert process.poll() is None
        assert full.state() == before
        connection.execute("COMMIT")
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert full.dataset()["rows"] == 60


def wait_until(scratch: Scratch, query: str, expected: object, seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while scratch.one(query) != expected:
        assert time.monotonic() < deadline, query
        time.sleep(0.005)


def test_kill_at_any_moment(full: Scratch, other: Path) -> None:
    """It is killed at ten moments of its time. If it has ended by then, it takes less time.

    In processes of their own alone: a load in this one would leave its connection behind, for
    which the test then waited.
    """
    sources = cycle([other, "bundled"])

    def start(source: str | Path) -> subprocess.Popen[str]:
        process = full.start("--source", source)
        wait_until(full, BACKENDS, 1)
        return process

    whole = start(next(sources))
    started = time.monotonic()
    whole.communicate()
    seconds = time.monotonic() - started
    before = full.state()
    source = next(sources)
    killed = 0
    generator = random.Random(20261123)
    for _ in range(10):
        process = start(source)
        moment = generator.uniform(0, seconds)
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        wait_until(full, BACKENDS, 0)
        digest, dataset = full.state()
        assert digest == dataset["sha256"]
        if (digest, dataset) == before:
            killed += 1
        else:  # it had committed
            assert dataset["rows"] == 48_842
            before = digest, dataset
            source = next(sources)
            seconds = moment
    assert killed >= 3
    assert load("--source", source).code == 0  # the lock is free, all works as before
    assert full.dataset()["version"] != before[1]["version"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_load_that_is_stopped_while_it_copies(
    full: Scratch, other: Path, number: signal.Signals
) -> None:
    before = full.state()
    process = full.start("--source", other)
    wait_until(full, COPYING, 1)
    process.send_signal(number)
    _, error = process.communicate(timeout=PATIENCE)
    wait_until(full, BACKENDS, 0)
    assert full.state() == before
    if number == signal.SIGINT:
        assert (process.returncode, error) == (
            130,
            "CommandError: Interrupted: nothing was changed.\n",
        )
    else:
        assert process.returncode == -signal.SIGTERM


def test_the_server_ends_the_connection(full: Scratch, other: Path) -> None:
    before = full.state()
    process = full.start("--source", other)
    wait_until(full, COPYING.replace("count(*)", "count(pg_terminate_backend(pid))"), 1)
    _, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "CommandError: The database " in error
    assert "Traceback" not in error
    assert full.state() == before
