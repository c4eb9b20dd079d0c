"""The parts of a table for people."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from census.api.charts import words
from census.columns import COLUMNS
from census.pages import numbers

SMALL = 30  # people: a group of fewer is marked
MARK = "⚠"
SMALL_NOTE = f"{MARK} fewer than {SMALL} people: read with care."


@dataclass(frozen=True)
class Bar:
    """A dot with its interval, or a bar from the left; all as percentages of the width."""

    at: float
    low: float | None = None
    high: float | None = None
    bar: bool = False

    @property
    def extent(self) -> float:
        return max((self.high or 0) - (self.low or 0), 0.5)


@dataclass(frozen=True)
class Cell:
    """A text, which may have several lines, or if `drawn` a bar or nothing.

    `note` stands smaller behind the text, `href` makes it a link.
    """

    text: str
    note: str = ""
    number: bool = False
    head: bool = False
    href: str = ""
    marked: bool = False
    drawn: bool = False
    bar: Bar | None = None


@dataclass(frozen=True)
class Heading:
    """A column heading. `field` is the name in `order_by`, `order` the current `order_by`.

    A column that is `drawn` is left out on phones and on paper.
    """

    text: str
    number: bool = False
    field: str = ""
    order: str = ""
    drawn: bool = False


DRAWN = Heading("Drawn", drawn=True)


@dataclass(frozen=True)
class Row:
    cells: Sequence[Cell]
    total: bool = False


@dataclass(frozen=True)
class Table:
    headings: Sequence[Heading]
    rows: Sequence[Row]
    notes: Sequence[str] = ()
    left_out: int = 0
    kind: str = ""  # `records`, whose lines are not broken, or `pairs` of a name and a value


@dataclass
class Scale:
    """Places values between the smallest and the largest."""

    low: float = 0.0
    high: float = 0.0
    values: list[float] = field(default_factory=list)

    def bar(
        self, at: float | None, low: float | None = None, high: float | None = None
    ) -> Bar | None:
        if at is None or self.high <= self.low:
            return None
        place = [
            None
            if v is None
            else round(
                100 * (min(max(v, self.low), self.high) - self.low) / (self.high - self.low), 1
            )
            for v in (at, low, high)
        ]
        return Bar(place[0] or 0.0, place[1], place[2], bar=low is None)


def scale(values: Sequence[float | None], *, zero: bool = True) -> Scale:
    known = [value for value in values if value is not None]
    ends = [*known, 0.0] if zero else known
    return Scale(min(ends, default=0), max(ends, default=0))


def label(name: str, value: Any) -> str:
    """Returns the label of a value or band of a column."""
    column = COLUMNS.get(name)
    return str(value) if column is None else words.value(column, value)


def estimate(level: Mapping[str, Any], name: str, ends: str, write: Callable[[Any], str]) -> Cell:
    """Returns the value `name` of a level, with its interval `{ends}_lower` to `{ends}_upper`."""
    low, high = level.get(f"{ends}_lower"), level.get(f"{ends}_upper")
    known = low is not None and high is not None
    note = numbers.interval(write(low), write(high)) if known else ""
    return Cell(write(level.get(name)), note, number=True)


def drawing(bar: Bar | None = None) -> Cell:
    """Returns a cell of a column that is drawn."""
    return Cell("", drawn=True, bar=bar)


def keys(key: Mapping[str, Any]) -> list[Cell]:
    """Returns the cells of a group's key."""
    return [Cell(label(name, value), head=True) for name, value in key.items()]


def people(count: int | None) -> Cell:
    """Returns a number of people, marked if it is small."""
    return Cell(numbers.number(count), number=True, marked=count is not None and count < SMALL)


def column_label(name: str) -> str:
    return COLUMNS[name].label if name in COLUMNS else name.replace("_", " ").capitalize()
