"""The common parts of the benchmarks: database, servers, rounds and results."""

import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from load import Client, Measured

from adultapi.postgres import Server, local_url

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PEERS = ROOT / ".venv-bench" / "bin"
MEAN = "/v1/computation/mean/age"
_TO_SQLITE = (
    "import pandas, sqlite3, sys; pandas.read_csv(sys.argv[1]).to_sql('people', "
    "sqlite3.connect(sys.argv[2]), index=False)"
)
Row = dict[str, Any]


class Bench:
    """A benchmark with `rounds` rounds of `seconds` for each server."""

    def __init__(self, seconds: int, rounds: int, folder: Path, stack: ExitStack) -> None:
        self.seconds, self.rounds, self.folder, self.stack = seconds, rounds, folder, stack
        self.results: dict[str, list[Row]] = {}
        var = folder / "postgres"
        var.mkdir()
        self.database = stack.enter_context(Server(var))
        self.url = local_url(var)
        # Where a service writes a line for each request, as in production.
        self.log = stack.enter_context((folder / "log").open("w"))
        self.environment = os.environ | {
            "DATABASE_URL": self.url,
            "SECRET_KEY": "bench",
            "STATEMENT_TIMEOUT": "600",
        }
        self.manage("migrate", "-v0")
        self.manage("load_adult", "-v0")

    def manage(self, *arguments: str) -> None:
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        subprocess.run(command, env=self.environment | {"LOG_LEVEL": "WARNING"}, check=True)

    @contextmanager
    def server(self, *command: str, probe: str, **environment: str) -> Iterator[tuple[str, int]]:
        """Runs a server; yields its URL and process id when `probe` is answered."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        process = subprocess.Popen(
            [part.format(port=port) for part in command],
            env=self.environment | environment | {"PORT": str(port)},
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=self.log,
        )
        url = f"http://127.0.0.1:{port}"
        try:
            _wait(url, probe)
            yield url, process.pid
        finally:
            process.terminate()
            process.wait()

    def service(self, workers: int = 2, **environment: str) -> Any:
        gunicorn = (sys.executable, "-m", "gunicorn", "-c", "python:adultapi.gunicorn")
        environment |= {"WEB_CONCURRENCY": str(workers), "WEB_THREADS": "4"}
        return self.server(*gunicorn, probe=MEAN, **environment)

    @contextmanager
    def proxied(self) -> Iterator[tuple[str, int]]:
        """Runs nginx and the service as shipped, except for the limits of one client."""
        folder = self.folder / f"proxy{time.monotonic_ns()}"
        folder.mkdir()
        folder.chmod(0o777)
        with self.service() as (service, _):
            limits = {
                "RATE_LIMIT": "1000000r/s",
                "RATE_BURST": "100000",
                "CONNECTION_LIMIT": "1000",
            }
            with self.server(
                str(ROOT / "docker" / "start-proxy.sh"),
                probe=MEAN,
                SERVICE=service.removeprefix("http://"),
                RUN_DIR=str(folder),
                CACHE_DIR=str(folder / "answers"),
                **limits,
            ) as proxy:
                yield proxy

    def bare(self, workers: int = 2) -> Any:
        options = f"-b 127.0.0.1:{{port}} -k gthread -w {workers} --threads 4 --keep-alive 65"
        gunicorn = (sys.executable, "-m", "gunicorn", *options.split(), "--preload")
        path = f"--chdir={HERE}"
        return self.server(*gunicorn, "--no-control-socket", path, "bare:application", probe="/")

    def peers(self) -> tuple[Any, Any]:
        csv = self.folder / "people.csv"
        with psycopg.connect(self.url) as connection:
            copy_out(connection, csv)
        database = self.folder / "adult.db"
        subprocess.run([PEERS / "python", "-c", _TO_SQLITE, csv, database], check=True)
        uvicorn = (str(PEERS / "uvicorn"), "--app-dir", str(HERE), "--workers", "2")
        quiet = ("--port", "{port}", "--log-level", "error", "--no-access-log")
        fastapi = self.server(
            *uvicorn, *quiet, "peer:application", probe="/mean", PEOPLE_CSV=str(csv)
        )
        datasette = self.server(
            *(str(PEERS / "datasette"), str(database), "--port", "{port}"), probe="/adult.json"
        )
        return fastapi, datasette

    def in_turn(self, runs: Mapping[str, Callable[[], Measured]]) -> dict[str, Measured]:
        """Returns the median of each server; in a round each has one turn."""
        found: dict[str, list[Measured]] = {name: [] for name in runs}
        for _ in range(self.rounds):
            for name, run in runs.items():
                found[name].append(run())
        return {
            name: Measured(*(statistics.median(part) for part in zip(*several, strict=True)))
            for name, several in found.items()
        }

    def note(self, table: str, **row: Any) -> None:
        self.results.setdefault(table, []).append(row)
        print(table, *(f"{name}={value}" for name, value in row.items()), flush=True)


def warm(url: str, *paths: str) -> None:
    """Sends requests until every process has cached the answers."""
    for path in paths:
        for _ in range(40):
            Client(url).get(path)


def copy_out(connection: Any, target: Path) -> None:
    with (
        target.open("wb") as file,
        connection.cursor().copy(
            "COPY (SELECT * FROM census_person ORDER BY id) TO STDOUT WITH (FORMAT csv, HEADER)"
        ) as copy,
    ):
        for block in copy:
            file.write(block)


def copy_in(connection: Any, source: Path, table: str) -> None:
    with (
        source.open("rb") as file,
        connection.cursor().copy(f"COPY {table} FROM STDIN WITH (FORMAT csv, HEADER)") as copy,
    ):
        while block := file.read(1 << 18):
            copy.write(block)


def ratio(one: float, other: float) -> float:
    return round(one / other, 2)


def _wait(url: str, path: str) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            Client(url).get(path)
        except (OSError, RuntimeError):
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return
