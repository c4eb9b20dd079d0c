"""The table of `docs/reliability.md`, from the counts of the tests."""

import os
import platform
import re
from collections.abc import Mapping
from typing import Any

from tests.faults.service import ROOT

PAGE = ROOT / "docs" / "reliability.md"
_BETWEEN = "<!-- {}: written by make test-faults RELIABILITY=1 -->"
_START, _END = _BETWEEN.format("figures"), _BETWEEN.format("end of figures")
_HEAD = """| fault | requests | wrong | errors | recovered after | slowest answer |
|---|--:|--:|---|--:|--:|
"""


def write(found: Mapping[str, Mapping[str, Any]]) -> None:
    """Updates the rows of the tested faults in the table; other rows stay unchanged."""
    before, start, rest = PAGE.read_text().partition(_START)
    table, end, after = rest.partition(_END)
    assert start, f"{PAGE} has no place for the figures"
    assert end, f"{PAGE} has no end of the figures"
    rows = dict(re.findall(r"^\| (.*?) \|(.*)$", table, re.MULTILINE))
    rows.pop("fault", None)  # the head
    rows |= {fault: _cells(figures) for fault, figures in found.items()}
    lines = "".join(f"| {fault} |{cells}\n" for fault, cells in rows.items())
    PAGE.write_text(f"{before}{start}\n{_machine()}\n\n{_HEAD}{lines}{end}{after}")


def _cells(figures: Mapping[str, Any]) -> str:
    errors = ", ".join(f"{count:,} × {kind}" for kind, count in figures["errors"].items())
    seconds = [figures.get(name) for name in ("recovery_seconds", "slowest_seconds")]
    recovery, slowest = ("" if number is None else f"{number:.1f} s" for number in seconds)
    return (
        f" {figures['requests']:,} | {figures['wrong']} | {errors or 'none'} "
        f"| {recovery} | {slowest} |"
    )


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"Counted on {os.cpu_count()} cores and {memory:.0f} GiB ({platform.machine()}, "
        f"{platform.system()}), Python {platform.python_version()}, clients and database on the "
        f"same machine; its load average was {os.getloadavg()[2]:.0f}."
    )
