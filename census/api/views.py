"""The routes of the API: parameters → selection → metric → representation."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from census.api import forms, parameters, tables
from census.api.renderers import (
    BrowsableAPIRenderer,
    CSVRenderer,
    JSONRenderer,
    NDJSONRenderer,
)
from census.api.serializers import (
    CatalogueSerializer,
    DatasetSerializer,
    FieldSerializer,
    FieldsSerializer,
    catalogue_entry,
    dataset_document,
    field_document,
    parameter_entry,
)
from census.columns import COLUMNS, Column
from census.models import Dataset
from census.statistics import profile
from census.statistics.computation import Computation
from census.statistics.metrics import METRICS, Metric
from census.statistics.parameters import Parameter
from census.statistics.snapshot import DatasetMissing

JSON = Mapping[str, Any]


TABULAR = (JSONRenderer, BrowsableAPIRenderer, CSVRenderer, NDJSONRenderer)


class CensusViewSet(ViewSet):
    """What the routes share.

    `parameters` are those of the action at hand; `table` gives its answer as CSV and NDJSON
    have it.
    """

    name: str | None = None

    def get_parameters(self) -> Sequence[Parameter]:
        """Return the query parameters that the action takes."""
        return ()

    def judged(self) -> dict[str, Any]:
        """Return the values of the query's parameters; raise `BadRequest`."""
        return parameters.judge(
            self.request.query_params, self.get_parameters(), blanks=self.from_form
        )

    @property
    def from_form(self) -> bool:
        """Whether the query may come from the form of a browsable page."""
        renderer = getattr(self.request, "accepted_renderer", None)
        return renderer is not None and renderer.format == "api"

    def form_groups(self) -> list[forms.Group]:
        """Return the form of the browsable page."""
        return forms.groups(self.get_parameters(), self.request.query_params)

    def table(self, data: Any) -> tables.Table:
        raise NotImplementedError


class RootViewSet(CensusViewSet):
    """Statistics of the Adult (Census Income) dataset: what there is."""

    name = "API"

    def list(self, _request: Request, **_kwargs: Any) -> Response:
        self.judged()
        return Response(
            {
                "dataset": reverse("dataset"),
                "fields": reverse("field-list"),
                "computation": reverse("computation-list"),
                "example": reverse("computation", args=["mean", "age"]),
                "docs": reverse("docs"),
                "schema": reverse("schema"),
            }
        )


class DatasetViewSet(CensusViewSet):
    """What the dataset is, where it is from, and what it is not."""

    name = "Dataset"

    def list(self, _request: Request, **_kwargs: Any) -> Response:
        self.judged()
        loaded = Dataset.objects.values().first()
        if loaded is None:
            raise DatasetMissing
        return Response(DatasetSerializer(dataset_document(loaded)).data)


class FieldViewSet(CensusViewSet):
    """The columns: what they mean, what they can hold and what they do hold."""

    renderer_classes = TABULAR
    name = "Fields"

    def list(self, _request: Request, **_kwargs: Any) -> Response:
        self.judged()
        found = profile.fields()
        documents = [field_document(COLUMNS[name], c) for name, c in found["fields"].items()]
        return Response(FieldsSerializer({**found, "fields": documents}).data)

    def retrieve(self, _request: Request, column: str, **_kwargs: Any) -> Response:
        of = parameters.column(column)
        self.judged()
        found = profile.fields()
        document = field_document(of, found["fields"][of.name])
        return Response({"dataset": found["dataset"], **FieldSerializer(document).data})

    def table(self, data: Any) -> tables.Table:
        header = [name for name in FieldSerializer().get_fields() if name not in self.nested]
        return tables.of_records(data.get("fields", [data]), header)

    nested = frozenset({"categories", "metrics"})


class CatalogueViewSet(CensusViewSet):
    """The metrics: what each computes, by which formula, of which columns."""

    renderer_classes = TABULAR
    name = "Computation"

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


class ComputationViewSet(CensusViewSet):
    """A statistic of a column, over any rows, by groups, with or without survey weights."""

    renderer_classes = TABULAR
    name = "Computation"

    # The route of each metric sets its own; the general route takes it from the path.
    metric: Metric | None = None
    computation: Computation

    def asked(self) -> tuple[Metric, Column]:
        """Return the metric and the column that the path names."""
        metric = self.metric.name if self.metric else self.kwargs["metric"]
        return parameters.metric_and_column(metric, self.kwargs["column"])

    def get_parameters(self) -> Sequence[Parameter]:
        return parameters.computation_parameters(*self.asked())

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        metric, of = self.asked()
        self.computation = parameters.computation(
            metric, of, request.query_params, blanks=self.from_form
        )
        answer = self.computation.answer()
        selection = self.computation.question.selection
        return Response(
            {
                "metric": kwargs.get("metric", metric.name),
                "column": of.name,
                "dataset": answer.pop("dataset"),
                "filters": selection.described(),
                "group_by": list(selection.keys()),
                "weight": selection.weight.name if selection.weight else None,
                "parameters": dict(self.computation.question.options),
                **answer,
                "links": self._links(metric, of),
            }
        )

    def _links(self, metric: Metric, of: Column) -> JSON:
        path = reverse("computation", args=[metric.name, of.name])
        query = self.request.META.get("QUERY_STRING", "")
        return {
            "self": f"{path}?{query}" if query else path,
            "csv": f"{path}.csv?{query}" if query else f"{path}.csv",
            "field": reverse("field-detail", args=[of.name]),
            "catalogue": reverse("computation-list"),
            "caveats": reverse("dataset"),
        }

    def table(self, data: Any) -> tables.Table:
        return tables.of_computation(self.computation, data)
