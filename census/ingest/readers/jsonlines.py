"""JSON Lines (NDJSON): an object on each line, with the names of the columns as keys."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from census.ingest.readers.columns import Schema
from census.ingest.readers.header import Header, known_names
from census.ingest.readers.problems import (
    MAX_BLANK,
    MAX_LINE,
    FormatError,
    Problem,
    Problems,
    printable,
    too_long,
    too_many_blank,
)
from census.ingest.readers.rows import CellRow, Rows

# Numbers remain texts, so that 39.0 and 1e2 are validated as in a CSV file.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)


class JsonLines:
    """The format of JSON Lines. An absent key is a missing value."""

    description = "JSON Lines"

    def __init__(self, schema: Schema, records: Sequence[Mapping[str, Any]]) -> None:
        """Takes the names of the columns from the first `records`. Raises FormatError."""
        # Some programs leave out the key of a missing value, so the names are of several objects.
        self._names = list(dict.fromkeys(name for record in records for name in record))
        rows = [[record.get(name) for name in self._names] for record in records]
        header = Header.of(self._names, schema, rows)
        self._rows = Rows(schema, header)
        self.has_split = header.split is not None
        self.left_out = header.left_out

    def blocks(self, stream: BinaryIO, file: str, problems: Problems) -> Iterator[bytes]:
        """Yields the rows of `stream` in blocks. Problems call it `file`."""
        yield from self._rows.blocks(self._objects(stream, file, problems), file, problems)

    def _objects(self, stream: BinaryIO, file: str, problems: Problems) -> Iterator[CellRow]:
        names, number, blank = self._names, 0, 0
        while line := stream.readline(MAX_LINE):
            number += 1
            if len(line) == MAX_LINE and not line.endswith(b"\n"):
                problems.add(too_long(file, number, printable(line)))
                while (rest := stream.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                    pass
            elif line.isspace():
                blank += 1
                if blank > MAX_BLANK:
                    raise too_many_blank(file, number - blank)
            elif record := parse(line.removeprefix(b"\xef\xbb\xbf")):
                blank = 0
                yield number, [record.get(name) for name in names]
            else:
                hint = "" if line.endswith(b"\n") else "; the file may be cut off here"
                expected = f"a JSON object{hint}"
                problems.add(Problem(file, number, None, printable(line.strip()), expected))


def parse(line: bytes | str) -> dict[str, Any] | None:
    """Returns the JSON object in `line`; None if it is something else."""
    text = line.decode("utf-8", "backslashreplace") if isinstance(line, bytes) else line
    try:
        value = _DECODER.decode(text.strip())
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def recognise(text: str, schema: Schema) -> JsonLines:
    """Returns the format of a file that begins with `text`, whose first character is `{` or `[`.

    Raises FormatError for JSON that is not lines of objects with the columns.
    """
    records = [record for line in text.strip().splitlines() if (record := parse(line))]
    first = records[0] if records else {}
    nested = any(isinstance(value, dict | list) for value in first.values())
    if not nested and known_names([name for record in records for name in record], schema):
        return JsonLines(schema, records)
    raise FormatError(
        "is JSON, but not JSON Lines, which has one object with the columns on each line: write "
        "it as JSON Lines, for instance by pandas' to_json(orient='records', lines=True)"
    )
