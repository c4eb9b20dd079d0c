"""The answers of comparisons."""

from typing import ClassVar

from rest_framework import serializers

from census.api.serializers.answers import AnswerSerializer, GroupSerializer
from census.api.serializers.fields import FlagsField, GroupKeyField, OptionsField
from census.api.serializers.tables import MeasuresSerializer, number, texts
from census.statistics.measures import COMPARISON


class OverallSerializer(MeasuresSerializer):
    """The tests that all groups are equal. Pearson's test is for shares without a weight."""

    formulas: ClassVar = COMPARISON

    f = number()
    f_df1 = number()
    f_df2 = number()
    f_p_value = number()
    f_log10_p = number()
    chi2 = number(required=False)
    chi2_dof = serializers.IntegerField(required=False)
    chi2_p_value = number(required=False)
    chi2_log10_p = number(required=False)


class WithinSerializer(OverallSerializer):
    """The tests within one combination of the values of the columns after the first."""

    key = GroupKeyField()


class EstimateSerializer(MeasuresSerializer):
    """A mean or a share with its interval."""

    formulas: ClassVar = COMPARISON

    value = number()
    standard_error = number()
    ci_lower = number()
    ci_upper = number()
    successes = serializers.IntegerField(
        required=False, help_text="For shares without a weight: the rows of the category."
    )
    flags = FlagsField(child=serializers.CharField())


class ComparedGroupSerializer(EstimateSerializer, GroupSerializer):
    """A group and its difference from the reference."""

    difference = number()
    difference_standard_error = number()
    difference_ci_lower = number()
    difference_ci_upper = number()
    statistic = number()
    df = number()
    p_value = number()
    log10_p = number()
    p_adjusted = number()
    log10_p_adjusted = number()
    hedges_g = number(required=False)
    hedges_g_ci_lower = number(required=False)
    hedges_g_ci_upper = number(required=False)
    standardized_difference = number(required=False)
    ks = number(required=False)
    cohens_h = number(required=False)
    odds_ratio = number(required=False)
    odds_ratio_ci_lower = number(required=False)
    odds_ratio_ci_upper = number(required=False)


class ComparisonSerializer(EstimateSerializer, OverallSerializer, AnswerSerializer):
    """The groups of the first column compared with the reference, within the other columns."""

    column = serializers.CharField()
    group_by = texts()
    parameters = OptionsField()
    reference = GroupKeyField(allow_null=True)
    groups = ComparedGroupSerializer(many=True)
    within = WithinSerializer(many=True, required=False)
    dropped_groups = serializers.IntegerField(required=False)
