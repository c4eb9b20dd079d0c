"""The database role of the service. It can only read the dataset."""

import logging
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db import IntegrityError, ProgrammingError, connection, transaction
from psycopg import sql

from census.models import Dataset, Person

# With these functions any role can fill the disk with large objects. Only the owner of the
# functions can revoke them; for another role, as on RDS, PostgreSQL only gives a warning.
_LARGE_OBJECT_FUNCTIONS = "lo_create(oid), lo_creat(integer), lo_from_bytea(oid, bytea)"

logger = logging.getLogger(__name__)

# The tables that it can read: the dataset and the applied migrations (for `/readyz`).
READABLE = (Person._meta.db_table, Dataset._meta.db_table, "django_migrations")


def grant_reading(**_of_signal: Any) -> None:
    """Creates the role of `READER_URL` and grants it SELECT. Runs after each `migrate`.

    It does nothing if the service and the commands use the same role.
    """
    reader = urlsplit(settings.READER_URL)
    role, password = unquote(reader.username or ""), unquote(reader.password or "")
    if not role or role == (urlsplit(settings.LOADER_URL).username or ""):
        return
    with transaction.atomic(), connection.cursor() as cursor:
        _create_role(cursor, sql.Identifier(role), role)
        for statement in _grants(cursor, sql.Identifier(role), password):
            cursor.execute(statement)
    logger.info("The role %s can only read", role)


def _create_role(cursor: Any, name: sql.Identifier, role: str) -> None:
    """Creates the role unless it exists. Another database of the server may create it, too."""
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
        sql.SQL("REVOKE EXECUTE ON FUNCTION {} FROM PUBLIC").format(
            sql.SQL(_LARGE_OBJECT_FUNCTIONS)
        ),
    ]
    if password:
        literal = sql.Literal(password)
        statements.append(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, literal))
    elif _exists(cursor, "rds_iam"):  # on RDS the role logs in with tokens of IAM
        statements.append(sql.SQL("GRANT rds_iam TO {}").format(name))
    return statements


def _exists(cursor: Any, role: str) -> bool:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
    return cursor.fetchone() is not None
