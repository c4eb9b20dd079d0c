"""A regression from covariate patterns: references, terms, separated categories, and the fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, compress
from typing import NamedTuple

from census.statistics.estimators.regression.design import (
    Design,
    Numbers,
    Size,
    Value,
    Variable,
    design,
)
from census.statistics.estimators.regression.inference import Coefficient
from census.statistics.estimators.regression.linear import Errors, Linear, Outcomes, linear
from census.statistics.estimators.regression.logistic import Logistic, logistic, separating

MOST_COEFFICIENTS = 100


class TooManyCoefficients(Exception):
    """The terms make more columns than can be solved for in the time of a request."""

    def __init__(self, number: int, most: int) -> None:
        super().__init__(number, most)
        self.number, self.most = number, most


class Covariate(NamedTuple):
    """A column that terms are made of: numeric, or a category.

    `order` is the place of each category, None of a number; `reference` the category that was
    asked for, None for the largest.
    """

    name: str
    order: Mapping[str, int] | None = None
    reference: Value | None = None


@dataclass(frozen=True)
class Model:
    """The right-hand side: `terms` are the positions of the covariates that each multiplies."""

    covariates: Sequence[Covariate]
    terms: Sequence[tuple[int, ...]]


@dataclass(frozen=True)
class Patterns:
    """The covariate patterns of the rows that have all values, and the sums of their outcomes.

    There is a column for each covariate, with its value in each pattern.
    """

    columns: Sequence[Numbers]
    outcomes: Outcomes

    @classmethod
    def joined(cls, groups: Sequence[Patterns]) -> Patterns:
        """Returns the patterns of all groups (at least one), one group after the other."""
        columns = zip(*(group.columns for group in groups), strict=True)
        outcomes = Outcomes.joined([group.outcomes for group in groups])
        return cls([list(chain.from_iterable(of_groups)) for of_groups in columns], outcomes)

    @property
    def size(self) -> int:
        return len(self.outcomes.n)

    def only(self, kept: Sequence[bool]) -> Patterns:
        """Returns the patterns that are kept."""
        columns = [list(compress(column, kept)) for column in self.columns]
        return Patterns(columns, self.outcomes.only(kept))


class LinearFit(NamedTuple):
    """A fit; `sizes` are the rows of each coefficient (see `sizes_of`)."""

    references: Mapping[str, Value]
    sizes: Mapping[str, Size]
    fit: Linear


class LogisticFit(NamedTuple):
    """A fit; `separated` names the columns left out, `rows` is the number of rows fitted."""

    references: Mapping[str, Value]
    sizes: Mapping[str, Size]
    separated: list[str]
    rows: int
    fit: Logistic


def fit_linear(model: Model, patterns: Patterns, errors: Errors, confidence: float) -> LinearFit:
    """Returns the least-squares fit. Raises `TooManyCoefficients`."""
    variables = variables_of(model, patterns)
    design = make_design(model, variables, patterns)
    found = linear(design, patterns.outcomes, errors, confidence)
    return LinearFit(references_of(variables), sizes_of(design, patterns.outcomes), found)


def fit_logistic(
    model: Model, patterns: Patterns, confidence: float, *, weighted: bool
) -> LogisticFit:
    """Returns the fit by maximum likelihood of the rows that no category separates.

    A category whose rows are all successes or all failures is named, its coefficient is None, and
    its rows are left out. So is a reference that was not requested; the next largest category
    replaces it. Raises `TooManyCoefficients`.
    """
    sizes: dict[str, Size] = {}
    separated: list[str] = []
    constant = _constant(patterns.outcomes)
    while True:
        variables = variables_of(model, patterns)
        of = make_design(model, variables, patterns)
        sizes |= {k: v for k, v in sizes_of(of, patterns.outcomes).items() if k not in sizes}
        kept, found = _separation(model, variables, of, patterns)
        if constant or not found:
            break
        separated += found
        sizes |= found
        patterns = patterns.only(kept)
    rows = sum(patterns.outcomes.n)
    fit = logistic(of, patterns.outcomes, confidence, weighted=weighted)
    known = {coefficient.term: coefficient for coefficient in fit.coefficients}
    references = references_of(variables)
    terms = _without(references, sizes)
    described = [known.get(term, Coefficient(term)) for term in terms]
    return LogisticFit(references, sizes, separated, rows, fit._replace(coefficients=described))


def sizes_of(design: Design, outcomes: Outcomes) -> dict[str, Size]:
    """Returns the rows of each column: those of its category or categories, for a number all."""
    everybody = outcomes.size()
    return {
        regressor.name: everybody if regressor.where is None else outcomes.size(regressor.where)
        for regressor in design.regressors
    }


def _without(references: Mapping[str, Value], names: Iterable[str]) -> list[str]:
    """Returns the names without those of a reference category; references may have changed."""
    gone = {f"{name}={reference}" for name, reference in references.items()}
    return [name for name in names if gone.isdisjoint(name.split(":"))]


def _constant(outcomes: Outcomes) -> bool:
    return sum(outcomes.wy) in (0, sum(outcomes.w))


def _separation(
    model: Model, variables: Sequence[Variable], of: Design, patterns: Patterns
) -> tuple[list[bool], dict[str, Size]]:
    """Returns which patterns are kept, and the columns that separate the others."""
    kept, outcomes = [True] * of.size, patterns.outcomes
    found = {}
    for k in separating(of, outcomes):
        regressor = of.regressors[k]
        found[regressor.name] = outcomes.size(regressor.where)
        for place in regressor.where or ():
            kept[place] = False
    for k, variable in enumerate(variables):
        if variable.levels is None or model.covariates[k].reference is not None:
            continue
        at = [value == variable.reference for value in patterns.columns[k]]
        weight, successes = (sum(compress(x, at)) for x in (outcomes.w, outcomes.wy))
        if weight and successes in (0, weight):
            found[f"{variable.name}={variable.reference}"] = outcomes.only(at).size()
            kept = [keep and not here for keep, here in zip(kept, at, strict=True)]
    return kept, found


def variables_of(model: Model, patterns: Patterns) -> list[Variable]:
    """Returns the covariates with the categories that occur, in their order."""
    return [_variable(covariate, k, patterns) for k, covariate in enumerate(model.covariates)]


def _variable(covariate: Covariate, position: int, patterns: Patterns) -> Variable:
    if (order := covariate.order) is None:
        return Variable(covariate.name)
    sizes: dict[Value, int] = {}
    for value, n in zip(patterns.columns[position], patterns.outcomes.n, strict=True):
        sizes[value] = sizes.get(value, 0) + n
    levels = sorted(sizes, key=lambda level: order[str(level)])
    # Of equally large categories the first in the column's order.
    reference = covariate.reference or max(levels, key=sizes.__getitem__, default=None)
    return Variable(
        covariate.name, tuple(level for level in levels if level != reference), reference
    )


def make_design(model: Model, variables: Sequence[Variable], patterns: Patterns) -> Design:
    """Returns the design matrix of the patterns. Raises `TooManyCoefficients`."""
    columns = 1
    for term in model.terms:
        of_term = 1
        for k in term:
            levels = variables[k].levels
            of_term *= 1 if levels is None else len(levels)
        columns += of_term
    if columns > MOST_COEFFICIENTS:
        raise TooManyCoefficients(columns, MOST_COEFFICIENTS)
    return design(variables, model.terms, patterns.columns, patterns.size)


def references_of(variables: Sequence[Variable]) -> dict[str, Value]:
    """Returns the reference of each category, by the column's name."""
    return {v.name: v.reference for v in variables if v.reference is not None}
