"""Regressions: an outcome on columns and their products, from covariate patterns."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import exp
from typing import ClassVar

from django.db.models import Count, Expression, Q

from census.columns import Column
from census.statistics.aggregates import power_sum
from census.statistics.analyses.patterns import patterns
from census.statistics.analyses.terms import factors, on_parameter
from census.statistics.estimators import flags, n_effective
from census.statistics.estimators.regression.design import Size
from census.statistics.estimators.regression.inference import Coefficient
from census.statistics.estimators.regression.linear import Errors, Outcomes
from census.statistics.estimators.regression.model import (
    Covariate,
    Model,
    Patterns,
    TooManyCoefficients,
    fit_linear,
    fit_logistic,
)
from census.statistics.metrics.base import Level, Tally
from census.statistics.parameters import Choice, InvalidCombination, Parameter
from census.statistics.selection import Selection

Sums = Mapping[str, Sequence[int]]  # by name, of each pattern

ERRORS = Parameter(
    "errors",
    Choice(("classical", "hc1", "hc3"), noun="a kind of standard errors"),
    "The kind of standard errors: classical (the default), or robust to unequal variances (HC1, "
    "HC3). Not applicable with a weight, which makes them linearised.",
)


@dataclass(frozen=True)
class Regression(ABC):
    """What both kinds share. `references` are the requested ones, by the column's name."""

    outcome: Column
    on: Sequence[str]
    columns: Sequence[Column]  # of `on`, in order of appearance, banded or not
    selection: Selection
    references: Mapping[str, str]
    confidence: float = 0.95

    @property
    @abstractmethod
    def method(self) -> str:
        """The estimators in words."""

    # Of a coefficient, in order.
    members: ClassVar[tuple[str, ...]] = (*Coefficient._fields, "flags")

    @property
    def weight(self) -> Column | None:
        return self.selection.weight

    @property
    def model(self) -> Model:
        covariates = [
            Covariate(
                column.name,
                None if column.numeric else column.rank,
                self.references.get(column.name),
            )
            for column in self.columns
        ]
        places = {column.name: k for k, column in enumerate(self.columns)}
        return Model(
            covariates, [tuple(places[name] for name in factors(term)) for term in self.on]
        )

    def compute(self) -> Level:
        """Returns the fit. Raises `InvalidCombination` of too many patterns or coefficients."""
        asked = on_parameter(self.outcome)
        found = patterns(
            self.selection, self.columns, self.sums(), known=[self.outcome], asked=asked
        )
        outcomes = self.outcomes(found.sums)
        with limited(asked):
            fit = self.fit(Patterns(found.columns, outcomes))
        tally = self.tally(found.rows, outcomes)
        flagged = flags.size_flags(tally.count, tally.n_effective)
        return {**tally.described(self.weight), "on": list(self.on), "flags": flagged, **fit}

    def tally(self, rows: int, outcomes: Outcomes) -> Tally:
        """Returns the counts of so many rows; those with all values are in `outcomes`."""
        tally = Tally(rows=rows, count=sum(outcomes.n))
        if self.weight:
            tally.weights, tally.squares = sum(outcomes.w), sum(outcomes.w2)
        return tally

    def described(self, coefficient: Coefficient, sizes: Mapping[str, Size]) -> Level:
        """Returns the members of a coefficient; `sizes` are those of the columns."""
        n, w, w2 = sizes.get(coefficient.term, Size(0, 0, 0))
        effective = n_effective(w, w2) if self.weight else None
        return {**coefficient._asdict(), "flags": flags.size_flags(n, effective)}

    @abstractmethod
    def sums(self) -> dict[str, Expression]:
        """Returns the aggregates of a pattern."""

    @abstractmethod
    def outcomes(self, sums: Sums) -> Outcomes:
        """Returns the outcomes of the patterns from their aggregates."""

    @abstractmethod
    def fit(self, patterns: Patterns) -> Level:
        """Returns the members of the answer that describe the fit."""


@contextmanager
def limited(asked: Parameter, *, grouped: bool = False) -> Iterator[None]:
    """Raises `InvalidCombination` of the parameter if the terms make too many coefficients."""
    try:
        yield
    except TooManyCoefficients as error:
        where, groups = (
            (" in all groups together", ", or select fewer groups") if grouped else ("", "")
        )
        detail = (
            f"These terms make {error.number} coefficients{where}, more than {error.most}: give "
            f"bands of fewer categories, or fewer terms and products{groups}."
        )
        raise InvalidCombination(asked, "too_many_coefficients", detail) from None


def _outcomes(sums: Sums, *names: str) -> Outcomes:
    """Returns the outcomes; the names in `sums` are those of Σw, Σwy, Σwy², Σw², Σw²y and Σw²y²."""
    w, wy, wy2, w2, w2y, w2y2 = (sums[name] for name in names)
    return Outcomes(n=sums["n"], w=w, wy=wy, wy2=wy2, w2=w2, w2y=w2y, w2y2=w2y2)


def _sums_of_indicator(outcome: Column, value: str, weight: Column | None) -> dict[str, Expression]:
    success = Q((outcome.name, value))
    if weight is None:
        return {"n": Count("*"), "y": Count("pk", filter=success)}
    return {
        "n": Count("*"),
        "w": power_sum([weight]),
        "wy": power_sum([weight], success),
        "ww": power_sum([weight, weight]),
        "wwy": power_sum([weight, weight], success),
    }


def _outcomes_of_indicator(sums: Sums, weight: Column | None) -> Outcomes:
    if weight is None:
        return _outcomes(sums, "n", "y", "y", "n", "y", "y")
    return _outcomes(sums, "w", "wy", "wy", "ww", "wwy", "wwy")


@dataclass(frozen=True)
class LinearRegression(Regression):
    """Least squares of a number, weighted or not; of a category, of whether it is `value`."""

    errors: Errors = "classical"
    value: str | None = None

    words: ClassVar[Mapping[Errors, str]] = {
        "classical": "classical standard errors",
        "hc1": "standard errors robust to unequal variances (HC1)",
        "hc3": "standard errors robust to unequal variances (HC3)",
        "linearised": "standard errors by Taylor linearisation, assuming sampling with "
        "replacement and the rows as a sample of their own with the factor n/(n−1)",
    }

    @property
    def method(self) -> str:
        least = "weighted least squares" if self.weight else "ordinary least squares"
        return (
            f"{least}; {self.words[self.errors]}; t tests and intervals with n−p degrees of "
            "freedom; Wald's F test of all terms"
        )

    def sums(self) -> dict[str, Expression]:
        y = self.outcome
        if self.value is not None:
            return _sums_of_indicator(y, self.value, self.weight)
        if (w := self.weight) is None:
            return {"n": Count("*"), "y": power_sum([y]), "yy": power_sum([y, y])}
        return {
            "n": Count("*"),
            "w": power_sum([w]),
            "wy": power_sum([w, y]),
            "wyy": power_sum([w, y, y]),
            "ww": power_sum([w, w]),
            "wwy": power_sum([w, w, y]),
            "wwyy": power_sum([w, w, y, y]),
        }

    def outcomes(self, sums: Sums) -> Outcomes:
        if self.value is not None:
            return _outcomes_of_indicator(sums, self.weight)
        if self.weight is None:
            return _outcomes(sums, "n", "y", "yy", "n", "y", "yy")
        return _outcomes(sums, "w", "wy", "wyy", "ww", "wwy", "wwyy")

    def fit(self, patterns: Patterns) -> Level:
        references, sizes, fit = fit_linear(self.model, patterns, self.errors, self.confidence)
        return {
            "errors": self.errors,
            "references": references,
            "aliased": fit.aliased,
            "coefficients": [self.described(c, sizes) for c in fit.coefficients],
            "df": fit.df,
            "r_squared": fit.r_squared,
            "adjusted_r_squared": fit.adjusted_r_squared,
            "residual_standard_error": fit.residual_standard_error,
            **fit.joint._asdict(),
        }


@dataclass(frozen=True, kw_only=True)
class LogisticRegression(Regression):
    """The log odds of a category, by maximum likelihood, weighted or not."""

    value: str

    members: ClassVar = (
        *Coefficient._fields,
        "odds_ratio",
        "odds_ratio_ci_lower",
        "odds_ratio_ci_upper",
        "flags",
    )

    @property
    def method(self) -> str:
        if self.weight:
            return (
                "weighted maximum (pseudo-)likelihood; standard errors by Taylor linearisation, "
                "assuming sampling with replacement and the rows as a sample of their own with "
                "the factor n/(n−1); t tests and intervals with n−p degrees of freedom"
            )
        return (
            "maximum likelihood; standard errors from the inverse information; z tests and "
            "intervals (Wald)"
        )

    def sums(self) -> dict[str, Expression]:
        return _sums_of_indicator(self.outcome, self.value, self.weight)

    def outcomes(self, sums: Sums) -> Outcomes:
        return _outcomes_of_indicator(sums, self.weight)

    def described(self, coefficient: Coefficient, sizes: Mapping[str, Size]) -> Level:
        return super().described(coefficient, sizes) | {
            "odds_ratio": _exp(coefficient.estimate),
            "odds_ratio_ci_lower": _exp(coefficient.ci_lower),
            "odds_ratio_ci_upper": _exp(coefficient.ci_upper),
        }

    def fit(self, patterns: Patterns) -> Level:
        weighted = self.weight is not None
        found = fit_logistic(self.model, patterns, self.confidence, weighted=weighted)
        fit = found.fit
        return {
            "value": self.value,
            "references": found.references,
            "aliased": fit.aliased,
            "separated": found.separated,
            "separated_rows": sum(patterns.outcomes.n) - found.rows,
            "converged": fit.converged,
            "coefficients": [self.described(c, found.sizes) for c in fit.coefficients],
            "df": fit.df,
            "deviance": fit.deviance,
            "null_deviance": fit.null_deviance,
            "aic": fit.aic,
            "mcfadden_r_squared": fit.mcfadden_r_squared,
        }


def _exp(x: float | None) -> float | None:
    """Returns eˣ; None if that overflows."""
    return None if x is None or x > 709 else exp(x)
