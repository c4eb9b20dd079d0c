"""Loads and exports of files, compared with COPY."""

import json
import statistics
import subprocess
import sys
import time

import psycopg
import uci
from bench import ROOT, Bench, copy_in, copy_out, ratio
from load import Client


def load(bench: Bench, times: int) -> None:
    """Loads into an empty table, as `\\copy` does, and again over existing rows."""
    folder = bench.folder / f"times{times}"
    folder.mkdir()
    uci.write(folder, times)
    csv = folder / "people.csv"
    command = [sys.executable, ROOT / "manage.py", "load_adult", "--json", "--force"]
    command += ["--source", folder]
    seconds: dict[str, list[float]] = {"first": [], "again": [], "copy": []}
    grown = []

    def once() -> float:
        done = subprocess.run(
            ["/usr/bin/time", "-f", "%M", *command],
            env=bench.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        grown.append(int(done.stderr.split()[-1]) / 1024)
        return float(json.loads(done.stdout)["seconds"])

    with psycopg.connect(bench.url, autocommit=True) as connection:
        for _ in range(2 * bench.rounds + 1 if times == 1 else 1):
            connection.execute("TRUNCATE census_person, census_dataset")
            seconds["first"].append(once())
            seconds["again"].append(once())
            copy_out(connection, csv)
            connection.execute("CREATE TABLE copied (LIKE census_person INCLUDING ALL)")
            start = time.perf_counter()
            copy_in(connection, csv, "copied")
            seconds["copy"].append(time.perf_counter() - start)
            connection.execute("DROP TABLE copied")
    first, again, plain = map(statistics.median, seconds.values())
    bench.note(
        "load" if times == 1 else f"load{times}",
        rows=48_842 * times,
        **{
            "first s": round(first, 2),
            "again s": round(again, 2),
            "COPY s": round(plain, 2),
            "first/COPY": ratio(first, plain),
            "again/COPY": ratio(again, plain),
            "peak MB": round(max(grown)),
        },
    )


def export(bench: Bench) -> None:
    with bench.service() as (url, _), psycopg.connect(bench.url, autocommit=True) as raw:
        client, own, plain = Client(url), [], []
        target = bench.folder / "out.csv"
        for number in range(3 * bench.rounds):
            # All rows, and a file that is not kept yet.
            own.append(client.get(f"/v1/people.csv?fnlwgt__gte={number}")[2] / 1000)
            start = time.perf_counter()
            copy_out(raw, target)
            plain.append(time.perf_counter() - start)
        a, b = statistics.median(own), statistics.median(plain)
        bench.note("export", **{"CSV s": round(a, 3), "COPY s": round(b, 3), "speed": ratio(b, a)})
