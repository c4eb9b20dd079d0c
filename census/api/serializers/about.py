"""The documents about the columns, the dataset and the metrics."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from rest_framework import serializers

from census.api.parameters import example_query
from census.columns import Column
from census.metadata import about
from census.models import Dataset
from census.statistics.metrics import METRICS, Metric
from census.statistics.parameters import Parameter


class TopCodedSerializer(serializers.Serializer[Any]):
    value = serializers.IntegerField(help_text="The value that means “this or more”.")
    count = serializers.IntegerField(help_text="Rows with this value.")


class CategorySerializer(serializers.Serializer[Any]):
    value = serializers.CharField(help_text="As stored, filtered and returned.")
    label = serializers.CharField(help_text="For people.")  # type: ignore[assignment]  # the name
    count = serializers.IntegerField(help_text="Rows with this value.")


class MetricLinkSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    href = serializers.CharField(
        help_text="Path of the metric of this column, with examples of required parameters."
    )


class FieldSerializer(serializers.Serializer[Any]):
    """A column of the dataset."""

    name = serializers.CharField()
    source_name = serializers.CharField(
        allow_null=True, help_text="UCI's spelling; null for `split`, which is not in its files."
    )
    label = serializers.CharField()  # type: ignore[assignment]  # the name
    description = serializers.CharField()
    kind = serializers.ChoiceField(("numeric", "categorical"))
    type = serializers.ChoiceField(("integer", "string"))
    role = serializers.ChoiceField(("feature", "weight", "target", "split"))
    unit = serializers.CharField(allow_null=True)
    ordered = serializers.BooleanField()
    nullable = serializers.BooleanField()
    rows = serializers.IntegerField()
    count = serializers.IntegerField(help_text="Rows with a value.")
    missing = serializers.IntegerField(help_text="Rows without a value.")
    distinct = serializers.IntegerField(help_text="Different values that occur.")
    minimum = serializers.IntegerField(allow_null=True)
    maximum = serializers.IntegerField(allow_null=True)
    top_coded = TopCodedSerializer(allow_null=True)
    categories = CategorySerializer(
        many=True, allow_null=True, help_text="In the column's order; null for a numeric column."
    )
    metrics = MetricLinkSerializer(many=True, help_text="The metrics that apply.")


class OneFieldSerializer(FieldSerializer):
    """A column of the dataset, with the dataset's version."""

    dataset = serializers.CharField(help_text="Version of the loaded data.")


class FieldsSerializer(serializers.Serializer[Any]):
    """The columns of the dataset."""

    dataset = serializers.CharField(help_text="Version of the loaded data.")
    rows = serializers.IntegerField()
    fields = FieldSerializer(many=True)  # type: ignore[assignment]  # the contract's name


def field_document(column: Column, counts: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the data of `FieldSerializer`: the definition of the column and its counts."""
    links = [
        {"name": metric.name, "href": _address(metric, column)}
        for metric in METRICS.values()
        if column.kind in metric.kinds
    ]
    definition = {
        name: getattr(column, name)
        for name in (
            "name",
            "source_name",
            "label",
            "description",
            "kind",
            "type",
            "role",
            "unit",
            "ordered",
            "nullable",
        )
    }
    return {**definition, **counts, "metrics": links}


def _address(metric: Metric, column: Column) -> str:
    """Returns the path of a metric of a column, with the parameters that it cannot do without."""
    path = reverse("computation", args=[metric.name, column.name])
    query = example_query(p for p in metric.parameters(column) if p.required)
    return f"{path}?{query}" if query else path


class LicenseSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    url = serializers.URLField()


class SourceFileSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    split = serializers.ChoiceField(("train", "test"))
    rows = serializers.IntegerField()
    bytes = serializers.IntegerField()
    md5 = serializers.CharField()
    sha256 = serializers.CharField()
    authentic = serializers.BooleanField(help_text="Whether it is exactly UCI's file.")


class DatasetSerializer(serializers.ModelSerializer[Any]):
    """The dataset: its content, source, licence and caveats."""

    dataset = serializers.CharField(help_text="Version of the loaded data.")
    name = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    citation = serializers.CharField()
    doi = serializers.CharField()
    url = serializers.URLField()
    license = LicenseSerializer()
    files = SourceFileSerializer(many=True)
    rows_by_split = serializers.DictField(child=serializers.IntegerField())
    missing = serializers.DictField(child=serializers.IntegerField())
    caveats = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Dataset
        fields = (
            "dataset",
            "name",
            "title",
            "description",
            "citation",
            "doi",
            "url",
            "license",
            "version",
            "sha256",
            "loaded_at",
            "source",
            "files",
            "rows",
            "rows_by_split",
            "missing",
            "complete_rows",
            "duplicate_rows",
            "caveats",
        )


def dataset_document(dataset: Dataset) -> dict[str, Any]:
    """Returns the data of `DatasetSerializer`."""
    return {**about.DOCUMENT, **vars(dataset), "dataset": dataset.version}


class RootSerializer(serializers.Serializer[Any]):
    """The paths of the API."""

    dataset = serializers.CharField()
    croissant = serializers.CharField()
    datapackage = serializers.CharField()
    fields = serializers.CharField()  # type: ignore[assignment]  # the name of the link
    people = serializers.CharField()
    computation = serializers.CharField()
    statistics = serializers.CharField()
    correlation = serializers.CharField()
    crosstab = serializers.CharField()
    fairness = serializers.CharField()
    comparison = serializers.CharField()
    linear_regression = serializers.CharField()
    logistic_regression = serializers.CharField()
    decomposition = serializers.CharField()
    oaxaca = serializers.CharField()
    mean = serializers.CharField()
    docs = serializers.CharField()
    schema = serializers.CharField()


class ParameterSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    description = serializers.CharField()
    schema = serializers.DictField(help_text="JSON Schema of its value.")


class MetricSerializer(serializers.Serializer[Any]):
    """A metric: what it computes, and the columns that it applies to."""

    name = serializers.CharField()
    aliases = serializers.ListField(child=serializers.CharField())
    label = serializers.CharField()  # type: ignore[assignment]  # the name
    description = serializers.CharField()
    formula = serializers.CharField()
    kinds = serializers.ListField(child=serializers.ChoiceField(("numeric", "categorical")))
    columns = serializers.ListField(child=serializers.CharField())
    parameters = ParameterSerializer(many=True)
    weighted = serializers.BooleanField(help_text="Whether it takes `weight`.")
    method = serializers.CharField()
    weighted_method = serializers.CharField(allow_null=True)


class CatalogueSerializer(serializers.Serializer[Any]):
    metrics = MetricSerializer(many=True)
    parameters = ParameterSerializer(many=True, help_text="The parameters of all metrics.")


def catalogue_entry(metric: Metric) -> dict[str, Any]:
    """Returns the data of `MetricSerializer`."""
    return {
        "name": metric.name,
        "aliases": metric.aliases,
        "label": metric.label,
        "description": metric.description,
        "formula": metric.formula,
        "kinds": metric.kinds,
        "columns": [column.name for column in metric.columns],
        "parameters": [parameter_entry(p) for p in metric.parameters_anywhere()],
        "weighted": metric.weightable,
        "method": metric.estimator,
        "weighted_method": metric.weighted_estimator,
    }


def parameter_entry(parameter: Parameter) -> dict[str, Any]:
    """Returns the data of `ParameterSerializer`."""
    return {
        "name": parameter.name,
        "description": parameter.description,
        "schema": parameter.schema(),
    }
