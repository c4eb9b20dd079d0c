"""The route of the metrics."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from census.api import charts, questions, tables
from census.api.serializers.answers import computation_serializer
from census.api.views.base import (
    DRAWABLE,
    AnswerViewSet,
    CensusViewSet,
    address,
    column_in_path,
)
from census.columns import COLUMNS, Column
from census.statistics import bands
from census.statistics.computation import Computation
from census.statistics.metrics import Metric
from census.statistics.parameters import Parameter


class ComputationViewSet(AnswerViewSet):
    """A statistic of a column, of any selection, by groups, with or without survey weights."""

    renderer_classes = DRAWABLE
    summary = "Computation"
    tag = "computation"
    query: Computation

    # None in the route that takes the metric from the path.
    metric: Metric | None = None

    def metric_and_column(self) -> tuple[Metric, Column]:
        """Returns the metric and the column in the path."""
        metric = self.metric.name if self.metric else self.kwargs["metric"]
        return questions.metric_and_column(metric, self.kwargs["column"])

    @classmethod
    def of_path(cls, parts: Mapping[str, str]) -> type[CensusViewSet]:
        named = "metric" in parts and cls.metric is None
        return metric_view(questions.metric(parts["metric"])) if named else cls

    def get_parameters(self) -> Sequence[Parameter]:
        return questions.computation_parameters(*self.metric_and_column())

    @property
    def in_openapi(self) -> bool:  # type: ignore[override]
        return self.metric is not None

    def openapi_parameters(self) -> Sequence[Parameter]:
        return questions.computation_parameters(self._one_metric())

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
            raise ImproperlyConfigured("OpenAPI does not describe the general route of metrics.")
        return self.metric

    def retrieve(self, _request: Request, **kwargs: Any) -> Response:
        metric, column = self.metric_and_column()
        query = questions.computation(metric, column, self.values())
        selection = query.question.selection
        return self.respond(
            query,
            selection,
            metric=kwargs.get("metric", metric.name),
            column=column.name,
            group_by=list(selection.keys()),
            **bands.described(selection.group_by),
            parameters=dict(query.question.options),
        )

    def links(self) -> dict[str, str]:
        return super().links() | {
            "field": address("field-detail", self.query.question.column.name),
            "catalogue": address("computation-list"),
        }

    def table(self, data: Any) -> tables.Table:
        return tables.of_computation(self.query, data)

    def chart(self, data: Any) -> charts.Spec:
        return charts.of_computation(self.query, data)


def metric_view(metric: Metric) -> type[ComputationViewSet]:
    """Returns the view of one metric, which is one operation in OpenAPI."""
    aliases = f" Also called {', '.join(metric.aliases)}." if metric.aliases else ""
    description = f"{metric.description}{aliases}\n\nFormula: {metric.formula}"
    name = metric.name.title().replace("_", "")
    members = {"metric": metric, "summary": metric.label, "__doc__": description}
    return type(f"{name}ViewSet", (ComputationViewSet,), members)
