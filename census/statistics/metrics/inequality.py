"""Gini's coefficient and the Lorenz curve."""

from dataclasses import replace
from typing import ClassVar

from census.statistics.estimators import Estimate
from census.statistics.estimators.inequality import Held, gini, lorenz
from census.statistics.members import FLOAT, NUMBER, Items
from census.statistics.metrics.base import (
    SHARE,
    Level,
    Levels,
    Metric,
    Question,
    check_size,
    register,
)
from census.statistics.metrics.frequencies import Frequencies, frequencies
from census.statistics.metrics.quantiles import FRACTIONS

SHARES = replace(
    FRACTIONS,
    description="Shares of the rows, lowest first, each from 0 to 1.",
    default=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0],
)


class InequalityMetric(Metric):
    """The base of both, which are computed from how often each value occurs."""

    kinds = ("numeric",)

    def levels(self, question: Question) -> Levels:
        table = frequencies(question)
        return Levels(
            self._level(question, table.whole),
            {key: self._level(question, found) for key, found in table.groups.items()},
        )

    def _level(self, question: Question, found: Frequencies) -> Level:
        weighted = question.weight is not None
        held = {
            int(value): Held(tally.count, tally.weights, tally.squares)
            if weighted
            else Held(tally.count, tally.count, tally.count)
            for value, tally in found.values.items()
        }
        return found.total.described(question.weight) | self.finish(question, held)

    def finish(self, question: Question, values: dict[int, Held]) -> Level:
        """Returns the members of the level other than the counts."""
        raise NotImplementedError


@register
class GiniMetric(InequalityMetric):
    """Gini's coefficient: 0 where all have the same, 1 where one has all."""

    name = "gini"
    label = "Gini coefficient"
    formula = (
        "G = 2·Σw·x·F(x) / (Σw·m) − 1, F(x) the share below x and half of that at x; SE² = "
        "n/(n−1) · Σ(wz)² / (Σw)², z the influence of a row; interval: G ± t(n−1) · SE"
    )
    estimator = (
        "Gini coefficient; standard error by linearisation (Deville); t interval with n−1 degrees "
        "of freedom"
    )
    weighted_estimator = (
        "weighted Gini coefficient; standard error by linearisation (Deville), assuming sampling "
        "with replacement; t interval with n−1 degrees of freedom"
    )
    extras: ClassVar = dict.fromkeys(Estimate._fields, NUMBER)

    def unit(self, _question: Question) -> None:
        """It has none: it is a ratio."""

    def finish(self, question: Question, values: dict[int, Held]) -> Level:
        return gini(values, question.confidence)._asdict()


@register
class LorenzMetric(InequalityMetric):
    """Shares of the total that the rows with the lowest values have: the Lorenz curve."""

    name = "lorenz"
    label = "Lorenz curve"
    formula = "L(q) = Σwx of the lowest q of Σw / Σwx, straight between the cumulated shares"
    estimator = "polygon through the cumulated shares"
    weighted_estimator = "polygon through the cumulated shares, rows counted by their weight"
    own_parameters = (SHARES,)
    extras: ClassVar = {"lorenz": Items(name="LorenzPoint", members={"q": FLOAT, "value": NUMBER})}

    def unit(self, _question: Question) -> str:
        return SHARE

    def listed(self, _question: Question) -> tuple[str, tuple[str, ...]]:
        return "lorenz", ("q", "value")

    def levels(self, question: Question) -> Levels:
        levels = super().levels(question)
        check_size(SHARES, len(question.options[SHARES.name]), len(levels.groups))
        return levels

    def finish(self, question: Question, values: dict[int, Held]) -> Level:
        fractions = question.options[SHARES.name]
        pairs = zip(fractions, lorenz(values, fractions), strict=True)
        return {"lorenz": [{"q": q, "value": value} for q, value in pairs]}
