"""`make bench`: the stack and the service, compared with a bare view and other servers.

Prints what it measures, and writes it to docs/performance.json and, as tables, to
docs/performance.md. Parts that were not measured stay as they are. Figures of different parts do
not compare; the ratios within one do.
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
    "hot": "Requests/s for answers that were asked for before. Bars: stack/bare and 304 ≥ 3, stack "
    "before FastAPI, service/bare ≥ 0.3. `stack` is nginx and gunicorn as they ship, `service` "
    "gunicorn alone, `bare` a Django view that returns a constant, on plain gunicorn; `fastapi` "
    "computes with pandas in memory, `datasette` with SQLite.",
    "processor": "Processor time of each request in microseconds, of all processes of a server; of "
    "the stack, nginx's.",
    "cold": "Bar: ratio ≤ 1.6, of a new answer to the sum of SQL for the same numbers (written by "
    "hand: `tests/benchmarks/selections.py`) through psycopg and the bare view.",
    "reload": "About 1,000 requests/s through the stack while the dataset is loaded anew; beside "
    "the bare view, whose tail is that of the machine.",
    "many": "Seconds of the first answer of the service, at 48,842 and at 4.9 million rows. Bars: "
    "fields and profile ≤ 0.1 s, a filtered profile ≤ 15 s.",
    "load": "Bar: first/COPY ≤ 2. COPY is that of ready-made CSV into an empty table; `first` "
    "loads into one, `again` deletes the rows of the load before.",
    "load100": "Bar: first/COPY ≤ 2, memory as at 48,842 rows.",
    "export": "The first download of the whole CSV, beside COPY to a file.",
    "start": "Memory with what is shared divided up: gunicorn itself, then its workers.",
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
    lines += ["Figures of different tables do not compare; the ratios within one do. nginx and"]
    lines += ["the service write a line for each request, as in production.", ""]
    for name, bar in TABLES.items():
        if not (table := measured["tables"].get(name)):
            continue
        rows, header = table["rows"], list(table["rows"][0])
        lines += [f"## {name.capitalize()}", "", bar, ""]
        lines += [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
        lines += [f"| {' | '.join(str(row[column]) for column in header)} |" for row in rows]
        lines += ["", f"Measured {table['at']}; load of others at the start {table['load']}.", ""]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", choices=[*PARTS, []], help="by default all, less two")
    parser.add_argument("--all", action="store_true", help=f"with {' and '.join(LONG)}: 20 minutes")
    parser.add_argument("--seconds", type=int, default=2, help="of each round of load")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    for program in ("wrk", "nginx"):
        if not shutil.which(program):
            sys.exit(f"Error: there is no {program}: `apt install {program}`, then run this again.")
    chosen = given.only or [name for name in PARTS if given.all or name not in LONG]
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    tables = known.get("tables", {}) if known.get("machine") == machine() else {}
    for name in chosen:
        load, at = round(os.getloadavg()[0], 1), f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            Path(folder).chmod(0o711)
            bench = Bench(given.seconds, given.rounds, Path(folder), stack)
            PARTS[name](bench)
        for table, rows in bench.results.items():
            tables[table] = {"at": at, "load": load, "rows": rows}
        measured = {"machine": machine(), "tables": tables}
        RESULTS.write_text(json.dumps(measured, indent=1, ensure_ascii=False) + "\n")
        RESULTS.with_suffix(".md").write_text(document(measured))


if __name__ == "__main__":
    main()
