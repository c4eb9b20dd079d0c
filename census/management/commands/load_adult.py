"""`manage.py load_adult`: loads the dataset."""

import json
import logging
import os
import tempfile
import time
from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from psycopg import errors
from tqdm import tqdm

from census.choices import Split
from census.ingest import IngestError
from census.ingest.content import Content
from census.ingest.readers.recognition import FORMATS
from census.ingest.report import describe, summary_lines
from census.ingest.sources import BUNDLED, UCI, gather
from census.ingest.sources.downloads import public_name
from census.ingest.writer import write
from census.models import Dataset

logger = logging.getLogger(__name__)

_NICENESS = 10

HELP = f"""
Load the Adult dataset in one transaction: after an error nothing is changed, and
readers see the earlier dataset until the load is complete. Content that is loaded
already is not loaded again.

formats of files:
{FORMATS}
Columns are found by name (education-num, education.num, Education Num; also
gender, salary, fnlgt and other public names). An empty value, ?, NA, NaN and null
are missing values. Other columns are left out, and the summary lists them.

The split of a row comes from a column of splits (train, test), whatever its name;
else from UCI's digests or the file's name (adult.data, census_train.csv,
adult.test); else from --split.

examples:
  manage.py load_adult                              the files of the repository
  manage.py load_adult --source uci                 UCI's archive, with its digests checked
  manage.py load_adult --source adult.csv           a table with a header, as from Kaggle
  manage.py load_adult --source people.csv          this service's own export
  manage.py load_adult --source downloads/adult     a folder with adult.data and adult.test
  manage.py load_adult --source archive.zip         a zip with these two, or with one table
  manage.py load_adult --source a.data.gz a.test    single files: .data training, .test test
  manage.py load_adult --source https://host/a.zip  any of these files by http(s)
  zcat a.csv.gz | manage.py load_adult --source -   standard input
  manage.py load_adult --source new.zip --dry-run --max-errors 20
                                                    only check, and list the errors
"""


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


_positive.__name__ = "positive number"  # the name in argparse's messages


class Command(BaseCommand):
    help = HELP
    requires_system_checks = ()

    def run_from_argv(self, argv: list[str]) -> None:
        """Runs the command with low priority, for the service on the same machine."""
        os.nice(_NICENESS)
        super().run_from_argv(argv)

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--source",
            nargs="+",
            default=[BUNDLED],
            metavar="SOURCE",
            help=f"{BUNDLED} (the default), {UCI}, or paths or URLs of a folder, a zip, or "
            "files in one of the formats above; - is standard input",
        )
        parser.add_argument(
            "--split",
            choices=[split.value for split in Split],
            help="the split of a file whose name and content do not tell it (default: train)",
        )
        parser.add_argument(
            "--max-errors",
            type=_positive,
            default=1,
            metavar="N",
            help="report up to N errors in the files, not only the first",
        )
        parser.add_argument(
            "--force", action="store_true", help="load even if this content is loaded already"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="check the files; needs no database"
        )
        parser.add_argument(
            "--json", action="store_true", help="print the summary as JSON, and nothing else"
        )

    def handle(self, **options: Any) -> None:
        started = time.perf_counter()
        with (
            _as_command_errors(),
            tempfile.TemporaryDirectory() as folder,
            tqdm(unit=" rows", unit_scale=True, leave=False, disable=None) as progress,
        ):
            progress.set_description_str("Getting the files")
            if not options["dry_run"]:
                Dataset.objects.exists()  # fails before the download if there is no database
            files = gather(options["source"], Path(folder))
            split = Split(options["split"]) if options["split"] else None
            content = Content(files, options["max_errors"], split, progress.set_description_str)
            if options["dry_run"]:
                for _ in content.csv(progress.update):
                    pass
                summary = _summary("checked", content)
            else:
                dataset, written = write(
                    content,
                    " ".join(map(public_name, options["source"])),
                    force=options["force"],
                    advance=progress.update,
                    waiting=self._say_waiting,
                )
                summary = _summary("loaded" if written else "already loaded", dataset)
                summary["duplicate_rows"] = dataset.duplicate_rows
        summary["inputs"] = describe(content, summary["files"], summary["sha256"])
        summary["seconds"] = round(time.perf_counter() - started, 3)
        if not options["dry_run"]:
            logger.info("load_adult", extra=summary)
        if options["json"]:
            self.stdout.write(json.dumps(summary))
        elif options["verbosity"]:
            self.stdout.write(_summary_text(summary))

    def _say_waiting(self) -> None:
        self.stderr.write("Another process is loading: waiting for it.")


def _summary(status: str, what: Content | Dataset) -> dict[str, Any]:
    return {
        "status": status,
        "version": what.sha256[:12],
        "sha256": what.sha256,
        "csv_bytes": what.csv_bytes,
        "files": what.files,
        "rows": what.rows,
        "rows_by_split": what.rows_by_split,
        "missing": what.missing,
        "complete_rows": what.complete_rows,
    }


def _summary_text(summary: dict[str, Any]) -> str:
    def counts(by: dict[str, int]) -> str:
        return ", ".join(f"{name} {number:,}" for name, number in sorted(by.items()))

    lines = [
        f"Adult {summary['version']}: {summary['status']} in {summary['seconds']:.2f} s",
        f"  rows             {summary['rows']:,} ({counts(summary['rows_by_split'])})",
        f"  missing          {counts(summary['missing'])}",
        f"  complete rows    {summary['complete_rows']:,}",
    ]
    if "duplicate_rows" in summary:
        lines.append(f"  exact duplicates {summary['duplicate_rows']:,}")
    return "\n".join([*lines, *summary_lines(summary["inputs"])])


@contextmanager
def _as_command_errors() -> Iterator[None]:
    """Turns the exceptions of a load into a CommandError with a message for people."""
    try:
        yield
    except IngestError as error:
        raise CommandError(str(error)) from error
    except Error as error:
        raise CommandError(_database_message(error)) from error
    except KeyboardInterrupt:
        raise CommandError("Interrupted: nothing was changed.", returncode=130) from None


def _database_message(error: Error) -> str:
    reason = str(error).strip().partition("\n")[0].rstrip(".")
    code = getattr(error.__cause__, "sqlstate", None)
    if code in {errors.UndefinedTable.sqlstate, errors.UndefinedColumn.sqlstate}:
        return f"The database is not migrated ({reason}): run `manage.py migrate`, then load again."
    if code is None:  # the error does not come from the server
        return (
            f"The database cannot be reached ({reason}): check that it runs and that DATABASE_URL "
            "is correct, then load again."
        )
    return f"The database refused the load, nothing was changed: {reason}."
