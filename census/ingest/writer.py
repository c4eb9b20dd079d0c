"""The dataset into PostgreSQL: all of it in one transaction, or nothing.

Old rows are deleted, not truncated: TRUNCATE would lock readers out, while they see the
earlier rows until the commit this way. The price is dead rows, which VACUUM frees after
the commit for the next load to fill.
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

LOCK = int.from_bytes(b"adult")  # of all advisory locks in the database, that of the load
_PAUSE = 0.2  # seconds between two tries for the lock
_TABLE = Person._meta.db_table
# What a server may set for those who ask, a load is not bound by.
_SETTINGS = {
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "transaction_timeout": "0",  # since PostgreSQL 17
    # ANALYZE looks at 6,000 rows, not at 30,000, which would take as long as to copy as many.
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
    """Makes `content` the loaded dataset; returns it and whether anything had to be written.

    Nothing is written when the same content is loaded already, unless `force`. Of several
    loads at once one works; the others call `waiting` once and wait for it. Raises
    IngestError for the files, django.db.Error for the database; nothing is changed then.
    """
    outcome = _write_unless_locked(content, source, force, advance)
    if outcome is None:
        waiting()
    # Waiting by trying again holds no transaction open, which would keep VACUUM from its work.
    while outcome is None:
        time.sleep(_PAUSE)
        outcome = _write_unless_locked(content, source, force, advance)
    dataset, written, deleted = outcome
    if deleted:
        _free_deleted_rows()
    return dataset, written


def count_facts(dataset: Dataset) -> None:
    """Counts the facts of a dataset that a version before 0.2 loaded, which did not."""
    if dataset.facts is None:
        dataset.facts = facts.count_dataset()
        dataset.save(update_fields=["facts"])


def _write_unless_locked(
    content: Content, source: str, force: bool, advance: Callable[[int], object]
) -> tuple[Dataset, bool, bool] | None:
    """Does what `write` does, or returns None at once while another load works.

    The last of what is returned is whether rows were deleted.
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
        if earlier and not force and content.comes_from(earlier.files):
            count_facts(earlier)
            return earlier, False, False
        before = transaction.savepoint()
        cursor.execute(f"DELETE FROM {_TABLE}")  # noqa: S608 - the model's name
        deleted = cursor.rowcount > 0
        _copy(content, advance)
        if earlier and not force and earlier.sha256 == content.sha256:
            # Other files, such as with other line ends: the new rows go, the old ones stay.
            transaction.savepoint_rollback(before)
            count_facts(earlier)
            return earlier, False, False
        duplicate_rows = content.duplicate_rows
        # ANALYZE belongs to the transaction: whoever sees the rows plans with their statistics.
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
    """Returns the time, or a second after the earlier load where the clock was set back since.

    Who asks whether there is something newer by its date, to the second, has to be told so.
    """
    now = timezone.now()
    return max(now, earlier.loaded_at + timedelta(seconds=1)) if earlier else now


def _copy(content: Content, advance: Callable[[int], object]) -> None:
    columns = ", ".join(CSV_COLUMNS)
    # What the CSV holds is the same as text, which PostgreSQL reads faster: no value has quotes
    # or backslashes.
    form = "FORMAT text, DELIMITER ',', NULL '', HEADER MATCH"
    statement = f"COPY {_TABLE} ({columns}) FROM STDIN WITH ({form})"
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        for chunk in content.csv(advance):
            copy.write(chunk)


def _duplicate_rows() -> int:
    """Returns how many rows equal an earlier one in all columns of the files.

    Rows that are equal have an equal `key`, which few others have: only those that share
    theirs are compared in full. Sorting the numbers first is thrice as fast as grouping
    all rows by all columns.
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
    """Frees the space of the deleted rows for the next load.

    TRUNCATE false: giving the space back to the system would lock readers out. The load
    is done by now, so a failure is not one of the load; autovacuum will come round.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"VACUUM (TRUNCATE false) {_TABLE}")
    except Error as error:
        logger.warning("VACUUM after the load failed: %s", error)
