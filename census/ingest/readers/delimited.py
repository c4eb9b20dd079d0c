"""Delimited text, such as CSV, read by Python's `csv`."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain, islice
from typing import BinaryIO

from census.ingest.readers.columns import Schema
from census.ingest.readers.header import Header, is_header, known_names
from census.ingest.readers.problems import (
    MAX_BLANK,
    MAX_LINE,
    FormatError,
    Problem,
    Problems,
    double_line_ends,
    printable,
    second_file,
    too_long,
    too_many_blank,
)
from census.ingest.readers.rows import CellRow, Rows
from census.ingest.readers.uci import MARKER, UciLines

_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "|", " ": "space"}
_BLANK = "".join(_SEPARATORS) + "\r\n"
_SEPARATOR_LINE = re.compile(r"sep=([,;\t| ])\s*", re.IGNORECASE)  # Excel's
_RECORDS_READ = 20  # the first lines, from which the format is recognised
UTF_8 = "utf-8-sig"  # with or without a byte order mark


class Delimited:
    """The format of text with values separated by `separator` and quoted as in RFC 4180.

    Without a `header` it has UCI's columns in UCI's order.
    """

    def __init__(
        self, schema: Schema, encoding: str, separator: str, quote: str, header: Header | None
    ) -> None:
        self._encoding = encoding
        self._separator = separator
        self._quote = quote
        self._has_header = header is not None
        self._header = header or Header.standard(schema)
        self._rows = Rows(schema, self._header)
        self.has_split = self._header.split is not None
        self.left_out = self._header.left_out
        kind = "a table with a header" if header else "rows in UCI's order"
        self.description = f"{kind}, separated by {_SEPARATORS.get(separator, separator)}"

    def blocks(self, stream: BinaryIO, file: str, problems: Problems) -> Iterator[bytes]:
        """Yields the rows of `stream` in blocks. Problems call it `file`."""
        text = io.TextIOWrapper(stream, self._encoding, errors="backslashreplace", newline="")
        try:
            rows = _Reader(self, text, file, problems).rows()
            yield from self._rows.blocks(rows, file, problems)
        finally:
            text.detach()

    def reader(self, lines: Iterator[str]) -> Iterator[list[str]]:
        return csv.reader(
            lines,
            delimiter=self._separator,
            quotechar=self._quote,
            skipinitialspace=True,
            strict=True,
        )

    @property
    def width(self) -> int:
        return self._header.width

    @property
    def has_header(self) -> bool:
        return self._has_header

    @property
    def comments(self) -> bool:
        """Whether a line that begins with `|` is a comment."""
        return self._separator != "|"


class _Reader:
    """The state of reading one file, up to the line `_number`."""

    def __init__(
        self, form: Delimited, text: io.TextIOWrapper, file: str, problems: Problems
    ) -> None:
        self._form = form
        self._text = text
        self._file = file
        self._problems = problems
        self._number = 0
        self._rows = 0
        self._whole = True

    def rows(self) -> Iterator[CellRow]:
        """Yields the number of the last line of each row, and its values."""
        reader = self._form.reader(self._lines())
        header_expected = self._form.has_header
        width = self._form.width
        while True:
            first = self._number + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                expected = f"quotes as in RFC 4180, but {_fault(error)}"
                self._problems.add(Problem(self._file, first, None, None, expected))
                continue
            if header_expected:
                header_expected = False
                continue
            self._rows += 1
            if len(cells) == width:
                yield self._number, cells
            else:
                self._report_width(cells)

    def _lines(self) -> Iterator[str]:
        """Yields the lines that are neither blank nor comments."""
        blank, before = 0, ""
        while line := self._text.readline(MAX_LINE):
            self._number += 1
            if len(line) == MAX_LINE and line[-1] not in "\r\n":
                self._problems.add(too_long(self._file, self._number, line))
                self._skip_to_end()
                continue
            if _is_blank(line):
                if line == "\r\n" and before.endswith("\r"):
                    raise double_line_ends(self._file, self._number - 1)
                blank += 1
            elif line[0] == "|" and self._form.comments:
                if line.startswith(MARKER) and self._rows:
                    self._problems.add(second_file(self._file, self._number, MARKER))
                blank += 1
            elif self._number == 1 and _SEPARATOR_LINE.fullmatch(line):
                pass
            else:
                blank = 0
                self._whole = line[-1] in "\r\n"
                yield line
            before = line
            if blank > MAX_BLANK:
                raise too_many_blank(self._file, self._number - blank)

    def _skip_to_end(self) -> None:
        while (rest := self._text.readline(MAX_LINE)) and rest[-1] not in "\r\n":
            pass

    def _report_width(self, cells: Sequence[str]) -> None:
        names = "as the header has" if self._form.has_header else "as UCI's files have"
        hint = "" if self._whole else "; the file ends in this line and may be cut off"
        self._problems.add(
            Problem(
                *(self._file, self._number, None),
                f"{len(cells)} {'value' if len(cells) == 1 else 'values'}",
                f"{self._form.width}, {names}{hint}; "
                f"the line begins '{printable(','.join(cells[:4]))}'",
            )
        )


def _is_blank(line: str) -> bool:
    """Returns whether a line is empty or has only separators, as Excel writes an empty row."""
    return not line.strip(_BLANK) or line.isspace()


def _fault(error: csv.Error) -> str:
    text = str(error)
    if "expected after" in text:
        return "other text, maybe a space, follows a closing quote: remove it"
    if "limit" in text or "end of data" in text:
        return "one that begins here is never closed"
    return printable(text)


def recognise(text: str, encoding: str, schema: Schema) -> Delimited | UciLines | None:
    """Returns the format of a file that begins with `text`; None if it is not a table.

    Raises FormatError for a table that lacks columns.
    """
    lines = [line for line in io.StringIO(text, newline="") if not _is_blank(line)]
    if all(line.startswith("|") and not known_names(line.split("|"), schema) for line in lines):
        return _uci_order(schema, encoding, ",", '"')  # it reports that there are no rows
    separators = tuple(_SEPARATORS)
    if separator_line := _SEPARATOR_LINE.fullmatch(lines[0]):
        separators, lines = (separator_line[1],), lines[1:]
    quote = "'" if lines and lines[0].startswith("'") else '"'
    records = {separator: _records(lines, separator, quote) for separator in separators}
    separator = max(records, key=lambda key: known_names(records[key][0], schema))
    names, *rows = records[separator]
    if is_header(names, schema):
        header = _header(names, rows, schema)
        return Delimited(schema, encoding, separator, quote, header)
    for row in chain.from_iterable(records.values()):
        if known_names(row, schema) > len(schema.columns) // 2:
            line = printable(",".join(row[:4]))
            raise FormatError(f"has lines above its header: remove all lines above '{line}…'")
    return _without_header(records, encoding, quote, schema)


def _without_header(
    records: Mapping[str, Sequence[Sequence[str]]], encoding: str, quote: str, schema: Schema
) -> Delimited | UciLines | None:
    """Returns the format of a table without a header; `records` has its rows by separator."""
    width = len(schema.columns)
    fitting = {key: [len(row) for row in rows].count(width) for key, rows in records.items()}
    most = max(fitting.values())
    if not most:
        return UciLines(schema) if len(records.get(",", [[]])[0]) > 1 else None
    # Not the maximum: a space can follow each comma, and some lines can be faulty.
    separator = next(key for key, number in fitting.items() if number >= most / 2)
    return _uci_order(schema, encoding, separator, quote)


def _uci_order(schema: Schema, encoding: str, separator: str, quote: str) -> Delimited | UciLines:
    """Returns the format of UCI's columns in UCI's order."""
    if (separator, encoding) == (",", UTF_8):
        return UciLines(schema)
    return Delimited(schema, encoding, separator, quote, None)


def _header(names: Sequence[str], rows: Sequence[Sequence[str]], schema: Schema) -> Header:
    """Returns the header with these names, for a table with the first rows `rows`."""
    width = len(rows[0]) if rows else len(names)
    if width == len(names) - 1 and not names[-1].strip():  # only the header ends with a separator
        names = names[:-1]
    one_more = width == len(names) + 1
    padded = one_more and not rows[0][-1].strip()  # each row ends with a separator
    try:
        header = Header.of(
            names, schema, [row[1:] for row in rows] if one_more and not padded else rows
        )
    except FormatError as error:
        if width == len(names):
            raise
        text = f"{error}; its header has {len(names)} names, but its rows have {width} values"
        raise FormatError(text) from error
    if padded:
        return replace(header, width=header.width + 1)
    return header.shifted() if one_more else header


def _records(lines: Sequence[str], separator: str, quote: str) -> list[list[str]]:
    """Returns the values of the first lines that are not comments."""
    records: list[list[str]] = []
    content = (line for line in lines if separator == "|" or line[0] != "|")
    reader = csv.reader(content, delimiter=separator, quotechar=quote, skipinitialspace=True)
    with suppress(csv.Error):  # it is reported when the whole file is read
        records.extend(islice(reader, _RECORDS_READ))
    return records or [[]]
