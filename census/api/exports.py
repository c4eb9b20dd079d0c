"""Any selection of records as a file: streamed by COPY, in memory that does not grow.

A download reads in one transaction that sees one version of the dataset. Its first block is
read before the answer begins, so that what goes wrong until then is a problem document;
what goes wrong later is raised, whereupon the server breaks the connection: a file that
ends properly is whole.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connections, transaction
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from rest_framework import status
from rest_framework.exceptions import APIException

from census.api import parquet
from census.models import Dataset, Person
from census.statistics.snapshot import DatasetMissing

_BLOCK = 1 << 16  # bytes
# COPY is one statement that lasts for as long as the client reads, and what the client has
# not yet taken of its end keeps the transaction open.
_TIMEOUTS = ("statement_timeout", "idle_in_transaction_session_timeout")
_TIMEOUT = "1h"

_places = threading.BoundedSemaphore(settings.DOWNLOADS)

Blocks = Iterator[bytes]


class TooManyDownloads(APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "too-many-downloads"
    default_detail = "Too many files are being downloaded: try again later."


@dataclass(frozen=True)
class Format:
    """How the records selected are copied, and what becomes of the bytes.

    `convert` takes blocks, the names of the columns and the version of the dataset.
    """

    copy: str
    convert: Callable[[Blocks, Sequence[str], str], Blocks]


def _as_copied(blocks: Blocks, _fields: Sequence[str], _version: str) -> Blocks:
    return blocks


_CSV = "COPY ({select}) TO STDOUT WITH (FORMAT csv, HEADER)"
# JSON has no control characters, so that with these two nothing is ever quoted or escaped.
_JSON = (
    "COPY (SELECT row_to_json(record) FROM ({select}) AS record) "
    r"TO STDOUT WITH (FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02')"
)
FORMATS = {
    "csv": Format(_CSV, _as_copied),
    "ndjson": Format(_JSON, _as_copied),
    "parquet": Format(_CSV, parquet.convert),
}


class FileResponse(StreamingHttpResponse):
    """A file of the records of one version of the `dataset`."""

    def __init__(self, dataset: str, blocks: Iterable[bytes], **options: Any) -> None:
        super().__init__(blocks, **options)
        self.dataset = dataset


class Download:
    """The bytes of a file, to be iterated over once and closed.

    Made of the records of `rows`; raises `DatasetMissing`, `TooManyDownloads` or a database
    error. `version` is that of the dataset they are from.
    """

    def __init__(self, rows: QuerySet[Person], fields: Sequence[str], format: Format) -> None:  # noqa: A002
        self._rows = rows.using(rows.db)  # all of the file from one server
        self._fields = fields
        self._format = format
        self._blocks = self._run()
        self._first = next(self._blocks, b"")

    def __iter__(self) -> Iterator[bytes]:
        yield self._first
        yield from self._blocks

    def close(self) -> None:
        """End the transaction, in the midst of the file, too."""
        self._blocks.close()

    def _run(self) -> Any:
        with (
            _place(),
            _one_version(self._rows.db) as self.version,
            closing(self._copied()) as copied,
        ):
            yield from self._format.convert(copied, self._fields, self.version)

    def _copied(self) -> Any:
        connection = connections[self._rows.db]
        with connection.wrap_database_errors, connection.cursor() as cursor:
            statement = cursor.mogrify(*_select(self._rows, self._fields))
            with cursor.copy(self._format.copy.format(select=statement)) as lines:
                yield from _in_blocks(lines)


@contextmanager
def _place() -> Iterator[None]:
    """Be one of the downloads of this process."""
    if not _places.acquire(blocking=False):
        raise TooManyDownloads
    try:
        yield
    finally:
        _places.release()


@contextmanager
def _one_version(using: str) -> Iterator[str]:
    """Enter a transaction that sees the one version of the dataset that it returns."""
    with transaction.atomic(using):
        with connections[using].cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            for timeout in _TIMEOUTS:
                cursor.execute(f"SET LOCAL {timeout} = '{_TIMEOUT}'")
        yield loaded_version(using)


def loaded_version(using: str | None = None) -> str:
    """Return the version of the dataset; raise `DatasetMissing` where there is none."""
    version = Dataset.objects.using(using).values_list("version", flat=True).first()
    if version is None:
        raise DatasetMissing
    return version


def _select(rows: QuerySet[Person], fields: Sequence[str]) -> tuple[str, tuple[Any, ...]]:
    """Return the statement and its parameters, also where nothing can be selected."""
    query = rows.values_list(*fields).query
    sql, params = query.get_compiler(using=rows.db, elide_empty=False).as_sql()
    return sql, tuple(params)


def _in_blocks(lines: Any) -> Blocks:
    while block := lines.connection.wait(_block(lines)):
        yield block


def _block(lines: Any) -> Any:
    """Gather lines, to wait once for all of them: a wait takes longer than a line."""
    block = bytearray()
    while len(block) < _BLOCK and (line := (yield from lines._read_gen())):
        block += line
    return bytes(block)
