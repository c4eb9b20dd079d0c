"""What OpenAPI says of the routes of the records and of their descriptions."""

from collections.abc import Iterable
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view

from census.api import metadata, people
from census.api.parameters import FILTERING
from census.api.schema import TABULAR_FORMATS, formats, query_parameters, responses
from census.columns import COLUMNS
from census.statistics.records import CURSOR, FIELDS, NAMES, ORDERING, PAGE_SIZE


def record(names: Iterable[str]) -> dict[str, Any]:
    """Return the JSON Schema of a record."""
    properties: dict[str, Any] = {"id": {"type": "integer", "minimum": 1}}
    for column in COLUMNS.values():
        types = [column.type, "null"] if column.nullable else column.type
        properties[column.name] = {"type": types, "description": column.description}
    return {
        "type": "object",
        "description": "A record; only the columns in `fields` where that is given.",
        "properties": {name: properties[name] for name in names},
    }


def records_page() -> dict[str, Any]:
    """Return the JSON Schema of a page of records."""
    other = {"type": ["string", "null"], "format": "uri"}
    properties = {
        "dataset": {"type": "string", "description": "Version of the loaded data."},
        "count": {"type": "integer", "description": "Records selected, on all pages."},
        "next": other | {"description": "Address of the next page; null on the last."},
        "previous": other | {"description": "Address of the page before; null on the first."},
        "results": {"type": "array", "items": record(NAMES)},
    }
    return {"type": "object", "required": [*properties], "properties": properties}


def one_person() -> dict[str, Any]:
    """Return the JSON Schema of a single record."""
    found = record(NAMES)
    dataset = {"type": "string", "description": "Version of the loaded data."}
    properties = {"dataset": dataset, **found["properties"]}
    return {**found, "required": ["dataset"], "properties": properties}


PARQUET = {(200, people.ParquetRenderer.media_type): OpenApiTypes.BINARY}
extend_schema_view(
    list=extend_schema(
        operation_id="people",
        summary="Records",
        description=(
            "As JSON a page of the records selected; as CSV, NDJSON or Parquet all of them, "
            "streamed as one file (`page_size` and `cursor` are then refused). The CSV of all "
            "records has the `sha256` that `/v1/dataset` tells."
        ),
        tags=["records"],
        parameters=[
            formats(*TABULAR_FORMATS, people.ParquetRenderer.format),
            *query_parameters((FIELDS, ORDERING, PAGE_SIZE, CURSOR, *FILTERING)),
        ],
        responses=responses(records_page(), tabular=True) | PARQUET,
    )
)(people.PeopleViewSet)
extend_schema_view(
    retrieve=extend_schema(
        operation_id="person",
        summary="One record",
        tags=["records"],
        parameters=[
            OpenApiParameter(
                "id",
                {"type": "integer", "minimum": 1},
                OpenApiParameter.PATH,
                description="1 is the first line of adult.data; adult.test follows.",
            ),
            formats(*TABULAR_FORMATS),
            *query_parameters((FIELDS,)),
        ],
        responses=responses(one_person(), 404, tabular=True),
    )
)(people.PersonViewSet)


DOCUMENT = {"type": "object", "additionalProperties": True}
extend_schema_view(
    list=extend_schema(
        operation_id="croissant",
        summary="The dataset as Croissant",
        description=(
            "MLCommons Croissant 1.1 (JSON-LD): the CSV export with its digest, its columns, "
            "and their statistics, with and without weights, as annotations."
        ),
        tags=["about"],
        parameters=[formats("jsonld", "json", "api")],
        responses={(200, metadata.JSONLDRenderer.media_type): DOCUMENT} | responses(DOCUMENT),
    )
)(metadata.CroissantViewSet)
extend_schema_view(
    list=extend_schema(
        operation_id="datapackage",
        summary="The dataset as a Data Package",
        description="Data Package 2.0 with the Table Schema of the CSV export.",
        tags=["about"],
        responses=responses(DOCUMENT),
    )
)(metadata.DataPackageViewSet)
