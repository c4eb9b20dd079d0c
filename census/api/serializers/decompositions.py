"""The answers of decompositions."""

from typing import Any, ClassVar

from rest_framework import serializers

from census.api.serializers.answers import AnswerSerializer, GroupSerializer
from census.api.serializers.fields import FlagsField, GroupKeyField, OptionsField
from census.api.serializers.regressions import references
from census.api.serializers.tables import MeasuresSerializer, number, texts
from census.statistics.measures import DECOMPOSITION, OAXACA


class DecomposedCategorySerializer(serializers.Serializer[Any]):
    """A category: its share and value in the group and the reference, and its two components."""

    key = GroupKeyField()
    share = number()
    value = number()
    reference_share = number()
    reference_value = number()
    composition = number()
    rate = number()


class DecomposedGroupSerializer(MeasuresSerializer, GroupSerializer):
    """A group: its difference from the reference and the components of the difference."""

    formulas: ClassVar = DECOMPOSITION

    value = number()
    difference = number()
    composition = number()
    rate = number()
    flags = FlagsField(child=serializers.CharField())
    unmatched = serializers.ListField(
        child=GroupKeyField(), help_text="Categories with rows in only one of the two groups."
    )
    categories = DecomposedCategorySerializer(many=True)


class DecompositionSerializer(AnswerSerializer):
    """The decomposition of the difference between each group and the reference."""

    column = serializers.CharField()
    group_by = texts()
    parameters = OptionsField()
    on = texts()
    reference = GroupKeyField(allow_null=True)
    groups = DecomposedGroupSerializer(many=True)


class PartsSerializer(MeasuresSerializer):
    """The two parts of a difference, each with its interval."""

    formulas: ClassVar = OAXACA

    explained = number()
    explained_standard_error = number()
    explained_ci_lower = number()
    explained_ci_upper = number()
    unexplained = number()
    unexplained_standard_error = number()
    unexplained_ci_lower = number()
    unexplained_ci_upper = number()


class DecomposedTermSerializer(PartsSerializer):
    """The contribution of a term of `on` or of the intercept. All terms add up to the total."""

    term = serializers.CharField(help_text="Such as `age`, `sex:age`, `(intercept)`.")


class DecomposedCoefficientSerializer(PartsSerializer):
    """The contribution of a coefficient; null if its term is aliased or absent in a group."""

    term = serializers.CharField(help_text="Such as `age`, `sex=Female`, `sex=Female:age`.")
    mean = number()
    reference_mean = number()
    coefficient = number()
    reference_coefficient = number()


class OaxacaGroupSerializer(PartsSerializer, GroupSerializer):
    """A group: its difference from the reference and the parts of the difference."""

    value = number()
    difference = number()
    difference_standard_error = number()
    difference_ci_lower = number()
    difference_ci_upper = number()
    flags = FlagsField(child=serializers.CharField())
    aliased = serializers.ListField(
        child=serializers.CharField(),
        help_text="Terms left out because they depend on earlier ones in the rows of both groups.",
    )
    unmatched = serializers.ListField(
        child=serializers.CharField(),
        help_text="Categories in only one of the two groups, and terms without a coefficient in "
        "one of them. The parts are then null.",
    )
    terms = DecomposedTermSerializer(many=True)
    coefficients = DecomposedCoefficientSerializer(many=True)


class OaxacaSerializer(AnswerSerializer):
    """The decomposition of the difference between each group and the reference."""

    column = serializers.CharField()
    group_by = texts()
    parameters = OptionsField()
    on = texts()
    errors = serializers.ChoiceField(("classical", "hc1", "hc3", "linearised"))  # type: ignore[assignment]
    reference = GroupKeyField(allow_null=True)
    references = references()
    groups = OaxacaGroupSerializer(many=True)
