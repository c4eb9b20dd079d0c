"""Where the values lie."""

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from typing import Any, ClassVar

from django.db.models import Expression, Max, Min

from census.statistics import estimators
from census.statistics.aggregates import PercentileCont, power_sum
from census.statistics.members import COUNT, FLOAT, INTEGER, NUMBER, Items
from census.statistics.metrics.base import (
    AggregateMetric,
    Level,
    Levels,
    Question,
    Tally,
    check_size,
    register,
)
from census.statistics.metrics.frequencies import Frequencies, frequencies
from census.statistics.parameters import ListOf, Number, Parameter
from census.statistics.selection import Row

TYPE_7 = "linear interpolation between order statistics (Hyndman and Fan's type 7)"
INVERSE_ECDF = "inverse of the weighted empirical distribution function"


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
        "weighted mean (Hájek); standard error by Taylor linearisation, sampling taken as with "
        "replacement; t interval with n−1 degrees of freedom"
    )
    extras: ClassVar = dict.fromkeys(estimators.Estimate._fields, NUMBER)

    def aggregates(self, question: Question) -> dict[str, Expression]:
        x = question.column
        if (w := question.weight) is None:
            return {"x": power_sum([x]), "xx": power_sum([x, x])}
        return {
            "wx": power_sum([w, x]),
            "wwx": power_sum([w, w, x]),
            "wwxx": power_sum([w, w, x, x]),
        }

    def finish(self, question: Question, tally: Tally, sums: Row) -> Level:
        if question.weight:
            found = estimators.Sums(
                n=tally.count,
                w=tally.weights,
                wx=sums["wx"],
                w2=tally.squares,
                w2x=sums["wwx"],
                w2x2=sums["wwxx"],
            )
        else:
            found = estimators.Sums.unweighted(tally.count, sums["x"], sums["xx"])
        return estimators.mean_estimate(found, question.confidence)._asdict()

    def levels(self, question: Question) -> Levels:
        if question.weight in (None, question.column) or len(question.selection.keys()) > 1:
            return super().levels(question)
        # Products are then made of a few sums and not of each row: two thirds of the time.
        table = frequencies(question)
        return Levels(
            self._level_of(question, table.whole),
            {key: self._level_of(question, found) for key, found in table.groups.items()},
        )

    def _level_of(self, question: Question, found: Frequencies) -> Level:
        sums = dict.fromkeys(("wx", "wwx", "wwxx"), 0)
        for value, tally in found.values.items():
            x = int(value)
            sums["wx"] += tally.weights * x
            sums["wwx"] += tally.squares * x
            sums["wwxx"] += tally.squares * x * x
        total = found.total
        return total.described(question.weight) | self.finish(question, total, sums)


@register
class SumMetric(AggregateMetric):
    """The sum of the values, an exact integer; 0 of nothing."""

    name = "sum"
    label = "Sum"
    kinds = ("numeric",)
    formula = "Σx; weighted: Σwx"
    estimator = "sum"
    weighted_estimator = "weighted sum (Horvitz and Thompson's estimator of the population total)"
    extras: ClassVar = {"value": COUNT}

    def aggregates(self, question: Question) -> dict[str, Expression]:
        factors = [question.weight, question.column] if question.weight else [question.column]
        return {"sum": power_sum(factors)}

    def unit(self, question: Question) -> str:
        return f"{question.column.unit} × weight" if question.weight else f"{question.column.unit}"

    def finish(self, _question: Question, _tally: Tally, sums: Row) -> Level:
        return {"value": sums["sum"]}


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
    additive = False
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
    function = Max


FRACTIONS = Parameter(
    "q",
    ListOf(Number(0, 1)),
    "Shares, each from 0 to 1.",
    default=[0.25, 0.5, 0.75],
    example="0.1,0.5,0.9",
)


def weighted_quantiles(found: Frequencies, fractions: Sequence[float]) -> list[Any]:
    """Return for each q the least value whose cumulative weight is at least q·Σw.

    q is the decimal that it is written as: 0.1 of ten equal weights is the first of them.
    None of nothing.
    """
    ascending = sorted(found.values)
    cumulated = list(accumulate(found.values[value].weights for value in ascending))
    if not ascending:
        return [None for _ in fractions]
    return [ascending[bisect_left(cumulated, Fraction(repr(q)) * cumulated[-1])] for q in fractions]


class QuantileMetric(AggregateMetric):
    """What the median and the quantiles share: `fractions` asked for, `described` as a level."""

    kinds = ("numeric",)
    additive = False
    estimator = TYPE_7
    weighted_estimator = INVERSE_ECDF

    def fractions(self, question: Question) -> Sequence[float]:
        raise NotImplementedError

    def described(self, question: Question, values: Sequence[float | None]) -> Level:
        raise NotImplementedError

    def check_size(self, question: Question, groups: int) -> None:
        """Raise `Unfit` where there are too many fractions of so many groups."""

    def aggregates(self, question: Question) -> dict[str, Expression]:
        return {"quantiles": PercentileCont(question.column.name, self.fractions(question))}

    def finish(self, question: Question, _tally: Tally, sums: Row) -> Level:
        found = sums["quantiles"]
        return self.described(question, found or [None for _ in self.fractions(question)])

    def levels(self, question: Question) -> Levels:
        if question.weight is None:
            levels = super().levels(question)
            self.check_size(question, len(levels.groups))
            return levels
        table = frequencies(question)
        self.check_size(question, len(table.groups))
        return Levels(
            self._weighted_level(question, table.whole),
            {key: self._weighted_level(question, found) for key, found in table.groups.items()},
        )

    def _weighted_level(self, question: Question, found: Frequencies) -> Level:
        values = weighted_quantiles(found, self.fractions(question))
        return found.total.described(question.weight) | self.described(question, values)


@register
class MedianMetric(QuantileMetric):
    """The value in the middle."""

    name = "median"
    label = "Median"
    formula = "quantile at q = 0.5; weighted: least x whose cumulative weight ≥ Σw/2"

    def fractions(self, _question: Question) -> Sequence[float]:
        return [0.5]

    def described(self, _question: Question, values: Sequence[float | None]) -> Level:
        return {"value": values[0]}


@register
class QuantilesMetric(QuantileMetric):
    """Values below which given shares of the rows lie."""

    name = "quantiles"
    label = "Quantiles"
    formula = "x(⌊h⌋) + (h − ⌊h⌋)(x(⌊h⌋+1) − x(⌊h⌋)), h = (n−1)q + 1; weighted: least x whose cumulative weight ≥ q·Σw"  # noqa: E501
    own_parameters = (FRACTIONS,)
    extras: ClassVar = {"quantiles": Items(name="Quantile", members={"q": FLOAT, "value": NUMBER})}

    def check_size(self, question: Question, groups: int) -> None:
        check_size(FRACTIONS, len(self.fractions(question)), groups)

    def listed(self, _question: Question) -> tuple[str, tuple[str, ...]]:
        return "quantiles", ("q", "value")

    def fractions(self, question: Question) -> Sequence[float]:
        fractions: Sequence[float] = question.options["q"]
        return fractions

    def described(self, question: Question, values: Sequence[float | None]) -> Level:
        pairs = zip(self.fractions(question), values, strict=True)
        return {"quantiles": [{"q": q, "value": value} for q, value in pairs]}
