"""Statements that see one version of the dataset, though a load may commit between them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from django.db.models import CharField, Count, Expression, F, Q, QuerySet, Subquery, Value

from census.models import Dataset, Person
from census.statistics.aggregates import GroupingSets, GroupKey
from census.statistics.statements import Row, Shape, Statement

Answer = TypeVar("Answer")
# Rows, key columns, aggregates, and the named expressions that are keys too.
Part = tuple[
    "QuerySet[Person]", Sequence[str], Mapping[str, Expression], Mapping[str, Expression | F]
]

VERSION = "dataset_version"
_SHAPES = 1024  # that are remembered
# Loads take a second or more: two of them never commit within one answer but by design.
ATTEMPTS = 5


class DatasetMissing(Exception):
    """No dataset is loaded: there is nothing to compute from."""


class DatasetChanged(Exception):
    """A load committed between two statements of one answer."""


class LoadedVersion(Expression):
    """The version of the loaded dataset, from the same snapshot as the aggregates beside it.

    It stands among aggregates, in no GROUP BY, and is asked for even where a filter can match
    nothing: hence it says of itself that it is an aggregate with no value for an empty set.
    As a `Subquery` it took a quarter of the time in which Django makes a statement.
    """

    contains_aggregate = True
    empty_result_set_value = NotImplemented
    identity = ("LoadedVersion",)
    statement = f'(SELECT "version" FROM "{Dataset._meta.db_table}" LIMIT 1)'  # noqa: S608

    def __init__(self) -> None:
        super().__init__(output_field=CharField())

    def as_sql(self, *_: Any) -> tuple[str, tuple[()]]:
        return self.statement, ()

    def get_group_by_cols(self) -> list[Any]:
        return []


COUNT = Shape("count", dict)


@lru_cache(_SHAPES)
def _whole(shape: Shape) -> Statement:
    return Statement(lambda rows: _grouped(rows, (), shape.aggregates(), {}))


@lru_cache(_SHAPES)
def _groups(shape: Shape) -> Statement:
    return Statement(lambda rows: _grouped(rows, shape.keys, shape.aggregates(), shape.expressions))


@lru_cache(_SHAPES)
def _whole_and_groups(shape: Shape) -> Statement:
    """Return the statement whose first row is that of all rows."""
    keys = {f"key_{key}": GroupKey(key) for key in shape.keys}
    aggregates = {"all_rows": GroupingSets(*shape.keys), **shape.aggregates()}
    first = F("all_rows").desc()
    return Statement(lambda rows: _grouped(rows, (), aggregates, keys).order_by(first))


def _grouped(
    rows: QuerySet[Person],
    keys: Sequence[str],
    aggregates: Mapping[str, Expression],
    expressions: Mapping[str, Expression | F],
) -> QuerySet[Person, Row]:
    if not keys and not expressions:
        expressions = {"all_rows": Value(1)}
    grouped = rows.annotate(**expressions).values(*keys, *expressions)
    counted = {"rows": Count("*"), **aggregates, VERSION: LoadedVersion()}
    return grouped.annotate(**counted)


class Snapshot:
    """Reads aggregates and records, all of one version; raises `DatasetChanged` where it cannot.

    `version` is that of the rows read so far. All statements of one snapshot are over the same
    rows; each grouping counts them as `rows`.
    """

    def __init__(self) -> None:
        self.version = ""
        self._rows: int | None = None

    def whole(self, condition: Q, shape: Shape) -> Row:
        """Return the aggregates over the rows of `condition`, and how many there are as `rows`."""
        (result,) = self._read(_whole(shape).read(condition))
        self._expect(result["rows"])
        return result

    def by(self, condition: Q, shape: Shape) -> list[Row]:
        """Return the aggregates for each value of the shape's keys and expressions."""
        results = self._read(_groups(shape).read(condition))
        if self.version:
            self._expect(sum(row["rows"] for row in results))
        else:
            self._confirm_empty(condition)
        return results

    def whole_and_by(self, condition: Q, shape: Shape) -> tuple[Row, list[Row]]:
        """Return what `whole` and `by` would, from one pass over the rows."""
        whole, *groups = self._read(_whole_and_groups(shape).read(condition))
        for group in groups:
            group.update({key: group.pop(f"key_{key}") for key in shape.keys})
        self._expect(whole["rows"])
        return whole, groups

    def union(self, parts: Sequence[Part]) -> list[Row]:
        """Return the rows of several groupings, all of the same names, by one statement."""
        first, *others = (_grouped(*part) for part in parts)
        results = self._read(first.union(*others, all=True))
        if not self.version:
            self._confirm_empty(Q(pk__in=()))
        return results

    def records(self, rows: QuerySet[Person], names: Sequence[str]) -> list[Row]:
        """Return those columns of each of `rows`."""
        version = Subquery(Dataset.objects.values("version")[:1])
        return self._read(rows.values(*names).annotate(**{VERSION: version}))

    def _read(self, results: Iterable[Row]) -> list[Row]:
        rows = list(results)
        for row in rows:
            self._see(row.pop(VERSION))
        return rows

    def _see(self, version: str | None) -> None:
        if version is None:
            raise DatasetMissing
        if self.version not in ("", version):
            raise DatasetChanged
        self.version = version

    def _expect(self, rows: int) -> None:
        if self._rows not in (None, rows):
            raise DatasetChanged
        self._rows = rows

    def _confirm_empty(self, condition: Q) -> None:
        """Learn the version where no group told it, for there was none."""
        self._expect(0)
        self.whole(condition, COUNT)


def consistently(compute: Callable[[Snapshot], Answer]) -> Answer:
    """Return `compute(snapshot)`, computed again when a load committed in its midst."""
    for _attempt in range(ATTEMPTS - 1):
        try:
            return compute(Snapshot())
        except DatasetChanged:
            continue
    return compute(Snapshot())
