"""The routes of the API: parameters → selection → metric → representation."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import ViewSet

from census.api import charts, parameters, tables
from census.api.renderers import (
    BrowsableAPIRenderer,
    CSVRenderer,
    JSONRenderer,
    NDJSONRenderer,
    PNGRenderer,
    SVGRenderer,
    VegaLiteRenderer,
)
from census.api.serializers import tables as answers
from census.api.serializers.about import (
    CatalogueSerializer,
    DatasetSerializer,
    FieldSerializer,
    FieldsSerializer,
    OneFieldSerializer,
    RootSerializer,
    catalogue_entry,
    dataset_document,
    field_document,
    parameter_entry,
)
from census.api.serializers.answers import computation_serializer
from census.columns import COLUMNS, Column
from census.models import Dataset
from census.statistics import bands
from census.statistics.analyses import profile
from census.statistics.analyses.correlation import COEFFICIENT, CORRELATED, Correlation
from census.statistics.analyses.crosstab import CELLS, LAYER, Crosstab
from census.statistics.analyses.fairness import OUTCOME, Fairness, reference_parameter
from census.statistics.analyses.profile import Statistics
from census.statistics.computation import Computation, Query, answer
from census.statistics.metrics import CONFIDENCE, METRICS, Metric
from census.statistics.parameters import Parameter, Text
from census.statistics.selection import WEIGHTED_BY, Selection, column_choice

TABULAR = (JSONRenderer, BrowsableAPIRenderer, CSVRenderer, NDJSONRenderer)
DRAWABLE = (*TABULAR, VegaLiteRenderer, SVGRenderer, PNGRenderer)


class CensusViewSet(ViewSet):
    """What the routes share.

    OpenAPI's operation has the class's name and docstring, `summary`, and `tag`;
    `serializer_class` describes the answer, which is a document of its own where there is none.
    `table` gives the answer as CSV and NDJSON have it, `chart` the definition of its picture.
    """

    summary = ""
    tag = "about"
    serializer_class: type[BaseSerializer[Any]] | None = None
    path_parameters: Sequence[Parameter] = ()
    described = True  # in OpenAPI
    absolute = False  # whether its answers have URLs that name the host

    def get_parameters(self) -> Sequence[Parameter]:
        """Return the query parameters that the action takes."""
        return ()

    def described_parameters(self) -> Sequence[Parameter]:
        """Return the query parameters as OpenAPI has them: whatever the parts of the path are."""
        return self.get_parameters()

    def get_serializer_class(self) -> type[BaseSerializer[Any]] | None:
        """Return the serializer that describes the answer."""
        return self.serializer_class

    def judged(self) -> dict[str, Any]:
        """Return the values of the query's parameters; raise `BadRequest`."""
        return parameters.judge(
            self.request.query_params, self.get_parameters(), blanks=self.from_form
        )

    def canonical_query(self) -> str:
        """Return the canonical spelling of the query; raise `BadRequest`."""
        return parameters.canonical_query(
            self.request.query_params, self.get_parameters(), blanks=self.from_form
        )

    @property
    def from_form(self) -> bool:
        """Whether the query may come from the form of a browsable page."""
        renderer = getattr(self.request, "accepted_renderer", None)
        return renderer is not None and renderer.format == "api"

    def finalize_response(self, *of_request: Any, **names: Any) -> Any:
        """Keep the media type of an answer without a byte, such as NDJSON of no groups."""
        response = super().finalize_response(*of_request, **names)
        if isinstance(response, Response):
            response.add_post_render_callback(_tell_media_type)
        return response

    def table(self, data: Any) -> tables.Table:
        raise NotImplementedError

    def chart(self, data: Any) -> charts.Spec:
        raise NotImplementedError


def _tell_media_type(response: Any) -> None:
    response.headers.setdefault("Content-Type", response.accepted_media_type)


@lru_cache(256)
def _address(name: str, *arguments: str) -> str:
    return reverse(name, args=arguments)


def _example(name: str, column: str, query: str) -> str:
    return f"{_address(name, column)}?{query}"


def column_in_path(
    columns: Iterable[Column], title: str, name: str = "column", example: str | None = None
) -> Parameter:
    description = "Name of a column; UCI's spelling (`hours-per-week`) is taken too."
    named = column_choice(columns, "a column", title)
    return Parameter(name, named, description, example=example)


class RootViewSet(CensusViewSet):
    """Statistics of the Adult (Census Income) dataset: paths to all of them."""

    summary = "API"
    serializer_class = RootSerializer

    def list(self, _request: Request, **_kwargs: Any) -> Response:
        self.judged()
        return Response(
            {
                "dataset": reverse("dataset"),
                "croissant": reverse("croissant"),
                # With the suffix: programs of Data Package tell a descriptor from a table by it.
                "datapackage": f"{reverse('datapackage')}.json",
                "fields": reverse("field-list"),
                "people": reverse("person-list"),
                "computation": reverse("computation-list"),
                "statistics": reverse("statistics"),
                "correlation": reverse("correlation"),
                "crosstab": reverse("crosstab", args=["sex", "income"]),
                "fairness": reverse("fairness", args=["sex"]),
                "comparison": _example("comparison", "hours_per_week", "group_by=sex"),
                "linear_regression": _example(
                    "linear-regression", "hours_per_week", "on=age,education_num,sex"
                ),
                "logistic_regression": _example(
                    "logistic-regression", "income", "value=%3E50K&on=age,education_num,sex"
                ),
                "decomposition": _example(
                    "decomposition", "income", "value=%3E50K&group_by=sex&on=marital_status"
                ),
                # Not "example": beside "schema", Spectral would take it for a media type's.
                "mean": reverse("computation", args=["mean", "age"]),
                "docs": reverse("docs"),
                "schema": reverse("schema"),
            }
        )


class DatasetViewSet(CensusViewSet):
    """What the dataset is, where it is from, and what it is not."""

    summary = "Dataset"
    serializer_class = DatasetSerializer

    def list(self, _request: Request, **_kwargs: Any) -> Response:
        self.judged()
        return Response(DatasetSerializer(dataset_document(Dataset.objects.loaded())).data)


class FieldsViewSet(CensusViewSet):
    """The columns: what they mean, what they can hold and what they do hold."""

    renderer_classes = TABULAR
    summary = "Fields"
    serializer_class: type[BaseSerializer[Any]] = FieldsSerializer

    def list(self, _request: Request, **_kwargs: Any) -> Response:
        self.judged()
        found = profile.fields()
        documents = [field_document(COLUMNS[name], c) for name, c in found["fields"].items()]
        return Response(FieldsSerializer({**found, "fields": documents}).data)

    def table(self, data: Any) -> tables.Table:
        header = [name for name in FieldSerializer().get_fields() if name not in self.nested]
        return tables.of_records(data.get("fields", [data]), header)

    nested = frozenset({"categories", "metrics"})


class FieldViewSet(FieldsViewSet):
    """A column: what it means, what it can hold and what it does hold."""

    summary = "Field"
    serializer_class = OneFieldSerializer
    path_parameters = (column_in_path(COLUMNS.values(), "Column"),)

    def retrieve(self, _request: Request, column: str, **_kwargs: Any) -> Response:
        of = parameters.column(column)
        self.judged()
        found = profile.fields()
        document = field_document(of, found["fields"][of.name])
        return Response({"dataset": found["dataset"], **FieldSerializer(document).data})


class CatalogueViewSet(CensusViewSet):
    """The metrics: what each computes, by which formula, of which columns."""

    renderer_classes = TABULAR
    summary = "Computation"
    tag = "computation"
    serializer_class = CatalogueSerializer

    def list(self, _request: Request, **_kwargs: Any) -> Response:
        self.judged()
        catalogue = {
            "metrics": [catalogue_entry(metric) for metric in METRICS.values()],
            "parameters": [parameter_entry(p) for p in (*parameters.COMMON, *parameters.FILTERING)],
        }
        return Response(CatalogueSerializer(catalogue).data)

    def table(self, data: Any) -> tables.Table:
        header = ["name", "label", "description", "formula", "weighted"]
        return tables.of_records(data["metrics"], header)


class AnswerViewSet(CensusViewSet):
    """A result computed from a selection of rows; what every such answer holds."""

    renderer_classes: Sequence[type[BaseRenderer]] = TABULAR
    tag = "tables"
    asked: Query

    def answered(self, asked: Query, selection: Selection, **names: Any) -> Response:
        """Return the answer to `asked`, after what was asked and before where to go on."""
        self.asked = asked
        result = answer(asked)
        return Response(
            {
                **names,
                "dataset": result.pop("dataset"),
                "filters": selection.described(),
                "weight": selection.weight.name if selection.weight else None,
                **result,
                "links": self.links(),
            }
        )

    def links(self) -> dict[str, str]:
        """Return the path and query of this answer, of its other formats, and of more to read."""
        path = self.request.path.removesuffix(f".{self.format_kwarg}")
        query = self.canonical_query()
        query = f"?{query}" if query else ""
        pictures = {"svg": f"{path}.svg{query}"} if self.renderer_classes is DRAWABLE else {}
        return {
            "self": f"{path}{query}",
            "csv": f"{path}.csv{query}",
            **pictures,
            "caveats": _address("dataset"),
        }


class ComputationViewSet(AnswerViewSet):
    """A statistic of a column, over any rows, by groups, with or without survey weights."""

    renderer_classes = DRAWABLE
    summary = "Computation"
    tag = "computation"
    asked: Computation

    # The route of each metric sets its own; the general route takes it from the path.
    metric: Metric | None = None

    def named(self) -> tuple[Metric, Column]:
        """Return the metric and the column that the path names."""
        metric = self.metric.name if self.metric else self.kwargs["metric"]
        return parameters.metric_and_column(metric, self.kwargs["column"])

    def get_parameters(self) -> Sequence[Parameter]:
        return parameters.computation_parameters(*self.named())

    @property
    def described(self) -> bool:  # type: ignore[override]
        return self.metric is not None

    def described_parameters(self) -> Sequence[Parameter]:
        return parameters.computation_parameters(self._one_metric())

    @property
    def path_parameters(self) -> Sequence[Parameter]:  # type: ignore[override]
        kinds = self._one_metric().kinds
        columns = [column for column in COLUMNS.values() if column.kind in kinds]
        title = f"{kinds[0].title()}Column" if len(kinds) == 1 else "Column"
        return (column_in_path(columns, title),)

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return computation_serializer(self._one_metric())

    def _one_metric(self) -> Metric:
        if self.metric is None:
            raise ImproperlyConfigured("The general route of the metrics is not described.")
        return self.metric

    def retrieve(self, _request: Request, **kwargs: Any) -> Response:
        metric, column = self.named()
        asked = parameters.computation(metric, column, self.judged())
        selection = asked.question.selection
        return self.answered(
            asked,
            selection,
            metric=kwargs.get("metric", metric.name),
            column=column.name,
            group_by=list(selection.keys()),
            **bands.described(selection.group_by),
            parameters=dict(asked.question.options),
        )

    def links(self) -> dict[str, str]:
        return super().links() | {
            "field": _address("field-detail", self.asked.question.column.name),
            "catalogue": _address("computation-list"),
        }

    def table(self, data: Any) -> tables.Table:
        return tables.of_computation(self.asked, data)

    def chart(self, data: Any) -> charts.Spec:
        return charts.of_computation(self.asked, data)


def metric_view(metric: Metric) -> type[ComputationViewSet]:
    """Return the view of one metric, an operation of its own in OpenAPI."""
    aliases = f" Also called {', '.join(metric.aliases)}." if metric.aliases else ""
    about = f"{metric.description}{aliases}\n\nFormula: {metric.formula}"
    name = metric.name.title().replace("_", "")
    members = {"metric": metric, "summary": metric.label, "__doc__": about}
    return type(f"{name}ViewSet", (ComputationViewSet,), members)


class StatisticsViewSet(AnswerViewSet):
    """A profile of every column, in the shape of the Hugging Face dataset viewer."""

    summary = "Statistics"
    serializer_class = answers.StatisticsSerializer

    def get_parameters(self) -> Sequence[Parameter]:
        return (WEIGHTED_BY, *parameters.FILTERING)

    def list(self, _request: Request, **_kwargs: Any) -> Response:
        selection = parameters.selection(self.judged())
        return self.answered(Statistics(selection), selection)

    def table(self, data: Any) -> tables.Table:
        return tables.of_statistics(data)


class CorrelationViewSet(AnswerViewSet):
    """Pearson's correlations of numeric columns."""

    renderer_classes = DRAWABLE
    summary = "Correlation"
    serializer_class = answers.CorrelationSerializer
    asked: Correlation

    def get_parameters(self) -> Sequence[Parameter]:
        return (CORRELATED, COEFFICIENT, WEIGHTED_BY, CONFIDENCE, *parameters.FILTERING)

    def list(self, _request: Request, **_kwargs: Any) -> Response:
        values = self.judged()
        selection = parameters.selection(values)
        columns = tuple(COLUMNS[name] for name in values[CORRELATED.name])
        asked = Correlation(columns, selection, values[COEFFICIENT.name], values[CONFIDENCE.name])
        return self.answered(asked, selection)

    def table(self, data: Any) -> tables.Table:
        return tables.of_correlation(data)

    def chart(self, data: Any) -> charts.Spec:
        return charts.of_correlation(self.asked, data)


class CrosstabViewSet(AnswerViewSet):
    """A two-way table of columns, with tests of independence; its cells, and layers of it."""

    renderer_classes = DRAWABLE
    summary = "Crosstab"
    serializer_class = answers.CrosstabSerializer
    path_parameters = tuple(
        column_in_path(COLUMNS.values(), "Column", part, example)
        for part, example in (("row", "sex"), ("column", "income"))
    )
    asked: Crosstab

    def get_parameters(self) -> Sequence[Parameter]:
        own = (CELLS, LAYER, WEIGHTED_BY, CONFIDENCE)
        return (*own, *parameters.BANDS, *parameters.FILTERING)

    def retrieve(self, _request: Request, row: str, column: str, **_kwargs: Any) -> Response:
        crossed = parameters.crossed_columns({"row": row, "column": column})
        of_rows, of_columns = crossed
        asked = parameters.crosstab(of_rows, of_columns, self.judged())
        layer = (asked.layer,) if asked.layer else ()
        return self.answered(
            asked,
            asked.selection,
            row=asked.row.name,
            column=asked.column.name,
            **bands.described((asked.row, asked.column, *layer)),
        )

    def table(self, data: Any) -> tables.Table:
        return tables.of_crosstab(data)

    def chart(self, data: Any) -> charts.Spec:
        return charts.of_crosstab(self.asked, data)


class FairnessViewSet(AnswerViewSet):
    """How the favourable outcome is spread over protected groups."""

    renderer_classes = DRAWABLE
    summary = "Fairness"
    serializer_class = answers.FairnessSerializer
    path_parameters = (
        Parameter(
            "column",
            Text(),
            "One to three columns, separated by commas: `sex`, `sex,race`.",
            example="sex",
        ),
    )
    asked: Fairness

    def columns(self) -> tuple[Column, ...]:
        """Return the columns that the path names."""
        columns = parameters.protected_columns(self.kwargs["column"])
        return parameters.banded(columns, self.request.query_params)

    def get_parameters(self) -> Sequence[Parameter]:
        return self._parameters(self.columns())

    def described_parameters(self) -> Sequence[Parameter]:
        return self._parameters((COLUMNS["sex"], COLUMNS["race"]))

    def _parameters(self, columns: tuple[Column, ...]) -> Sequence[Parameter]:
        own = (OUTCOME, reference_parameter(columns))
        return (*own, WEIGHTED_BY, CONFIDENCE, *parameters.BANDS, *parameters.FILTERING)

    def retrieve(self, _request: Request, **_kwargs: Any) -> Response:
        columns = self.columns()
        asked = parameters.fairness(columns, self.judged())
        return self.answered(
            asked,
            asked.selection,
            columns=[column.name for column in columns],
            **bands.described(columns),
        )

    def table(self, data: Any) -> tables.Table:
        return tables.of_groups(data, self.asked.selection.keys(), self.asked.fields())

    def chart(self, data: Any) -> charts.Spec:
        return charts.of_fairness(self.asked, data)
