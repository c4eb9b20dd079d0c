"""Validation of the rows of a table with named columns."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from operator import itemgetter

from census.ingest.readers.columns import InvalidValue, Schema, Values
from census.ingest.readers.header import Header, known_names
from census.ingest.readers.problems import Problem, Problems, no_rows
from census.ingest.readers.vocabulary import plain

_ROWS = 2_000  # in a block
CellRow = tuple[int, Sequence[object]]


class Rows:
    """Validates the rows of a table, which are pairs of a number and values.

    `unit` says what the number counts: "line" or "row".
    """

    def __init__(self, schema: Schema, header: Header, unit: str = "line") -> None:
        self._schema = schema
        self._unit = unit
        self._values = [Values(column) for column in schema.columns]
        if header.split is not None:
            splits = header.spellings
            self._values.append(Values(schema.split, lambda text: splits.get(plain(text))))
        self._pick = itemgetter(*header.used)

    def blocks(self, rows: Iterable[CellRow], file: str, problems: Problems) -> Iterator[bytes]:
        """Yields the lines of `rows` in blocks; after the first problem it only validates."""
        lines: list[str] = []
        values, pick, empty = self._values, self._pick, True
        for number, cells in rows:
            empty = False
            try:
                lines.append(
                    ",".join([known[cell] for known, cell in zip(values, pick(cells))])  # noqa: B905 - of one length
                )
            except (InvalidValue, TypeError):  # a list or an object cannot be looked up
                self._explain(cells, number, file, problems)
            if len(lines) >= _ROWS:
                if not problems:
                    yield _block(lines)
                lines.clear()
        if lines and not problems:
            yield _block(lines)
        if empty and not problems:
            problems.add(no_rows(file))

    def _explain(self, cells: Sequence[object], number: int, file: str, problems: Problems) -> None:
        """Reports all invalid values of a row."""
        if known_names(cells, self._schema) > len(self._values) // 2:
            expected = "rows, but this is a second header: give each table as a separate file"
            problems.add(Problem(file, number, None, None, expected, unit=self._unit))
            return
        for known, cell in zip(self._values, self._pick(cells), strict=True):
            try:
                known[cell if isinstance(cell, Hashable) else str(cell)]
            except InvalidValue as error:
                column = error.column
                suggestion = column.suggestion(error.text)
                problems.add(
                    Problem(
                        *(file, number, column.name, error.text),
                        *(column.expected, suggestion, self._unit),
                    )
                )


def _block(lines: Sequence[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()
