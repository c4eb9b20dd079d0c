"""Means, sums and extremes."""

from typing import ClassVar

from django.db.models import Expression, Max, Min

from census.statistics import estimators
from census.statistics.aggregates import power_sum
from census.statistics.members import COUNT, INTEGER, NUMBER
from census.statistics.metrics.base import (
    STANDARDIZE,
    AggregateMetric,
    Level,
    Levels,
    Question,
    Tally,
    register,
)
from census.statistics.metrics.frequencies import Frequencies, frequencies
from census.statistics.metrics.totals import (
    DOMAIN,
    DOMAIN_FORMULA,
    TOTAL_EXTRAS,
    described_total,
    with_facts,
)
from census.statistics.selection import Row


@register
class MeanMetric(AggregateMetric):
    """The arithmetic mean with its standard error and confidence interval."""

    name = "mean"
    aliases = ("average", "avg")
    label = "Mean"
    kinds = ("numeric",)
    formula = (
        "m = Σx / n, SE = s / √n; weighted: m = Σwx / Σw, "
        "SE² = n/(n−1) · Σ(w(x−m))² / (Σw)²; interval: m ± t(n−1) · SE"
    )
    estimator = "sample mean; standard error s/√n; t interval with n−1 degrees of freedom"
    weighted_estimator = (
        "weighted mean (Hájek); standard error by Taylor linearisation, assuming sampling with "
        "replacement; t interval with n−1 degrees of freedom"
    )
    own_parameters = (STANDARDIZE,)
    standardizable = True
    extras: ClassVar = dict.fromkeys(estimators.Estimate._fields, NUMBER)
    weighted_extras: ClassVar = {"deff": NUMBER}

    def aggregates(self, question: Question) -> dict[str, Expression]:
        x = question.column
        if (w := question.weight) is None:
            return {"x": power_sum([x]), "xx": power_sum([x, x])}
        return {
            "wx": power_sum([w, x]),
            "wxx": power_sum([w, x, x]),
            "wwx": power_sum([w, w, x]),
            "wwxx": power_sum([w, w, x, x]),
        }

    def finish(self, question: Question, tally: Tally, sums: Row) -> Level:
        if not question.weight:
            found = estimators.Sums.unweighted(tally.count, sums["x"], sums["xx"])
            return estimators.mean_estimate(found, question.confidence)._asdict()
        found = estimators.Sums(
            n=tally.count,
            w=tally.weights,
            wx=sums["wx"],
            w2=tally.squares,
            w2x=sums["wwx"],
            w2x2=sums["wwxx"],
        )
        level = estimators.mean_estimate(found, question.confidence)._asdict()
        return level | {"deff": estimators.deff(found, sums["wxx"])}

    def levels(self, question: Question) -> Levels:
        if question.weight in (None, question.column) or len(question.selection.keys()) > 1:
            return super().levels(question)
        # Products are then made of a few sums instead of each row: two thirds of the time.
        table = frequencies(question)
        return Levels(
            self._level_of(question, table.whole),
            {key: self._level_of(question, found) for key, found in table.groups.items()},
        )

    def _level_of(self, question: Question, found: Frequencies) -> Level:
        sums = dict.fromkeys(("wx", "wxx", "wwx", "wwxx"), 0)
        for value, tally in found.values.items():
            x = int(value)
            sums["wx"] += tally.weights * x
            sums["wxx"] += tally.weights * x * x
            sums["wwx"] += tally.squares * x
            sums["wwxx"] += tally.squares * x * x
        total = found.total
        return total.described(question.weight) | self.finish(question, total, sums)


@register
class SumMetric(AggregateMetric):
    """The sum of the values, an exact integer; 0 of nothing."""

    additive = True
    name = "sum"
    label = "Sum"
    kinds = ("numeric",)
    formula = f"Σx; weighted: Σwx, {DOMAIN_FORMULA}"
    estimator = "sum"
    weighted_estimator = (
        "weighted sum (Horvitz and Thompson's estimator of the population total); linearised "
        "standard error; t interval with N−1 degrees of freedom"
    )
    sample = DOMAIN
    extras: ClassVar = {"value": COUNT}
    weighted_extras: ClassVar = TOTAL_EXTRAS

    def aggregates(self, question: Question) -> dict[str, Expression]:
        x = question.column
        if (w := question.weight) is None:
            return {"sum": power_sum([x])}
        return {
            "sum": power_sum([w, x]),
            "wxx": power_sum([w, x, x]),
            "wwxx": power_sum([w, w, x, x]),
        }

    def levels(self, question: Question) -> Levels:
        return super().levels(with_facts(question))

    def unit(self, question: Question) -> str:
        return f"{question.column.unit} × weight" if question.weight else f"{question.column.unit}"

    def finish(self, question: Question, _tally: Tally, sums: Row) -> Level:
        if not question.weight:
            return {"value": sums["sum"]}
        return described_total(question, sums["sum"], sums["wxx"], sums["wwxx"])


def _known(value: int | None) -> bool:
    return value is not None


@register
class MinMetric(AggregateMetric):
    """The smallest value."""

    name = "min"
    label = "Minimum"
    kinds = ("numeric",)
    formula = "min x"
    estimator = "smallest value"
    weighted_estimator = "smallest value (weights do not change it)"
    extras: ClassVar = {"value": INTEGER}
    combined_by: ClassVar = {"extreme": lambda found: min(filter(_known, found), default=None)}
    function: type[Min | Max] = Min

    def aggregates(self, question: Question) -> dict[str, Expression]:
        return {"extreme": self.function(question.column.name)}

    def finish(self, _question: Question, _tally: Tally, sums: Row) -> Level:
        return {"value": sums["extreme"]}


@register
class MaxMetric(MinMetric):
    """The largest value."""

    name = "max"
    label = "Maximum"
    formula = "max x"
    estimator = "largest value"
    weighted_estimator = "largest value (weights do not change it)"
    combined_by: ClassVar = {"extreme": lambda found: max(filter(_known, found), default=None)}
    function = Max
