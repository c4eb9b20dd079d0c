"""Oaxaca and Blinder's decomposition of a difference of means, by a regression of each group.

With x̄ the means of the columns in a group and b its coefficients, 1 the group and 0 the reference,

    ȳ₁ − ȳ₀ = (x̄₁ − x̄₀)'b₀ + x̄₁'(b₁ − b₀) = explained + unexplained

(Oaxaca 1973; Blinder 1973; twofold, with the reference's coefficients). The variances are those of
Jann (2008), "The Blinder–Oaxaca decomposition for linear regression models", Stata Journal 8(4):

    V(explained) = (x̄₁ − x̄₀)'V(b₀)(x̄₁ − x̄₀) + b₀'[V(x̄₁) + V(x̄₀)]b₀,
    V(unexplained) = x̄₁'[V(b₁) + V(b₀)]x̄₁ + (b₁ − b₀)'V(x̄₁)(b₁ − b₀),

with the regression's V(b), and V(x̄) = n/(n−1)·Σw²(x−x̄)(x−x̄)'/W² (w = 1 without a weight). For a
subset of the columns all sums are over these columns. Intervals are normal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from operator import add, sub
from typing import Generic, NamedTuple, TypeVar

from census.statistics.estimators.means import Estimate, Sums, linearised_variance
from census.statistics.estimators.numbers import square_root, two_sided_z
from census.statistics.estimators.regression.design import Design, Value
from census.statistics.estimators.regression.linear import Errors, LeastSquares, Outcomes
from census.statistics.estimators.regression.model import (
    Model,
    Patterns,
    TooManyCoefficients,
    make_design,
    references_of,
    variables_of,
)
from census.statistics.estimators.regression.solving import Decimals, in_many_digits, invert

Key = TypeVar("Key")

MOST_COEFFICIENTS = 200  # of all groups together


class Part(NamedTuple):
    """What some columns contribute to a difference: by their means, and by their coefficients."""

    explained: Estimate = Estimate()
    unexplained: Estimate = Estimate()


class TermPart(NamedTuple):
    """A term of the model by its position, None for the intercept, and its part."""

    term: int | None
    part: Part


class ColumnPart(NamedTuple):
    """A column of the design: its mean and coefficient in both groups, and its part."""

    name: str
    mean: float | None
    reference_mean: float | None
    coefficient: float | None
    reference_coefficient: float | None
    part: Part


class Decomposed(NamedTuple):
    """A difference, the parts of it, and those of each term and column.

    `aliased` names the columns that depend on earlier ones among the rows of both groups; they are
    left out. `unmatched` names the categories that one of the two groups lacks, and the columns
    that depend on earlier ones in only one of the two. If there are any, the parts are undefined.
    """

    difference: Estimate = Estimate()
    whole: Part = Part()
    terms: Sequence[TermPart] = ()
    columns: Sequence[ColumnPart] = ()
    aliased: Sequence[str] = ()
    unmatched: Sequence[str] = ()


class Decompositions(NamedTuple, Generic[Key]):
    """The decomposition of each group; the reference categories are the same in all."""

    references: Mapping[str, Value]
    groups: Mapping[Key, Decomposed]


def oaxaca(
    model: Model,
    groups: Mapping[Key, Patterns],
    reference: Key | None,
    errors: Errors,
    confidence: float,
) -> Decompositions[Key]:
    """Decomposes the difference of each group from the reference. Raises `TooManyCoefficients`."""
    if not groups:
        return Decompositions({}, {})
    together = Patterns.joined(list(groups.values()))
    variables = variables_of(model, together)
    design = make_design(model, variables, together)
    if (number := len(groups) * len(design.regressors)) > MOST_COEFFICIENTS:
        raise TooManyCoefficients(number, MOST_COEFFICIENTS)
    fits, start = {}, 0
    with in_many_digits():
        for key, patterns in groups.items():
            stop = start + patterns.size
            if start < stop:
                fits[key] = _Fit(design.among(start, stop), patterns, errors)
            start = stop
        other = None if reference is None else fits.get(reference)
        found = {
            key: _Comparison.of(model, fits[key], other).described(confidence)
            if other and key in fits
            else Decomposed()
            for key in groups
        }
    return Decompositions(references_of(variables), found)


@dataclass(frozen=True)
class _Fit:
    """A group: its least squares, and the means of its columns with their covariance."""

    design: Design
    patterns: Patterns
    errors: Errors

    @cached_property
    def squares(self) -> LeastSquares:
        return LeastSquares(self.design, self.outcomes, self.errors)

    @property
    def outcomes(self) -> Outcomes:
        return self.patterns.outcomes

    def values(self, covariate: int) -> set[str]:
        """Returns the values that the group has of the covariate at that position."""
        return set(map(str, self.patterns.columns[covariate]))

    @property
    def complete(self) -> bool:
        """Whether no column depends on earlier ones."""
        return len(self.squares.bread.kept) == len(self.design.regressors)

    def only(self, kept: Sequence[int]) -> _Fit:
        """Returns the fit on these columns alone."""
        if len(kept) == len(self.design.regressors):
            return self
        return _Fit(self.design.only(kept), self.patterns, self.errors)

    @property
    def coefficients(self) -> list[Decimal | None]:
        found = dict(zip(self.squares.bread.kept, self.squares.estimates, strict=True))
        return [found.get(k) for k in range(len(self.design.regressors))]

    @property
    def outcome(self) -> Sums:
        """The sums of the outcome over the group."""
        of = self.outcomes
        return Sums(
            n=sum(of.n),
            w=sum(of.w),
            wx=sum(of.wy),
            w2=sum(of.w2),
            w2x=sum(of.w2y),
            w2x2=sum(of.w2y2),
        )

    @cached_property
    def means(self) -> list[Decimal]:
        w, *_ = weighted = self.squares.gram[0]  # the intercept's
        return [Decimal(wx) / w for wx in weighted]

    @cached_property
    def covariance_of_means(self) -> Decimals | None:
        n, w = sum(self.outcomes.n), sum(self.outcomes.w)
        if n < 2:
            return None
        products, means = self.design.gram(self.outcomes.w2), self.means
        w2, *_ = w2x = products[0]
        factor = Decimal(n) / (n - 1) / w**2
        return [
            [
                factor * (product - mean * w2x[j] - means[j] * w2x[i] + mean * means[j] * w2)
                for j, product in enumerate(row)
            ]
            for i, (row, mean) in enumerate(zip(products, means, strict=True))
        ]


@dataclass(frozen=True)
class _Comparison:
    """A group and the reference, without the columns that depend on others in both together."""

    model: Model
    names: Sequence[str]
    group: _Fit
    reference: _Fit
    itself: bool  # whether the group is the reference, so that there are no errors

    @classmethod
    def of(cls, model: Model, group: _Fit, reference: _Fit) -> _Comparison:
        names, itself = group.design.names, group is reference
        if group.complete and reference.complete:
            return cls(model, names, group, reference, itself)
        rows = zip(group.squares.gram, reference.squares.gram, strict=True)
        kept = invert([list(map(add, *pair)) for pair in rows]).kept
        return cls(model, names, group.only(kept), reference.only(kept), itself)

    @property
    def aliased(self) -> list[str]:
        kept = self.group.design.names
        return [name for name in self.names if name not in kept]

    @property
    def unmatched(self) -> list[str]:
        found: dict[str, None] = {}
        for k, covariate in enumerate(self.model.covariates):
            if covariate.order is not None:
                ours, theirs = self.group.values(k), self.reference.values(k)
                different = [value for value in covariate.order if value in ours ^ theirs]
                found |= dict.fromkeys(f"{covariate.name}={value}" for value in different)
        for fit in (self.group, self.reference):
            pairs = zip(fit.design.names, fit.coefficients, strict=True)
            found |= dict.fromkeys(name for name, b in pairs if b is None)
        return list(found)

    def difference(self, confidence: float) -> Estimate:
        one, two = self.group.outcome, self.reference.outcome
        value = float(Fraction(one.wx, one.w) - Fraction(two.wx, two.w))
        variances = linearised_variance(one), linearised_variance(two)
        if variances[0] is None or variances[1] is None or self.itself:
            return Estimate(value)
        return _interval(value, square_root(variances[0] + variances[1]), confidence)

    def described(self, confidence: float) -> Decomposed:
        regressors = self.group.design.regressors
        unmatched = self.unmatched
        columns: dict[int | None, list[int]] = {}
        for k, regressor in enumerate(regressors):
            columns.setdefault(regressor.term, []).append(k)
        part = _no_part if unmatched else _Parts.of(self, confidence).of_columns
        found = zip(
            regressors,
            self.group.means,
            self.reference.means,
            self.group.coefficients,
            self.reference.coefficients,
            strict=True,
        )
        return Decomposed(
            self.difference(confidence),
            part(range(len(regressors))),
            [TermPart(term, part(of)) for term, of in columns.items()],
            [
                ColumnPart(regressor.name, float(x1), float(x0), _float(b1), _float(b0), part([k]))
                for k, (regressor, x1, x0, b1, b0) in enumerate(found)
            ],
            self.aliased,
            unmatched,
        )


@dataclass(frozen=True)
class _Parts:
    """The vectors and matrices of the formulas; an undefined matrix is None."""

    confidence: float
    means: Sequence[Decimal]  # x̄₁
    gap: Sequence[Decimal]  # x̄₁ − x̄₀
    coefficients: Sequence[Decimal]  # b₀
    change: Sequence[Decimal]  # b₁ − b₀
    of_means: Decimals | None  # V(x̄₁)
    of_both_means: Decimals | None  # V(x̄₁) + V(x̄₀)
    of_coefficients: Decimals | None  # V(b₀)
    of_both_coefficients: Decimals | None  # V(b₁) + V(b₀)

    @classmethod
    def of(cls, pair: _Comparison, confidence: float) -> _Parts:
        """Returns the vectors and matrices of two groups in which each column has a coefficient."""
        one, two = pair.group, pair.reference
        b1, b0 = one.squares.estimates, two.squares.estimates
        x1, v1 = one.covariance_of_means, one.squares.covariance()
        x0, v0 = two.covariance_of_means, two.squares.covariance()
        if pair.itself:
            x1 = x0 = v1 = v0 = None
        return cls(
            confidence,
            one.means,
            list(map(sub, one.means, two.means)),
            b0,
            list(map(sub, b1, b0)),
            x1,
            _sum(x1, x0),
            v0,
            _sum(v1, v0),
        )

    def of_columns(self, columns: Sequence[int]) -> Part:
        """Returns the part of these columns."""
        explained = sum((self.gap[k] * self.coefficients[k] for k in columns), Decimal())
        unexplained = sum((self.means[k] * self.change[k] for k in columns), Decimal())
        return Part(
            self._estimate(
                explained,
                _quadratic(self.of_coefficients, self.gap, columns),
                _quadratic(self.of_both_means, self.coefficients, columns),
            ),
            self._estimate(
                unexplained,
                _quadratic(self.of_both_coefficients, self.means, columns),
                _quadratic(self.of_means, self.change, columns),
            ),
        )

    def _estimate(self, value: Decimal, one: Decimal | None, two: Decimal | None) -> Estimate:
        if one is None or two is None:
            return Estimate(float(value))
        return _interval(float(value), float(max(one + two, Decimal()).sqrt()), self.confidence)


def _no_part(_columns: Sequence[int]) -> Part:
    return Part()


def _quadratic(
    matrix: Decimals | None, vector: Sequence[Decimal], columns: Sequence[int]
) -> Decimal | None:
    """Returns v'Mv over these rows and columns."""
    if matrix is None:
        return None
    products = (vector[i] * matrix[i][j] * vector[j] for i in columns for j in columns)
    return sum(products, Decimal())


def _sum(one: Decimals | None, two: Decimals | None) -> Decimals | None:
    if one is None or two is None:
        return None
    return [list(map(add, *rows)) for rows in zip(one, two, strict=True)]


def _interval(value: float, error: float, confidence: float) -> Estimate:
    margin = two_sided_z(confidence) * error
    return Estimate(value, error, value - margin, value + margin)


def _float(x: Decimal | None) -> float | None:
    return None if x is None else float(x)
