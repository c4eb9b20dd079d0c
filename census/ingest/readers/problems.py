"""What is wrong with a file, and where."""

from collections.abc import Sequence
from dataclasses import dataclass

from census.ingest import IngestError

MAX_LINE = 65_536  # bytes or characters; a real line has at most 150
MAX_BLANK = 100_000  # blank lines in a row


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a file.

    `line` counts from 1, or is None for the whole file; it is the number of a row where the
    `unit` is "row". `column` is None for a whole line.
    """

    file: str
    line: int | None
    column: str | None
    value: str | None
    expected: str
    did_you_mean: str | None = None
    unit: str = "line"

    def __str__(self) -> str:
        text = self.file
        if self.line is not None:
            text += f", {self.unit} {self.line}"
        if self.column is not None:
            text += f", column {self.column}"
        found = "" if self.value is None else f"found '{self.value}', "
        text += f": {found}expected {self.expected}."
        return text + (f" Did you mean '{self.did_you_mean}'?" if self.did_you_mean else "")


class BadDataError(IngestError):
    """The files are not in their format; `problems` says where, in the order of the files."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class FormatError(IngestError):
    """A file of an unknown format, or a table without the columns; the text says what to do."""


class Problems:
    """Collects the problems of all files; raises BadDataError at the `limit`-th."""

    def __init__(self, limit: int = 1) -> None:
        self._found: list[Problem] = []
        self._limit = limit

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, problem: Problem) -> None:
        self._found.append(problem)
        if len(self._found) >= self._limit:
            self.finish()

    def finish(self) -> None:
        """Raises BadDataError if there was any problem."""
        if self._found:
            raise BadDataError(self._found)


def no_rows(file: str) -> Problem:
    return Problem(file, None, None, None, "at least one row, but there is none")


def too_long(file: str, line: int, text: str) -> Problem:
    expected = f"a line of less than {MAX_LINE:,} bytes{cr_alone(text)}"
    return Problem(file, line, None, printable(text), expected)


def cr_alone(text: str) -> str:
    """Says what to do where lines end as on an old Mac."""
    if "\r" not in text.strip("\r\n"):
        return ""
    return r"; its lines end in \r alone: replace these by \n, for instance by `tr '\r' '\n'`"


def too_many_blank(file: str, line: int) -> BadDataError:
    expected = f"rows, but more than {MAX_BLANK:,} blank lines follow each other here"
    return BadDataError([Problem(file, line, None, None, expected)])


def second_file(file: str, line: int, marker: str) -> Problem:
    expected = (
        "more rows of the same file, but here UCI's adult.test begins: "
        "give adult.data and adult.test as two files"
    )
    return Problem(file, line, None, marker, expected)


def double_line_ends(file: str, line: int) -> BadDataError:
    expected = (
        r"line ends \n or \r\n, but the lines end in \r\r\n: replace these by \n, "
        r"for instance by `tr -d '\r'`"
    )
    return BadDataError([Problem(file, line, None, None, expected)])


def printable(text: str | bytes) -> str:
    """Returns `text` for people: at most 60 characters, no control characters, any bytes."""
    if isinstance(text, bytes):
        text = text[:240].decode("utf-8", "backslashreplace")
    escaped = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:240])
    return escaped if len(escaped) <= 60 else f"{escaped[:59]}…"
