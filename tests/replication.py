"""A primary, the streaming replica that follows it, and clients of the service that reads both."""

import gzip
import json
import operator
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, Self

import psycopg
import pytest

from adultapi.postgres import Server, local_url, processes
from adultapi.postgres.programs import ENV, Programs
from census.ingest.sources import BUNDLED_FOLDER
from tests.faults.service import ROOT, Service, wait_until

FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
# A standby of the same machine, and as production has it (infra/database.tf).
STANDBY = FAST | {"hot_standby_feedback": "on", "wal_receiver_status_interval": "1s"}
MEAN = "/v1/computation/mean/age?fnlwgt__gte="
SCANS = "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'census_person'"
_numbers = count()


def new_question() -> str:
    """Return an address that was not asked for before, and selects everybody."""
    return f"{MEAN}{next(_numbers)}"


class Loadable(NamedTuple):
    """A dataset to load."""

    source: str
    version: str
    rows: int


@dataclass
class Cluster:
    """A primary, the replica that follows it, and two datasets of which the first is loaded."""

    folder: Path
    primary: Server
    replica: Server
    datasets: list[Loadable]

    @property
    def primary_url(self) -> str:
        return local_url(self.folder / "primary")

    @property
    def replica_url(self) -> str:
        return local_url(self.folder / "replica")

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.primary_url,
            "DATABASE_REPLICA_URL": self.replica_url,
            "SECRET_KEY": "only-for-tests",
        }

    def load_other(self) -> str:
        """Load the other of the two datasets into the primary; return its version."""
        self.datasets.reverse()
        self.manage("load_adult", "-v0", "--source", self.datasets[0].source)
        return self.datasets[0].version

    def rows(self) -> dict[str, int]:
        """Return the rows of each version: the one that is loaded, then the other."""
        return {dataset.version: dataset.rows for dataset in self.datasets}

    def manage(self, *arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=os.environ | self.environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout

    def execute(self, statement: str) -> None:
        """Execute a statement at the primary."""
        with psycopg.connect(self.primary_url, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def ask_primary(self, query: str) -> Any:
        return _ask(self.primary_url, query)

    def ask_replica(self, query: str) -> Any:
        return _ask(self.replica_url, query)

    def caught_up(self) -> bool:
        position = self.ask_primary("SELECT pg_current_wal_flush_lsn()")
        return bool(self.ask_replica(f"SELECT pg_last_wal_replay_lsn() >= '{position}'"))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Have the replica receive and not replay."""
        state = "SELECT pg_get_wal_replay_pause_state()"
        try:
            self.ask_replica("SELECT pg_wal_replay_pause()")
            wait_until(lambda: self.ask_replica(state) == "paused")
            yield
        finally:
            self.ask_replica("SELECT pg_wal_replay_resume()")

    def kill_replica(self) -> None:
        pid = self.replica.pid
        assert pid
        os.kill(pid, signal.SIGQUIT)  # no goodbye, as when the machine goes
        wait_until(lambda: not _lives(pid))


def _ask(url: str, query: str) -> Any:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query).fetchone()  # type: ignore[call-overload]
        return row and row[0]


def _lives(pid: int) -> bool:
    """Whether a child of this process runs; one that has ended may not be waited for yet."""
    return (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]) != "Z"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="adultapi-replica-"))
    folder.chmod(0o711)  # a way in for the user that root hands the servers to
    with Server(folder / "primary", FAST) as primary:
        standby = Server(folder / "replica", STANDBY)
        cluster = Cluster(folder, primary, standby, [])
        cluster.manage("migrate", "-v0")
        for source in (str(_excerpt(folder / "excerpt")), "bundled"):
            found = json.loads(cluster.manage("load_adult", "--json", "--source", source))
            cluster.datasets.insert(0, Loadable(source, found["version"], found["rows"]))
        copy(primary, standby)
        with standby:
            yield cluster
    shutil.rmtree(folder)


def copy(primary: Server, standby: Server) -> None:
    """Copy the primary's data while it runs, as what a server starts from that follows it."""
    standby.place.prepare()
    source = ["--host", primary.place.sockets, "--port", "5432", "--username", "postgres"]
    target = ["--pgdata", standby.place.data, "--write-recovery-conf"]
    programs = Programs.find(primary.place)
    copied = processes.run(
        [programs["pg_basebackup"], *source, *target, "--checkpoint=fast", "--no-sync"],
        account=standby.place.account,
        env=ENV,
    )
    assert copied.returncode == 0, copied.stdout


def _excerpt(folder: Path) -> Path:
    """Write a dataset of the first lines of the bundled files."""
    folder.mkdir()
    for name, lines in (("adult.data", 1500), ("adult.test", 401)):
        content = gzip.decompress((BUNDLED_FOLDER / f"{name}.gz").read_bytes()).splitlines(
            keepends=True
        )
        (folder / name).write_bytes(b"".join(content[:lines]))
    return folder


@pytest.fixture
def following(cluster: Cluster) -> Cluster:
    """The cluster with a replica that is there and has all."""
    cluster.replica.take_over()
    wait_until(cluster.caught_up)
    return cluster


def condition(service: Service) -> str:
    answer = service.get("/readyz")
    assert answer.status == 200, answer
    return str(json.loads(answer.body)["replica"])


def figure(service: Service, name: str) -> float:
    """Return a figure of `/metrics`."""
    text = service.get("/metrics").body.decode()
    return sum(map(float, re.findall(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)))


def reads(service: Service, server: str) -> float:
    return figure(service, f'adultapi_reads_total{{server="{server}"}}')


@contextmanager
def counted(service: Service) -> Iterator[dict[str, float]]:
    """Count the answers by the server that they are read from."""
    before = {server: reads(service, server) for server in ("primary", "replica")}
    found: dict[str, float] = {}
    yield found
    found |= {server: reads(service, server) - before[server] for server in before}


class Clients:
    """Ask new questions without end, and between them the same one. No answer fails, mixes
    datasets, or is of an older one than an answer that was there when it was asked for.

    `rows` has those of each version, in the order of the loads.
    """

    def __init__(self, service: Service, rows: dict[str, int], clients: int = 4) -> None:
        self.answers = 0  # to new questions
        self.wrong: list[Any] = []
        self.slowest = 0.0
        self.latest = ""
        self._service, self._rows = service, rows
        self._done, self._lock = threading.Event(), threading.Lock()
        self._asked = [0] * clients  # by each, and answered
        self._threads = [threading.Thread(target=self._ask, args=[n]) for n in range(clients)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()
        assert not self.wrong

    def more(self, number: int) -> None:
        """Wait until so many more answers are there."""
        enough = self.answers + number
        wait_until(lambda: self.wrong or self.answers >= enough)

    def settle(self) -> None:
        """Wait until no question is open that was asked before."""
        before = list(self._asked)
        wait_until(lambda: self.wrong or all(map(operator.gt, self._asked, before)))

    def _ask(self, client: int) -> None:
        for number in count():
            if self._done.is_set():
                return
            known, start = self.latest, time.monotonic()
            path = new_question() if number % 2 else "/v1/computation/mean/age"
            try:
                answer = self._service.get(path)
                body = json.loads(answer.body)
                version = body.get("dataset")
                right = (
                    answer.status == 200
                    and body["rows"] == self._rows[version]
                    and not self._older(version, known)
                )
            except OSError as error:
                answer, version, right = error, "", False
            with self._lock:
                self._asked[client] += 1
                self.answers += number % 2
                self.slowest = max(self.slowest, time.monotonic() - start)
                if not right:
                    self.wrong.append((known, answer))
                elif self._older(self.latest, version):
                    self.latest = version

    def _older(self, one: str, other: str) -> bool:
        order = list(self._rows)
        return bool(other) and (not one or order.index(one) < order.index(other))
