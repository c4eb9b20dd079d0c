"""The median and the quantiles, with Woodruff's intervals."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, ClassVar

from census.statistics.estimators.quantiles import WeightedValues
from census.statistics.members import FLOAT, NUMBER, Items
from census.statistics.metrics.base import (
    Level,
    Levels,
    Metric,
    Question,
    check_size,
    register,
)
from census.statistics.metrics.frequencies import Frequencies, frequencies
from census.statistics.parameters import ListOf, Number, Parameter

TYPE_7 = "linear interpolation between order statistics (Hyndman and Fan's type 7)"
INVERSE_ECDF = "inverse of the weighted empirical distribution function"
WOODRUFF = "Woodruff's interval about q, with t(n−1)"

FRACTIONS = Parameter(
    "q",
    ListOf(Number(0, 1)),
    "Shares, each from 0 to 1.",
    default=[0.25, 0.5, 0.75],
    example="0.1,0.5,0.9",
)


def values_of(found: Frequencies, *, weighted: bool) -> WeightedValues:
    """Returns the table of values that quantiles are of."""
    ascending, tallies = (
        zip(*sorted(found.values.items()), strict=True) if found.values else ((), ())
    )
    counts = [tally.count for tally in tallies]
    if not weighted:
        return WeightedValues(ascending, counts, counts, counts)
    return WeightedValues(
        ascending,
        counts,
        [tally.weights for tally in tallies],
        [tally.squares for tally in tallies],
    )


class QuantileMetric(Metric):
    """The base of median and quantiles: `fractions` are requested, `described` makes a level.

    From one table of how often each value occurs. A fraction is the decimal number as written: 0.1
    of ten equal weights is exactly the first of them.
    """

    kinds = ("numeric",)
    estimator = f"{TYPE_7}; {WOODRUFF}"
    weighted_estimator = f"{INVERSE_ECDF}; {WOODRUFF}, linearised"

    def fractions(self, question: Question) -> Sequence[float]:
        raise NotImplementedError

    def described(self, quantiles: Sequence[Level]) -> Level:
        raise NotImplementedError

    def levels(self, question: Question) -> Levels:
        table = frequencies(question)
        check_size(FRACTIONS, len(self.fractions(question)), len(table.groups))
        return Levels(
            self._level(question, table.whole),
            {key: self._level(question, found) for key, found in table.groups.items()},
        )

    def _level(self, question: Question, found: Frequencies) -> Level:
        weighted = question.weight is not None
        values = values_of(found, weighted=weighted)
        quantiles = [
            self._quantile(values, q, question.confidence, weighted=weighted)
            for q in self.fractions(question)
        ]
        return found.total.described(question.weight) | self.described(quantiles)

    def _quantile(
        self, values: WeightedValues, q: float, confidence: float, *, weighted: bool
    ) -> Level:
        exact = Fraction(repr(q))
        value = values.quantile(exact) if weighted else values.interpolated(exact)
        interval = values.interval(exact, confidence)
        return {"q": q, "value": value, **interval._asdict()}


@register
class MedianMetric(QuantileMetric):
    """The value in the middle, with its confidence interval."""

    name = "median"
    label = "Median"
    formula = (
        "quantile at q = 0.5; weighted: least x whose cumulative weight ≥ Σw/2; interval: "
        "Q(q ± t(n−1) · SE of the share up to Q(q))"
    )
    extras: ClassVar = dict.fromkeys(("value", "ci_lower", "ci_upper"), NUMBER)

    def fractions(self, _question: Question) -> Sequence[float]:
        return [0.5]

    def described(self, quantiles: Sequence[Level]) -> Level:
        (median,) = quantiles
        return {name: median[name] for name in self.extras}


@register
class QuantilesMetric(QuantileMetric):
    """Values below which given shares of the rows lie, with their confidence intervals."""

    name = "quantiles"
    label = "Quantiles"
    formula = (
        "x(⌊h⌋) + (h − ⌊h⌋)(x(⌊h⌋+1) − x(⌊h⌋)), h = (n−1)q + 1; weighted: least x whose cumulative "
        "weight ≥ q·Σw; interval: Q(q ± t(n−1) · SE of the share up to Q(q))"
    )
    own_parameters = (FRACTIONS,)
    extras: ClassVar = {
        "quantiles": Items(
            name="Quantile",
            members={"q": FLOAT, **dict.fromkeys(("value", "ci_lower", "ci_upper"), NUMBER)},
        )
    }

    def listed(self, _question: Question) -> tuple[str, tuple[str, ...]]:
        return "quantiles", ("q", "value", "ci_lower", "ci_upper")

    def fractions(self, question: Question) -> Sequence[float]:
        fractions: Sequence[float] = question.options["q"]
        return fractions

    def described(self, quantiles: Sequence[Level]) -> dict[str, Any]:
        return {"quantiles": list(quantiles)}
