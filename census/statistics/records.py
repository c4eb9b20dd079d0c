"""Records: which columns, in which order, and page by page.

Pages are found by key (keyset pagination): a cursor holds the values of the record where a page
begins or ends, so that a page far into the table costs no more than the first.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When
from django.db.models.expressions import OrderBy

from census.columns import COLUMNS, SOURCE_NAMES, Column
from census.models import Dataset, Person
from census.statistics.parameters import Choice, Integer, Invalid, ListOf, Parameter, Type, shown
from census.statistics.selection import Selection

ID = "id"
NAMES = (ID, *COLUMNS)
LAST_ID = 2**31 - 1


@dataclass(frozen=True)
class SortKey:
    """A column to sort by. Missing values are last in both directions."""

    name: str
    descending: bool = False

    @classmethod
    def of(cls, text: str) -> "SortKey":
        return cls(text.removeprefix("-"), text.startswith("-"))

    @property
    def column(self) -> Column | None:
        """The column, or None for the id."""
        return COLUMNS.get(self.name)

    @property
    def nullable(self) -> bool:
        return self.column is not None and self.column.nullable

    @property
    def ranked(self) -> bool:
        """Whether the column has an order of its own, other than that of its values in SQL."""
        return self.column is not None and self.column.ordered and not self.column.numeric

    @property
    def alias(self) -> str:
        return f"{self.name}_rank" if self.ranked else self.name

    def expression(self) -> Case | F:
        """Returns the SQL expression to sort by."""
        if self.column is None or not self.ranked:
            return F(self.name)
        ranks = [When(Q((self.name, v)), then=Value(r)) for v, r in self.column.rank.items()]
        return Case(*ranks, output_field=IntegerField())

    def order(self, *, backwards: bool) -> OrderBy:
        descending = self.descending != backwards
        if not self.nullable:
            return OrderBy(F(self.alias), descending=descending)
        return OrderBy(
            F(self.alias),
            descending=descending,
            nulls_first=backwards or None,
            nulls_last=not backwards or None,
        )

    def at(self, value: Any) -> Q:
        """Returns the condition that a record has `value`."""
        return Q((f"{self.name}__isnull", True)) if value is None else Q((self.name, value))

    def beyond(self, value: Any, *, backwards: bool) -> Q | None:
        """Returns the condition that a record comes after `value`, or before it if `backwards`.

        None if no record can.
        """
        if value is None:
            return Q((f"{self.name}__isnull", False)) if backwards else None
        lookup = "lt" if self.descending != backwards else "gt"
        place = self.column.rank[value] if self.column and self.ranked else value
        condition = Q((f"{self.alias}__{lookup}", place))
        if self.nullable and not backwards:
            condition |= Q((f"{self.name}__isnull", True))
        return condition

    def holds(self, value: Any) -> bool:
        """Returns whether the column can have `value`."""
        if value is None:
            return self.nullable
        if self.column and not self.column.numeric:
            return isinstance(value, str) and value in self.column.choices
        return type(value) is int and 0 <= value <= LAST_ID


def sort_keys(ordering: Sequence[str]) -> tuple[SortKey, ...]:
    """Returns the keys of `ordering`. The last one is the id, so that no two records are equal."""
    found = [SortKey.of(text) for text in ordering]
    names = [key.name for key in found]
    return tuple(found[: names.index(ID) + 1]) if ID in names else (*found, SortKey(ID))


def in_order(
    rows: QuerySet[Person], by: Sequence[SortKey], *, backwards: bool = False
) -> QuerySet[Person]:
    aliases = {key.alias: key.expression() for key in by if key.ranked}
    return rows.alias(**aliases).order_by(*(key.order(backwards=backwards) for key in by))


@dataclass(frozen=True)
class Cursor:
    """The position after the record that has `values` in the ordering, or before it."""

    ordering: tuple[str, ...]
    values: tuple[Any, ...]
    backwards: bool = False

    def __str__(self) -> str:
        content = [",".join(self.ordering), self.values, self.backwards]
        text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
        return urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """Returns the cursor of its text; raises ValueError if there is none."""
        padding = "=" * (-len(text) % 4)
        content = json.loads(urlsafe_b64decode(text.encode("ascii") + padding.encode()))
        match content:
            case [str(ordering), [*values], bool(backwards)]:
                cursor = cls(tuple(ordering.split(",")), tuple(values), backwards)
                if str(cursor) == text and cursor.fits():
                    return cursor
        raise ValueError(text)

    def fits(self) -> bool:
        """Returns whether the columns of the ordering can have the values."""
        by = sort_keys(self.ordering)
        return (
            all(key.name in NAMES for key in by)
            and len(by) == len(self.values)
            and all(key.holds(value) for key, value in zip(by, self.values, strict=True))
        )

    def condition(self) -> Q:
        """Returns the condition that a record comes after the position, or before it."""
        found, tied = Q(pk__in=()), Q()
        for key, value in zip(sort_keys(self.ordering), self.values, strict=True):
            beyond = key.beyond(value, backwards=self.backwards)
            if beyond is not None:
                found |= tied & beyond
            tied &= key.at(value)
        return found


@dataclass(frozen=True)
class CursorType(Type):
    def read(self, text: str) -> Cursor:
        try:
            return Cursor.read(text)
        except (ValueError, RecursionError):
            detail = f"{shown(text)} is not a cursor: take one from `next` or `previous`."
            raise Invalid("invalid_cursor", detail) from None

    def schema(self) -> dict[str, Any]:
        return {"type": "string"}


_DIRECTIONS = tuple(sign + name for name in NAMES for sign in ("", "-"))

FIELDS = Parameter(
    "fields",
    ListOf(Choice(NAMES, "a column", SOURCE_NAMES, "RecordMember")),
    "The columns of each record, in this order; by default the id and all columns.",
    example="age,sex",
)
ORDERING = Parameter(
    "ordering",
    ListOf(
        Choice(
            _DIRECTIONS,
            noun="a column",
            aliases={
                sign + source: sign + name
                for source, name in SOURCE_NAMES.items()
                for sign in ("", "-")
            },
        )
    ),
    "The columns to sort by, with a minus for the largest first. Missing values are last in "
    "either direction; ties are in the order of the id.",
    default=[ID],
    example="-age,id",
)
# Without a default in its description: programs would send it with files, which have no pages.
PAGE_SIZE = Parameter("page_size", Integer(1, 1000), "Records on a page, by default 50.")
CURSOR = Parameter(
    "cursor",
    CursorType(),
    "Where the page begins or ends, as `next` and `previous` have it. Opaque; valid only with "
    "the same `ordering`.",
)


@dataclass(frozen=True)
class Page:
    """A page of the selected records, from the first one or from a cursor."""

    selection: Selection
    fields: tuple[str, ...] = NAMES
    ordering: tuple[str, ...] = (ID,)
    size: int = 50
    cursor: Cursor | None = None

    def answer(self) -> dict[str, Any]:
        """Returns `count` (of all selected), `next`, `previous` (cursors), `results`."""
        count = self.selection.rows().count()
        records = list(self._rows().values(*self.fields, *self._key_names()))
        more = len(records) > self.size
        records = records[: self.size]
        backwards = self.cursor is not None and self.cursor.backwards
        if backwards:
            records.reverse()
        # A page with a cursor has a page on the other side of the cursor.
        after, before = (self.cursor, more) if backwards else (more, self.cursor)
        return {
            "count": count,
            "next": self._cursor(records[-1]) if records and after else None,
            "previous": self._cursor(records[0], backwards=True) if records and before else None,
            "results": [{name: record[name] for name in self.fields} for record in records],
        }

    def everything(self) -> QuerySet[Person]:
        """Returns all selected records, in order."""
        return in_order(self.selection.rows(), sort_keys(self.ordering))

    def _rows(self) -> QuerySet[Person]:
        backwards = self.cursor is not None and self.cursor.backwards
        rows = in_order(self.selection.rows(), sort_keys(self.ordering), backwards=backwards)
        if self.cursor:
            rows = rows.filter(self.cursor.condition())
        return rows[: self.size + 1]

    def _key_names(self) -> tuple[str, ...]:
        return tuple(key.name for key in sort_keys(self.ordering) if key.name not in self.fields)

    def _cursor(self, record: Mapping[str, Any], *, backwards: bool = False) -> Cursor:
        values = tuple(record[key.name] for key in sort_keys(self.ordering))
        return Cursor(self.ordering, values, backwards)


class NoSuchPerson(LookupError):
    """No record has that id; the ids are 1 to `last`."""

    def __init__(self, last: int) -> None:
        super().__init__(last)
        self.last = last


def person(identifier: int, fields: Sequence[str]) -> dict[str, Any]:
    """Returns the columns `fields` of the record with that id; raises `NoSuchPerson`."""
    found: dict[str, Any] | None = Person.objects.filter(pk=identifier).values(*fields).first()
    if found is None:
        raise NoSuchPerson(Dataset.objects.loaded().rows)
    return found
