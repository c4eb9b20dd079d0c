"""`manage.py usage`: prints statistics of the requests."""

import json
import sys
from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from census.usage import DIMENSIONS, Figures, Usage, lines

HELP = """
Count the requests in nginx's access log by route, metric, column, format, weight,
group, cache status and status, with sizes and latencies. Files may be compressed
by gzip. Metrics, columns, formats, weights and groups are those of successful
requests.

examples:
  docker compose logs --no-log-prefix proxy | manage.py usage
  manage.py usage access.log access.log.1.gz --top 10
  manage.py usage --json access.log
"""
_HEAD = f"{'requests':>10} {'share':>7} {'median ms':>10} {'95% ms':>9} {'max ms':>9} {'MB':>9}"


class Command(BaseCommand):
    help = HELP
    requires_system_checks = ()

    def create_parser(self, *args: Any, **options: Any) -> CommandParser:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **options)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="*", default=["-"], help="logs; - is standard input")
        parser.add_argument("--json", action="store_true", help="print all values as JSON")
        parser.add_argument("--top", type=int, default=20, help="rows of each table (20)")

    def handle(self, *_: Any, **options: Any) -> None:
        usage = Usage()
        for name in options["files"]:
            try:
                self._read(usage, name)
            except (OSError, EOFError) as error:
                raise CommandError(f"{name} cannot be read: {error}.") from error
        if options["json"]:
            self.stdout.write(json.dumps(usage.summary(), indent=2))
        else:
            self._print(usage, options["top"])

    @staticmethod
    def _read(usage: Usage, name: str) -> None:
        if name == "-":
            for request in lines(sys.stdin.buffer):
                usage.add(request)
            return
        with Path(name).open("rb") as file:
            for request in lines(file):
                usage.add(request)

    def _print(self, usage: Usage, top: int) -> None:
        period = f", {usage.first} to {usage.last}" if usage.first else ""
        skipped = f"; {usage.skipped:,} other lines" if usage.skipped else ""
        self.stdout.write(f"{usage.total.requests:,} requests{period}{skipped}")
        self._row("total", usage.total, usage.total.requests, head="")
        for dimension in DIMENSIONS:
            values = usage.by(dimension)
            if values:
                self.stdout.write("")
            for number, (value, figures) in enumerate(values[:top]):
                head = dimension if number == 0 else None
                self._row(value, figures, usage.total.requests, head)
            if len(values) > top:
                self.stdout.write(f"  and {len(values) - top:,} more (--top)")

    def _row(self, value: str, figures: Figures, total: int, head: str | None) -> None:
        if head is not None:
            self.stdout.write(f"{head:<40}{_HEAD}")
        row = figures.summary()
        share = figures.requests / total if total else 0
        self.stdout.write(
            f"  {value[:37]:<38}{row['requests']:>10,} {share:>7.1%} {row['median_ms']:>10g} "
            f"{row['p95_ms']:>9g} {row['max_ms']:>9g} {row['bytes'] / 1e6:>9,.1f}"
        )
