"""The format of UCI's files: any bytes to checked rows.

A line is 15 values between commas, spaces around them allowed. These are format and
not errors: lines that are blank or begin with `|` (a comment, as in C4.5's files), the
dot that ends each label of adult.test, CRLF line ends, a UTF-8 byte order mark, and a
last line without a line end if it is whole.

The columns are made into one regular expression of lines, so that many right lines cost one
match; only a line that does not match is looked at value by value. This keeps up with
PostgreSQL's COPY, and what is right is written down once.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import BinaryIO

from census.ingest import IngestError

MAX_LINE = 65_536  # bytes; a real line has at most 150
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class ColumnSpec:
    """What a column can hold: one of `categories`, or whole numbers within the bounds.

    Raises ValueError for a category that the format cannot write: one with a space, a
    comma or a question mark, or with a dot at its end.
    """

    name: str
    nullable: bool = False
    categories: tuple[str, ...] = ()
    minimum: int = 0
    maximum: int = 0

    def __post_init__(self) -> None:
        for category in self.categories:
            if not re.fullmatch(r"[^\s,?]*[^\s,?.]", category):
                raise ValueError(f"{self.name}: {category!r} cannot be written in a file")

    @property
    def pattern(self) -> str:
        """A regular expression of the values."""
        if self.categories:
            values = "|".join(map(re.escape, self.categories))
        else:
            values = _whole_numbers(self.minimum, self.maximum)
        return rf"(?:{values}|\?)" if self.nullable else f"(?:{values})"

    @property
    def expected(self) -> str:
        if self.categories:
            values = f"one of {', '.join(self.categories)}"
        else:
            values = f"a whole number from {self.minimum} to {self.maximum}"
        return f"{values}, or ? where it is missing" if self.nullable else values

    def likely(self, value: str) -> str | None:
        """Return the category that `value` was probably meant to be."""
        by_lower_case = {category.lower(): category for category in self.categories}
        matches = get_close_matches(value.lower(), by_lower_case, n=1)
        return by_lower_case[matches[0]] if matches else None


def _whole_numbers(minimum: int, maximum: int) -> str:
    """Return a regular expression of the numbers from `minimum` to `maximum`, as Python
    writes them: only the digits 0 to 9, no sign, no leading zero.
    """
    low, high = str(minimum), str(maximum)
    if len(low) == len(high):
        return _between(low, high)
    between = [_between(f"1{'0' * (len(high) - 1)}", high), _between(low, "9" * len(low))]
    if len(high) - len(low) > 1:  # most are of these, hence first
        between.insert(0, f"[1-9][0-9]{{{len(low)},{len(high) - 2}}}")
    return "|".join(between)


def _between(low: str, high: str) -> str:
    """Return a regular expression of the strings of digits from `low` to `high`, equally long."""
    if low == high:
        return low
    rest = len(low) - 1
    if set(low[1:]) <= {"0"} and set(high[1:]) <= {"9"}:
        return f"[{low[0]}-{high[0]}]" + "[0-9]" * rest
    if low[0] == high[0]:
        return f"{low[0]}(?:{_between(low[1:], high[1:])})"
    parts = [
        f"{low[0]}(?:{_between(low[1:], '9' * rest)})",
        f"{high[0]}(?:{_between('0' * rest, high[1:])})",
    ]
    if int(high[0]) - int(low[0]) > 1:
        parts.append(f"[{int(low[0]) + 1}-{int(high[0]) - 1}]" + "[0-9]" * rest)
    return "|".join(parts)


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
        text = self.file
        if self.line is not None:
            text += f", line {self.line}"
        if self.column is not None:
            text += f", column {self.column}"
        found = "" if self.value is None else f"found '{self.value}', "
        text += f": {found}expected {self.expected}."
        return text + (f" Did you mean '{self.did_you_mean}'?" if self.did_you_mean else "")


class BadDataError(IngestError):
    """The files are not in the format; `problems` says where, in the order of the files."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class Reader:
    """Reads files one after another and stops at the `max_errors`-th problem.

    After the first problem nothing more is yielded: the rest is only checked.
    """

    def __init__(self, columns: Sequence[ColumnSpec], max_errors: int = 1) -> None:
        self.problems: list[Problem] = []
        self._columns = columns
        self._max_errors = max_errors
        patterns = [column.pattern for column in columns]
        patterns[-1] = rf"{patterns[-1]}\.?"  # the dot of adult.test
        padded = [rf"[ \t]*+{pattern}[ \t]*+" for pattern in patterns]
        self._values = [pattern.encode() for pattern in padded]
        # As UCI writes them, which is matched in two thirds of the time, or in any other way.
        self._usual_lines = _lines(", ".join(patterns))
        self._lines = _lines(",".join(padded))

    def blocks(self, stream: BinaryIO, file: str) -> Iterator[bytes]:
        """Yield the rows of `stream`, called `file` in problems, some at a time.

        A block is some lines, each `value,value,…,value` and a line end, with nothing
        around the values and `?` where one is missing. Raises BadDataError at the
        `max_errors`-th problem of all files so far.
        """
        number, empty = 1, True
        while chunk := stream.read(MAX_LINE) + stream.readline(MAX_LINE):
            position = 0
            while position < len(chunk):
                lines = self._usual_lines.match(chunk, position)
                if lines := lines or self._lines.match(chunk, position):
                    block = lines.group()
                    rows = _plain(block)
                else:
                    block = chunk[position : chunk.find(b"\n", position) + 1 or len(chunk)]
                    rows = self._examine(block, stream, file, number)
                position += len(block)
                number += block.count(b"\n") or 1  # the end of a line too long was skipped
                if rows:
                    empty = False
                    if not self.problems:
                        yield rows
        if empty and not self.problems:
            self._report(Problem(file, None, None, None, "at least one row, but there is none"))

    def finish(self) -> None:
        """Raise BadDataError if there was any problem."""
        if self.problems:
            raise BadDataError(self.problems)

    def _report(self, problem: Problem) -> None:
        self.problems.append(problem)
        if len(self.problems) >= self._max_errors:
            self.finish()

    def _examine(self, line: bytes, stream: BinaryIO, file: str, number: int) -> bytes:
        """Return the row of a line that `_lines` does not match; empty if it has none."""
        if number == 1:
            line = line.removeprefix(_BYTE_ORDER_MARK)
        last = not line.endswith(b"\n")
        too_long = last and _skip_to_end(stream)
        if line.startswith(b"|") or not line.strip(b" \t\r\n"):
            return b""
        if too_long:
            expected = f"a line of less than {MAX_LINE:,} bytes"
            self._report(Problem(file, number, None, _printable(line), expected))
            return b""
        line = line.removesuffix(b"\n") + b"\n"
        if self._lines.fullmatch(line):
            return _plain(line)
        hint = "; the file ends in this line and may be cut off" if last else ""
        values = line.removesuffix(b"\n").removesuffix(b"\r").split(b",")
        self._explain(values, file, number, hint)
        return b""

    def _explain(self, values: list[bytes], file: str, number: int, hint: str) -> None:
        """Report what is wrong with the `values` of a line that does not match."""
        width = len(self._columns)
        if len(values) != width:
            found = f"{len(values)} {'value' if len(values) == 1 else 'values'}"
            expected = f"{width}, between commas{hint}"
            self._report(Problem(file, number, None, found, expected))
            return
        for column, pattern, text in zip(self._columns, self._values, values, strict=True):
            if not re.fullmatch(pattern, text):
                value = _printable(text.strip(b" \t"))
                expected, likely = column.expected + hint, column.likely(value)
                self._report(Problem(file, number, column.name, value, expected, likely))


def _lines(pattern: str) -> re.Pattern[bytes]:
    return re.compile(rf"(?:{pattern}\r?\n)++".encode())


def _plain(lines: bytes) -> bytes:
    """Return lines that match without what is format in them.

    Within values there is none of it: see ColumnSpec.
    """
    return lines.translate(None, b" \t\r").replace(b".\n", b"\n")


def _skip_to_end(stream: BinaryIO) -> bool:
    """Read on to the end of a line; return whether there was more of it."""
    more = False
    while rest := stream.readline(MAX_LINE):
        more = True
        if rest.endswith(b"\n"):
            break
    return more


def _printable(text: bytes) -> str:
    """Return `text` for people: at most 60 characters, no control characters, any bytes."""
    shown = text[:240].decode("utf-8", "backslashreplace")
    escaped = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in shown)
    return escaped if len(escaped) <= 60 else f"{escaped[:59]}…"
