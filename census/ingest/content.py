r"""The rows of a dataset as its CSV export writes them, summed up as they pass.

What is hashed, what is sent to PostgreSQL and what the export of the loaded table gives
are the same bytes: a header, then a line a row, `id` first, the columns in the order of
the model, `\n` line ends, nothing where a value is missing. No value ever needs quotes:
the reader lets only whole numbers and categories of the model through.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from itertools import count, islice
from typing import Any

from census.columns import COLUMNS
from census.ingest.reader import ColumnSpec, Reader, Row
from census.ingest.sources import UCI_MD5, DataFile, SourceError
from census.models import Person

FILE_COLUMNS = tuple(column for column in COLUMNS.values() if column.name != Person.SPLIT)
SPECS = tuple(
    ColumnSpec(
        name=column.name,
        nullable=column.nullable,
        categories=tuple(column.choices),
        minimum=column.minimum or 0,
        maximum=column.maximum or 0,
    )
    for column in FILE_COLUMNS
)
CSV_COLUMNS = ("id", *COLUMNS)
_ROWS_PER_CHUNK = 1000


class Content:
    """What `files` hold. The account is complete when `csv` is exhausted."""

    def __init__(self, files: Sequence[DataFile], max_errors: int = 1) -> None:
        """Read `files` through once for their digests. Raises SourceError."""
        self._files = files
        self._reader = Reader(SPECS, max_errors)
        self.digests = [file.digest() for file in files]
        self.rows_by_split: dict[str, int] = {}
        self.missing = {column.name: 0 for column in FILE_COLUMNS if column.nullable}
        self.complete_rows = 0
        self.csv_bytes = 0
        self._sha256 = hashlib.sha256()

    @property
    def rows(self) -> int:
        return sum(self.rows_by_split.values())

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    @property
    def files(self) -> list[dict[str, Any]]:
        """What `Dataset.files` says of the files."""
        return [
            {
                "name": file.name,
                "split": file.split.value,
                **asdict(digest),
                "rows": self.rows_by_split.get(file.split, 0),
                "authentic": digest.md5 == UCI_MD5[file.split],
            }
            for file, digest in zip(self._files, self.digests, strict=True)
        ]

    def csv(self, advance: Callable[[int], object] = int) -> Iterator[bytes]:
        """Yield the export in chunks; call `advance` with the bytes read for each.

        Raises SourceError or BadDataError.
        """
        yield self._account(",".join(CSV_COLUMNS).encode() + b"\n")
        for file, digest in zip(self._files, self.digests, strict=True):
            with file.open() as (stream, source):
                for chunk in self._lines(file.split, self._reader.rows(stream, file.name)):
                    before = source.bytes
                    yield chunk
                    advance(source.bytes - before)
            if source.digest != digest:
                raise SourceError(file.name, "changed while it was read; load it again")
        self._reader.finish()

    def _lines(self, split: str, rows: Iterator[Row]) -> Iterator[bytes]:
        ids = count(self.rows + 1)
        ending = b"," + split.encode() + b"\n"
        self.rows_by_split[split] = 0
        while batch := list(islice(rows, _ROWS_PER_CHUNK)):
            self.rows_by_split[split] += len(batch)
            self._count_missing(batch)
            lines = [b"%d,%b" % (next(ids), b",".join(row)) for row in batch]
            yield self._account(ending.join(lines) + ending)

    def _account(self, chunk: bytes) -> bytes:
        self._sha256.update(chunk)
        self.csv_bytes += len(chunk)
        return chunk

    def _count_missing(self, batch: list[Row]) -> None:
        incomplete = [row for row in batch if b"" in row]
        self.complete_rows += len(batch) - len(incomplete)
        for position, column in enumerate(FILE_COLUMNS):
            if column.nullable:
                self.missing[column.name] += sum(not row[position] for row in incomplete)
