"""Bands of a numeric column: ordered categories, made by cut points."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from django.db.models import Expression, F

from census.columns import NUMERIC, Column
from census.statistics.aggregates import WidthBucket
from census.statistics.parameters import Integer, Invalid, ListOf, Parameter

SUFFIX = "__bands"
MOST_CUTS = 50
MOST_VALUES = 1000  # distinct values of a number that is grouped by its values


@dataclass(frozen=True)
class CutPoints(ListOf):
    """Ascending whole numbers, each where a band begins."""

    item: Integer = field(default_factory=Integer)
    maximum: int = MOST_CUTS

    def read(self, text: str) -> list[int]:
        cuts: list[int] = super().read(text)
        if any(low > high for low, high in pairwise(cuts)):
            ascending = self.write(sorted(cuts))
            detail = f"Give the cut points in ascending order: {ascending}."
            raise Invalid("not_ascending", detail, [ascending])
        return cuts


@dataclass(frozen=True)
class BandedColumn(Column):
    """A numeric column as the ordered categories `<c1`, `c1-…`, …, `>=ck` of its cut points."""

    cuts: tuple[int, ...] = ()

    @classmethod
    def of(cls, column: Column, cuts: Iterable[int]) -> "BandedColumn":
        cuts = tuple(cuts)
        keys = [_key(low, high) for low, high in _bounds(cuts)]
        kept = {of.name: getattr(column, of.name) for of in fields(Column)}
        choices = MappingProxyType(dict(zip(keys, keys, strict=True)))
        changed = {"kind": "categorical", "choices": choices}
        return cls(**{**kept, **changed}, cuts=cuts)

    def described(self) -> list[dict[str, Any]]:
        """Returns the bands as an answer lists them, each `[lower, upper)`, the outer ones open."""
        return [
            {"key": key, "lower": low, "upper": high}
            for key, (low, high) in zip(self.choices, _bounds(self.cuts), strict=True)
        ]


def _bounds(cuts: Sequence[int]) -> list[tuple[int | None, int | None]]:
    return list(pairwise([None, *cuts, None]))


def _key(low: int | None, high: int | None) -> str:
    if low is None:
        return f"<{high}"
    if high is None:
        return f">={low}"
    return f"{low}" if high - low == 1 else f"{low}-{high - 1}"


_EXAMPLES = {
    "age": "25,35,45,55,65",
    "fnlwgt": "100000,200000,300000",
    "education_num": "9,10,13",
    "capital_gain": "1,5000,15000",
    "capital_loss": "1,1500,2000",
    "hours_per_week": "35,40,41",
}


def _parameter(column: Column) -> Parameter:
    return Parameter(
        f"{column.name}{SUFFIX}",
        CutPoints(),
        f"Cut points that make bands of {column.label.lower()}, where rows are grouped or crossed "
        "by it: `25,45` makes `<25`, `25-44` and `>=45`.",
        example=_EXAMPLES.get(column.name),
    )


BANDS: Mapping[str, Parameter] = MappingProxyType(
    {parameter.name: parameter for parameter in map(_parameter, NUMERIC)}
)


def banded(column: Column, values: Mapping[str, Any]) -> Column:
    """Returns the column, in bands if `values` has cut points for it."""
    cuts = values.get(f"{column.name}{SUFFIX}")
    return BandedColumn.of(column, cuts) if cuts else column


def unused(columns: Iterable[Column], values: Mapping[str, Any]) -> list[Parameter]:
    """Returns the parameters in `values` that are bands of none of `columns`."""
    used = {f"{column.name}{SUFFIX}" for column in columns}
    return [BANDS[name] for name in values if name in BANDS and name not in used]


def key_expression(column: Column) -> "Expression | F":
    """Returns what SQL groups by: the column, or the number of its band."""
    if isinstance(column, BandedColumn):
        return WidthBucket(column.name, column.cuts)
    return F(column.name)


def key_value(column: Column, found: Any) -> str | int | None:
    """Returns the key of a group from what SQL groups by."""
    if isinstance(column, BandedColumn) and found is not None:
        return list(column.choices)[found]
    return found


def described(columns: Iterable[Column]) -> dict[str, Any]:
    """Returns the member `bands` of an answer, empty if no column has bands."""
    bands = {c.name: c.described() for c in columns if isinstance(c, BandedColumn)}
    return {"bands": bands} if bands else {}
