r"""The rows of a dataset as its CSV export writes them, summed up as they pass.

What is hashed, what is sent to PostgreSQL and what the export of the loaded table gives
are the same bytes: a header, then a line a row, `id` first, the columns in the order of
the model, `\n` line ends, nothing where a value is missing. No value ever needs quotes:
the reader lets only whole numbers and categories of the model through.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from census.choices import Split
from census.columns import COLUMNS
from census.ingest.reader import ColumnSpec, Reader
from census.ingest.sources import UCI_MD5, DataFile
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
_MOST_REMEMBERED = 100_000  # different rows: twice UCI's, in 18 MB


class Content:
    """What `files` hold. The account of it is complete when `csv` is exhausted."""

    def __init__(self, files: Sequence[DataFile], max_errors: int = 1) -> None:
        self._sources = files
        self._reader = Reader(SPECS, max_errors)
        self._sha256 = hashlib.sha256()
        self.files: list[dict[str, Any]] = []
        self.rows_by_split: dict[str, int] = {}
        self.missing = {column.name: 0 for column in FILE_COLUMNS if column.nullable}
        self.complete_rows = 0
        self.csv_bytes = 0
        self._different: set[bytes] | None = set()

    @property
    def rows(self) -> int:
        return sum(self.rows_by_split.values())

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    @property
    def duplicate_rows(self) -> int | None:
        """How many rows equal an earlier one; None where too many differ to remember them."""
        return None if self._different is None else self.rows - len(self._different)

    def comes_from(self, files: Sequence[Mapping[str, Any]]) -> bool:
        """Whether the files are, byte for byte, those that `Dataset.files` tells of.

        Reads them through, which takes a tenth of the time of a load. Raises SourceError.
        """
        known = {file["split"]: file["sha256"] for file in files}
        return known == {file.split: file.digest().sha256 for file in self._sources}

    def csv(self, advance: Callable[[int], object] = int) -> Iterator[bytes]:
        """Yield the export in chunks; `advance` is called with the rows of each.

        Raises SourceError or BadDataError.
        """
        yield self._account(",".join(CSV_COLUMNS).encode() + b"\n")
        for source in self._sources:
            with source.open() as stream:
                blocks = self._reader.blocks(stream, source.name)
                yield from self._lines(source.split, blocks, advance)
            digest = stream.digest
            source.verify(digest)
            self.files.append(
                {
                    "name": source.name,
                    "split": source.split.value,
                    **asdict(digest),
                    "rows": self.rows_by_split[source.split],
                    "authentic": digest.md5 == UCI_MD5[source.split],
                }
            )
        self._reader.finish()

    def _lines(
        self, split: Split, blocks: Iterator[bytes], advance: Callable[[int], object]
    ) -> Iterator[bytes]:
        ending = b"," + split.encode() + b"\n"
        self.rows_by_split[split.value] = 0
        for block in blocks:
            first = self.rows + 1
            incomplete = self._count_missing(block)
            rows = block.replace(b"?", b"").splitlines()
            self.rows_by_split[split.value] += len(rows)
            self.complete_rows += len(rows) - incomplete
            self._remember(rows)
            lines = [ending] * (3 * len(rows))
            lines[0::3] = [b"%d," % number for number in range(first, first + len(rows))]
            lines[1::3] = rows
            yield self._account(b"".join(lines))
            advance(len(rows))

    def _remember(self, rows: Sequence[bytes]) -> None:
        if self._different is not None:
            self._different.update(rows)
            if len(self._different) > _MOST_REMEMBERED:
                self._different = None

    def _account(self, chunk: bytes) -> bytes:
        self._sha256.update(chunk)
        self.csv_bytes += len(chunk)
        return chunk

    def _count_missing(self, block: bytes) -> int:
        """Count the missing values of `block` by column; return in how many rows they are."""
        incomplete = 0
        position = block.find(b"?")
        while position >= 0:
            start = block.rfind(b"\n", 0, position) + 1
            end = block.find(b"\n", position)
            values = block[start:end].split(b",")
            for column, value in zip(FILE_COLUMNS, values, strict=True):
                if value == b"?":
                    self.missing[column.name] += 1
            incomplete += 1
            position = block.find(b"?", end)
        return incomplete
