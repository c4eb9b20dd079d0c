"""The answers about several columns."""

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework import serializers

from census.api.serializers.answers import AnswerSerializer, GroupSerializer, LevelSerializer
from census.api.serializers.fields import (
    Field,
    FlagsField,
    GroupKeyField,
    ValueField,
    matrix,
)
from census.statistics.measures import FORMULAS


class MeasuresSerializer(serializers.Serializer[Any]):
    """A serializer whose fields are described by their formulas."""

    formulas: ClassVar[Mapping[str, str]] = FORMULAS

    def get_fields(self) -> dict[str, Field]:
        fields: dict[str, Field] = super().get_fields()
        for name, field in fields.items():
            if field.help_text is None and name in self.formulas:
                field.help_text = self.formulas[name]
        return fields


def number(*, required: bool = True) -> Field:
    """Returns the field of a number; null if it is undefined."""
    return serializers.FloatField(allow_null=True, required=required)


def texts() -> Field:
    return serializers.ListField(child=serializers.CharField())


def numbers(*, required: bool = True) -> Field:
    """Returns the field of a matrix of numbers; null where they are undefined."""
    row = serializers.ListField(child=serializers.FloatField(allow_null=True))
    return serializers.ListField(child=row, required=required)


def flags_of_cells() -> Field:
    """Returns the field of a matrix of flags, which needs `cells=true`."""
    row = serializers.ListField(child=FlagsField(child=serializers.CharField()))
    return serializers.ListField(child=row, required=False)


def values() -> Field:
    """Returns the field of a list of values of a column."""
    return serializers.ListField(child=ValueField())


def integers(*, required: bool = True) -> Field:
    return serializers.ListField(child=serializers.IntegerField(), required=required)


def counts_by_value(*, required: bool = False) -> Field:
    return serializers.DictField(child=serializers.IntegerField(), required=required)


class HistogramSerializer(MeasuresSerializer):
    hist = integers()
    weighted_hist = integers(required=False)
    bin_edges = integers()


class ColumnStatisticsSerializer(MeasuresSerializer):
    """The extremes, moments and histogram of a numeric column, or the frequencies of categories."""

    nan_count = serializers.IntegerField()
    nan_proportion = number()
    min = serializers.IntegerField(allow_null=True, required=False)
    max = serializers.IntegerField(allow_null=True, required=False)
    mean = number(required=False)
    median = number(required=False)
    std = number(required=False)
    histogram = HistogramSerializer(required=False)
    no_label_count = serializers.IntegerField(required=False)
    no_label_proportion = number(required=False)
    n_unique = serializers.IntegerField(required=False)
    frequencies = counts_by_value()
    weighted_frequencies = counts_by_value()


class ColumnProfileSerializer(serializers.Serializer[Any]):
    column_name = serializers.CharField()
    column_type = serializers.ChoiceField(("int", "string_label"))
    column_statistics = ColumnStatisticsSerializer()


class StatisticsSerializer(AnswerSerializer):
    """A profile of every column, in the shape of the Hugging Face dataset viewer."""

    num_examples = serializers.IntegerField()
    statistics = ColumnProfileSerializer(many=True)
    partial = serializers.BooleanField()  # type: ignore[assignment]  # the contract's name


class CorrelatedPairSerializer(serializers.Serializer[Any]):
    """The coefficient of two columns with its interval, and the test that it is 0."""

    x = serializers.CharField()
    y = serializers.CharField()
    r = number()
    standard_error = number()
    ci_lower = number()
    ci_upper = number()
    statistic = number()
    df = serializers.IntegerField(allow_null=True)
    p_value = number()
    log10_p = number()
    flags = FlagsField(child=serializers.CharField())


class CorrelationSerializer(MeasuresSerializer, AnswerSerializer):
    """The correlation matrix of `columns`, in their order, and the tests of all pairs."""

    columns = texts()
    coefficient = serializers.ChoiceField(("pearson", "spearman"))
    matrix = matrix(serializers.FloatField, allow_null=True)
    pairs = CorrelatedPairSerializer(many=True)


class TableSerializer(MeasuresSerializer, LevelSerializer):
    """A table of counts and shares with a row for each of `row_values`, and its tests.

    It has the matrices after `min_expected` only with `cells=true`.
    """

    missing = None  # type: ignore[assignment]  # it has `excluded_missing`
    excluded_missing = serializers.IntegerField()
    flags = FlagsField(child=serializers.CharField())
    row_values = values()
    column_values = values()
    counts = matrix(serializers.IntegerField)
    weighted_counts = serializers.ListField(child=integers(), required=False)
    row_proportions = numbers()
    column_proportions = numbers()
    chi2 = number()
    dof = serializers.IntegerField()
    p_value = number()
    log10_p = number()
    cramers_v = number()
    min_expected = number()
    expected = numbers(required=False)
    adjusted_residuals = numbers(required=False)
    total_proportions = numbers(required=False)
    row_standard_errors = numbers(required=False)
    row_ci_lower = numbers(required=False)
    row_ci_upper = numbers(required=False)
    row_flags = flags_of_cells()
    column_standard_errors = numbers(required=False)
    column_ci_lower = numbers(required=False)
    column_ci_upper = numbers(required=False)
    column_flags = flags_of_cells()
    g2 = number(required=False)
    rao_scott_f = number(required=False)
    rao_scott_df1 = number(required=False)
    rao_scott_df2 = number(required=False)
    rao_scott_p = number(required=False)
    rao_scott_log10_p = number(required=False)
    rao_scott_null_f = number(required=False)
    rao_scott_null_df1 = number(required=False)
    rao_scott_null_df2 = number(required=False)
    rao_scott_null_p = number(required=False)
    rao_scott_null_log10_p = number(required=False)


class LayerTableSerializer(TableSerializer):
    """The table of one value of the layer."""

    missing = None
    key = GroupKeyField()


class CrosstabSerializer(TableSerializer, AnswerSerializer):
    """A two-way table and, with `layer`, one for each value of a third column.

    It has the members from `cmh_chi2` on if the layers are 2 × 2.
    """

    missing = None  # type: ignore[assignment]
    row = serializers.CharField()
    column = serializers.CharField()
    layer = serializers.CharField(required=False)
    layers = LayerTableSerializer(many=True, required=False)
    cmh_chi2 = number(required=False)
    cmh_dof = serializers.IntegerField(required=False, allow_null=True)
    cmh_p = number(required=False)
    cmh_log10_p = number(required=False)
    common_odds_ratio = number(required=False)
    common_odds_ratio_ci_lower = number(required=False)
    common_odds_ratio_ci_upper = number(required=False)


class FairnessGroupSerializer(MeasuresSerializer, GroupSerializer):
    """A protected group and its comparison with the reference."""

    positives = serializers.IntegerField(help_text="Rows with the favourable outcome.")
    weighted_positives = serializers.IntegerField(
        required=False, help_text="With a weight: Σw of those rows."
    )
    base_rate = number()
    ci_lower = number()
    ci_upper = number()
    flags = FlagsField(child=serializers.CharField())
    statistical_parity_difference = number()
    spd_standard_error = number()
    spd_ci_lower = number()
    spd_ci_upper = number()
    disparate_impact = number()
    di_ci_lower = number()
    di_ci_upper = number()


class FairnessSerializer(MeasuresSerializer, AnswerSerializer):
    """The groups of the protected columns, compared with the reference."""

    columns = texts()
    outcome = serializers.CharField()
    reference = GroupKeyField(allow_null=True)
    base_rate = number()
    flags = FlagsField(child=serializers.CharField())
    groups = FairnessGroupSerializer(many=True)
    dropped_groups = serializers.IntegerField(required=False)
    demographic_parity_difference = number()
    demographic_parity_ratio = number()
    smoothed_differential_fairness = number(required=False)
