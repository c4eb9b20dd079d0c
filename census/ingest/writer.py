"""Writes the dataset to PostgreSQL in one transaction.

The old rows are deleted, not truncated: readers see them until the commit, whereas TRUNCATE would
block readers. After the commit VACUUM makes the space of the deleted rows reusable.
"""

import json
import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import Error, connection, transaction
from django.utils import timezone

from census.ingest.content import CSV_COLUMNS, Content
from census.ingest.schema import FILE_COLUMNS
from census.models import Dataset, Person
from census.statistics import facts

logger = logging.getLogger(__name__)

LOCK = int.from_bytes(b"adult")  # the key of the advisory lock for loads
_PAUSE = 0.2  # seconds between two attempts to get the lock
_TABLE = Person._meta.db_table
# A load is not subject to time limits that are set on the server.
_SETTINGS = {
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "transaction_timeout": "0",  # since PostgreSQL 17
    # ANALYZE reads 6,000 rows instead of 30,000, which would take as long as the load.
    "default_statistics_target": "20",
}


def write(
    content: Content,
    source: str,
    *,
    force: bool = False,
    advance: Callable[[int], object] = int,
    waiting: Callable[[], object] = lambda: None,
) -> tuple[Dataset, bool]:
    """Makes `content` the loaded dataset; returns the dataset and whether rows were written.

    It writes nothing if the same content is loaded already, unless `force` is set. One load at a
    time works; the others call `waiting` once and wait. Raises IngestError for the files and
    django.db.Error for the database; then nothing is changed.
    """
    outcome = _write_unless_locked(content, source, force, advance)
    if outcome is None:
        waiting()
    # No transaction is open while it waits: an open one would keep VACUUM from freeing rows.
    while outcome is None:
        time.sleep(_PAUSE)
        outcome = _write_unless_locked(content, source, force, advance)
    dataset, written, deleted = outcome
    if deleted:
        _free_deleted_rows()
    return dataset, written


def count_facts(dataset: Dataset) -> None:
    """Counts the facts of the dataset if a version before 0.2, which had no facts, loaded it."""
    if dataset.facts is None:
        dataset.facts = facts.count_dataset()
        dataset.save(update_fields=["facts"])


def _write_unless_locked(
    content: Content, source: str, force: bool, advance: Callable[[int], object]
) -> tuple[Dataset, bool, bool] | None:
    """Writes `content` as `write` does; returns None at once if another load holds the lock.

    The result is the dataset, whether rows were written, and whether rows were deleted.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return None
        cursor.execute(
            "SELECT set_config(name, %s::jsonb ->> name, true) FROM pg_settings "
            "WHERE name = ANY(%s)",
            [json.dumps(_SETTINGS), list(_SETTINGS)],
        )
        earlier = Dataset.objects.first()
        if earlier and not force and content.has_same_files(earlier.files):
            count_facts(earlier)
            return earlier, False, False
        before = transaction.savepoint()
        cursor.execute(f"DELETE FROM {_TABLE}")  # noqa: S608 - the model's name
        deleted = cursor.rowcount > 0
        _copy(content, advance)
        if earlier and not force and earlier.sha256 == content.sha256:
            # Other files with the same rows, such as with other line ends: keep the old rows.
            transaction.savepoint_rollback(before)
            count_facts(earlier)
            return earlier, False, False
        duplicate_rows = content.duplicate_rows
        # ANALYZE is in the transaction, so that the rows and their statistics appear together.
        cursor.execute(f"ANALYZE {_TABLE}")
        if duplicate_rows is None:
            duplicate_rows = _duplicate_rows()
        dataset, _ = Dataset.objects.update_or_create(
            defaults={
                "version": content.sha256[:12],
                "sha256": content.sha256,
                "csv_bytes": content.csv_bytes,
                "source": source,
                "files": content.files,
                "rows": content.rows,
                "rows_by_split": content.rows_by_split,
                "missing": content.missing,
                "complete_rows": content.complete_rows,
                "duplicate_rows": duplicate_rows,
                "loaded_at": _later_than(earlier),
                "facts": facts.count_dataset(),
            }
        )
        return dataset, True, deleted


def _later_than(earlier: Dataset | None) -> datetime:
    """Returns the current time, but at least one second after the earlier load.

    The clock may have been set back, and If-Modified-Since compares whole seconds.
    """
    now = timezone.now()
    return max(now, earlier.loaded_at + timedelta(seconds=1)) if earlier else now


def _copy(content: Content, advance: Callable[[int], object]) -> None:
    columns = ", ".join(CSV_COLUMNS)
    # The CSV is also valid in the text format, which PostgreSQL reads faster, since no value has
    # quotes or backslashes.
    options = "FORMAT text, DELIMITER ',', NULL '', HEADER MATCH"
    statement = f"COPY {_TABLE} ({columns}) FROM STDIN WITH ({options})"
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        for chunk in content.csv(advance):
            copy.write(chunk)


def _duplicate_rows() -> int:
    """Returns the number of rows that equal an earlier one in all columns of the files.

    Equal rows have the same `key`, and few other rows share it. So the query sorts the keys and
    compares only rows with a shared key in full. This is three times as fast as grouping all rows
    by all columns.
    """
    key = "fnlwgt * 1000::bigint + age"
    columns = ", ".join(column.name for column in FILE_COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH shared AS MATERIALIZED (
                SELECT key FROM (SELECT {key} AS key FROM {_TABLE} ORDER BY key) AS sorted
                GROUP BY key HAVING count(*) > 1
            )
            SELECT coalesce(sum(alike.rows - 1), 0)::bigint FROM (
                SELECT count(*) AS rows FROM {_TABLE}
                WHERE {key} IN (SELECT key FROM shared) GROUP BY {columns}
            ) AS alike
            """  # noqa: S608 - the model's names
        )
        return int(cursor.fetchone()[0])


def _free_deleted_rows() -> None:
    """Makes the space of the deleted rows reusable for the next load.

    `TRUNCATE false` does not return the space to the system, which would block readers. The load
    is committed, so a failure is only logged; autovacuum does the work later.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"VACUUM (TRUNCATE false) {_TABLE}")
    except Error as error:
        logger.warning("VACUUM after the load failed: %s", error)
