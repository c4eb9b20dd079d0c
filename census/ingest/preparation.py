"""The preparation of the database before the service starts: migrate and load."""

import io
import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from census.ingest.sources import BUNDLED
from census.ingest.writer import LOCK, count_facts
from census.models import Dataset

Report = Callable[[str], object]


def prepare(report: Report, timeout: float) -> None:
    """Migrates the database and loads the dataset, if necessary.

    A dataset from another source is kept. One process at a time works; the others wait for it.
    Raises `CommandError` after `timeout` seconds.
    """
    with migration_lock(report, timeout):
        call_command("migrate", verbosity=0, interactive=False)
        report(f"Dataset: {_load()}")


def _load() -> str:
    dataset = Dataset.objects.first()
    if dataset and dataset.source != BUNDLED:
        count_facts(dataset)
        return f"{dataset.rows:,} people of {dataset.source}, kept"
    out = io.StringIO()
    call_command("load_adult", json=True, stdout=out)
    summary = json.loads(out.getvalue())
    return f"{summary['rows']:,} people, {summary['status']}"


def wait_for_database(report: Report, timeout: float) -> None:
    """Waits until the database accepts connections; raises `CommandError` after `timeout` s."""
    reason = ""
    for _ in _until_timeout(timeout):
        try:
            connection.ensure_connection()
        except OperationalError as error:
            if reason != (reason := _first_line(error)):
                report(f"Waiting for the database: {reason}")
        else:
            return
    raise CommandError(
        f"The database did not answer within {timeout:g} s ({reason}): check that it runs and "
        "that its URL is right, or set START_TIMEOUT to more seconds."
    )


@contextmanager
def migration_lock(report: Report, timeout: float) -> Iterator[None]:
    """Holds the advisory lock for migrations and loads.

    The lock belongs to the connection: `load_adult` can take it again, and PostgreSQL releases it
    when the process ends. While it waits no transaction is open, because `CREATE INDEX
    CONCURRENTLY` of the other process would wait for it.
    """
    with connection.cursor() as cursor:
        for number, _ in enumerate(_until_timeout(timeout)):
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
            if cursor.fetchone()[0]:
                break
            if number == 0:
                report("Another process is migrating or loading: waiting for it.")
        else:
            raise CommandError(
                f"Another process has been migrating or loading for {timeout:g} s: check it "
                "(pg_locks has its pid), or set START_TIMEOUT to more seconds."
            )
        yield
        cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _until_timeout(seconds: float) -> Iterator[None]:
    """Yields at once, then repeatedly after pauses until `seconds` have passed."""
    end = time.monotonic() + seconds
    yield
    while time.monotonic() < end:
        # The pauses are random, so that processes that start together do not retry together.
        time.sleep(random.uniform(0.1, 0.5))  # noqa: S311 - not for security
        yield


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
