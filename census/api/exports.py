"""Exports of records as files, written by COPY in constant memory."""

import csv
import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from rest_framework.exceptions import APIException

from census.api import parquet
from census.columns import COLUMNS
from census.models import Person

logger = logging.getLogger(__name__)

# COPY takes as long as writing the file, which is longer than any other statement.
_TIMEOUT = "10min"


class FileTooLarge(APIException):
    """The file would be larger than EXPORT_SPACE."""

    status_code = 400
    default_code = "file-too-large"
    default_detail = (
        "The file would be larger than the space for files: select fewer rows or columns, or ask "
        "the operator of the service to raise EXPORT_SPACE."
    )


class StorageUnavailable(APIException):
    """EXPORT_DIR cannot be written."""

    status_code = 503
    default_code = "storage-unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__("Files cannot be written at the moment. Request JSON or try again later.")
        logger.error("EXPORT_DIR cannot be written: %s", reason)


def export_folder() -> Path:
    """Returns the folder EXPORT_DIR, which it creates if necessary."""
    folder = Path(settings.EXPORT_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def export(
    rows: QuerySet[Person],
    fields: Sequence[str],
    format: str,  # noqa: A002
    version: str,
) -> IO[bytes]:
    """Returns a temporary file with the `fields` of `rows`. It is deleted when it is closed.

    `format` is one of `FORMATS`, `version` is the version of the dataset. Call it in a
    transaction. Raises `FileTooLarge`, `StorageUnavailable` or a database error.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{_TIMEOUT}'")
    try:
        with ExitStack() as stack:
            file = stack.enter_context(NamedTemporaryFile(dir=export_folder()))
            FORMATS[format](_copy_csv(rows, fields), file, fields, version)
            file.seek(0)
            stack.pop_all()  # the caller closes it
    except OSError as error:
        raise StorageUnavailable(str(error)) from error
    return file


def _copy_csv(rows: QuerySet[Person], fields: Sequence[str]) -> Iterator[bytes]:
    """Yields the lines of a CSV file with a header."""
    query = rows.values_list(*fields).query
    sql, params = query.get_compiler(using=rows.db, elide_empty=False).as_sql()
    with connection.wrap_database_errors, connection.cursor() as cursor:
        select = cursor.mogrify(sql, params)
        with cursor.copy(f"COPY ({select}) TO STDOUT WITH (FORMAT csv, HEADER)") as lines:
            yield from lines


def _write(lines: Iterable[bytes], file: IO[bytes]) -> None:
    space = settings.EXPORT_SPACE
    for line in lines:
        space -= len(line)
        if space < 0:
            raise FileTooLarge
        file.write(line)


def _csv(lines: Iterator[bytes], file: IO[bytes], _fields: Sequence[str], _version: str) -> None:
    _write(lines, file)


def _ndjson(lines: Iterator[bytes], file: IO[bytes], fields: Sequence[str], _version: str) -> None:
    _write(_objects(lines, fields), file)


def _objects(lines: Iterator[bytes], fields: Sequence[str]) -> Iterator[bytes]:
    """Yields a JSON object for each line of CSV."""
    members = (f"{json.dumps(name)}:%s" for name in fields)
    template = f"{{{','.join(members)}}}\n"
    categories = {name: c.choices for name, c in COLUMNS.items() if not c.numeric}
    encoded = [{value: json.dumps(value) for value in categories.get(name, ())} for name in fields]
    records = csv.reader(bytes(line).decode() for line in lines)
    next(records)  # the header
    for record in records:
        values = zip(encoded, record, strict=True)
        yield (template % tuple(known.get(v, v) or "null" for known, v in values)).encode()


def _parquet(lines: Iterator[bytes], file: IO[bytes], fields: Sequence[str], version: str) -> None:
    with NamedTemporaryFile(dir=export_folder()) as source:
        _write(lines, source)
        source.seek(0)
        parquet.convert(source, file, fields, version)


FORMATS = {"csv": _csv, "ndjson": _ndjson, "parquet": _parquet}
