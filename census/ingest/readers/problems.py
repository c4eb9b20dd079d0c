"""Problems in files: their descriptions and exceptions."""

from collections.abc import Sequence
from dataclasses import dataclass

from census.ingest import IngestError

MAX_LINE = 65_536  # bytes or characters; a real line has at most 150
MAX_BLANK = 100_000  # blank lines in a row
_LISTED = 10  # names in a message


@dataclass(frozen=True)
class Problem:
    """A problem in a file.

    `line` counts from 1, in lines or in rows (`unit`); it is None for the whole file. `column` is
    None for a whole line.
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
    """The files contain invalid data. `problems` has the order of the files."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class FormatError(IngestError):
    """A file has an unknown format, or a table lacks columns. The message says what to do."""


class Problems:
    """The problems of all files. It raises BadDataError at the `limit`-th problem."""

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
        """Raises BadDataError if there are problems."""
        if self._found:
            raise BadDataError(self._found)


def no_rows(file: str) -> Problem:
    return Problem(file, None, None, None, "at least one row, but there is none")


def too_long(file: str, line: int, text: str) -> Problem:
    expected = f"a line of fewer than {MAX_LINE:,} bytes{cr_alone(text)}"
    return Problem(file, line, None, printable(text), expected)


def cr_alone(text: str) -> str:
    """Returns a hint for lines that end with a carriage return alone; else an empty text."""
    if "\r" not in text.strip("\r\n"):
        return ""
    return r"; its lines end with \r alone: replace these by \n, for instance by `tr '\r' '\n'`"


def too_many_blank(file: str, line: int) -> BadDataError:
    expected = f"rows, but here are more than {MAX_BLANK:,} blank lines"
    return BadDataError([Problem(file, line, None, None, expected)])


def second_file(file: str, line: int, marker: str) -> Problem:
    expected = (
        "more rows of the same file, but here UCI's adult.test begins: "
        "give adult.data and adult.test as two files"
    )
    return Problem(file, line, None, marker, expected)


def double_line_ends(file: str, line: int) -> BadDataError:
    expected = (
        r"line ends \n or \r\n, but the lines end with \r\r\n: replace these by \n, "
        r"for instance by `tr -d '\r'`"
    )
    return BadDataError([Problem(file, line, None, None, expected)])


def printable(text: str | bytes) -> str:
    """Returns `text` for a message: at most 60 characters, without control characters."""
    if isinstance(text, bytes):
        text = text[:240].decode("utf-8", "backslashreplace")
    escaped = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:240])
    return escaped if len(escaped) <= 60 else f"{escaped[:59]}…"


def listed(names: Sequence[str]) -> str:
    """Returns the `names` for a message: at most ten of them."""
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")
