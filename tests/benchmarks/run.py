"""`make bench`: the service beside its yardstick and its peers, in one run.

Prints tables, and writes them with the machine described to docs/performance.md, and to
docs/performance.json. Figures of different runs do not compare; the ratios within one do.
"""

import argparse
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import uci
from load import Client, Measured, cpu, memory, wrk

from adultapi.postgres import Server, local_url
from tests import replication

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PEERS = ROOT / ".venv-bench" / "bin"
MEAN = "/v1/computation/mean/age"
JOBS = {  # what is asked: of the service, of FastAPI, of Datasette
    "mean": (MEAN, "/mean", "select avg(age), count(age) from people"),
    "filtered mean": (
        f"{MEAN}?sex=Female",
        "/mean?sex=Female",
        "select avg(age), count(age) from people where sex='Female'",
    ),
    "grouped mean": (
        f"{MEAN}?group_by=sex",
        "/grouped",
        "select sex, avg(age), count(age) from people group by sex",
    ),
    "histogram": (
        "/v1/computation/distribution/age",
        "/histogram",
        "select (age-17)*10/73 as bin, count(*) from people group by bin",
    ),
    "fields": ("/v1/fields", "/fields", "select count(distinct age), min(age) from people"),
}
COLD = (
    *("mean/age", "mean/age?weight=fnlwgt", "count/age", "missing/workclass", "distinct/age"),
    *("sum/age", "min/age", "median/age", "median/age?weight=fnlwgt", "std/age", "skewness/age"),
    *("kurtosis/age", "mode/age", "distribution/age", "distribution/education"),
    *("proportion/income?value=%3E50K", "mean/age?group_by=sex", "median/age?group_by=sex"),
    *("mean/age?group_by=sex&weight=fnlwgt", "distribution/age?group_by=sex"),
)
_TO_SQLITE = (
    "import pandas, sqlite3, sys; pandas.read_csv(sys.argv[1]).to_sql('people', "
    "sqlite3.connect(sys.argv[2]), index=False)"
)
Row = dict[str, Any]


class Bench:
    """What is measured; `seconds` a round, `rounds` of each."""

    def __init__(self, seconds: int, rounds: int, folder: Path, stack: ExitStack) -> None:
        self.seconds, self.rounds, self.folder, self.stack = seconds, rounds, folder, stack
        self.results: dict[str, list[Row]] = {}
        var = folder / "postgres"
        var.mkdir()
        self.database = stack.enter_context(Server(var))
        self.url = local_url(var)
        self.environment = os.environ | {
            "DATABASE_URL": self.url,
            "SECRET_KEY": "bench",
            "LOG_LEVEL": "WARNING",
            "STATEMENT_TIMEOUT": "600",
        }
        self.manage("migrate", "-v0")
        self.manage("load_adult", "-v0")

    def manage(self, *arguments: str) -> None:
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        subprocess.run(command, env=self.environment, check=True)

    @contextmanager
    def server(self, *command: str, probe: str, **environment: str) -> Iterator[tuple[str, int]]:
        """Run a server; yield its URL and process id, once `probe` is answered."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        process = subprocess.Popen(
            [part.format(port=port) for part in command],
            env=self.environment | environment | {"PORT": str(port)},
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
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

    def bare(self, workers: int = 2) -> Any:
        options = f"-b 127.0.0.1:{{port}} -k gthread -w {workers} --threads 4 --keep-alive 65"
        gunicorn = (sys.executable, "-m", "gunicorn", *options.split(), "--preload")
        path = f"--chdir={HERE}"
        return self.server(*gunicorn, "--no-control-socket", path, "bare:application", probe="/")

    def peers(self) -> tuple[Any, Any]:
        csv = self.folder / "people.csv"
        with psycopg.connect(self.url) as connection:
            _copy_out(connection, csv)
        database = self.folder / "adult.db"
        subprocess.run(
            [
                PEERS / "python",
                "-c",
                _TO_SQLITE,
                csv,
                database,
            ],
            check=True,
        )
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
        """Return the median of each, after rounds in which each has its turn."""
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

    # --- What is measured ----------------------------------------------------------------------

    def hot(self) -> None:
        fastapi, datasette = self.peers()
        with (
            self.service() as (url, pid),
            self.bare() as (bare, bare_pid),
            fastapi as (fast, fast_pid),
            datasette as (sette, sette_pid),
        ):
            client = Client(url)
            for name, (path, peer, sql) in JOBS.items():
                for _ in range(40):  # every worker has it
                    Client(url).get(path)
                tag = client.get(path)[0].getheader("ETag")
                query = sql.replace(" ", "+").replace("=", "%3D").replace("*", "%2A")
                table = f"{sette}/adult.json?sql={query}&_shape=array"
                measured = self.in_turn(
                    {
                        "bare": lambda: wrk(bare, bare_pid, self.seconds),
                        "hot": lambda path=path: wrk(url + path, pid, self.seconds),
                        "304": lambda path=path, tag=tag: wrk(
                            url + path, pid, self.seconds, {"If-None-Match": tag}
                        ),
                        "fastapi": lambda peer=peer: wrk(fast + peer, fast_pid, self.seconds),
                        "datasette": lambda table=table: wrk(table, sette_pid, self.seconds),
                    }
                )
                rates = {other: round(m.rate) for other, m in measured.items()}
                cpu = {f"{other} CPU µs": round(m.cpu) for other, m in measured.items()}
                self.note(
                    "hot",
                    job=name,
                    **rates,
                    **{
                        "hot/bare": _ratio(measured["hot"].rate, measured["bare"].rate),
                        "304/bare": _ratio(measured["304"].rate, measured["bare"].rate),
                        "hot/fastapi": _ratio(measured["hot"].rate, measured["fastapi"].rate),
                        "hot/datasette": _ratio(measured["hot"].rate, measured["datasette"].rate),
                        "CPU hot/bare": _ratio(measured["bare"].cpu, measured["hot"].cpu),
                        "CPU 304/bare": _ratio(measured["bare"].cpu, measured["304"].cpu),
                    },
                )
                self.note("processor", job=name, **cpu)

    def cold(self) -> None:
        """Each request a selection that nobody asked for: `fnlwgt__gte` of a new number."""
        statements = self._statements()
        with (
            self.service() as (url, _),
            self.bare() as (bare, _pid),
            psycopg.connect(self.url, autocommit=True) as raw,
        ):
            client, yardstick, number = Client(url), Client(bare), 12_300
            raw.execute("SET jit = off")
            for path in COLD:
                whole, sql, nothing = [], [], []
                for _ in range(5 * self.rounds):
                    number += 1
                    whole.append(client.get(_cold_path(path, number))[2])
                    start = time.perf_counter()
                    for statement in statements[path]:
                        raw.execute(statement.replace("12285", str(number))).fetchall()
                    sql.append((time.perf_counter() - start) * 1000)
                    nothing.append(yardstick.get("/")[2])
                medians = [statistics.median(each) for each in (whole, sql, nothing)]
                self.note(
                    "cold",
                    answer=path,
                    **{
                        "ms": round(medians[0], 1),
                        "SQL ms": round(medians[1], 1),
                        "bare ms": round(medians[2], 1),
                        "ratio": _ratio(medians[0], medians[1] + medians[2]),
                    },
                )

    def replica(self) -> None:
        """New selections without and with a replica: who works, and for how long."""
        folder = self.folder / "standby"
        folder.mkdir()
        standby = Server(folder, {"hot_standby_feedback": "on"})
        replication.copy(self.database, standby)
        with standby:
            for name, given in (("none", {}), ("one", {"DATABASE_REPLICA_URL": local_url(folder)})):
                with self.service(1, **given) as (url, pid):
                    time.sleep(3)  # in which the usual answers are computed
                    parts = {"web": pid, "primary": self.database.pid, "replica": standby.pid}
                    client, times = Client(url), []
                    for number in range(10):  # every thread has its sessions
                        Client(url).get(_cold_path("mean/age", 1000 + number))
                    before = {part: cpu(of) for part, of in parts.items()}
                    for number in range(10 * self.rounds):
                        times += [client.get(_cold_path(path, 2000 + number))[2] for path in COLD]
                    spent = {
                        f"{part} CPU ms": round((cpu(of) - before[part]) * 1000 / len(times), 2)
                        for part, of in parts.items()
                    }
                    median = round(statistics.median(times), 2)
                    self.note("replica", replicas=name, **{"median ms": median}, **spent)

    def _statements(self) -> dict[str, list[str]]:
        """Return the statements that each cold answer takes."""
        program = (
            "import json, sys\nfrom adultapi.wsgi import django_application\n"
            "from django.db import connection\nfrom django.test import Client\n"
            "from django.test.utils import CaptureQueriesContext\nfound = {}\n"
            "client = Client(headers={'host': 'localhost'})\n"
            "for path, url in json.load(sys.stdin):\n"
            "    with CaptureQueriesContext(connection) as queries: client.get(url)\n"
            "    found[path] = [q['sql'] for q in queries if 'loaded_at' not in q['sql']]\n"
            "print(json.dumps(found))"
        )
        asked = [(path, _cold_path(path, 12_285)) for path in COLD]
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program],
            input=json.dumps(asked),
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        found: dict[str, list[str]] = json.loads(done.stdout)
        return found

    def loads(self, times: int) -> None:
        """Load into an empty table, as `\\copy` does, and again over the rows that are there."""
        folder = self.folder / f"times{times}"
        folder.mkdir()
        uci.write(folder, times)
        csv = folder / "people.csv"
        command = [sys.executable, ROOT / "manage.py", "load_adult", "--json", "--force"]
        command += ["--source", folder]
        seconds: dict[str, list[float]] = {"first": [], "again": [], "copy": []}
        grown = []

        def load() -> float:
            done = subprocess.run(
                ["/usr/bin/time", "-f", "%M", *command],
                env=self.environment,
                capture_output=True,
                text=True,
                check=True,
            )
            grown.append(int(done.stderr.split()[-1]) / 1024)
            return float(json.loads(done.stdout)["seconds"])

        with psycopg.connect(self.url, autocommit=True) as connection:
            for _ in range(2 * self.rounds + 1 if times == 1 else 1):
                connection.execute("TRUNCATE census_person, census_dataset")
                seconds["first"].append(load())
                seconds["again"].append(load())
                _copy_out(connection, csv)
                connection.execute("CREATE TABLE copied (LIKE census_person INCLUDING ALL)")
                start = time.perf_counter()
                _copy_in(connection, csv, "copied")
                seconds["copy"].append(time.perf_counter() - start)
                connection.execute("DROP TABLE copied")
        first, again, plain = map(statistics.median, seconds.values())
        self.note(
            "load",
            rows=48_842 * times,
            **{
                "first s": round(first, 2),
                "again s": round(again, 2),
                "COPY s": round(plain, 2),
                "first/COPY": _ratio(first, plain),
                "again/COPY": _ratio(again, plain),
                "peak MB": round(max(grown)),
            },
        )

    def exports(self) -> None:
        with self.service() as (url, _), psycopg.connect(self.url, autocommit=True) as raw:
            client, own, plain = Client(url), [], []
            target = self.folder / "out.csv"
            for _ in range(3 * self.rounds):
                own.append(client.get("/v1/people.csv")[2] / 1000)
                start = time.perf_counter()
                _copy_out(raw, target)
                plain.append(time.perf_counter() - start)
            a, b = statistics.median(own), statistics.median(plain)
            self.note(
                "export", **{"CSV s": round(a, 3), "COPY s": round(b, 3), "speed": _ratio(b, a)}
            )

    def reloads(self) -> None:
        """Hot answers while the dataset is loaded anew, again and again."""
        with self.service() as (url, pid):
            for _ in range(40):
                Client(url).get(MEAN)
            for name, busy in (("still", False), ("loading", True)):
                command = [sys.executable, str(ROOT / "manage.py"), "load_adult", "--force", "-v0"]
                loop = f"while true; do {' '.join(command)}; sleep 1; done" if busy else "true"
                other = subprocess.Popen(
                    ["/bin/sh", "-c", loop], env=self.environment, start_new_session=True
                )
                measured = wrk(url + MEAN, pid, max(10, self.seconds))
                os.killpg(other.pid, 15) if busy else None
                other.wait()
                self.note(
                    "reload",
                    dataset=name,
                    rate=round(measured.rate),
                    **{
                        "median ms": round(measured.median, 2),
                        "p99 ms": round(measured.p99, 2),
                        "p99/median": _ratio(measured.p99, measured.median),
                    },
                )

    def start(self) -> None:
        begun = time.perf_counter()
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", "import adultapi.wsgi"],
            env=self.environment,
            cwd=ROOT,
            check=True,
        )
        imported = time.perf_counter() - begun
        begun = time.perf_counter()
        with self.service() as (url, pid):
            first = time.perf_counter() - begun
            time.sleep(3)
            sizes = memory(pid)
            Client(url).get("/v1/people.csv")
            self.note(
                "start",
                **{
                    "import s": round(imported, 2),
                    "first answer s": round(first, 2),
                    "MB a process": ", ".join(f"{size:.0f}" for size in sizes),
                },
            )

    def processes(self) -> None:
        with self.service(1) as (one, one_pid), self.service(2) as (two, two_pid):
            for url in (one, two):
                for _ in range(40):
                    Client(url).get(MEAN)
            measured = self.in_turn(
                {
                    "one": lambda: wrk(one + MEAN, one_pid, self.seconds),
                    "two": lambda: wrk(two + MEAN, two_pid, self.seconds),
                }
            )
            rates = {name: round(m.rate) for name, m in measured.items()}
            self.note("processes", **rates, ratio=_ratio(rates["two"], rates["one"]))


def _cold_path(path: str, number: int) -> str:
    return f"/v1/computation/{path}{'&' if '?' in path else '?'}fnlwgt__gte={number}"


def _copy_out(connection: Any, target: Path) -> None:
    with (
        target.open("wb") as file,
        connection.cursor().copy(
            "COPY (SELECT * FROM census_person ORDER BY id) TO STDOUT WITH (FORMAT csv, HEADER)"
        ) as copy,
    ):
        for block in copy:
            file.write(block)


def _copy_in(connection: Any, source: Path, table: str) -> None:
    with (
        source.open("rb") as file,
        connection.cursor().copy(f"COPY {table} FROM STDIN WITH (FORMAT csv, HEADER)") as copy,
    ):
        while block := file.read(1 << 18):
            copy.write(block)


def _ratio(one: float, other: float) -> float:
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


def machine() -> str:
    """Return what this ran on, in a line."""
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores ({model}), {gigabytes:.0f} GB, {platform.system()} "
        f"{platform.release()}, Python {platform.python_version()}, load of others at the start "
        f"{os.getloadavg()[0]:.1f}"
    )


BARS = {
    "hot": "Bars: hot/bare ≥ 0.9, 304/bare ≥ 1, hot/fastapi ≥ 1 (mean) and ≥ 8, hot/datasette ≥ "
    "10. `CPU …` are the same ratios by the processor time that a request takes, which others on "
    "the machine disturb less.",
    "processor": "Processor time of each request in microseconds, of all processes of a server.",
    "cold": "Bar: ratio ≤ 1.3, of the answer to the sum of its SQL through psycopg and the bare "
    "view.",
    "load": "Bars: first/COPY ≤ 2 at 48,842 rows, ≤ 1.5 at 4.9 million. COPY is that of ready-made "
    "CSV into an empty table; `first` loads into one, `again` deletes the rows of the load before.",
    "export": "Bar: speed ≥ 0.7 of COPY to a file.",
    "reload": "Bar: p99/median ≤ 5.",
    "start": "Memory with what is shared divided up: gunicorn itself, then its workers.",
    "replica": "New selections, one after the other, of a service of one process without and with "
    "a streaming replica: the time of each, and the processor time that each part takes for it.",
    "processes": "Hot answers by one and by two processes, in requests/s.",
}


def document(results: Mapping[str, list[Row]], where: str) -> str:
    """Return docs/performance.md."""
    lines = ["# Performance", "", f"Made by `make bench` on {where}.", ""]
    lines += ["Figures of different runs do not compare; the ratios within one do. The service"]
    lines += ["writes no line for each request here (`LOG_LEVEL=WARNING`).", ""]
    for name, rows in results.items():
        header = list(rows[0])
        lines += [f"## {name.capitalize()}", "", BARS[name], ""]
        lines += [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
        lines += [f"| {' | '.join(str(row[column]) for column in header)} |" for row in rows]
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", choices=[*BARS, []], help="all by default")
    parser.add_argument("--seconds", type=int, default=3, help="of each round of load")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--times", type=int, default=1, help="100: load 4.9 million rows, too")
    given = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("Error: there is no wrk: install it (`apt install wrk`), then run this again.")
    where = machine()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        Path(folder).chmod(0o711)
        bench = Bench(given.seconds, given.rounds, Path(folder), stack)
        for name in ("hot", "cold", "export", "reload", "start", "processes", "replica"):
            if not given.only or name in given.only:
                method = {"export": "exports", "reload": "reloads"}.get(name, name)
                getattr(bench, method)()
        if not given.only or "load" in given.only:
            for times in sorted({1, given.times}):
                bench.loads(times)
    if not given.only:
        text = document(bench.results, where)
        (ROOT / "docs" / "performance.md").write_text(text)
        machine_and_results = {"machine": where, **bench.results}
        (ROOT / "docs" / "performance.json").write_text(json.dumps(machine_and_results, indent=1))


if __name__ == "__main__":
    main()
