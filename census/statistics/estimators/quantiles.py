"""Intervals of quantiles, from a table of values."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from typing import NamedTuple

from census.statistics.estimators.means import Sums, mean_estimate
from census.statistics.estimators.numbers import two_sided_t


class QuantileInterval(NamedTuple):
    ci_lower: int | None = None
    ci_upper: int | None = None


class WeightedValues:
    """Distinct values, ascending, each with the n, Σw and Σw² of its rows (w = 1: three counts)."""

    def __init__(
        self,
        values: Sequence[int],
        counts: Sequence[int],
        weights: Sequence[int],
        squares: Sequence[int],
    ) -> None:
        self.values = values
        self.n = sum(counts)
        self.weights = list(accumulate(weights))
        self.squares = list(accumulate(squares))

    def quantile(self, q: Fraction) -> int | None:
        """Returns the least value whose cumulative weight is at least q·W; None without values."""
        place = self._place(q)
        return None if place is None else self.values[place]

    def interpolated(self, q: Fraction) -> float | None:
        """Returns the quantile by Hyndman and Fan's (1996) type 7, of unweighted values.

        x(⌊h⌋) + (h - ⌊h⌋)·(x(⌊h⌋+1) - x(⌊h⌋)), h = (n-1)q + 1, of the values in order.
        """
        if not self.values:
            return None
        place = (self.n - 1) * q
        below = place.numerator // place.denominator
        low = self.values[bisect_right(self.weights, below)]
        high = self.values[bisect_right(self.weights, min(below + 1, self.n - 1))]
        return float(low + (place - below) * (high - low))

    def _place(self, q: Fraction) -> int | None:
        if not self.values or not 0 <= q <= 1:
            return None
        return bisect_left(self.weights, q * self.weights[-1])

    def interval(self, q: Fraction, confidence: float) -> QuantileInterval:
        """Returns Woodruff's (1952) interval of the quantile: [Q(q-c), Q(q+c)].

        c = t(n-1)·SE of the share of rows not above Q(q), linearised. It is centred at q and not at
        that share: of tied values the share lies above q, and an interval around it (R's
        survey::svyquantile since 4.1) misses the quantile. An end outside [0, 1] is None.
        """
        place = self._place(q)
        if place is None or self.n < 2:
            return QuantileInterval()
        below = Sums.of_indicator(
            self.n,
            self.weights[-1],
            self.weights[place],
            self.squares[-1],
            self.squares[place],
        )
        error = mean_estimate(below, confidence).standard_error or 0.0
        margin = Fraction(two_sided_t(confidence, self.n - 1) * error)
        return QuantileInterval(self.quantile(q - margin), self.quantile(q + margin))
