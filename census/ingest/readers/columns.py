"""What a column can hold, as a regular expression and value by value."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

from census.ingest.readers.problems import printable
from census.ingest.readers.vocabulary import ALIASES, MISSING, plain

_SHOWN = 16  # categories in a message
_MOST_REMEMBERED = 100_000  # texts of one column
_WHOLE = re.compile(r"([0-9]{1,20})(?:\.0+)?")


@dataclass(frozen=True)
class ColumnSpec:
    """What a column can hold: one of `categories`, or whole numbers within the bounds.

    `dotted` is a column whose categories may end in a dot, as in UCI's adult.test. Raises
    ValueError for a category that the format cannot write: one with a space, a comma or a
    question mark, or with a dot at its end.
    """

    name: str
    nullable: bool = False
    categories: tuple[str, ...] = ()
    minimum: int = 0
    maximum: int = 0
    dotted: bool = False

    def __post_init__(self) -> None:
        for category in self.categories:
            if not re.fullmatch(r"[^\s,?]*[^\s,?.]", category):
                raise ValueError(f"{self.name}: {category!r} cannot be written in a file")

    @property
    def pattern(self) -> str:
        """A regular expression of the values as UCI writes them."""
        if self.categories:
            values = "|".join(map(re.escape, self.categories))
        else:
            values = _whole_numbers(self.minimum, self.maximum)
        values = rf"(?:{values}|\?)" if self.nullable else f"(?:{values})"
        return rf"{values}\.?" if self.dotted else values

    @property
    def expected(self) -> str:
        if self.categories:
            shown = ", ".join(self.categories[:_SHOWN])
            more = len(self.categories) - _SHOWN
            values = f"one of {shown}{f' and {more} more' if more > 0 else ''}"
        else:
            values = f"a whole number from {self.minimum} to {self.maximum}"
        return f"? or nothing where it is missing, or {values}" if self.nullable else values

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.categories)

    def value(self, text: str) -> str | None:
        """Returns the value that `text` writes, `?` for a missing one; None if it is none."""
        text = text.strip()
        if self.nullable and text.lower() in MISSING:
            return "?"
        if self.categories:
            text = text.removesuffix(".") if self.dotted else text
            return text if text in self._known else None
        match = _WHOLE.fullmatch(text)
        if not match or (match[1][0] == "0" and match[1] != "0"):
            return None
        return match[1] if self.minimum <= int(match[1]) <= self.maximum else None

    def likely(self, value: str) -> str | None:
        """Returns the category that `value` was probably meant to be."""
        by_lower_case = {category.lower(): category for category in self.categories}
        matches = get_close_matches(value.lower(), by_lower_case, n=1)
        return by_lower_case[matches[0]] if matches else None


class InvalidValue(Exception):
    """A text that is no value of its column."""

    def __init__(self, column: ColumnSpec, text: object) -> None:
        self.column = column
        self.text = printable(str(text).strip())
        super().__init__(self.text)


class Values(dict[object, str]):
    """The values that the texts of one column write, each judged once.

    `values[text]` raises InvalidValue. Texts may be numbers, too, and None is a missing value.
    """

    def __init__(self, column: ColumnSpec) -> None:
        super().__init__()
        self._column = column

    def __missing__(self, text: object) -> str:
        value = self._column.value(_text(text))
        if value is None:
            raise InvalidValue(self._column, _text(text))
        if len(self) < _MOST_REMEMBERED:
            self[text] = value
        return value


class SplitValues(dict[object, str]):
    """The splits that the texts of a column write, by their plain spelling."""

    def __init__(self, column: ColumnSpec, spellings: Mapping[str, str]) -> None:
        super().__init__()
        self._column = column
        self._spellings = spellings

    def __missing__(self, text: object) -> str:
        value = self._spellings.get(plain(_text(text)))
        if value is None:
            raise InvalidValue(self._column, _text(text))
        if len(self) < _MOST_REMEMBERED:
            self[text] = value
        return value


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return "" if value is None else str(value)


@dataclass(frozen=True)
class Schema:
    """The columns of a file in UCI's order, and the one that says which split a row is of."""

    columns: tuple[ColumnSpec, ...]
    split: ColumnSpec

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The columns' names by all spellings of them."""
        own = {plain(column.name): column.name for column in self.columns}
        aliases = {plain(alias): name for name in own.values() for alias in ALIASES.get(name, ())}
        return aliases | own


def _whole_numbers(minimum: int, maximum: int) -> str:
    """Returns a regular expression of the numbers from `minimum` to `maximum`, as Python
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
    """Returns a regular expression of the strings of digits from `low` to `high`, equally long."""
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
