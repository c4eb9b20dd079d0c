"""Logistic regression by maximum likelihood, from sums over covariate patterns.

With w a row's weight (1 without), x its columns and y = 1 of a success, the coefficients b solve
Σw(y − μ)x = 0, μ = 1/(1 + exp(−x'b)). Newton's steps are iteratively reweighted least squares
(McCullagh and Nelder 1989, section 4.4): b ← b + A⁻¹ Σw(y − μ)x, A = Σwμ(1−μ)xx'. The covariance
is A⁻¹, with weights n/(n−1)·A⁻¹ [Σw²(y−μ)²·xx'] A⁻¹ (Binder 1983; R's survey::svyglm).

There is no maximum where a column separates the outcomes (Albert and Anderson 1984). A category
with no success, or no failure, is found beforehand: its rows are fitted perfectly as b → ±∞,
whatever the other coefficients. They are left out, which gives the limit of the likelihood.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from operator import add, mul, sub
from typing import Any, NamedTuple

from census.statistics.estimators.regression.design import Design
from census.statistics.estimators.regression.inference import Coefficient, coefficients
from census.statistics.estimators.regression.linear import Outcomes
from census.statistics.estimators.regression.solving import (
    Cholesky,
    Decimals,
    Singular,
    in_many_digits,
    invert,
    sandwich,
    scale,
    scaled,
)

MOST_STEPS = 30
_FAR = 5.0  # of x'b: the odds change by a factor of 150
# Bounds on the largest change of x'b in a step; the change of A is in proportion to it.
_NEAR = 1e-3  # below this the matrix of the step before is used again
_STANDS_STILL = 1e-9  # below this a step that is no smaller than the last is rounding
_ILL_CONDITIONED = 1e-5  # below this floats would leave fewer than ten digits of the errors
_LEFT = 1e-13  # the change that may remain


class Logistic(NamedTuple):
    """A fit; the deviances are None with weights.

    `df` is n − p of the rows fitted, without those of `separated` columns.
    """

    coefficients: list[Coefficient]
    aliased: list[str]
    converged: bool
    df: int
    deviance: float | None = None
    null_deviance: float | None = None
    aic: float | None = None
    mcfadden_r_squared: float | None = None


def separating(design: Design, outcomes: Outcomes) -> list[int]:
    """Returns the positions of the dummies whose rows have no success, or no failure."""
    found = []
    for k, regressor in enumerate(design.regressors):
        if regressor.indicator and regressor.where:
            size = sum(outcomes.n[i] for i in regressor.where)
            weight = sum(outcomes.w[i] for i in regressor.where)
            successes = sum(outcomes.wy[i] for i in regressor.where)
            if size and successes in (0, weight):
                found.append(k)
    return found


def logistic(design: Design, outcomes: Outcomes, confidence: float, *, weighted: bool) -> Logistic:
    """Fits the outcome, which is 0 or 1, on the columns of `design`.

    Everything is None, and `converged` false, where 30 steps find no maximum.
    """
    with in_many_digits():
        return _Fit(design, outcomes).described(confidence, weighted=weighted)


class _State(NamedTuple):
    """Coefficients, x'b and μ of each pattern, and the score."""

    b: list[float]
    fitted: list[float]
    mu: list[float]
    score: list[float]


class _Fit:
    """A fit in floats; where these are in doubt, dependent columns are found in whole numbers."""

    def __init__(self, design: Design, outcomes: Outcomes) -> None:
        self.all_names = design.names
        self.outcomes = outcomes
        self.w, self.wy = list(map(float, outcomes.w)), list(map(float, outcomes.wy))
        self.n, self.total, self.successes = sum(outcomes.n), sum(outcomes.w), sum(outcomes.wy)
        self.exact, self.design = design, design.floats()
        factor = self._independent()
        self.df = self.n - len(self.design.regressors)
        self.smallest = 1.0
        self.solution: _State | None = None
        if factor and 0 < self.successes < self.total:
            self.solution = self._maximum(factor) or self._maximum(factor, cautious=True)

    def _independent(self) -> Cholesky | None:
        """Leaves out columns that depend on earlier ones; returns the factor of Σwxx'.

        None if floats cannot compute it.
        """
        with suppress(Singular):
            factor = Cholesky(self.design.gram(self.w))
            if factor.smallest > _ILL_CONDITIONED:
                return factor
        kept = invert(self.exact.gram(self.outcomes.w)).kept
        self.exact, self.design = self.exact.only(kept), self.design.only(kept)
        with suppress(Singular):
            return Cholesky(self.design.gram(self.w))
        return None

    def _maximum(self, factor: Cholesky, *, cautious: bool = False) -> _State | None:
        """Returns the state at the maximum of the likelihood, None where it is not found.

        `factor` is that of Σwxx'. A Newton step for a small category can go so far beyond the
        maximum that no digit is left of μ(1−μ) there. `cautious` steps do not.
        """
        with suppress(Singular):
            return self._climb(factor, cautious=cautious)
        return None

    def _climb(self, factor: Cholesky, *, cautious: bool) -> _State | None:
        state, before = self._first(), 1.0
        spread = state.mu[0] * (1 - state.mu[0])
        step = [x / spread for x in factor.solve(state.score)]  # least squares
        for number in range(MOST_STEPS):
            if cautious:
                step = self._shortened(state, step)
            state, change = self._along(state, step)
            # Each change is in proportion to the one before, or to its square.
            still = change < _STANDS_STILL and change > before / 2
            if still or (change < _NEAR and change * change < _LEFT * before):
                return state
            if not number or change > _NEAR:
                factor = Cholesky(self.design.gram(self._information(state)))
                self.smallest = factor.smallest
            step, before = factor.solve(state.score), min(change, 1.0)
        return None

    def _first(self) -> _State:
        """Returns the state of the intercept alone, where μ is the share of all."""
        size, side = self.design.size, len(self.design.regressors)
        share = self.successes / self.total
        odds = math.log(self.successes / (self.total - self.successes))
        errors = [wy - w * share for wy, w in zip(self.wy, self.w, strict=True)]
        b = [odds, *([0.0] * (side - 1))]
        return _State(b, [odds] * size, [share] * size, self.design.moments(errors))

    def _shortened(self, state: _State, step: Sequence[float]) -> list[float]:
        """Returns the step, shorter where x'b moves far: by more than 5 and than itself."""
        moves = zip(state.fitted, self.design.predict(step), strict=True)
        share = min((max(_FAR, abs(x)) / abs(move) for x, move in moves if move), default=1.0)
        return [x * min(share, 1.0) for x in step]

    def _along(self, state: _State, step: Sequence[float]) -> tuple[_State, float]:
        """Returns the state after the step, halved while it is too long, and the change of x'b.

        The change is the most that it can be at any pattern. The likelihood is concave: beyond its
        maximum along the step, it falls.
        """
        rise = sum(map(mul, step, state.score))
        for _ in range(MOST_STEPS):
            found = self._state(list(map(add, state.b, step)))
            if found:
                change = sum(map(mul, map(abs, step), self.design.largest))
                if change < _NEAR or sum(map(mul, step, found.score)) > -0.9 * rise:
                    return found, change
            step = [x / 2 for x in step]
        raise Singular

    def _state(self, b: list[float]) -> _State | None:
        """Returns the state at `b`, None if it overflows."""
        fitted = self.design.predict(b)
        try:
            mu = [1 / (1 + math.exp(-x)) for x in fitted]
        except OverflowError:
            return None
        errors = list(map(sub, self.wy, map(mul, self.w, mu)))
        return _State(b, fitted, mu, self.design.moments(errors))

    def _information(self, state: _State) -> list[float]:
        """Returns wμ(1−μ) of each pattern."""
        return [w * mu * (1 - mu) for w, mu in zip(self.w, state.mu, strict=True)]

    def described(self, confidence: float, *, weighted: bool) -> Logistic:
        names = self.design.names
        aliased = [name for name in self.all_names if name not in names] if self.n else []
        if self.solution is None:
            nothing = list(map(Coefficient, self.all_names))
            return Logistic(nothing, aliased, converged=False, df=self.df)
        b = list(map(Decimal, self.solution.b))
        covariance = self._covariance(self.solution, weighted=weighted)
        df = self.df if weighted else None
        found = coefficients(self.all_names, names, b, covariance, confidence, df)
        fit = Logistic(found, aliased, converged=True, df=self.df)
        return fit if weighted else fit._replace(**self._measures(self.solution))

    def _covariance(self, state: _State, *, weighted: bool) -> Decimals | None:
        bread = invert(self._gram(self._information(state))).matrix
        if len(bread) < len(state.b) or (weighted and self.df <= 0):
            return None
        if not weighted:
            return bread
        w2, w2y = (map(float, numbers) for numbers in (self.outcomes.w2, self.outcomes.w2y))
        squares = [
            success * ((1 - mu) * (1 - mu)) + (every - success) * (mu * mu)
            for every, success, mu in zip(w2, w2y, state.mu, strict=True)
        ]
        return scale(sandwich(bread, self._gram(squares)), Decimal(self.n) / (self.n - 1))

    def _gram(self, weights: list[float]) -> Decimals:
        """Returns Σ v·x·x'; in whole numbers, which take longer, if floats are not enough."""
        if self.smallest >= _ILL_CONDITIONED:
            return [list(map(Decimal, row)) for row in self.design.gram(weights)]
        integers, unit = scaled(weights)
        return scale(self.exact.gram(integers), unit)

    def _measures(self, state: _State) -> dict[str, Any]:
        """Returns the deviance, that of the intercept alone, AIC and McFadden's (1974) R²."""
        deviance = 2 * math.fsum(
            n * math.log1p(math.exp(-abs(x))) + abs(x) * (n - wy if x > 0 else wy)
            for n, wy, x in zip(self.outcomes.n, self.outcomes.wy, state.fitted, strict=True)
        )
        share = self.successes / self.n
        null = -2 * self.n * (share * math.log(share) + (1 - share) * math.log1p(-share))
        return {
            "deviance": deviance,
            "null_deviance": null,
            "aic": deviance + 2 * len(state.b),
            "mcfadden_r_squared": 1 - deviance / null,
        }
