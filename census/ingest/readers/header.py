"""Headers: the positions of the schema's columns in a table, by their names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from census.ingest.readers.columns import Schema
from census.ingest.readers.problems import FormatError, listed, printable
from census.ingest.readers.vocabulary import SPLIT, SPLITS, SPLITS_BY_COLUMN, plain

_NUMBERED = re.compile(r"\D*?(\d+)")  # V1, _c0, Column1, 0


@dataclass(frozen=True)
class Header:
    """The positions of the schema's columns in a table, in the schema's order.

    `split` is the position of the column with the split of a row, or None; `spellings` maps its
    values to splits. `left_out` are the names of the columns that are not read.
    """

    width: int
    positions: tuple[int, ...]
    split: int | None = None
    spellings: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    @property
    def used(self) -> tuple[int, ...]:
        """The positions of the columns that are read: those of the schema, then the split."""
        return self.positions if self.split is None else (*self.positions, self.split)

    @classmethod
    def of(
        cls, names: Sequence[str], schema: Schema, rows: Sequence[Sequence[object]] = ()
    ) -> Self:
        """Returns the header with these `names`; `rows` are the first rows.

        Raises FormatError if a column is missing or occurs twice.
        """
        if _numbered(names, schema):
            return cls.standard(schema)
        if _numbered(names[1:], schema) and not names[0].strip():
            return cls.standard(schema).shifted()
        by_name = {column.name: _position(names, column.name, schema) for column in schema.columns}
        missing = [name for name, position in by_name.items() if position is None]
        positions = tuple(position for position in by_name.values() if position is not None)
        unknown = [position for position in range(len(names)) if position not in positions]
        split = _split_position(names, unknown, rows)
        others = [_shown(names[position]) for position in unknown if position != split]
        if missing:
            raise FormatError(
                f"has no column {', '.join(missing)}"
                + (f"; its unknown columns are {listed(others)}" if others else "")
            )
        return cls(
            width=len(names),
            positions=positions,
            split=split,
            spellings={} if split is None else _spellings(names[split]),
            left_out=tuple(others),
        )

    @classmethod
    def standard(cls, schema: Schema) -> Self:
        """Returns the header of a table without one: UCI's columns in UCI's order."""
        return cls(len(schema.columns), tuple(range(len(schema.columns))))

    def shifted(self) -> Self:
        """Returns this header for rows that begin with one more value, which has no name."""
        return type(self)(
            width=self.width + 1,
            positions=tuple(position + 1 for position in self.positions),
            split=None if self.split is None else self.split + 1,
            spellings=self.spellings,
            left_out=("(row names)", *self.left_out),
        )


def known_names(names: Sequence[object], schema: Schema) -> int:
    """Returns the number of columns with a name in `names`."""
    return len({schema.names.get(plain(name)) for name in names} - {None})


def is_header(names: Sequence[str], schema: Schema) -> bool:
    """Returns whether `names`, the first line of a table, is a header and not a row."""
    numbered = _numbered(names, schema) or _numbered(names[1:], schema)
    return numbered or known_names(names, schema) > 0


def _numbered(names: Sequence[str], schema: Schema) -> bool:
    """Returns whether `names` are consecutive numbers, which programs write without a header."""
    matches = [_NUMBERED.fullmatch(name.strip()) for name in names]
    numbers = [int(match[1]) for match in matches if match]
    width = len(schema.columns)
    return len(names) == width and numbers in (list(range(width)), list(range(1, width + 1)))


def _position(names: Sequence[str], column: str, schema: Schema) -> int | None:
    """Returns the position of `column`, by its own name or else by an alias; None without one."""
    known = [i for i, name in enumerate(names) if schema.names.get(plain(name)) == column]
    own = [i for i in known if plain(names[i]) == plain(column)]
    positions = own or known
    if len(positions) > 1:
        both = " and ".join(_shown(names[i]) for i in positions)
        raise FormatError(f"has more than one column {column}: {both}; remove all but one")
    return positions[0] if positions else None


def _split_position(
    names: Sequence[str], unknown: Sequence[int], rows: Sequence[Sequence[object]]
) -> int | None:
    """Returns the position of the column of splits, by its name or else by its values."""
    for i in unknown:
        if plain(names[i]) == SPLIT:
            return i
    for i in unknown:
        spellings = _spellings(names[i])
        if rows and all(i < len(row) and plain(row[i]) in spellings for row in rows):
            return i
    return None


def _spellings(name: str) -> Mapping[str, str]:
    return SPLITS_BY_COLUMN.get(plain(name), SPLITS)


def _shown(name: str) -> str:
    return printable(name.strip()) or "(unnamed)"
