"""The dataset's columns as they are loaded: counts, extremes, categories."""

from collections.abc import Mapping
from typing import Any

from django.db.models import CharField, Count, Expression, F, Max, Min, Q, Value

from census.columns import CATEGORICAL, COLUMNS, NUMERIC, Column
from census.models import Person
from census.statistics.snapshot import Part, Snapshot, consistently
from census.statistics.statements import Row, Shape


def fields() -> dict[str, Any]:
    """Return `dataset`, `rows` and, by column name, what the column holds.

    Two statements. Raises `DatasetMissing` where no dataset is loaded.
    """
    return consistently(_fields)


def _fields(snapshot: Snapshot) -> dict[str, Any]:
    found = snapshot.whole(Q(), Shape("fields", _aggregates))
    frequencies = _frequencies(snapshot)
    return {
        "dataset": snapshot.version,
        "rows": found["rows"],
        "fields": {
            column.name: _counts(column, found, frequencies.get(column.name, {}))
            for column in COLUMNS.values()
        },
    }


def _aggregates() -> dict[str, Expression]:
    """Return what one pass over all rows tells of the numeric columns."""
    aggregates: dict[str, Expression] = {}
    for column in NUMERIC:
        name = column.name
        aggregates[f"{name}_count"] = Count(name)
        aggregates[f"{name}_distinct"] = Count(name, distinct=True)
        aggregates[f"{name}_minimum"] = Min(name)
        aggregates[f"{name}_maximum"] = Max(name)
        if column.top_code is not None:
            aggregates[f"{name}_top_coded"] = Count("pk", filter=Q((name, column.top_code)))
    return aggregates


def _frequencies(snapshot: Snapshot) -> Mapping[str, Mapping[str | None, int]]:
    """Return by column and category how many rows have it: one statement for all columns."""
    parts: list[Part] = [
        (
            Person.objects.order_by(),
            (),
            {"rows": Count("*")},
            {"column": Value(column.name, CharField()), "category": F(column.name)},
        )
        for column in CATEGORICAL
    ]
    found: dict[str, dict[str | None, int]] = {}
    for row in snapshot.union(parts):
        found.setdefault(row["column"], {})[row["category"]] = row["rows"]
    return found


def _counts(column: Column, found: Row, frequencies: Mapping[str | None, int]) -> dict[str, Any]:
    rows = found["rows"]
    if column.numeric:
        name = column.name
        count = found[f"{name}_count"]
        top_coded = found.get(f"{name}_top_coded")
        return {
            "rows": rows,
            "count": count,
            "missing": rows - count,
            "distinct": found[f"{name}_distinct"],
            "minimum": found[f"{name}_minimum"],
            "maximum": found[f"{name}_maximum"],
            "top_coded": {"value": column.top_code, "count": top_coded} if top_coded else None,
            "categories": None,
        }
    missing = frequencies.get(None, 0)
    return {
        "rows": rows,
        "count": rows - missing,
        "missing": missing,
        "distinct": sum(category is not None for category in frequencies),
        "minimum": None,
        "maximum": None,
        "top_coded": None,
        "categories": [
            {"value": value, "label": label, "count": frequencies.get(value, 0)}
            for value, label in column.choices.items()
        ],
    }
