"""Variance, standard deviation, skewness and kurtosis."""

from django.db.models import Expression

from census.statistics import estimators
from census.statistics.aggregates import power_sum
from census.statistics.metrics.base import (
    AggregateMetric,
    Level,
    Levels,
    Question,
    Tally,
    register,
)
from census.statistics.metrics.frequencies import Frequencies, frequencies
from census.statistics.parameters import Boolean, Integer, Parameter
from census.statistics.selection import Row

DDOF = Parameter(
    "ddof",
    Integer(0, 1),
    "Delta degrees of freedom: 1 estimates that of the population, 0 is that of the rows.",
    default=1,
)
BIAS = Parameter(
    "bias",
    Boolean(),
    "`true` gives the moment coefficient, `false` the bias-corrected one.",
    default=False,
)


@register
class VarianceMetric(AggregateMetric):
    """The mean squared distance from the mean."""

    name = "variance"
    label = "Variance"
    kinds = ("numeric",)
    formula = "Σ(x−m)² / (n − ddof); weighted: n/(n − ddof) · Σw(x−m)² / Σw"
    estimator = "sample variance"
    weighted_estimator = "weighted variance, with the factor n/(n − ddof)"
    own_parameters = (DDOF,)

    def unit(self, question: Question) -> str | None:
        return f"squared {question.column.unit}"

    def aggregates(self, question: Question) -> dict[str, Expression]:
        x, w = question.column, [question.weight] if question.weight else []
        return {"x": power_sum([*w, x]), "xx": power_sum([*w, x, x])}

    def finish(self, question: Question, tally: Tally, sums: Row) -> Level:
        weights = tally.weights if question.weight else tally.count
        return {
            "value": self.statistic(
                tally.count, weights, sums["x"], sums["xx"], question.options["ddof"]
            )
        }

    def statistic(self, n: int, weights: int, x: int, xx: int, ddof: int) -> float | None:
        return estimators.variance(n, weights, x, xx, ddof)


@register
class StandardDeviationMetric(VarianceMetric):
    """The square root of the variance."""

    name = "std"
    label = "Standard deviation"
    formula = "√(Σ(x−m)² / (n − ddof)); weighted: √(n/(n − ddof) · Σw(x−m)² / Σw)"
    estimator = "sample standard deviation"
    weighted_estimator = "square root of the weighted variance, with the factor n/(n − ddof)"

    def unit(self, question: Question) -> str | None:
        return question.column.unit

    def statistic(self, n: int, weights: int, x: int, xx: int, ddof: int) -> float | None:
        return estimators.standard_deviation(n, weights, x, xx, ddof)


@register
class SkewnessMetric(AggregateMetric):
    """How far the values lean to one side; positive where the long tail is of large values."""

    name = "skewness"
    label = "Skewness"
    kinds = ("numeric",)
    formula = "g1 = m₃ / m₂^1.5, G1 = g1 · √(n(n−1)) / (n−2); weighted: mₖ = Σw(x−m)ᵏ / Σw"
    estimator = "bias-corrected skewness G1 (with bias=true the moment coefficient g1)"
    weighted_estimator = (
        "skewness G1 of weighted moments (with bias=true the moment coefficient g1), the "
        "correction by the number of rows"
    )
    own_parameters = (BIAS,)
    order = 3

    def unit(self, _question: Question) -> None:
        """It has none: it is a ratio."""

    def aggregates(self, question: Question) -> dict[str, Expression]:
        return {f"x{p}": power_sum([question.column] * p) for p in range(1, self.order + 1)}

    def finish(self, question: Question, tally: Tally, sums: Row) -> Level:
        powers = [sums[f"x{p}"] for p in range(1, self.order + 1)]
        w = tally.weights if question.weight else tally.count
        return {"value": self.statistic(tally.count, w, *powers, bias=question.options["bias"])}

    def statistic(self, n: int, w: int, *powers: int, bias: bool) -> float | None:
        return estimators.skewness(n, w, *powers, bias=bias)

    def levels(self, question: Question) -> Levels:
        if question.weight is None:
            return super().levels(question)
        # Weighted powers of a row exceed exact sums in SQL: they are made from the table of values.
        table = frequencies(question)
        return Levels(
            self._level_of(question, table.whole),
            {key: self._level_of(question, found) for key, found in table.groups.items()},
        )

    def _level_of(self, question: Question, found: Frequencies) -> Level:
        sums = {
            f"x{p}": sum(tally.weights * int(x) ** p for x, tally in found.values.items())
            for p in range(1, self.order + 1)
        }
        total = found.total
        return total.described(question.weight) | self.finish(question, total, sums)


@register
class KurtosisMetric(SkewnessMetric):
    """How heavy the tails are, in excess of the normal distribution's."""

    name = "kurtosis"
    label = "Excess kurtosis"
    formula = (
        "g2 = m₄ / m₂² − 3, G2 = (n−1)/((n−2)(n−3)) · ((n+1)g2 + 6); weighted: mₖ = Σw(x−m)ᵏ / Σw"
    )
    estimator = "bias-corrected excess kurtosis G2 (with bias=true the moment coefficient g2)"
    weighted_estimator = (
        "excess kurtosis G2 of weighted moments (with bias=true the moment coefficient g2), the "
        "correction by the number of rows"
    )
    order = 4

    def statistic(self, n: int, w: int, *powers: int, bias: bool) -> float | None:
        return estimators.kurtosis(n, w, *powers, bias=bias)
