"""Statements that see one version of the dataset, though a load may commit between them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from django.db.models import Count, Expression, F, QuerySet, Subquery

from census.models import Dataset, Person

Answer = TypeVar("Answer")
Row = dict[str, Any]
# Rows, key columns, aggregates, and the named expressions that are keys too.
Part = tuple[
    "QuerySet[Person]", Sequence[str], Mapping[str, Expression], Mapping[str, Expression | F]
]

VERSION = "dataset_version"
# Loads take a second or more: two of them never commit within one answer but by design.
ATTEMPTS = 5


class DatasetMissing(Exception):
    """No dataset is loaded: there is nothing to compute from."""


class DatasetChanged(Exception):
    """A load committed between two statements of one answer."""


class LoadedVersion(Subquery):
    """The version of the loaded dataset, from the same snapshot as the aggregates beside it.

    It stands among aggregates, in no GROUP BY, and is asked for even where a filter can match
    nothing: hence it says of itself that it is an aggregate with no value for an empty set.
    """

    contains_aggregate = True
    empty_result_set_value = NotImplemented

    def __init__(self) -> None:
        super().__init__(Dataset.objects.values("version")[:1])

    def get_group_by_cols(self) -> list[Any]:
        return []


class Snapshot:
    """Reads aggregates and records, all of one version; raises `DatasetChanged` where it cannot.

    `version` is that of the rows read so far. All statements of one snapshot are over the same
    rows; each grouping counts them as `rows`.
    """

    def __init__(self) -> None:
        self.version = ""
        self._rows: int | None = None

    def whole(self, rows: QuerySet[Person], aggregates: Mapping[str, Expression]) -> Row:
        """Return the aggregates over all of `rows`, and how many there are as `rows`."""
        counted = {"rows": Count("*"), **aggregates}
        result = rows.aggregate(**counted, **{VERSION: LoadedVersion()})
        self._see(result.pop(VERSION))
        self._expect(result["rows"])
        return result

    def by(
        self,
        rows: QuerySet[Person],
        keys: Sequence[str],
        aggregates: Mapping[str, Expression],
        **expressions: Expression | F,
    ) -> list[Row]:
        """Return the aggregates for each value of `keys` (columns) and of `expressions`."""
        results = self._read(self._grouped(rows, keys, aggregates, expressions))
        if self.version:
            self._expect(sum(row["rows"] for row in results))
        else:
            self._confirm_empty(rows)
        return results

    def union(self, parts: Sequence[Part]) -> list[Row]:
        """Return the rows of several groupings, all of the same names, by one statement."""
        first, *others = (self._grouped(*part) for part in parts)
        results = self._read(first.union(*others, all=True))
        if not self.version:
            self._confirm_empty(parts[0][0])
        return results

    def records(self, rows: QuerySet[Person], names: Sequence[str]) -> list[Row]:
        """Return those columns of each of `rows`."""
        version = Subquery(Dataset.objects.values("version")[:1])
        return self._read(rows.values(*names).annotate(**{VERSION: version}))

    def _grouped(
        self,
        rows: QuerySet[Person],
        keys: Sequence[str],
        aggregates: Mapping[str, Expression],
        expressions: Mapping[str, Expression | F],
    ) -> QuerySet[Person, Row]:
        grouped = rows.annotate(**expressions).values(*keys, *expressions)
        return grouped.annotate(**aggregates, **{VERSION: LoadedVersion()})

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

    def _confirm_empty(self, rows: QuerySet[Person]) -> None:
        """Learn the version where no group told it, for there was none."""
        self._expect(0)
        self.whole(rows, {})


def consistently(compute: Callable[[Snapshot], Answer]) -> Answer:
    """Return `compute(snapshot)`, computed again when a load committed in its midst."""
    for _attempt in range(ATTEMPTS - 1):
        try:
            return compute(Snapshot())
        except DatasetChanged:
            continue
    return compute(Snapshot())
