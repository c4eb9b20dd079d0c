"""The start and the memory of the service."""

import subprocess
import sys
import time

from bench import ROOT, Bench
from load import Client, memory


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
        Client(url).get("/v1/people.csv")
        sizes = memory(pid)
        bench.note(
            "start",
            **{
                "import s": round(imported, 2),
                "first answer s": round(first, 2),
                "MB a process": ", ".join(f"{size:.0f}" for size in sizes),
            },
        )
