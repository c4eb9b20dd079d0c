"""The answers of regressions."""

from typing import ClassVar

from rest_framework import serializers

from census.api.serializers.answers import AnswerSerializer
from census.api.serializers.fields import Field, FlagsField
from census.api.serializers.tables import MeasuresSerializer, number, texts
from census.statistics.measures import REGRESSION


class RegressionCoefficientSerializer(MeasuresSerializer):
    """The coefficient of a term; null if the term is aliased or separated."""

    formulas: ClassVar = REGRESSION

    term = serializers.CharField(help_text="Such as `age`, `sex=Female`, `sex=Female:age`.")
    estimate = number()
    standard_error = number()
    ci_lower = number()
    ci_upper = number()
    statistic = number()
    p_value = number()
    log10_p = number()
    flags = FlagsField(
        child=serializers.CharField(),
        help_text="For the rows of the fit; for a category or its product, for its rows.",
    )


class OddsRatioSerializer(RegressionCoefficientSerializer):
    """A coefficient of a logistic regression, also as an odds ratio."""

    odds_ratio = number()
    odds_ratio_ci_lower = number()
    odds_ratio_ci_upper = number()


def references() -> Field:
    return serializers.DictField(
        child=serializers.CharField(), help_text="The reference category of each column."
    )


class LinearRegressionSerializer(MeasuresSerializer, AnswerSerializer):
    """The coefficients, the goodness of fit, and Wald's test of all terms."""

    formulas: ClassVar = REGRESSION

    column = serializers.CharField()
    on = texts()
    errors = serializers.ChoiceField(("classical", "hc1", "hc3", "linearised"))  # type: ignore[assignment]
    references = references()
    flags = FlagsField(child=serializers.CharField())
    aliased = texts()
    coefficients = RegressionCoefficientSerializer(many=True)
    df = serializers.IntegerField()
    r_squared = number()
    adjusted_r_squared = number()
    residual_standard_error = number()
    f = number()
    f_df1 = serializers.IntegerField(allow_null=True)
    f_df2 = serializers.IntegerField(allow_null=True)
    f_p_value = number()
    f_log10_p = number()


class LogisticRegressionSerializer(MeasuresSerializer, AnswerSerializer):
    """The coefficients and the goodness of fit; with a weight the deviances are null."""

    formulas: ClassVar = REGRESSION

    column = serializers.CharField()
    on = texts()
    value = serializers.CharField()
    references = references()
    flags = FlagsField(child=serializers.CharField())
    aliased = texts()
    separated = texts()
    separated_rows = serializers.IntegerField(help_text="Rows of separated categories, left out.")
    converged = serializers.BooleanField()
    coefficients = OddsRatioSerializer(many=True)
    df = serializers.IntegerField()
    deviance = number()
    null_deviance = number()
    aic = number()
    mcfadden_r_squared = number()
