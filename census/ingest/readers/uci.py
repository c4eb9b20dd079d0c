"""The format of UCI's files: 15 values separated by commas, without a header.

The format allows spaces around values, blank lines, comments (lines that begin with `|`, as in
C4.5's files), the dot after each label of adult.test, CRLF line ends, a UTF-8 byte order mark, and
a complete last line without a line end.

One regular expression, made from the columns, matches many valid lines at once, which is as fast
as PostgreSQL's COPY. A line that does not match is examined value by value: it may have quotes,
`39.0`, or another mark for a missing value.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from census.ingest.readers.columns import InvalidValue, Schema, Values
from census.ingest.readers.header import known_names
from census.ingest.readers.problems import (
    MAX_BLANK,
    MAX_LINE,
    Problem,
    Problems,
    cr_alone,
    double_line_ends,
    no_rows,
    printable,
    second_file,
    too_long,
    too_many_blank,
)

MARKER = "|1x3 Cross validator"  # the first line of adult.test
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLANK = re.compile(rb"(?:[ \t]*+\r?\n)++")


class UciLines:
    """The format of UCI's files."""

    description = "UCI's lines"
    has_split = False
    left_out: tuple[str, ...] = ()

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.values = [Values(column) for column in schema.columns]
        patterns = [column.pattern for column in schema.columns]
        # UCI's own spacing matches in two thirds of the time of the general expression.
        self.standard_lines = _lines(", ".join(patterns))
        self.lines = _lines(",".join(rf"[ \t]*+{pattern}[ \t]*+" for pattern in patterns))

    def blocks(self, stream: BinaryIO, file: str, problems: Problems) -> Iterator[bytes]:
        """Yields the rows of `stream` in blocks. Problems call it `file`.

        After the first problem it yields nothing more and only validates.
        """
        return _Reader(self, stream, file, problems).blocks()


class _Reader:
    """The state of reading one file, up to the line `_number`."""

    def __init__(self, form: UciLines, stream: BinaryIO, file: str, problems: Problems) -> None:
        self._form = form
        self._stream = stream
        self._file = file
        self._problems = problems
        self._number = 1
        self._empty = True

    def blocks(self) -> Iterator[bytes]:
        blank = 0
        while chunk := self._stream.read(MAX_LINE) + self._stream.readline(MAX_LINE):
            position = 0
            while position < len(chunk):
                block, rows = self._next(chunk, position)
                position += len(block)
                lines = block.count(b"\n") or 1  # of a line that is too long the end was skipped
                self._number += lines
                blank = 0 if rows else blank + lines
                if blank > MAX_BLANK and not self._problems:
                    raise too_many_blank(self._file, self._number - blank)
                if rows:
                    self._empty = False
                    if not self._problems:
                        yield rows
        if self._empty and not self._problems:
            self._problems.add(no_rows(self._file))

    def _next(self, chunk: bytes, position: int) -> tuple[bytes, bytes]:
        """Returns the next lines of `chunk` of the same kind, and the rows in them."""
        form = self._form
        if lines := form.standard_lines.match(chunk, position) or form.lines.match(chunk, position):
            return lines.group(), _plain(lines.group())
        if blank := _BLANK.match(chunk, position):
            return blank.group(), b""
        line = chunk[position : chunk.find(b"\n", position) + 1 or len(chunk)]
        return line, self._examine(line)

    def _examine(self, line: bytes) -> bytes:
        """Returns the row of a line that `lines` does not match; empty if there is none."""
        if self._number == 1:
            line = line.removeprefix(_BYTE_ORDER_MARK)
        last = not line.endswith(b"\n")
        long = last and _skip_to_end(self._stream)
        if line.startswith(b"|"):
            if line.startswith(MARKER.encode()) and not self._empty:
                self._problems.add(second_file(self._file, self._number, MARKER))
            return b""
        if not line.strip(b" \t\r\n"):
            return b""
        if long:
            self._problems.add(too_long(self._file, self._number, line.decode("utf-8", "replace")))
            return b""
        if line.endswith(b"\r\r\n"):
            raise double_line_ends(self._file, self._number)
        cells = _cells(line.decode("utf-8", "backslashreplace"))
        try:
            if len(cells) == len(self._form.values):
                values = zip(self._form.values, cells, strict=True)
                return ",".join([known[cell] for known, cell in values]).encode() + b"\n"
        except InvalidValue:
            pass
        self._explain(cells, "; the file ends in this line and may be cut off" if last else "")
        return b""

    def _explain(self, cells: Sequence[str], hint: str) -> None:
        """Reports the problems of a line."""
        columns = self._form.schema.columns
        if len(cells) != len(columns):
            found = f"{len(cells)} {'value' if len(cells) == 1 else 'values'}"
            line = ",".join(cells)
            hints = f"{self._extra_value_hint(cells)}{cr_alone(line)}{hint}"
            expected = (
                f"{len(columns)}, separated by commas{hints}; the line begins '{printable(line)}'"
            )
            self._problems.add(Problem(self._file, self._number, None, found, expected))
            return
        if known_names(cells, self._form.schema) > len(columns) // 2:
            expected = "rows, but this is a header, which is allowed only in the first line"
            self._problems.add(Problem(self._file, self._number, None, None, expected))
            return
        for column, cell in zip(columns, cells, strict=True):
            if column.value(cell) is None:
                value = printable(cell.strip())
                suggestion = column.suggestion(value)
                self._problems.add(
                    Problem(
                        self._file,
                        self._number,
                        column.name,
                        value,
                        column.expected + hint,
                        suggestion,
                    )
                )

    def _extra_value_hint(self, cells: Sequence[str]) -> str:
        """Returns a hint if the cells are a row without the first or the last one."""
        for name, rest in (("first", cells[1:]), ("last", cells[:-1])):
            if len(rest) == len(self._form.schema.columns) and all(
                column.value(cell) is not None
                for column, cell in zip(self._form.schema.columns, rest, strict=True)
            ):
                return f": the {name} value seems to be extra, so remove it or add a header"
        return ""


def _cells(line: str) -> list[str]:
    """Returns the values of a line, without quotes around them."""
    line = line.removesuffix("\n").removesuffix("\r")
    if '"' in line:
        try:
            return next(csv.reader([line], skipinitialspace=True, strict=True))
        except csv.Error:
            pass
    return line.split(",")


def _lines(pattern: str) -> re.Pattern[bytes]:
    return re.compile(rf"(?:{pattern}\r?\n)++".encode())


def _plain(lines: bytes) -> bytes:
    """Returns matched lines without spaces, carriage returns and final dots.

    No value contains them: see ColumnSpec.
    """
    return lines.translate(None, b" \t\r").replace(b".\n", b"\n")


def _skip_to_end(stream: BinaryIO) -> bool:
    """Reads to the end of a line; returns whether there was more of the line."""
    more = False
    while rest := stream.readline(MAX_LINE):
        more = True
        if rest.endswith(b"\n"):
            break
    return more
