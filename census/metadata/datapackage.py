"""The dataset as a Data Package 2.0 with a Table Schema: https://datapackage.org/standard/."""

from typing import Any

from census.columns import COLUMNS, Column
from census.metadata import about
from census.models import Dataset

Node = dict[str, Any]

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
_RESOURCE = "https://datapackage.org/profiles/2.0/dataresource.json"
_DIALECT = "https://datapackage.org/profiles/2.0/tabledialect.json"
_SCHEMA = "https://datapackage.org/profiles/2.0/tableschema.json"


def document(dataset: Dataset, csv_url: str) -> Node:
    """Returns the descriptor; `csv_url` is the absolute address of the CSV export."""
    return {
        "$schema": PROFILE,
        "name": "adult",
        "id": f"https://doi.org/{about.DOI}",
        "title": about.TITLE,
        "description": "\n".join((about.DESCRIPTION, "", *(f"- {c}" for c in about.CAVEATS))),
        "homepage": about.URL,
        "version": dataset.version,
        "created": dataset.loaded_at.isoformat(),
        "licenses": [
            {"name": "CC-BY-4.0", "path": about.LICENSE["url"], "title": about.LICENSE["title"]}
        ],
        "contributors": [{"title": name, "roles": ["creator"]} for name in about.CREATORS],
        "sources": [{"title": about.CITATION, "path": about.URL, "version": dataset.version}],
        "keywords": ["census", "income", "fairness", "survey"],
        "resources": [
            {
                "$schema": _RESOURCE,
                "name": "people",
                "type": "table",
                "path": csv_url,
                "title": "A record for each person",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "bytes": dataset.csv_bytes,
                "hash": f"sha256:{dataset.sha256}",
                "dialect": {"$schema": _DIALECT, "delimiter": ",", "lineTerminator": "\n"},
                "schema": schema(),
            }
        ],
    }


def schema() -> Node:
    """Returns the Table Schema of the CSV export."""
    identifier = {
        "name": "id",
        "type": "integer",
        "title": "Id",
        "description": "The line in adult.data; those of adult.test follow.",
        "constraints": {"required": True, "unique": True, "minimum": 1},
    }
    return {
        "$schema": _SCHEMA,
        "fields": [identifier, *map(_field, COLUMNS.values())],
        "missingValues": [""],
        "primaryKey": ["id"],
    }


def _field(column: Column) -> Node:
    field: Node = {
        "name": column.name,
        "type": column.type,
        "title": column.label,
        "description": column.meaning,
        "constraints": {"required": not column.nullable, **_constraints(column)},
    }
    if not column.numeric:
        field["categories"] = [
            {"value": value, "label": label} for value, label in column.choices.items()
        ]
        field["categoriesOrdered"] = column.ordered
    return field


def _constraints(column: Column) -> Node:
    if column.numeric:
        return {"minimum": column.minimum, "maximum": column.maximum}
    return {"enum": list(column.choices)}
