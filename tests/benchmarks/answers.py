"""Repeated answers, new answers, and answers during a load."""

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
LOGISTIC = "/v1/regression/logistic/income?value=%3E50K"
ROUTES = (
    *("/v1/fields", "/v1/statistics", "/v1/statistics?sex=Female", MEAN, f"{MEAN}?group_by=sex"),
    *("/v1/computation/median/fnlwgt?weight=fnlwgt", "/v1/crosstab/sex/income", "/v1/fairness/sex"),
    # With four terms at most 80 and 150 ms.
    "/v1/regression/linear/hours_per_week?on=age,education_num,sex,race",
    *(f"{LOGISTIC}&on=age,education_num,sex,hours_per_week{w}" for w in ("", "&weight=fnlwgt")),
    "/v1/decomposition/oaxaca/hours_per_week?group_by=sex&on=age,education_num,race&weight=fnlwgt",
    "/v1/comparison/hours_per_week?group_by=sex,age&age__bands=25,35,45,55,65&weight=fnlwgt",
    "/v1/crosstab/relationship/education?cells=true&weight=fnlwgt",
)
STEADY = 16  # connections, of steady.lua
Place = tuple[str, int]  # the URL and the process of a server


def hot(bench: Bench) -> None:
    """Repeated answers of all servers in turn."""
    fastapi, datasette = bench.peers()
    with (
        bench.proxied() as (stack, stack_pid),
        bench.service() as (service, service_pid),
        bench.bare() as (bare, bare_pid),
        fastapi as (fast, fast_pid),
        datasette as (sette, sette_pid),
    ):
        for name, (asked, peer, sql) in JOBS.items():
            tags = {}
            for url in (stack, service):
                warm(url, asked)
                tags[url] = {"If-None-Match": Client(url).get(asked)[0].getheader("ETag")}
            query = sql.replace(" ", "+").replace("=", "%3D").replace("*", "%2A")
            table = f"{sette}/adult.json?sql={query}&_shape=array"
            servers = {
                "stack": (stack + asked, stack_pid, {}),
                "stack 304": (stack + asked, stack_pid, tags[stack]),
                "service": (service + asked, service_pid, {}),
                "service 304": (service + asked, service_pid, tags[service]),
                "bare": (bare, bare_pid, {}),
                "fastapi": (fast + peer, fast_pid, {}),
                "datasette": (table, sette_pid, {}),
            }
            measured = bench.in_turn(
                {
                    server: lambda to=to: wrk(to[0], to[1], bench.seconds, to[2])
                    for server, to in servers.items()
                }
            )
            rates = {server: m.rate for server, m in measured.items()}
            bench.note(
                "hot",
                job=name,
                **{server: round(rate) for server, rate in rates.items()},
                **{
                    f"{one}/{other}": ratio(rates[one], rates[other])
                    for one, other in (
                        *(("stack", "bare"), ("stack 304", "bare"), ("stack", "fastapi")),
                        *(("stack", "datasette"), ("service", "bare"), ("service 304", "bare")),
                    )
                },
            )
            cpu = {f"{server} CPU µs": round(m.cpu) for server, m in measured.items()}
            bench.note("processor", job=name, **cpu)


def cold(bench: Bench) -> None:
    """New selections, compared with SQL for the same numbers."""
    with (
        bench.service() as (url, _),
        bench.bare() as (bare, _pid),
        psycopg.connect(bench.url, autocommit=True) as raw,
    ):
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
    """Latencies of repeated answers at a constant rate, while the dataset is loaded repeatedly."""
    with bench.proxied() as stack, bench.bare() as bare:
        warm(stack[0], MEAN)
        _steady(bench, "reload", "none", stack, bare)
        with _loading(bench):
            _steady(bench, "reload", "one after the other", stack, bare)


def many(bench: Bench) -> None:
    """The first requests to the slowest routes with a hundred times the rows."""
    folder = bench.folder / "many"
    folder.mkdir()
    uci.write(folder, 100)
    with bench.service() as (url, _):
        for rows in (48_842, 4_884_200):
            if rows > 48_842:
                bench.manage("load_adult", "--force", "-v0", "--source", str(folder))
            client = Client(url)
            seconds = {route: client.get(route)[2] / 1000 for route in ROUTES}
            bench.note("many", rows=rows, **{route: round(s, 2) for route, s in seconds.items()})


def _steady(bench: Bench, table: str, loads: str, stack: Place, bare: Place) -> None:
    for name, (url, pid) in {"stack": (stack[0] + MEAN, stack[1]), "bare view": bare}.items():
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
    """Loads anew, again and again."""
    load = [sys.executable, str(ROOT / "manage.py"), "load_adult", "--force", "-v0", *options]
    loop = f"while true; do {' '.join(load)}; sleep 1; done"
    other = subprocess.Popen(["/bin/sh", "-c", loop], env=bench.environment, start_new_session=True)
    try:
        time.sleep(1)
        yield
    finally:
        os.killpg(other.pid, signal.SIGTERM)
        other.wait()
