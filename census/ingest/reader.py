"""The format of UCI's files: lines to checked rows.

A line is 15 values between commas, spaces around them allowed. These are format and
not errors: lines that are blank or begin with `|` (a comment, as in C4.5's files), the
dot that ends each label of adult.test, CRLF line ends, a UTF-8 byte order mark, and a
last line without a line end if it is whole.

Everything works on bytes: values are looked up, not decoded, and what the lookup does
not know is checked and remembered. This makes the check cheap enough to keep up with
PostgreSQL's COPY; see `_Check`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from operator import getitem
from typing import BinaryIO

from census.ingest import IngestError

MISSING = b"?"
MAX_LINE = 4096  # bytes; a real line has at most 150
_REMEMBERED = 65_536  # values per column: all of a category's or of age's, not all weights
_LINE_END = ord("\n")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_INTEGER = re.compile(rb"0|[1-9][0-9]{0,18}")

Row = list[bytes]
"""The values of a line as CSV writes them, UTF-8; empty where the value is missing."""


@dataclass(frozen=True)
class ColumnSpec:
    """What a column can hold: integers from `minimum` to `maximum`, or one of `categories`."""

    name: str
    nullable: bool = False
    categories: tuple[str, ...] = ()
    minimum: int = 0
    maximum: int = 0

    @property
    def expected(self) -> str:
        if self.categories:
            values = f"one of {', '.join(self.categories)}"
        else:
            values = f"a whole number from {self.minimum} to {self.maximum}"
        return f"{values}, or ? where it is missing" if self.nullable else values


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a file. `line` counts from 1; `column` is None for a whole line."""

    file: str
    line: int | None
    column: str | None
    value: str | None
    expected: str
    did_you_mean: str | None = None

    def __str__(self) -> str:
        where = [
            self.file,
            f"line {self.line}" if self.line else None,
            f"column {self.column}" if self.column else None,
        ]
        text = ", ".join(filter(None, where)) + ": "
        text += "" if self.value is None else f"'{self.value}' is wrong, "
        text += f"expected {self.expected}."
        return text + (f" Did you mean '{self.did_you_mean}'?" if self.did_you_mean else "")


class BadDataError(IngestError):
    """The files are not in the format; `problems` says where, in the order of the files."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class _Rejected(Exception):
    """A value that its column cannot hold."""


class _Check(dict[bytes, bytes]):
    """Maps a column's text between two commas to its value in a `Row`.

    A dict that fills itself: a text seen before costs one lookup. Raises `_Rejected` for
    a text the column cannot hold.
    """

    def __init__(self, column: ColumnSpec, *, last: bool) -> None:
        self.column = column
        self._last = last
        self._categories = {value.encode() for value in column.categories}

    def __missing__(self, text: bytes) -> bytes:
        value = self.strip(text)
        if value == MISSING and self.column.nullable:
            value = b""
        elif not self._holds(value):
            raise _Rejected
        if len(self) < _REMEMBERED:
            self[text] = value
        return value

    def strip(self, text: bytes) -> bytes:
        """Return what the file means by `text`: no spaces, line end or dot of adult.test."""
        if self._last:
            text = text.removesuffix(b"\n").removesuffix(b"\r").rstrip(b" \t").removesuffix(b".")
        return text.strip(b" \t")

    def _holds(self, value: bytes) -> bool:
        if self._categories:
            return value in self._categories
        if not _INTEGER.fullmatch(value):
            return False
        return self.column.minimum <= int(value) <= self.column.maximum


class Reader:
    """Reads files one after another and stops at the `max_errors`-th problem.

    After the first problem nothing more is yielded: the rest is only checked.
    """

    def __init__(self, columns: Sequence[ColumnSpec], max_errors: int = 1) -> None:
        self.problems: list[Problem] = []
        self._max_errors = max_errors
        last = len(columns) - 1
        self._checks = [_Check(column, last=i == last) for i, column in enumerate(columns)]

    def rows(self, stream: BinaryIO, file: str) -> Iterator[Row]:
        """Yield the rows of `stream`, called `file` in problems.

        Raises BadDataError at the `max_errors`-th problem of all files so far.
        """
        checks, width = self._checks, len(self._checks)
        empty = True
        for number, line in enumerate(iter(partial(stream.readline, MAX_LINE), b""), 1):
            values = line.split(b",")
            try:
                plain = len(values) == width and line[-1] == _LINE_END
                row = list(map(getitem, checks, values)) if plain else None
            except _Rejected:
                row = None
            row = row or self._examine(line, stream, file, number)
            if row:
                empty = False
                if not self.problems:
                    yield row
        if empty and not self.problems:
            self._report(Problem(file, None, None, None, "at least one row, the file has none"))

    def finish(self) -> None:
        """Raise BadDataError if there was any problem."""
        if self.problems:
            raise BadDataError(self.problems)

    def _report(self, problem: Problem) -> None:
        self.problems.append(problem)
        if len(self.problems) >= self._max_errors:
            self.finish()

    def _examine(self, line: bytes, stream: BinaryIO, file: str, number: int) -> Row | None:
        """Return the row of a line that is not plain; None if it has none or is wrong."""
        if number == 1:
            line = line.removeprefix(_BYTE_ORDER_MARK)
        ended = line.endswith(b"\n")
        if not ended and (rest := stream.readline(MAX_LINE)):
            while rest and not rest.endswith(b"\n"):
                rest = stream.readline(MAX_LINE)
            self._report(
                Problem(
                    file, number, None, _printable(line), f"a line of less than {MAX_LINE} bytes"
                )
            )
            return None
        if line.startswith(b"|") or not line.strip(b" \t\r\n"):
            return None
        values = line.split(b",")
        hint = "" if ended else " (the file ends in this line: it may be cut off)"
        if len(values) != len(self._checks):
            fields = f"{len(values)} field{'' if len(values) == 1 else 's'}"
            self._report(
                Problem(file, number, None, fields, f"{len(self._checks)} between commas{hint}")
            )
            return None
        row = []
        for check, text in zip(self._checks, values, strict=True):
            try:
                row.append(check[text])
            except _Rejected:
                self._report(_problem(file, number, check, text, hint))
        return row if len(row) == len(values) else None


def _problem(file: str, number: int, check: _Check, text: bytes, hint: str) -> Problem:
    value = _printable(check.strip(text))
    column = check.column
    by_lower_case = {name.lower(): name for name in column.categories}
    likely = get_close_matches(value.lower(), by_lower_case, n=1)
    return Problem(
        file=file,
        line=number,
        column=column.name,
        value=value,
        expected=column.expected + hint,
        did_you_mean=by_lower_case[likely[0]] if likely else None,
    )


def _printable(text: bytes) -> str:
    """Return `text` for people: at most 60 characters, no control characters, any bytes."""
    shown = text[:240].decode("utf-8", "backslashreplace")
    escaped = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in shown)
    return escaped if len(escaped) <= 60 else f"{escaped[:59]}…"
