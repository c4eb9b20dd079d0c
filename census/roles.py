"""The database role that serves: it can read the dataset, and nothing else."""

import logging
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db import IntegrityError, ProgrammingError, connection, transaction
from psycopg import sql

from census.models import Dataset, Person

# By which anybody may fill the disk with large objects. Only their owner can take that away:
# for another there is a warning and no more, as on RDS.
_WRITERS = "lo_create(oid), lo_creat(integer), lo_from_bytea(oid, bytea)"

logger = logging.getLogger(__name__)

# What it may read: the dataset, and which migrations have run (`/readyz` asks).
READABLE = (Person._meta.db_table, Dataset._meta.db_table, "django_migrations")


def grant_reading(**_of_signal: Any) -> None:
    """Makes the role of `READER_URL` and let it read; after each `migrate`.

    Nothing is done where the same role serves and loads.
    """
    reader = urlsplit(settings.READER_URL)
    role, password = unquote(reader.username or ""), unquote(reader.password or "")
    if not role or role == (urlsplit(settings.LOADER_URL).username or ""):
        return
    with transaction.atomic(), connection.cursor() as cursor:
        _make(cursor, sql.Identifier(role), role)
        for statement in _grants(cursor, sql.Identifier(role), password):
            cursor.execute(statement)
    logger.info("the role %s may read, and only that", role)


def _make(cursor: Any, name: sql.Identifier, role: str) -> None:
    """Makes the role unless there is one: roles are the server's, so another may be at it too."""
    if _exists(cursor, role):
        return
    try:
        with transaction.atomic():
            cursor.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
            cursor.execute(
                sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(name)
            )
    except (IntegrityError, ProgrammingError):
        if not _exists(cursor, role):
            raise


def _grants(cursor: Any, name: sql.Identifier, password: str) -> list[sql.Composed]:
    tables = sql.SQL(", ").join(map(sql.Identifier, READABLE))
    database = sql.Identifier(connection.settings_dict["NAME"])
    statements = [
        sql.SQL("GRANT SELECT ON {} TO {}").format(tables, name),
        sql.SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC").format(database),
        sql.SQL("REVOKE EXECUTE ON FUNCTION {} FROM PUBLIC").format(sql.SQL(_WRITERS)),
    ]
    if password:
        literal = sql.Literal(password)
        statements.append(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, literal))
    elif _exists(cursor, "rds_iam"):  # on RDS: it logs in by tokens of IAM
        statements.append(sql.SQL("GRANT rds_iam TO {}").format(name))
    return statements


def _exists(cursor: Any, role: str) -> bool:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
    return cursor.fetchone() is not None
