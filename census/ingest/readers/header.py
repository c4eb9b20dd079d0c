"""Columns by name: which of a table's columns are the schema's."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from census.ingest.readers.columns import Schema
from census.ingest.readers.problems import FormatError, printable
from census.ingest.readers.vocabulary import SPLIT_COLUMNS, plain

_NUMBERED = re.compile(r"\D*?(\d+)")  # V1, _c0, Column1, 0


@dataclass(frozen=True)
class Header:
    """Where a table has the schema's columns, in the schema's order.

    `split` is the position of the column that says which split a row is of, or None, and
    `spellings` what its values mean. `left_out` are the names of the columns not read.
    """

    width: int
    positions: tuple[int, ...]
    split: int | None = None
    spellings: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    @classmethod
    def of(cls, names: Sequence[str], schema: Schema, first: Sequence[object] = ()) -> Self:
        """Finds the schema's columns in `names`; `first` are the values of the first row.

        Raises FormatError where a column is missing or is there twice.
        """
        if _numbered(names, schema):
            return cls.usual(schema)
        if _numbered(names[1:], schema) and not names[0].strip():
            return cls.usual(schema).shifted()
        found = {column.name: _position(names, column.name, schema) for column in schema.columns}
        missing = [name for name, position in found.items() if position is None]
        positions = tuple(position for position in found.values() if position is not None)
        split = _split_position(names, first)
        others = [
            _shown(name)
            for position, name in enumerate(names)
            if position not in positions and position != split
        ]
        if missing:
            raise FormatError(
                f"has no column {', '.join(missing)}"
                + (f"; not known are its columns {', '.join(others)}" if others else "")
            )
        return cls(
            width=len(names),
            positions=positions,
            split=split,
            spellings={} if split is None else SPLIT_COLUMNS[plain(names[split])],
            left_out=tuple(others),
        )

    @classmethod
    def usual(cls, schema: Schema) -> Self:
        """That of a table without a header: UCI's columns in UCI's order."""
        return cls(len(schema.columns), tuple(range(len(schema.columns))))

    def shifted(self) -> Self:
        """That of a table whose rows begin with a value that the header has no name for."""
        return type(self)(
            width=self.width + 1,
            positions=tuple(position + 1 for position in self.positions),
            split=None if self.split is None else self.split + 1,
            spellings=self.spellings,
            left_out=("(row names)", *self.left_out),
        )


def known_names(names: Sequence[object], schema: Schema) -> int:
    """Returns how many columns have their name among `names`."""
    return len({schema.names.get(plain(name)) for name in names} - {None})


def is_header(names: Sequence[str], schema: Schema) -> bool:
    """Returns whether `names`, the first values of a table, are names and no row."""
    numbered = _numbered(names, schema) or _numbered(names[1:], schema)
    return numbered or known_names(names, schema) > 0


def _numbered(names: Sequence[str], schema: Schema) -> bool:
    """Returns whether `names` are but numbers in turn, as of a table read without a header."""
    found = [_NUMBERED.fullmatch(name.strip()) for name in names]
    numbers = [int(match[1]) for match in found if match]
    width = len(schema.columns)
    return len(names) == width and numbers in (list(range(width)), list(range(1, width + 1)))


def _position(names: Sequence[str], column: str, schema: Schema) -> int | None:
    """Returns where `column` is: by its own name, else by another."""
    found = [place for place, name in enumerate(names) if schema.names.get(plain(name)) == column]
    own = [place for place in found if plain(names[place]) == plain(column)]
    chosen = own or found
    if len(chosen) > 1:
        both = " and ".join(_shown(names[place]) for place in chosen)
        raise FormatError(f"has more than one column {column}: {both}; leave one")
    return chosen[0] if chosen else None


def _split_position(names: Sequence[str], first: Sequence[object]) -> int | None:
    """Returns where the split is: in a column of that name, or one whose values say so."""
    for place, name in enumerate(names):
        if plain(name) == "split":
            return place
    for place, name in enumerate(names):
        spellings = SPLIT_COLUMNS.get(plain(name), {})
        if place < len(first) and plain(first[place]) in spellings:
            return place
    return None


def _shown(name: str) -> str:
    return printable(name.strip()) or "(unnamed)"
