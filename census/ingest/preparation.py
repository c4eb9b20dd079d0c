"""What is done before serving, by one process at a time: migrate and load."""

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

Say = Callable[[str], object]


def prepare(say: Say, patience: float) -> None:
    """Migrates the database and loads the dataset, unless that is done already.

    A dataset that was loaded from another source stays. Of several processes one works; the
    others wait for it, at most `patience` seconds (`CommandError`).
    """
    with alone(say, patience):
        call_command("migrate", verbosity=0, interactive=False)
        say(f"Dataset: {_load()}")


def _load() -> str:
    dataset = Dataset.objects.first()
    if dataset and dataset.source != BUNDLED:
        count_facts(dataset)
        return f"{dataset.rows:,} people of {dataset.source}, left as they are"
    out = io.StringIO()
    call_command("load_adult", json=True, stdout=out)
    summary = json.loads(out.getvalue())
    return f"{summary['rows']:,} people, {summary['status']}"


def wait_for_database(say: Say, patience: float) -> None:
    """Returns once the database takes connections; raises `CommandError` after `patience` s."""
    reason = ""
    for _ in _tries(patience):
        try:
            connection.ensure_connection()
        except OperationalError as error:
            if reason != (reason := _first_line(error)):
                say(f"Waiting for the database: {reason}")
        else:
            return
    raise CommandError(
        f"The database did not answer within {patience:g} s ({reason}): check that it runs and "
        "that its URL is right, or set START_TIMEOUT to more seconds."
    )


@contextmanager
def alone(say: Say, patience: float) -> Iterator[None]:
    """Holds the advisory lock of all who load or migrate.

    It belongs to this connection: `load_adult` can take it again, and a process that dies gives
    it back. Trying again holds no transaction open, for which `CREATE INDEX CONCURRENTLY` of
    the process at work would wait.
    """
    with connection.cursor() as cursor:
        for number, _ in enumerate(_tries(patience)):
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
            if cursor.fetchone()[0]:
                break
            if number == 0:
                say("Another process migrates or loads: waiting for it to end.")
        else:
            raise CommandError(
                f"Another process has been migrating or loading for {patience:g} s: see to it "
                "(pg_locks names it), or set START_TIMEOUT to more seconds."
            )
        yield
        cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _tries(seconds: float) -> Iterator[None]:
    """Yields at once, then again and again until `seconds` have passed."""
    end = time.monotonic() + seconds
    yield
    while time.monotonic() < end:
        # At random, so that what was started together does not ask together.
        time.sleep(random.uniform(0.1, 0.5))  # noqa: S311 - no secret
        yield


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
