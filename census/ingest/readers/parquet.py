"""Parquet, read by arro3 (the extra `parquet`)."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from itertools import count, islice, repeat
from typing import Any, BinaryIO, cast

from census.ingest.readers.columns import Schema
from census.ingest.readers.header import Header
from census.ingest.readers.problems import FormatError, Problems
from census.ingest.readers.rows import CellRow, Rows

MAGIC = b"PAR1"  # at both ends of a file
_ROWS_READ = 20  # the first rows, from which a column of splits is recognised
_DAMAGED = "is damaged: it begins as Parquet does, but cannot be read as such"
_READ_ALL = """
import sys
from arro3.io import read_parquet
try:
    for batch in read_parquet(sys.stdin.buffer):
        pass
except Exception as error:
    print(error)
    raise
"""


class Parquet:
    """The format Parquet. One row group at a time is in memory."""

    description = "Parquet"

    def __init__(self, schema: Schema, stream: BinaryIO) -> None:
        """Reads the names of the columns and the first rows. Raises FormatError."""
        if find_spec("arro3") is None or find_spec("arro3.io") is None:
            raise FormatError(
                "is Parquet, which needs the extra `parquet`: install arro3-core and arro3-io "
                "(requirements-formats.txt), or give it as CSV"
            )
        with _on_disk(stream) as file:
            _check(file)
            reader = _reader(file)
            names = [str(name) for name in reader.schema.names]
            header = Header.of(names, schema, _sample(reader))
        self._used = header.used
        self._rows = Rows(schema, header, unit="row")
        self.has_split = header.split is not None
        self.left_out = header.left_out

    def blocks(self, stream: BinaryIO, file: str, problems: Problems) -> Iterator[bytes]:
        """Yields the rows of `stream` in blocks. Problems call it `file`."""
        with _on_disk(stream) as copy:
            yield from self._rows.blocks(_rows(_reader(copy), self._used), file, problems)


@contextmanager
def _on_disk(stream: BinaryIO) -> Iterator[BinaryIO]:
    """Provides a copy of the stream, because the metadata of Parquet is at its end."""
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(stream, file)
        if file.tell() < 12 or (file.seek(-4, 2), file.read(4))[1] != MAGIC:
            raise FormatError(f"{_DAMAGED}: its end is missing, so it may be cut off")
        file.seek(0)
        yield cast("BinaryIO", file)


def _check(file: BinaryIO) -> None:
    """Reads the whole file in another process. Raises FormatError if that fails.

    arro3 can abort its process where a file is damaged.
    """
    command = [sys.executable, "-c", _READ_ALL]
    done = subprocess.run(  # noqa: S603 - the command is never made from input
        command, stdin=file, capture_output=True, text=True, check=False
    )
    file.seek(0)
    if done.returncode:
        reason = f" ({done.stdout.strip()})" if done.stdout else ""
        raise FormatError(_DAMAGED + reason)


def _reader(file: BinaryIO) -> Any:
    from arro3.io import read_parquet

    return read_parquet(file)


def _rows(reader: Any, used: Container[int]) -> Iterator[CellRow]:
    """Yields the rows of the `used` columns. Others can have types that Python lacks."""
    number = count(1)
    for batch in reader:
        try:
            columns = [
                column.to_pylist() if position in used else repeat(None)
                for position, column in enumerate(batch.columns)
            ]
        except Exception as error:
            raise FormatError(f"{_DAMAGED} ({error})") from error
        for cells in zip(*columns, strict=False):
            yield next(number), cells


def _sample(reader: Any) -> list[Sequence[object]]:
    """Returns the first rows, with None for values that Python has no type for."""
    columns: list[Sequence[object]] = []
    for batch in islice(reader, 1):
        for column in batch.slice(0, min(_ROWS_READ, batch.num_rows)).columns:
            columns.append([None] * len(column))
            with suppress(Exception):
                columns[-1] = column.to_pylist()
    return list(zip(*columns, strict=True))
