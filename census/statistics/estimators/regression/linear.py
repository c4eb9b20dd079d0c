"""Linear regression by least squares, from sums over covariate patterns.

With w a row's weight (1 without), x its columns and y its outcome, b solves A·b = Σwxy with
A = Σwxx', in integers up to the solution, e = y − x'b, n rows and p columns that are not aliased.

- `classical`: V = s²·A⁻¹, s² = Σe²/(n−p).
- `hc1`, `hc3`: V = A⁻¹ [Σ g·e²·xx'] A⁻¹ with g = n/(n−p), or 1/(1−h)², h = x'A⁻¹x (MacKinnon and
  White 1985). HC3 is undefined where a row determines its own fit (h = 1).
- `linearised`, with weights: V = n/(n−1)·A⁻¹ [Σ w²e²·xx'] A⁻¹ (Binder 1983; R's survey::svyglm).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import compress
from typing import Literal, NamedTuple

from census.statistics.estimators.regression.design import Design, Size
from census.statistics.estimators.regression.inference import (
    Coefficient,
    Joint,
    coefficients,
    joint_test,
)
from census.statistics.estimators.regression.solving import (
    ROUNDING,
    Decimals,
    Inverse,
    in_many_digits,
    inner,
    invert,
    sandwich,
    scale,
    scaled,
    times,
)

_DECISIVE = 1 - 1e-9  # from here on a leverage is taken for 1

Errors = Literal["classical", "hc1", "hc3", "linearised"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """The sums of each pattern that a regression needs: n, Σw, Σwy, Σwy², Σw², Σw²y, Σw²y²."""

    n: Sequence[int]
    w: Sequence[int]
    wy: Sequence[int]
    wy2: Sequence[int]
    w2: Sequence[int]
    w2y: Sequence[int]
    w2y2: Sequence[int]

    @classmethod
    def unweighted(cls, n: Sequence[int], y: Sequence[int], y2: Sequence[int]) -> Outcomes:
        return cls(n=n, w=n, wy=y, wy2=y2, w2=n, w2y=y, w2y2=y2)

    @classmethod
    def joined(cls, groups: Sequence[Outcomes]) -> Outcomes:
        """Returns the sums of all patterns, one group after the other."""
        names = cls.__slots__
        return cls(**{name: [x for of in groups for x in getattr(of, name)] for name in names})

    def only(self, kept: Sequence[bool]) -> Outcomes:
        """Returns the sums of the patterns that are kept."""
        columns = ((name, getattr(self, name)) for name in self.__slots__)
        return Outcomes(**{name: list(compress(column, kept)) for name, column in columns})

    def size(self, where: Sequence[int] | None = None) -> Size:
        """Returns how many rows there are in the patterns at these positions, by default in all."""
        of = (self.n, self.w, self.w2)
        return Size(*(sum(x if where is None else map(x.__getitem__, where)) for x in of))

    def squared_errors(self, fitted: Sequence[float]) -> list[float]:
        """Returns Σw²(y − ŷ)² of each pattern.

        The sums are taken about the integer nearest to ŷ, exactly. The remainder of ŷ is below 1,
        so that no digits are lost to the difference of large squares.
        """
        found = []
        for value, w2, w2y, w2y2 in zip(fitted, self.w2, self.w2y, self.w2y2, strict=True):
            centre = round(value)
            left = value - centre
            about = w2y2 - centre * (2 * w2y - centre * w2)
            squares = about - left * (2 * (w2y - centre * w2) - left * w2)
            noise = 1e-24 * w2 * max(value * value, 1)  # of the last digits of ŷ
            found.append(squares if squares > noise else 0.0)
        return found


class Linear(NamedTuple):
    """A fit; `aliased` names the columns that depend on earlier ones."""

    coefficients: list[Coefficient]
    aliased: list[str]
    df: int
    r_squared: float | None
    adjusted_r_squared: float | None
    residual_standard_error: float | None
    joint: Joint


def linear(design: Design, outcomes: Outcomes, errors: Errors, confidence: float) -> Linear:
    """Fits y on the columns of `design`; errors are None for n ≤ p."""
    with in_many_digits():
        return LeastSquares(design, outcomes, errors).described(confidence)


class LeastSquares:
    """A fit in many digits: construct and use it within `in_many_digits()`.

    `gram` is A, `bread` its inverse over the columns that depend on no earlier ones; `design` and
    `estimates` are of these columns alone.
    """

    def __init__(self, design: Design, outcomes: Outcomes, errors: Errors) -> None:
        self.all_names = design.names
        self.outcomes = outcomes
        self.errors = errors
        moments = design.moments(outcomes.wy)
        self.gram = design.gram(outcomes.w)
        self.bread = invert(self.gram)
        self.design = design.only(self.bread.kept)
        self.n, self.df = sum(outcomes.n), sum(outcomes.n) - len(self.bread.kept)
        self.estimates = _solution(self.bread, moments)
        explained = inner(self.estimates, [Decimal(moments[k]) for k in self.bread.kept])
        squares = sum(outcomes.wy2)
        self.residual = squares - explained
        if self.residual < squares * ROUNDING:
            self.residual = Decimal()

    def described(self, confidence: float) -> Linear:
        covariance = self.covariance()
        names = self.design.names
        total = _sum_of_squares(self.outcomes)
        unexplained = self.residual / total if total else None
        mean_square = self.mean_square()
        return Linear(
            coefficients(self.all_names, names, self.estimates, covariance, confidence, self.df),
            [name for name in self.all_names if name not in names] if self.n else [],
            self.df,
            None if unexplained is None else float(1 - unexplained),
            float(1 - unexplained * (self.n - 1) / self.df)
            if unexplained is not None and self.df > 0
            else None,
            None if mean_square is None else float(mean_square.sqrt()),
            joint_test(names, self.estimates, covariance, self.df),
        )

    def mean_square(self) -> Decimal | None:
        """Returns s²; with weights n/(n−p)·Σwe²/Σw, which is s² if they are equal."""
        if self.df <= 0:
            return None
        return self.residual / sum(self.outcomes.w) * self.n / self.df

    def covariance(self) -> Decimals | None:
        """Returns V; None where the errors are not defined."""
        if (mean_square := self.mean_square()) is None:
            return None
        bread = self.bread.matrix
        if self.errors == "classical":
            return scale(bread, mean_square)
        squares = self.outcomes.squared_errors(
            self.design.predict(list(map(float, self.estimates)))
        )
        factor = Decimal(1)
        if self.errors == "hc3":
            leverages = self.design.quadratic(bread)
            if any(h > _DECISIVE for h in leverages):
                return None
            squares = [e / (1 - h) ** 2 for e, h in zip(squares, leverages, strict=True)]
        elif self.errors == "hc1":
            factor = Decimal(self.n) / self.df
        else:
            factor = Decimal(self.n) / (self.n - 1)
        integers, unit = scaled(squares)
        return scale(sandwich(bread, self.design.gram(integers)), factor * unit)


def _solution(bread: Inverse, moments: Sequence[int]) -> list[Decimal]:
    """Returns A⁻¹Σwxy; the rounding error of an exact 0 is removed."""
    by = [Decimal(moments[k]) for k in bread.kept]
    found = []
    for row, estimate in zip(bread.matrix, times(bread.matrix, by), strict=True):
        size = sum((abs(x * y) for x, y in zip(row, by, strict=True)), Decimal())
        found.append(estimate if abs(estimate) > ROUNDING * size else Decimal())
    return found


def _sum_of_squares(outcomes: Outcomes) -> Decimal:
    """Returns Σw(y − m)²."""
    w, wy = sum(outcomes.w), sum(outcomes.wy)
    if not w:
        return Decimal()
    return Decimal(w * sum(outcomes.wy2) - wy * wy) / w
