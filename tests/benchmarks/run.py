"""`make bench`: the stack and the service, compared with a bare view and other servers.

It prints the results and writes them to docs/performance.json and, as tables, to
docs/performance.md. Parts that are not measured keep their old results. Compare only figures of the
same part: each part is measured at another time.
"""

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import answers
import files
import running
from bench import ROOT, Bench

RESULTS = ROOT / "docs" / "performance.json"
PARTS: dict[str, Callable[[Bench], None]] = {
    "hot": answers.hot,
    "cold": answers.cold,
    "reload": answers.reload,
    "export": files.export,
    "start": running.start,
    "load": partial(files.load, times=1),
    "load100": partial(files.load, times=100),
    "many": answers.many,
}
LONG = ("load100", "many")  # each takes minutes
TABLES = {
    "hot": "Requests/s for repeated requests. Targets: stack/bare and 304 ≥ 3, stack faster than "
    "FastAPI, service/bare ≥ 0.3. `stack` is nginx and gunicorn as shipped, `service` is gunicorn "
    "alone, `bare` is a Django view that returns a constant, on gunicorn; `fastapi` computes with "
    "pandas in memory, `datasette` with SQLite.",
    "processor": "Processor time of a request in microseconds, in all processes of a server; of "
    "the stack only nginx's.",
    "cold": "Target: ratio ≤ 1.6 of a new answer to the sum of the bare view and hand-written SQL "
    "for the same numbers through psycopg (`tests/benchmarks/selections.py`).",
    "reload": "About 1,000 requests/s through the stack while the dataset is loaded repeatedly, "
    "compared with the bare view, which shows the effect of the machine.",
    "many": "Seconds of the first answer of the service, with 48,842 and with 4.9 million rows. "
    "Targets: fields and profile ≤ 0.1 s, a filtered profile ≤ 15 s.",
    "load": "Target: first/COPY ≤ 2. COPY loads CSV into an empty table; `first` loads into an "
    "empty table, `again` deletes the rows of an earlier load.",
    "load100": "Target: first/COPY ≤ 2, with the memory of 48,842 rows.",
    "export": "The first download of the whole CSV, compared with COPY to a file.",
    "start": "Memory of gunicorn and of its workers; shared memory is divided among them.",
}


def machine() -> str:
    """Returns a line that describes this machine."""
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
        f"{platform.release()}, Python {platform.python_version()}"
    )


def document(measured: dict[str, Any]) -> str:
    """Returns docs/performance.md."""
    lines = ["# Performance", "", f"Made by `make bench` on {measured['machine']}.", ""]
    lines += ["Compare only figures of the same table. nginx and the service write a log line for"]
    lines += ["each request, as in production.", ""]
    for name, text in TABLES.items():
        if not (table := measured["tables"].get(name)):
            continue
        rows, header = table["rows"], list(table["rows"][0])
        lines += [f"## {name.capitalize()}", "", text, ""]
        lines += [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
        lines += [f"| {' | '.join(str(row[column]) for column in header)} |" for row in rows]
        lines += ["", f"Measured {table['at']}; load average at the start {table['load']}.", ""]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "parts", nargs="*", choices=[*PARTS, []], help=f"default: all but {' and '.join(LONG)}"
    )
    parser.add_argument("--all", action="store_true", help="all parts, which takes 20 minutes")
    parser.add_argument("--seconds", type=int, default=2, help="duration of a round (2)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each server (3)")
    options = parser.parse_args()
    for program in ("wrk", "nginx"):
        if not shutil.which(program):
            sys.exit(f"Error: {program} is not installed: `apt install {program}`, then try again.")
    parts = options.parts or [name for name in PARTS if options.all or name not in LONG]
    earlier = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    tables = earlier.get("tables", {}) if earlier.get("machine") == machine() else {}
    for name in parts:
        load, at = round(os.getloadavg()[0], 1), f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            Path(folder).chmod(0o711)
            bench = Bench(options.seconds, options.rounds, Path(folder), stack)
            PARTS[name](bench)
        for table, rows in bench.results.items():
            tables[table] = {"at": at, "load": load, "rows": rows}
        measured = {"machine": machine(), "tables": tables}
        RESULTS.write_text(json.dumps(measured, indent=1, ensure_ascii=False) + "\n")
        RESULTS.with_suffix(".md").write_text(document(measured))


if __name__ == "__main__":
    main()
