"""What OpenAPI says of the views of the whole table."""

from collections.abc import Iterable, Mapping
from typing import Any

from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_view,
)

from census.api import views
from census.api.parameters import FILTERING
from census.api.schema import (
    COUNTS,
    DRAWABLE_FORMATS,
    NULLABLE_TEXT,
    TABULAR_FORMATS,
    WEIGHTED_COUNTS,
    formats,
    query_parameters,
    responses,
)
from census.columns import CATEGORICAL, COLUMNS
from census.statistics.fairness import OUTCOME, reference_parameter
from census.statistics.measures import FORMULAS
from census.statistics.metrics import CONFIDENCE
from census.statistics.metrics.base import INTEGER, NUMBER
from census.statistics.selection import WEIGHTED_BY
from census.statistics.tables import CORRELATED

GROUP_NUMBERS = (
    "base_rate",
    "ci_lower",
    "ci_upper",
    "statistical_parity_difference",
    "spd_standard_error",
    "spd_ci_lower",
    "spd_ci_upper",
    "disparate_impact",
    "di_ci_lower",
    "di_ci_upper",
)


def _answer(about: Mapping[str, Any], own: Mapping[str, Any], optional: Iterable[str] = ()) -> Any:
    """Return the JSON Schema of an answer computed from a selection."""
    envelope = {
        "dataset": {"type": "string", "description": "Version of the loaded data."},
        "filters": {"type": "object", "additionalProperties": True},
        "weight": NULLABLE_TEXT,
        "method": {"type": "string", "description": "The estimators in words."},
        **COUNTS,
    }
    links = {"type": "object", "additionalProperties": {"type": "string"}}
    required = [name for name in {**about, **envelope, **own} if name not in set(optional)]
    properties = {**about, **envelope, **WEIGHTED_COUNTS, **_explained(own), "links": links}
    return {"type": "object", "required": [*required, "links"], "properties": properties}


def _explained(schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schemas with the formulas of those that are measures."""
    return {
        name: {**schema, "description": FORMULAS[name]} if name in FORMULAS else schema
        for name, schema in schemas.items()
    }


def _array(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


_TEXT = {"type": "string"}
_KEY = {"type": "object", "additionalProperties": NULLABLE_TEXT}
_MATRIX = _array(_array(NUMBER))
_COUNT_MATRIX = _array(_array({"type": "integer"}))

_COUNTED = {"type": "object", "additionalProperties": {"type": "integer"}}
_COLUMN_STATISTICS = {
    "type": "object",
    "description": "Of a number its extremes, moments and histogram; of a category frequencies.",
    "required": ["nan_count", "nan_proportion"],
    "properties": _explained(
        {
            "nan_count": {"type": "integer"},
            "nan_proportion": NUMBER,
            **dict.fromkeys(("min", "max"), INTEGER),
            **dict.fromkeys(("mean", "median", "std"), NUMBER),
            "histogram": {
                "type": "object",
                "required": ["hist", "bin_edges"],
                "properties": dict.fromkeys(
                    ("hist", "weighted_hist", "bin_edges"), _array({"type": "integer"})
                ),
            },
            "no_label_count": {"type": "integer"},
            "no_label_proportion": NUMBER,
            "n_unique": {"type": "integer"},
            **dict.fromkeys(("frequencies", "weighted_frequencies"), _COUNTED),
        }
    ),
}
STATISTICS = _answer(
    {},
    {
        "num_examples": {"type": "integer"},
        "statistics": _array(
            {
                "type": "object",
                "required": ["column_name", "column_type", "column_statistics"],
                "properties": {
                    "column_name": _TEXT,
                    "column_type": {"type": "string", "enum": ["int", "string_label"]},
                    "column_statistics": _COLUMN_STATISTICS,
                },
            }
        ),
        "partial": {"type": "boolean"},
    },
)
CORRELATION = _answer({}, {"columns": _array(_TEXT), "matrix": _MATRIX})
_RAO_SCOTT = dict.fromkeys(
    (f"rao_scott_{name}" for name in ("f", "df1", "df2", "p", "log10_p")), NUMBER
)
CROSSTAB = _answer(
    {"row": _TEXT, "column": _TEXT},
    {
        "excluded_missing": {"type": "integer"},
        "row_values": _array(_TEXT),
        "column_values": _array(_TEXT),
        "counts": _COUNT_MATRIX,
        "weighted_counts": _COUNT_MATRIX,
        "row_proportions": _MATRIX,
        "column_proportions": _MATRIX,
        "chi2": NUMBER,
        "dof": {"type": "integer"},
        **dict.fromkeys(("p_value", "log10_p", "cramers_v", "min_expected"), NUMBER),
        **_RAO_SCOTT,
    },
    optional=("missing", "weighted_counts", *_RAO_SCOTT),
)
FAIRNESS = _answer(
    {"columns": _array(_TEXT)},
    {
        "outcome": _TEXT,
        "reference": {"oneOf": [_KEY, {"type": "null"}]},
        "base_rate": NUMBER,
        "groups": _array(
            {
                "type": "object",
                "required": ["key", *COUNTS, "positives"],
                "properties": {
                    "key": _KEY,
                    **COUNTS,
                    **WEIGHTED_COUNTS,
                    "positives": {"type": "integer"},
                    "weighted_positives": {"type": "integer"},
                    **_explained(dict.fromkeys(GROUP_NUMBERS, NUMBER)),
                },
            }
        ),
        "demographic_parity_difference": NUMBER,
        "demographic_parity_ratio": NUMBER,
        "smoothed_differential_fairness": NUMBER,
    },
    optional=("smoothed_differential_fairness",),
)


def _describe(view: type[views.AnswerViewSet], method: str, operation_id: str, **of: Any) -> None:
    """Tell OpenAPI of a view: its parameters and the schema of its answer."""
    drawable = view.renderer_classes is views.DRAWABLE
    names = DRAWABLE_FORMATS if drawable else TABULAR_FORMATS
    own = [formats(*names), *of.get("path", ()), *query_parameters(of["parameters"])]
    described = extend_schema(
        operation_id=operation_id,
        summary=view.name,
        tags=["tables"],
        parameters=own,
        responses=responses(of["answer"], *of.get("errors", ()), tabular=True, drawable=drawable),
    )
    extend_schema_view(**{method: described})(view)


def _in_path(name: str) -> OpenApiParameter:
    schema = {"type": "string", "enum": [column.name for column in CATEGORICAL]}
    return OpenApiParameter(
        name, schema, OpenApiParameter.PATH, description="A categorical column."
    )


_describe(
    views.StatisticsViewSet,
    "list",
    "statistics",
    parameters=(WEIGHTED_BY, *FILTERING),
    answer=STATISTICS,
)
_describe(
    views.CorrelationViewSet,
    "list",
    "correlation",
    parameters=(CORRELATED, WEIGHTED_BY, *FILTERING),
    answer=CORRELATION,
)
_describe(
    views.CrosstabViewSet,
    "retrieve",
    "crosstab",
    path=[_in_path("row"), _in_path("column")],
    parameters=(WEIGHTED_BY, *FILTERING),
    answer=CROSSTAB,
    errors=(404,),
)
_describe(
    views.FairnessViewSet,
    "retrieve",
    "fairness",
    path=[
        OpenApiParameter(
            "column",
            {"type": "string"},
            OpenApiParameter.PATH,
            description="One to three categorical columns, comma separated: `sex`, `sex,race`.",
            examples=[OpenApiExample("sex", value="sex"), OpenApiExample("both", value="sex,race")],
        )
    ],
    parameters=(
        OUTCOME,
        reference_parameter((COLUMNS["sex"], COLUMNS["race"])),
        WEIGHTED_BY,
        CONFIDENCE,
        *FILTERING,
    ),
    answer=FAIRNESS,
    errors=(404,),
)
