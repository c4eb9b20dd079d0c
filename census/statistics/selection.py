"""The selection of rows: filters, groups and weight, and the queryset that they make."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from django.db.models import Count, Expression, F, Q, QuerySet

from census.columns import COLUMNS, NULLABLE, SOURCE_NAMES, WEIGHT, Column
from census.models import Person
from census.statistics import bands
from census.statistics.parameters import (
    Boolean,
    Choice,
    Integer,
    InvalidCombination,
    ListOf,
    Parameter,
    Range,
    Type,
)


def _is(name: str, lookup: str, value: Any) -> Q:
    return Q(**{f"{name}__{lookup}": value})


def _known(column: Column) -> Q:
    """Returns the condition that the column has a value."""
    return ~_is(column.name, "isnull", value=True) if column.nullable else Q()


def _comparison(column: Column, lookup: str, value: Any) -> Q:
    """Compares numbers by size, and categories by their position in the column's order."""
    if column.numeric:
        return _is(column.name, lookup, value)
    compare: dict[str, Callable[[int, int], bool]] = {
        "gt": int.__gt__,
        "gte": int.__ge__,
        "lt": int.__lt__,
        "lte": int.__le__,
    }
    rank = column.rank
    kept = [c for c in column.choices if compare[lookup](rank[c], rank[value])]
    return _is(column.name, "in", kept)


@dataclass(frozen=True)
class Lookup:
    """A way to compare a column with a value.

    `suffix` follows the column's name and two underscores; equality has none.
    """

    suffix: str
    words: str
    applies: Callable[[Column], bool]
    type: Callable[[Type], Type]
    condition: Callable[[Column, Any], Q]

    def name(self, column: Column) -> str:
        return f"{column.name}__{self.suffix}" if self.suffix else column.name


def _every(_column: Column) -> bool:
    return True


def _itself(item: Type) -> Type:
    return item


def _list(item: Type) -> Type:
    return ListOf(item)


LOOKUPS = (
    Lookup("", "is", _every, _itself, lambda c, v: _is(c.name, "exact", v)),
    Lookup("ne", "is not", _every, _itself, lambda c, v: _known(c) & ~_is(c.name, "in", [v])),
    Lookup("in", "is one of", _every, _list, lambda c, v: _is(c.name, "in", v)),
    Lookup("not_in", "is none of", _every, _list, lambda c, v: _known(c) & ~_is(c.name, "in", v)),
    Lookup(
        "isnull",
        "is missing",
        _every,
        lambda _item: Boolean(),
        lambda c, v: _is(c.name, "isnull", v),
    ),
    *(
        Lookup(
            suffix,
            words,
            lambda c: c.ordered,
            _itself,
            lambda c, v, suffix=suffix: _comparison(c, suffix, v),  # type: ignore[misc]
        )
        for suffix, words in (
            ("gt", "is over"),
            ("gte", "is at least"),
            ("lt", "is under"),
            ("lte", "is at most"),
        )
    ),
    Lookup(
        "range",
        "is from … to … (both included)",
        lambda c: c.numeric,
        Range,
        lambda c, v: _is(c.name, "range", v),
    ),
)


def column_type(column: Column) -> Type:
    """Returns how a value of `column` is read."""
    if column.numeric:
        return Integer()
    title = column.name.title().replace("_", "")
    return Choice(tuple(column.choices), noun=f"a category of {column.name}", title=title)


def column_choice(columns: Iterable[Column], noun: str, title: str) -> Choice:
    """Returns how the name of one of `columns` is read, in either spelling."""
    return Choice(tuple(column.name for column in columns), noun, SOURCE_NAMES, title)


@dataclass(frozen=True)
class Filter:
    """A query parameter that keeps the rows whose column matches its value by a lookup."""

    column: Column
    lookup: Lookup
    parameter: Parameter


def _filters() -> Iterator[Filter]:
    for column in COLUMNS.values():
        for lookup in LOOKUPS:
            if lookup.applies(column):
                parameter = Parameter(
                    lookup.name(column),
                    lookup.type(column_type(column)),
                    f"Keep rows whose {column.label.lower()} {lookup.words} this.",
                )
                yield Filter(column, lookup, parameter)


FILTERS: Mapping[str, Filter] = MappingProxyType({f.parameter.name: f for f in _filters()})

COMPLETE = Parameter(
    "complete", Boolean(), "`true` keeps only rows with no missing value at all.", default=False
)
GROUP_BY = Parameter(
    "group_by",
    ListOf(
        column_choice(COLUMNS.values(), "a column", "Column"),
        maximum=3,
    ),
    "One to three columns. The answer has a group for each combination of their values that "
    "occurs; a missing value is a value of its own. A number is grouped by its values or, with "
    "`…__bands`, by bands.",
    example="sex",
)
WEIGHTED_BY = Parameter(
    "weight",
    Choice((WEIGHT.name,), noun="a weight"),
    "The survey weight: estimates are then of the population, not of the sample.",
    example=WEIGHT.name,
)


# The aggregates of some rows by name; `rows` counts them.
Row = dict[str, Any]
# The values of the columns grouped by, in their order; None is a missing value.
Key = tuple[str | int | None, ...]


@dataclass(frozen=True)
class Selection:
    """Rows by `filters` (parameter name to value), split by `group_by`, weighted by `weight`.

    Its content is valid: each name is in `FILTERS`, each value is of that parameter's type.
    """

    filters: Mapping[str, Any] = field(default_factory=dict)
    complete: bool = False
    group_by: tuple[Column, ...] = ()
    weight: Column | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing is filtered out."""
        return not self.filters and not self.complete

    def rows(self) -> QuerySet[Person]:
        """Returns the people selected."""
        condition = Q()
        for name, value in self.filters.items():
            chosen = FILTERS[name]
            condition &= chosen.lookup.condition(chosen.column, value)
        if self.complete:
            for column in NULLABLE:
                condition &= _known(column)
        return Person.objects.filter(condition).order_by()

    def whole(self, **aggregates: Expression) -> Row:
        """Returns the aggregates over all rows selected, by one statement."""
        return self.rows().aggregate(rows=Count("*"), **aggregates)

    def groups(self, **aggregates: Expression) -> dict[Key, Row]:
        """Returns the aggregates of each group by its key, by one statement."""
        keys = self.group_keys()
        return dict(self.by_key(self.rows().values(**keys).annotate(rows=Count("*"), **aggregates)))

    def by_key(self, rows: Iterable[Any]) -> Iterator[tuple[Key, Row]]:
        """Yields the key of each row, whose `group_keys` are taken out of it.

        Raises `InvalidCombination` where a number has too many values to group by them.
        """
        parts = list(zip(self.group_keys(), self.group_by, strict=True))
        numbers = [(place, set[Any]()) for place, of in enumerate(self.group_by) if of.numeric]
        for row in rows:
            key = tuple(bands.key_value(column, row.pop(name)) for name, column in parts)
            for place, values in numbers:
                values.add(key[place])
                if len(values) > bands.MOST_VALUES:
                    raise _bands_required(self.group_by[place])
            yield key, row

    def group_keys(self) -> dict[str, Expression | F]:
        """Returns the expressions that SQL groups by, in the order of `group_by`.

        Only this, `by_key` and `keys` know what a group is, so that metrics need not know bands.
        The names are those in SQL, where a field's own name is taken.
        """
        return {f"key_{n}": bands.key_expression(column) for n, column in enumerate(self.group_by)}

    def keys(self) -> tuple[str, ...]:
        """Returns the names of the group keys as an answer has them."""
        return tuple(column.name for column in self.group_by)

    def described(self) -> dict[str, Any]:
        """Returns the filters as an answer repeats them."""
        return dict(self.filters) | ({"complete": True} if self.complete else {})

    def key_order(self, key: Key, *, descending: bool = False) -> tuple[tuple[bool, int], ...]:
        """Sorts keys of groups: each column in its order, missing last."""
        return tuple(
            column.sort_key(value, descending=descending)
            for column, value in zip(self.group_by, key, strict=True)
        )


def _bands_required(column: Column) -> InvalidCombination:
    parameter = bands.BANDS[f"{column.name}{bands.SUFFIX}"]
    detail = (
        f"{column.name} has more than {bands.MOST_VALUES} values among these rows: give cut points "
        f"by `{parameter.name}`, such as `{parameter.name}={parameter.example}`, or select fewer."
    )
    return InvalidCombination(parameter, "bands_required", detail)
