"""Symmetric systems of equations in 60 decimal digits, for regressions.

The cross-products of whole numbers are whole numbers. At a condition number of 10²⁰ floats lose all
digits of the solution; 60 decimal digits leave 40. Fractions would be exact, but ten times slower
from twenty columns on.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from decimal import Context, Decimal, localcontext
from math import frexp, ldexp, sqrt
from operator import mul
from typing import Any, NamedTuple

# A column depends on earlier ones if they leave less than this share of its sum of squares.
# Rounding leaves about 1e-60; independent columns of whole numbers below a million leave far more.
_DEPENDENT = Decimal("1e-30")
ROUNDING = Decimal("1e-40")  # a sum below this, relative to its summands, is an exact 0
_SINGULAR = 1e-14  # a pivot below this, relative to its diagonal, is 0
_BITS = 106  # two floats: a small weight beside a large one keeps its digits

Decimals = list[list[Decimal]]


class Inverse(NamedTuple):
    """The inverse of the rows and columns `kept`; the others depend on earlier ones."""

    kept: list[int]
    matrix: Decimals


def in_many_digits() -> AbstractContextManager[Context]:
    """Returns the context that the functions of this module need."""
    return localcontext(prec=60)


def invert(matrix: Sequence[Sequence[Any]]) -> Inverse:
    """Returns the inverse of a symmetric positive semidefinite matrix by the sweep operator.

    Goodnight (1979), "A tutorial on the SWEEP operator", which leaves out a row that depends on
    the ones before it.
    """
    rows = [[Decimal(x) for x in row] for row in matrix]
    kept: list[int] = []
    dropped: set[int] = set()
    for k in range(len(rows)):
        pivot = rows[k][k]
        if pivot <= _DEPENDENT * Decimal(matrix[k][k]):
            dropped.add(k)
            continue
        kept.append(k)
        leading = [x / pivot if x else x for x in rows[k]]
        for i, row in enumerate(rows):
            factor = row[k]
            if i != k and factor and i not in dropped:
                rows[i] = [x - factor * y if y else x for x, y in zip(row, leading, strict=True)]
                rows[i][k] = -factor / pivot
        leading[k] = 1 / pivot
        rows[k] = leading
    return Inverse(kept, [[rows[i][j] for j in kept] for i in kept])


def inner(a: Sequence[Decimal], b: Sequence[Decimal]) -> Decimal:
    """Returns the scalar product of two vectors."""
    return sum((x * y for x, y in zip(a, b, strict=True) if x and y), Decimal())


def times(matrix: Decimals, vector: Sequence[Any]) -> list[Decimal]:
    """Returns the product of a matrix and a vector."""
    column = [Decimal(x) for x in vector]
    return [inner(row, column) for row in matrix]


def sandwich(bread: Decimals, filling: Sequence[Sequence[Any]]) -> Decimals:
    """Returns bread · filling · bread of two symmetric matrices that are positive semidefinite.

    Rounding errors of variances that are exactly 0 are removed, also from the covariances.
    """
    half = [times(bread, row) for row in filling]  # the rows of filling · bread
    found = [times(bread, column) for column in zip(*half, strict=True)]
    roots = [Decimal(row[k]).sqrt() for k, row in enumerate(filling)]
    for k, row in enumerate(bread):
        most = inner(list(map(abs, row)), roots) ** 2
        if found[k][k] <= ROUNDING * most:
            found[k] = [Decimal()] * len(bread)
            for other in found:
                other[k] = Decimal()
    return found


def scale(matrix: Decimals, factor: Decimal) -> Decimals:
    """Returns the matrix times a number."""
    return [[x * factor for x in row] for row in matrix]


def scaled(numbers: Sequence[float]) -> tuple[list[int], Decimal]:
    """Returns each number as an integer, rounded, and the unit that these are counted in.

    Sums of them are exact, so that badly conditioned columns do not amplify the rounding of the
    weights.
    """
    largest = max(numbers, default=0.0)
    shift = _BITS - frexp(largest)[1]
    return [int(ldexp(x, shift)) for x in numbers], Decimal(2) ** -shift


class Cholesky:
    """The factor of a positive definite matrix of floats; raises `Singular` where it is none."""

    def __init__(self, matrix: Sequence[Sequence[float]]) -> None:
        # Columns of very different sizes, as age and its square, are scaled to one size.
        self.scales = [sqrt(row[k]) if row[k] > 0 else 0.0 for k, row in enumerate(matrix)]
        if not all(self.scales):
            raise Singular
        self.rows: list[list[float]] = []
        for i, row in enumerate(matrix):
            made: list[float] = []
            for j, other in enumerate([*self.rows, made]):
                left = row[j] / (self.scales[i] * self.scales[j]) - sum(map(mul, made, other))
                if j < i:
                    made.append(left / other[j])
                elif left > _SINGULAR:
                    made.append(sqrt(left))
                else:
                    raise Singular
            self.rows.append(made)

    @property
    def smallest(self) -> float:
        """The smallest share of a column's sum of squares that earlier columns do not explain.

        Floats lose as many digits of the inverse as this has leading zeros.
        """
        return min((row[-1] ** 2 for row in self.rows), default=1.0)

    def solve(self, vector: Sequence[float]) -> list[float]:
        """Returns the matrix's inverse times a vector."""
        found = [x / scale for x, scale in zip(vector, self.scales, strict=True)]
        for k, row in enumerate(self.rows):
            found[k] = (found[k] - sum(map(mul, row[:k], found))) / row[k]
        for k in range(len(found) - 1, -1, -1):
            below = sum(self.rows[i][k] * found[i] for i in range(k + 1, len(found)))
            found[k] = (found[k] - below) / self.rows[k][k]
        return [x / scale for x, scale in zip(found, self.scales, strict=True)]


class Singular(Exception):
    """A matrix has no inverse, or none that floats can compute."""
