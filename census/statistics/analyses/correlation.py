"""Correlations of numeric columns, of their values or their ranks, with tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import ceil, log2, sqrt
from typing import NamedTuple

from django.db.models import (
    BigIntegerField,
    Count,
    Expression,
    F,
    FloatField,
    Max,
    Min,
    Q,
    Sum,
    Value,
)
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Cast, Power

from census.columns import NUMERIC, Column
from census.statistics import estimators
from census.statistics.aggregates import power_sum
from census.statistics.analyses.patterns import patterns
from census.statistics.estimators.flags import size_flags
from census.statistics.estimators.ranks import (
    Correlated,
    Weights,
    correlation_test,
    linearised_correlation,
    mid_ranks,
    pearson,
    weighted_correlation,
)
from census.statistics.metrics.base import OWN_SAMPLE, Level, Tally
from census.statistics.parameters import Choice, ListOf, Parameter
from census.statistics.selection import Row, Selection, column_choice

CORRELATED = Parameter(
    "columns",
    ListOf(
        column_choice(NUMERIC, "a numeric column", "NumericColumn"),
        minimum=2,
        maximum=len(NUMERIC),
    ),
    "Numeric columns, in the order of the matrix; by default all.",
    default=[column.name for column in NUMERIC],
    example="age,hours_per_week",
)
COEFFICIENT = Parameter(
    "coefficient",
    Choice(("pearson", "spearman"), noun="a coefficient"),
    "Pearson's coefficient is of the values, Spearman's of their ranks.",
    default="pearson",
)
MOST_COMBINATIONS = 100_000  # of values; their ranks are computed in memory

Pair = tuple[int, int]

_MOST_WEIGHT = "most_weight"
_LARGEST = 61  # the bits of the largest square as a whole number


@dataclass(frozen=True)
class Correlation:
    """Correlations of numeric columns, over the rows complete in them."""

    columns: tuple[Column, ...]
    selection: Selection
    coefficient: str = COEFFICIENT.default
    confidence: float = 0.95

    @property
    def method(self) -> str:
        weighted = "weighted " if self.selection.weight else ""
        kind = {
            "pearson": f"{weighted}product-moment correlation (Pearson)",
            "spearman": f"{weighted}rank correlation (Spearman), of mid-ranks",
        }[self.coefficient]
        errors = (
            "standard errors by linearisation, assuming sampling with replacement"
            if self.selection.weight
            else "standard errors √((1−r²)/(n−2))"
        )
        sample = f"; {OWN_SAMPLE}" if self.selection.weight else ""
        return (
            f"{kind} of the rows complete in all columns; {errors}; t tests with n−2 degrees of "
            f"freedom; intervals by Fisher's z{sample}"
        )

    def compute(self) -> Level:
        """Returns the matrix and a test of each pair; null where a column is constant."""
        tally, pairs = self._of_ranks() if self.coefficient == "spearman" else self._of_values()
        flagged = size_flags(tally.count, tally.n_effective)
        names = [column.name for column in self.columns]
        places = range(len(names))
        return {
            **tally.described(self.selection.weight),
            "coefficient": self.coefficient,
            "columns": names,
            "matrix": [[pairs[min(i, j), max(i, j)].r for j in places] for i in places],
            "pairs": [
                {"x": names[i], "y": names[j], **pairs[i, j]._asdict(), "flags": flagged}
                for i, j in combinations(places, 2)
            ],
        }

    # --- Of the values ------------------------------------------------------------------------

    def _of_values(self) -> tuple[Tally, Mapping[Pair, Correlated]]:
        """Returns the correlations from sums; with a weight the errors take a second statement."""
        sums = self.selection.whole(**self._sums())
        tally = Tally.of(sums)
        weight = self.selection.weight
        w = tally.weights if weight else tally.count
        found = {
            (i, j): estimators.correlation(
                w, *(sums[_name(*of)] for of in ((x,), (y,), (x, x), (x, y), (y, y)))
            )
            for (i, x), (j, y) in product(enumerate(self.columns), repeat=2)
            if i <= j
        }
        if weight is None:
            return tally, {
                pair: correlation_test(r, tally.count, self.confidence) for pair, r in found.items()
            }
        squares = self._squares_of_influences(found, w, sums)
        return tally, {
            pair: linearised_correlation(r, tally.count, w, squares.get(pair), self.confidence)
            for pair, r in found.items()
        }

    def _complete(self) -> Q | None:
        conditions = [(f"{c.name}__isnull", False) for c in self.columns if c.nullable]
        return Q(*conditions) if conditions else None

    def _sums(self) -> dict[str, Expression]:
        complete, weight = self._complete(), self.selection.weight
        factors = [weight] if weight else []
        sums = Tally.aggregates(weight, complete)
        if weight:
            sums[_MOST_WEIGHT] = Max(weight.name, filter=complete)
        for x in self.columns:
            sums[_name(x)] = power_sum([*factors, x], complete)
            if weight:
                sums[f"least_{x.name}"] = Min(x.name, filter=complete)
                sums[f"most_{x.name}"] = Max(x.name, filter=complete)
        for x, y in product(self.columns, repeat=2):
            sums[_name(x, y)] = power_sum([*factors, x, y], complete)
        return sums

    def _squares_of_influences(
        self, found: Mapping[Pair, float | None], w: int, sums: Row
    ) -> dict[Pair, float]:
        """Returns Σw²u² of each pair, u = ab − r(a²+b²)/2 of the standardised values a and b.

        The squares are summed as whole numbers of a small unit: a sum of floats depends on the
        order of the rows, which differs between servers.
        """
        weight = self.selection.weight
        if weight is None or not w:
            return {}
        standardised = [_Standardised.of(x, w, sums) for x in self.columns]
        expressions, units = {}, {}
        for (i, j), r in found.items():
            if i < j and r is not None:
                a, b = standardised[i], standardised[j]
                u = a.value * b.value - Value(r / 2) * (a.value * a.value + b.value * b.value)
                square = Power(Cast(F(weight.name), FloatField()) * u, Value(2.0))
                most = a.most * b.most + abs(r) / 2 * (a.most**2 + b.most**2)
                name = f"squares_{i}_{j}"
                units[name] = 2.0 ** (_LARGEST - ceil(2 * log2(sums[_MOST_WEIGHT] * most)))
                whole = Cast(square * Value(units[name]), BigIntegerField())
                expressions[name] = Sum(whole, filter=self._complete())
        if not expressions:
            return {}
        row = self.selection.rows().aggregate(**expressions)
        return {
            (i, j): int(row[name]) / units[name]
            for i, j in found
            if (name := f"squares_{i}_{j}") in units
        }

    # --- Of the ranks -------------------------------------------------------------------------

    def _of_ranks(self) -> tuple[Tally, Mapping[Pair, Correlated]]:
        """Returns the correlations of mid-ranks, from one table of the combinations of values."""
        weight = self.selection.weight
        sums: dict[str, Expression] = {"n": Count("*")}
        if weight:
            sums |= {"w": power_sum([weight]), "ww": power_sum([weight, weight])}
        found = patterns(
            self.selection, self.columns, sums, asked=CORRELATED, most=MOST_COMBINATIONS
        )
        n = found.sums["n"]
        weights = Weights(n, found.sums.get("w", n), found.sums.get("ww", n))
        tally = Tally(rows=found.rows, count=sum(n))
        if weight:
            tally.weights, tally.squares = sum(weights.w), sum(weights.w2)
        ranks = [mid_ranks(column, weights.w) for column in found.columns]
        places = range(len(ranks))
        return tally, {
            (i, j): self._of_two_ranks(ranks[i], ranks[j], weights)
            for i in places
            for j in places[i:]
        }

    def _of_two_ranks(self, x: Sequence[int], y: Sequence[int], weights: Weights) -> Correlated:
        if self.selection.weight:
            return weighted_correlation(x, y, weights, self.confidence)
        return correlation_test(pearson(x, y, weights.w), sum(weights.n), self.confidence)


class _Standardised(NamedTuple):
    """A column less its mean, by its standard deviation; `most` is the largest absolute value."""

    value: CombinedExpression
    most: float

    @classmethod
    def of(cls, x: Column, w: int, sums: Row) -> "_Standardised":
        mean = sums[_name(x)] / w
        variance = estimators.variance(1, w, sums[_name(x)], sums[_name(x, x)], ddof=0)
        deviation = sqrt(variance or 1)
        number = Cast(F(x.name), FloatField())
        ends = (sums[f"least_{x.name}"], sums[f"most_{x.name}"])
        most = max(abs(end - mean) for end in ends) / deviation
        return cls((number - Value(mean)) / Value(deviation), most)


def _name(*columns: Column) -> str:
    return "_".join(("sum", *(column.name for column in columns)))
