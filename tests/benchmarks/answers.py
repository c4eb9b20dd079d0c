"""Answers that repeat, new ones, and those asked for while the dataset is loaded anew."""

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import uci
from bench import MEAN, ROOT, Bench, ratio, warm
from load import Client, wrk
from selections import SQL, path

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
STEADY = 16  # connections, of steady.lua
Place = tuple[str, int]  # the URL and the process of a server


def hot(bench: Bench) -> None:
    fastapi, datasette = bench.peers()
    with (
        bench.service() as (url, pid),
        bench.bare() as (bare, bare_pid),
        fastapi as (fast, fast_pid),
        datasette as (sette, sette_pid),
    ):
        client = Client(url)
        for name, (asked, peer, sql) in JOBS.items():
            warm(url, asked)
            tag = client.get(asked)[0].getheader("ETag")
            query = sql.replace(" ", "+").replace("=", "%3D").replace("*", "%2A")
            table = f"{sette}/adult.json?sql={query}&_shape=array"
            measured = bench.in_turn(
                {
                    "bare": lambda: wrk(bare, bare_pid, bench.seconds),
                    "hot": lambda asked=asked: wrk(url + asked, pid, bench.seconds),
                    "304": lambda asked=asked, tag=tag: wrk(
                        url + asked, pid, bench.seconds, {"If-None-Match": tag}
                    ),
                    "fastapi": lambda peer=peer: wrk(fast + peer, fast_pid, bench.seconds),
                    "datasette": lambda table=table: wrk(table, sette_pid, bench.seconds),
                }
            )
            rates = {other: round(m.rate) for other, m in measured.items()}
            cpu = {f"{other} CPU µs": round(m.cpu) for other, m in measured.items()}
            bench.note(
                "hot",
                job=name,
                **rates,
                **{
                    "hot/bare": ratio(measured["hot"].rate, measured["bare"].rate),
                    "304/bare": ratio(measured["304"].rate, measured["bare"].rate),
                    "hot/fastapi": ratio(measured["hot"].rate, measured["fastapi"].rate),
                    "hot/datasette": ratio(measured["hot"].rate, measured["datasette"].rate),
                    "CPU hot/bare": ratio(measured["bare"].cpu, measured["hot"].cpu),
                    "CPU 304/bare": ratio(measured["bare"].cpu, measured["304"].cpu),
                },
            )
            bench.note("processor", job=name, **cpu)


def cold(bench: Bench) -> None:
    """Each request a selection that nobody asked for, beside SQL for the same numbers."""
    with (
        bench.service() as (url, _),
        bench.bare() as (bare, _pid),
        psycopg.connect(bench.url, autocommit=True) as raw,
    ):
        bench.settle(url)
        client, yardstick, number = Client(url), Client(bare), 12_300
        raw.execute("SET jit = off")
        for name, statement in SQL.items():
            answers, sql, nothing = [], [], []
            for _ in range(2 + 10 * bench.rounds):
                number += 1
                answers.append(client.get(path(name, number))[2])
                start = time.perf_counter()
                raw.execute(statement.format(n=number)).fetchall()
                sql.append((time.perf_counter() - start) * 1000)
                nothing.append(yardstick.get("/")[2])
            medians = [statistics.median(each[2:]) for each in (answers, sql, nothing)]
            bench.note(
                "cold",
                answer=name,
                **{
                    "ms": round(medians[0], 2),
                    "SQL ms": round(medians[1], 2),
                    "bare ms": round(medians[2], 2),
                    "ratio": ratio(medians[0], medians[1] + medians[2]),
                },
            )


def reload(bench: Bench) -> None:
    """Latencies of hot answers under a steady load, while one load follows the other."""
    with bench.service() as service, bench.bare() as bare:
        bench.settle(service[0])
        _steady(bench, "reload", "none", service, bare)
        with _loading(bench):
            _steady(bench, "reload", "one after the other", service, bare)


def many(bench: Bench) -> None:
    """Hot answers at 48,842 rows and at a hundred times as many, and while those are loaded."""
    folder = bench.folder / "many"
    folder.mkdir()
    uci.write(folder, 100)
    with bench.service() as (url, pid), bench.bare() as bare:
        for rows in (48_842, 4_884_200):
            if rows > 48_842:
                bench.manage("load_adult", "--force", "-v0", "--source", str(folder))
                time.sleep(2)  # in which the load is seen
            bench.settle(url)
            hot = bench.in_turn({"hot": lambda: wrk(url + MEAN, pid, bench.seconds)})["hot"]
            bench.note("many", rows=rows, **{"hot/s": round(hot.rate), "CPU µs": round(hot.cpu)})
        with _loading(bench, "--source", str(folder)):
            _steady(bench, "reload100", "of 4.9 million rows", (url, pid), bare)


def _steady(bench: Bench, table: str, loads: str, service: Place, bare: Place) -> None:
    for name, (url, pid) in {"service": (service[0] + MEAN, service[1]), "bare view": bare}.items():
        measured = wrk(url, pid, max(20, bench.seconds), steady=STEADY)
        bench.note(
            table,
            loads=loads,
            server=name,
            rate=round(measured.rate),
            **{
                "median ms": round(measured.median, 2),
                "p99 ms": round(measured.p99, 2),
                "p99/median": ratio(measured.p99, measured.median),
            },
        )


@contextmanager
def _loading(bench: Bench, *options: str) -> Iterator[None]:
    """Load anew, again and again."""
    load = [sys.executable, str(ROOT / "manage.py"), "load_adult", "--force", "-v0", *options]
    loop = f"while true; do {' '.join(load)}; sleep 1; done"
    other = subprocess.Popen(["/bin/sh", "-c", loop], env=bench.environment, start_new_session=True)
    try:
        time.sleep(1)
        yield
    finally:
        os.killpg(other.pid, signal.SIGTERM)
        other.wait()
