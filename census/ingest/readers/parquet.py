"""Parquet, read by arro3 (the extra `parquet`)."""

import os
import shutil
import tempfile
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from itertools import count, islice, repeat
from pathlib import Path
from typing import Any, BinaryIO, cast

from census.ingest.readers.columns import Schema
from census.ingest.readers.header import Header
from census.ingest.readers.problems import FormatError, Problems
from census.ingest.readers.rows import CellRow, Rows

MAGIC = b"PAR1"  # at both ends of a file
_ROWS_READ = 20  # the first rows, from which a column of splits is recognised
_DAMAGED = "is damaged: it begins as Parquet does, but cannot be read as such"


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
        with _batches(stream) as (names, batches):
            header = Header.of(names, schema, _sample(batches))
        self._used = header.used
        self._rows = Rows(schema, header, unit="row")
        self.has_split = header.split is not None
        self.left_out = header.left_out

    def blocks(self, stream: BinaryIO, file: str, problems: Problems) -> Iterator[bytes]:
        """Yields the rows of `stream` in blocks. Problems call it `file`."""
        with _batches(stream) as (_, batches):
            yield from self._rows.blocks(_rows(batches, self._used), file, problems)


def _rows(batches: Iterator[Any], used: Container[int]) -> Iterator[CellRow]:
    """Yields the rows of the `used` columns. Others can have types that Python lacks."""
    number = count(1)
    for batch in batches:
        with _damage():
            columns = [
                column.to_pylist() if position in used else repeat(None)
                for position, column in enumerate(batch.columns)
            ]
        for cells in zip(*columns, strict=False):
            yield next(number), cells


def _sample(batches: Iterator[Any]) -> list[Sequence[object]]:
    """Returns the first rows, with None for values that Python has no type for."""
    columns: list[Sequence[object]] = []
    for batch in islice(batches, 1):
        for column in batch.slice(0, min(_ROWS_READ, batch.num_rows)).columns:
            columns.append([None] * len(column))
            with _damage(), suppress(Exception):
                columns[-1] = column.to_pylist()
    return list(zip(*columns, strict=True))


@contextmanager
def _batches(stream: BinaryIO) -> Iterator[tuple[list[str], Iterator[Any]]]:
    """Provides the names of the columns and the record batches of a Parquet file.

    The file is copied to the disk first, because its metadata is at its end.
    """
    from arro3.io import read_parquet

    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(stream, file)
        if file.tell() < 12 or (file.seek(-4, 2), file.read(4))[1] != MAGIC:
            raise FormatError(f"{_DAMAGED}: its end is missing, so it may be cut off")
        file.seek(0)
        with _damage():
            reader = read_parquet(cast("BinaryIO", file))
        yield [str(name) for name in reader.schema.names], _checked(reader)


def _checked(batches: Iterator[Any]) -> Iterator[Any]:
    iterator = iter(batches)
    while True:
        with _damage():
            batch = next(iterator, None)
        if batch is None:
            return
        yield batch


@contextmanager
def _damage() -> Iterator[None]:
    """Turns the errors of arro3 for a damaged file into a FormatError.

    A panic of its Rust code is a BaseException, and its class cannot be imported.
    """
    try:
        with _quiet():
            yield
    except BaseException as error:
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise FormatError(f"{_DAMAGED} ({error})") from error
        raise


@contextmanager
def _quiet() -> Iterator[None]:
    """Hides Rust's message about a panic on stderr, as the exception has the same text."""
    before = os.dup(2)
    with Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(before, 2)
        os.close(before)
