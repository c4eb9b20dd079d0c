"""What OpenAPI says of the routes: parameters and results, from the columns and the registry."""

from collections.abc import Iterable, Mapping
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)

from census.api import views
from census.api.parameters import FILTERING, FORMAT, common_parameters
from census.api.renderers import PNGRenderer, SVGRenderer, TableRenderer, VegaLiteRenderer
from census.api.serializers import (
    CatalogueSerializer,
    DatasetSerializer,
    FieldsSerializer,
    OneFieldSerializer,
    ProblemSerializer,
    RootSerializer,
)
from census.columns import COLUMNS
from census.statistics.metrics import Metric
from census.statistics.metrics.base import NUMBER
from census.statistics.parameters import ListOf, Parameter, Refused

PROBLEM = "application/problem+json"
ERRORS = {
    400: "A parameter cannot be taken: `errors` names each, and what is allowed.",
    404: "There is no such metric, column or record: `errors` names those there are.",
    406: "There is no such representation here: `detail` lists those there are.",
    414: "The URL is longer than 8,190 bytes.",
    429: "Too many requests of one client: see `Retry-After`.",
    503: "The database is away, holds no dataset, or took too long: see `Retry-After`.",
}

TABULAR_FORMATS = [renderer.format for renderer in views.TABULAR]
TABLE_MEDIA_TYPES = [r.media_type for r in views.TABULAR if issubclass(r, TableRenderer)]

DRAWABLE_FORMATS = [renderer.format for renderer in views.DRAWABLE]
PICTURES = {
    VegaLiteRenderer.media_type: OpenApiTypes.OBJECT,
    SVGRenderer.media_type: OpenApiTypes.STR,
    PNGRenderer.media_type: OpenApiTypes.BINARY,
}

NULLABLE_TEXT = {"type": ["string", "null"]}
COUNTS = {
    "rows": {"type": "integer", "description": "Rows selected."},
    "count": {"type": "integer", "description": "Those with a value of the column."},
    "missing": {"type": "integer", "description": "Those without: rows − count."},
}
WEIGHTED_COUNTS = {
    "weighted_count": {"type": "integer", "description": "Σw over the counted rows."},
    "n_effective": NUMBER | {"description": "Kish's effective sample size (Σw)²/Σw²."},
    "design_effect": NUMBER | {"description": "count / n_effective."},
}


def query_parameter(of: Parameter) -> OpenApiParameter:
    """Return a parameter as drf-spectacular takes it."""
    lists = {"explode": False, "style": "form"} if isinstance(of.type, ListOf) else {}
    schema = of.schema()
    value = of.example.split(",") if of.example and lists else of.example
    examples = [OpenApiExample(of.example, value=value)] if of.example else []
    return OpenApiParameter(
        of.name,
        schema,
        description=of.description,
        required=of.required,
        examples=examples,
        **lists,  # type: ignore[arg-type]
    )


def query_parameters(parameters: Iterable[Parameter]) -> list[OpenApiParameter]:
    return [query_parameter(p) for p in parameters if not isinstance(p.type, Refused)]


def formats(*names: str) -> OpenApiParameter:
    """Return the parameter `format` of a route that has those; pages are not for programs."""
    schema = {"type": "string", "enum": [name for name in names if name != "api"]}
    description = "The representation; by default what the Accept header asks for."
    return OpenApiParameter(FORMAT, schema, description=description)


def column_in_path(names: Iterable[str]) -> OpenApiParameter:
    schema = {"type": "string", "enum": list(names)}
    description = "Name of the column; UCI's spelling (`hours-per-week`) is taken too."
    return OpenApiParameter("column", schema, OpenApiParameter.PATH, description=description)


def responses(
    success: Any, *errors: int, tabular: bool = False, drawable: bool = False
) -> dict[Any, Any]:
    """Return the responses of a route: its answer in each format, and its problem documents."""
    found: dict[Any, Any] = {(200, "application/json"): success}
    if tabular:
        found |= {(200, media_type): OpenApiTypes.STR for media_type in TABLE_MEDIA_TYPES}
    if drawable:
        found |= {(200, media_type): schema for media_type, schema in PICTURES.items()}
    for status in sorted({400, 406, 414, 429, 503, *errors}):
        found[status, PROBLEM] = OpenApiResponse(ProblemSerializer, ERRORS[status])
    return found


def result(metric: Metric) -> dict[str, Any]:
    """Return the JSON Schema of a metric's answer."""
    level = {**COUNTS, **WEIGHTED_COUNTS, **metric.extras}
    key = {"type": "object", "additionalProperties": NULLABLE_TEXT}
    group = {
        "type": "object",
        "required": ["key", *COUNTS],
        "properties": {"key": key, **level},
    }
    about = {
        "metric": {"type": "string", "description": "As asked for: the name or an alias."},
        "column": {"type": "string"},
        "dataset": {"type": "string", "description": "Version of the loaded data."},
        "filters": {"type": "object", "additionalProperties": True},
        "group_by": {"type": "array", "items": {"type": "string"}},
        "weight": NULLABLE_TEXT,
        "parameters": {"type": "object", "additionalProperties": True},
        "method": {"type": "string", "description": "The estimator in words."},
    }
    ends = {
        "groups": {"type": "array", "items": group},
        "links": {"type": "object", "additionalProperties": {"type": "string"}},
    }
    return {
        "type": "object",
        "description": metric.description,
        "required": [*about, *COUNTS, "links"],
        "properties": {**about, **level, **ends},
    }


def metric_view(metric: Metric) -> type[views.ComputationViewSet]:
    """Return the view of one metric, which OpenAPI then describes as an operation of its own."""
    names = [column.name for column in metric.columns]
    own = metric.parameters_anywhere()
    aliases = f" Also called {', '.join(metric.aliases)}." if metric.aliases else ""
    description = f"{metric.description}{aliases}\n\nFormula: {metric.formula}"
    described = extend_schema(
        exclude=False,
        operation_id=metric.name,
        summary=metric.label,
        description=description,
        tags=["computation"],
        parameters=[
            column_in_path(names),
            formats(*DRAWABLE_FORMATS),
            *query_parameters((*own, *common_parameters(metric), *FILTERING)),
        ],
        responses=responses(result(metric), 404, tabular=True, drawable=True),
    )
    name = f"{metric.name.title()}ViewSet"
    view = type(name, (views.ComputationViewSet,), {"metric": metric, "__doc__": description})
    return extend_schema_view(retrieve=described)(view)


def components(result: Mapping[str, Any], **_kwargs: Any) -> Mapping[str, Any]:
    """Move the parameters that operations share to `components` (a postprocessing hook)."""
    shared: dict[str, Any] = {}
    for path in result["paths"].values():
        for operation in path.values():
            operation["parameters"] = [
                _shared(parameter, shared) for parameter in operation.get("parameters", [])
            ]
    result["components"]["parameters"] = dict(sorted(shared.items()))
    return result


def _shared(parameter: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    """Return a reference to the parameter where no other has taken its name."""
    name = parameter["name"]
    if parameter["in"] != "query" or shared.setdefault(name, parameter) != parameter:
        return parameter
    return {"$ref": f"#/components/parameters/{name}"}


extend_schema_view(
    list=extend_schema(
        operation_id="root",
        summary="What there is",
        tags=["about"],
        responses=responses(RootSerializer),
    )
)(views.RootViewSet)
extend_schema_view(
    list=extend_schema(
        operation_id="dataset",
        summary="About the dataset",
        tags=["about"],
        responses=responses(DatasetSerializer),
    )
)(views.DatasetViewSet)
extend_schema_view(
    list=extend_schema(
        operation_id="fields",
        summary="All columns",
        tags=["about"],
        parameters=[formats(*TABULAR_FORMATS)],
        responses=responses(FieldsSerializer, tabular=True),
    ),
    retrieve=extend_schema(
        operation_id="field",
        summary="One column",
        tags=["about"],
        parameters=[column_in_path(COLUMNS), formats(*TABULAR_FORMATS)],
        responses=responses(OneFieldSerializer, 404, tabular=True),
    ),
)(views.FieldViewSet)
extend_schema_view(
    list=extend_schema(
        operation_id="catalogue",
        summary="The metrics",
        tags=["computation"],
        parameters=[formats(*TABULAR_FORMATS)],
        responses=responses(CatalogueSerializer, tabular=True),
    )
)(views.CatalogueViewSet)
extend_schema(exclude=True)(views.ComputationViewSet.retrieve)
