"""The routes about the dataset, its columns and the metrics."""

from typing import Any

from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from census.api import questions, tables
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
from census.api.views.base import (
    TABULAR,
    CensusViewSet,
    column_in_path,
    example,
)
from census.columns import COLUMNS
from census.models import Dataset
from census.statistics.analyses import profile
from census.statistics.metrics import METRICS


class RootViewSet(CensusViewSet):
    """Statistics of the Adult (Census Income) dataset: the paths of the API."""

    summary = "API"
    serializer_class = RootSerializer

    def list(self, _request: Request, **_kwargs: Any) -> Response:
        self.values()
        return Response(
            {
                "dataset": reverse("dataset"),
                "croissant": reverse("croissant"),
                # Tools of Data Package recognise a descriptor by the suffix.
                "datapackage": f"{reverse('datapackage')}.json",
                "fields": reverse("field-list"),
                "people": reverse("person-list"),
                "computation": reverse("computation-list"),
                "statistics": reverse("statistics"),
                "correlation": reverse("correlation"),
                "crosstab": reverse("crosstab", args=["sex", "income"]),
                "fairness": reverse("fairness", args=["sex"]),
                "comparison": example("comparison", "hours_per_week", "group_by=sex"),
                "linear_regression": example(
                    "linear-regression", "hours_per_week", "on=age,education_num,sex"
                ),
                "logistic_regression": example(
                    "logistic-regression", "income", "value=%3E50K&on=age,education_num,sex"
                ),
                "decomposition": example(
                    "decomposition", "income", "value=%3E50K&group_by=sex&on=marital_status"
                ),
                "oaxaca": example(
                    "oaxaca", "hours_per_week", "group_by=sex&on=age,education_num,marital_status"
                ),
                # Not "example": next to "schema", Spectral takes it for the one of a media type.
                "mean": reverse("computation", args=["mean", "age"]),
                "docs": reverse("docs"),
                "schema": reverse("schema"),
            }
        )


class DatasetViewSet(CensusViewSet):
    """The dataset: its content, source, licence and caveats."""

    summary = "Dataset"
    serializer_class = DatasetSerializer

    def list(self, _request: Request, **_kwargs: Any) -> Response:
        self.values()
        return Response(DatasetSerializer(dataset_document(Dataset.objects.loaded())).data)


class FieldsViewSet(CensusViewSet):
    """The columns: their meaning, allowed values and counts."""

    renderer_classes = TABULAR
    summary = "Fields"
    serializer_class: type[BaseSerializer[Any]] = FieldsSerializer

    def list(self, _request: Request, **_kwargs: Any) -> Response:
        self.values()
        counts = profile.fields()
        documents = [field_document(COLUMNS[name], c) for name, c in counts["fields"].items()]
        answer = {"dataset": self.loaded.version, "rows": counts["rows"], "fields": documents}
        return Response(FieldsSerializer(answer).data)

    def table(self, data: Any) -> tables.Table:
        header = [name for name in FieldSerializer().get_fields() if name not in self.nested]
        return tables.of_records(data.get("fields", [data]), header)

    nested = frozenset({"categories", "metrics"})


class FieldViewSet(FieldsViewSet):
    """A column: its meaning, allowed values and counts."""

    summary = "Field"
    serializer_class = OneFieldSerializer
    path_parameters = (column_in_path(COLUMNS.values(), "Column"),)

    def retrieve(self, _request: Request, column: str, **_kwargs: Any) -> Response:
        field = questions.column(column)
        self.values()
        counts = profile.fields()
        document = field_document(field, counts["fields"][field.name])
        return Response({"dataset": self.loaded.version, **FieldSerializer(document).data})


class CatalogueViewSet(CensusViewSet):
    """The metrics: their meaning, formulas, parameters and columns."""

    renderer_classes = TABULAR
    summary = "Computation"
    tag = "computation"
    serializer_class = CatalogueSerializer

    def list(self, _request: Request, **_kwargs: Any) -> Response:
        self.values()
        catalogue = {
            "metrics": [catalogue_entry(metric) for metric in METRICS.values()],
            "parameters": [parameter_entry(p) for p in (*questions.COMMON, *questions.FILTERING)],
        }
        return Response(CatalogueSerializer(catalogue).data)

    def table(self, data: Any) -> tables.Table:
        header = ["name", "label", "description", "formula", "weighted"]
        return tables.of_records(data["metrics"], header)
