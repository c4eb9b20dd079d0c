"""The allowed values of a column, and their validation."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

from census.ingest.readers.problems import printable
from census.ingest.readers.vocabulary import ALIASES, MISSING, plain

_SHOWN = 16  # categories in a message
_MAX_REMEMBERED = 100_000  # texts of one column
_WHOLE = re.compile(r"([0-9]{1,20})(?:\.0+)?")


@dataclass(frozen=True)
class ColumnSpec:
    """The allowed values of a column: `categories`, or whole numbers within the bounds.

    The categories of a `dotted` column may end with a dot, as in UCI's adult.test. Raises
    ValueError for a category with a space, a comma, a question mark or a final dot, which the
    format cannot represent.
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
        """A regular expression for the values in UCI's spelling."""
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
        """Returns the value of `text`, `?` for a missing value; None if `text` is invalid."""
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

    def suggestion(self, value: str) -> str | None:
        """Returns the category most similar to `value`; None if no category is similar."""
        by_lower_case = {category.lower(): category for category in self.categories}
        matches = get_close_matches(value.lower(), by_lower_case, n=1)
        return by_lower_case[matches[0]] if matches else None


class InvalidValue(Exception):
    """A text is not a value of its column."""

    def __init__(self, column: ColumnSpec, text: object) -> None:
        self.column = column
        self.text = printable(str(text).strip())
        super().__init__(self.text)


class Values(dict[object, str]):
    """The values of one column by their texts. Each text is validated once, by `value`.

    `values[text]` raises InvalidValue. A text can also be a number, or None for a missing value.
    """

    def __init__(
        self, column: ColumnSpec, value: Callable[[str], str | None] | None = None
    ) -> None:
        super().__init__()
        self._column = column
        self._value = value or column.value

    def __missing__(self, text: object) -> str:
        value = self._value(_text(text))
        if value is None:
            raise InvalidValue(self._column, _text(text))
        if len(self) < _MAX_REMEMBERED:
            self[text] = value
        return value


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return "" if value is None else str(value)


@dataclass(frozen=True)
class Schema:
    """The columns of a file in UCI's order, and the column with the split of each row."""

    columns: tuple[ColumnSpec, ...]
    split: ColumnSpec

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The names of the columns by all their spellings."""
        own = {plain(column.name): column.name for column in self.columns}
        aliases = {plain(alias): name for name in own.values() for alias in ALIASES.get(name, ())}
        return aliases | own


def _whole_numbers(minimum: int, maximum: int) -> str:
    """Returns a regular expression for the integers from `minimum` to `maximum`.

    They have the digits 0 to 9, no sign and no leading zeros.
    """
    low, high = str(minimum), str(maximum)
    if len(low) == len(high):
        return _between(low, high)
    between = [_between(f"1{'0' * (len(high) - 1)}", high), _between(low, "9" * len(low))]
    if len(high) - len(low) > 1:  # first, as most numbers are of these lengths
        between.insert(0, f"[1-9][0-9]{{{len(low)},{len(high) - 2}}}")
    return "|".join(between)


def _between(low: str, high: str) -> str:
    """Returns a regular expression for the digit strings from `low` to `high`, of equal length."""
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
