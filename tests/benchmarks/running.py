"""The service as it runs: its start and memory, one process and two, without and with a replica."""

import statistics
import subprocess
import sys
import time

from bench import MEAN, ROOT, Bench, ratio
from load import Client, cpu, memory, wrk
from selections import SQL, path

from adultapi.postgres import Server, local_url
from tests import replication


def start(bench: Bench) -> None:
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", "import adultapi.wsgi"],
        env=bench.environment,
        cwd=ROOT,
        check=True,
    )
    imported = time.perf_counter() - begun
    begun = time.perf_counter()
    with bench.service() as (url, pid):
        first = time.perf_counter() - begun
        bench.settle(url)
        sizes = memory(pid)
        Client(url).get("/v1/people.csv")
        bench.note(
            "start",
            **{
                "import s": round(imported, 2),
                "first answer s": round(first, 2),
                "MB a process": ", ".join(f"{size:.0f}" for size in sizes),
            },
        )


def processes(bench: Bench) -> None:
    with bench.service(1) as (one, one_pid), bench.service(2) as (two, two_pid):
        for url in (one, two):
            bench.settle(url)
        measured = bench.in_turn(
            {
                "one": lambda: wrk(one + MEAN, one_pid, bench.seconds),
                "two": lambda: wrk(two + MEAN, two_pid, bench.seconds),
            }
        )
        rates = {name: round(m.rate) for name, m in measured.items()}
        bench.note("processes", **rates, ratio=ratio(rates["two"], rates["one"]))


def replica(bench: Bench) -> None:
    """New selections without and with a replica: who works, and for how long."""
    folder = bench.folder / "standby"
    folder.mkdir()
    standby = Server(folder, {"hot_standby_feedback": "on"})
    replication.copy(bench.database, standby)
    with standby:
        for replicas, given in (("none", {}), ("one", {"DATABASE_REPLICA_URL": local_url(folder)})):
            with bench.service(1, **given) as (url, pid):
                bench.settle(url, *given.values())
                parts = {"web": pid, "primary": bench.database.pid, "replica": standby.pid}
                client, times = Client(url), []
                for number in range(10):  # every thread has its sessions
                    Client(url).get(path("mean/age", 1000 + number))
                before = {part: cpu(of) for part, of in parts.items()}
                for number in range(10 * bench.rounds):
                    times += [client.get(path(name, 2000 + number))[2] for name in SQL]
                spent = {
                    f"{part} CPU ms": round((cpu(of) - before[part]) * 1000 / len(times), 2)
                    for part, of in parts.items()
                }
                median = round(statistics.median(times), 2)
                bench.note("replica", replicas=replicas, **{"median ms": median}, **spent)
