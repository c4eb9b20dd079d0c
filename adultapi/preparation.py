"""What has to be done before serving, by one process at a time: migrate, and load."""

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
_PAUSES = (0.1, 1.0)  # seconds between two tries, the first and the longest


def prepare(say: Say, patience: float) -> None:
    """Migrate the database and load the dataset, unless that is done already.

    A dataset that somebody loaded from elsewhere is left as it is. Of several processes one
    does the work; the others wait for it, `patience` seconds at most (`CommandError`).
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
    """Return once the database takes connections; raise `CommandError` after `patience` s."""
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
    """Hold the advisory lock of the load, which whoever loads or migrates takes.

    The lock is this connection's: `load_adult` takes it again, and a process that dies gives
    it back. Asking again and again leaves no transaction open, which could keep the one at
    work from its end (`CREATE INDEX CONCURRENTLY` waits for all older ones).
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
    """Yield at once, then after growing pauses, until `seconds` have passed.

    The pauses are random, so that what was started together does not ask together.
    """
    end = time.monotonic() + seconds
    pause, longest = _PAUSES
    while True:
        yield
        left = end - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, random.uniform(pause / 2, pause)))  # noqa: S311 - no secret
        pause = min(2 * pause, longest)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
