"""The design matrix of a regression over covariate patterns, and its weighted cross-products.

Rows with equal covariates are one pattern, and a regression needs only sums over each pattern: the
matrix has a row for each pattern, whatever the number of people.

A categorical variable enters as dummies, at most one of which is not 0 in a pattern. Therefore
columns of categories are sparse, and only pairs of columns that overlap are multiplied.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement, product, repeat
from operator import add, itemgetter, mul
from typing import Any, NamedTuple

INTERCEPT = "(intercept)"

Value = str | int
Numbers = Sequence[Any]  # of ints, or of floats
Matrix = list[list[Any]]

# Python 3.12 has a scalar product, which is also more accurate.
dot: Callable[[Numbers, Numbers], Any] = getattr(math, "sumprod", lambda a, b: sum(map(mul, a, b)))


class Variable(NamedTuple):
    """A covariate; `levels` are its categories but the `reference`, None if it is numeric."""

    name: str
    levels: tuple[Value, ...] | None = None
    reference: Value | None = None

    @property
    def parts(self) -> list[tuple[str, Value | None]]:
        """The name of each of its columns, and the category that it stands for."""
        if self.levels is None:
            return [(self.name, None)]
        return [(f"{self.name}={level}", level) for level in self.levels]


class Regressor(NamedTuple):
    """A column of the design matrix: `values` of the patterns `where` it is not 0 (None: all).

    `term` is the position of its term, None for the intercept.
    """

    name: str
    values: Numbers
    where: tuple[int, ...] | None = None
    term: int | None = None

    @property
    def indicator(self) -> bool:
        """Whether it is a dummy, or a product of dummies."""
        return self.where is not None and all(value == 1 for value in self.values)


class Size(NamedTuple):
    """How many rows there are, and their Σw and Σw²."""

    n: int
    w: int
    w2: int


class Pair(NamedTuple):
    """The product of two columns, None if it is 1 at all the patterns that `pick` selects."""

    pick: Callable[[Numbers], Numbers] | None
    values: Numbers | None

    @classmethod
    def of(cls, pick: Callable[[Numbers], Numbers] | None, values: Numbers) -> "Pair":
        return cls(pick, None if values.count(1) == len(values) else values)


@dataclass(frozen=True)
class Design:
    """The columns of a design matrix, the intercept first, over `size` patterns."""

    regressors: Sequence[Regressor]
    size: int

    @property
    def names(self) -> list[str]:
        return [regressor.name for regressor in self.regressors]

    def only(self, kept: Sequence[int]) -> "Design":
        """Returns the design of the columns of these positions."""
        if len(kept) == len(self.regressors):
            return self
        return Design([self.regressors[k] for k in kept], self.size)

    def among(self, start: int, stop: int) -> "Design":
        """Returns the design of these patterns; a column may be 0 at all of them."""
        return Design([_cut(regressor, start, stop) for regressor in self.regressors], stop - start)

    def floats(self) -> "Design":
        """Returns the same design in floats, whose products take less time."""
        regressors = [r._replace(values=list(map(float, r.values))) for r in self.regressors]
        return Design(regressors, self.size)

    @cached_property
    def largest(self) -> list[float]:
        """The largest absolute value of each column."""
        return [max(map(abs, regressor.values), default=0) for regressor in self.regressors]

    def gram(self, weights: Numbers) -> Matrix:
        """Returns Σ v·x·x' over the patterns, exactly where the weights v are integers."""
        side = len(self.regressors)
        matrix: Matrix = [[0] * side for _ in range(side)]
        for (i, j), pair in self._pairs.items():
            matrix[i][j] = matrix[j][i] = _total(pair, weights)
        return matrix

    def moments(self, values: Numbers) -> list[Any]:
        """Returns Σ v·x over the patterns."""
        return [
            _total(self._pairs[0, k], values) if (0, k) in self._pairs else 0
            for k in range(len(self.regressors))
        ]

    def predict(self, coefficients: Sequence[float]) -> list[float]:
        """Returns x'b of each pattern."""
        found: list[float] = [0.0] * self.size
        for b, (name, values, where, _) in zip(coefficients, self.regressors, strict=True):
            if name == INTERCEPT:
                found = [b] * self.size
            elif where is None:
                found = list(map(add, found, map(mul, repeat(b), values)))
            else:
                for k, x in zip(where, values, strict=True):
                    found[k] += b * x
        return found

    def quadratic(self, matrix: Sequence[Sequence[Any]]) -> list[float]:
        """Returns x'Mx of each pattern, of a symmetric M."""
        found: list[float] = [0.0] * self.size
        everywhere = range(self.size)
        for (i, j), (pick, values) in self._pairs.items():
            factor = float(matrix[i][j]) * (1 if i == j else 2)
            for k, x in zip(pick(everywhere) if pick else everywhere, values or repeat(1)):  # noqa: B905
                found[k] += factor * x
        return found

    @cached_property
    def _pairs(self) -> dict[tuple[int, int], Pair]:
        """The pairs of columns that are both not 0 somewhere, the first no later than the other."""
        dense = [k for k, r in enumerate(self.regressors) if r.where is None]
        pairs = {
            (i, j): Pair.of(None, _product(self.regressors[i], self.regressors[j]))
            for i, j in combinations_with_replacement(dense, 2)
        }
        sparse = {
            k: dict(zip(r.where, r.values, strict=True))
            for k, r in enumerate(self.regressors)
            if r.where is not None
        }
        for (i, a), (j, b) in combinations_with_replacement(sparse.items(), 2):
            if both := a.keys() if i == j else sorted(a.keys() & b.keys()):
                pairs[i, j] = Pair.of(picker(list(both)), [a[k] * b[k] for k in both])
        for j, regressor in enumerate(self.regressors):
            if regressor.where:
                pick = picker(regressor.where)
                for i in dense:
                    values = _products(pick(self.regressors[i].values), regressor.values)
                    pairs[min(i, j), max(i, j)] = Pair.of(pick, values)
        return pairs


def design(
    variables: Sequence[Variable],
    terms: Sequence[Sequence[int]],
    columns: Sequence[Numbers],
    size: int,
) -> Design:
    """Returns the design matrix: the intercept, then the columns of each term in turn.

    `columns` are the values of each variable in `size` patterns. A term is the positions of the
    variables of which it is the product: `(0,)` the first, `(0, 0)` its square. A column that is 0
    everywhere is left out.
    """
    regressors = [Regressor(INTERCEPT, [1] * size)]
    single = [_columns(v, c) for v, c in zip(variables, columns, strict=True)]
    for place, term in enumerate(terms):
        for factors in product(*(single[k] for k in term)):
            found = factors[0]
            for factor in factors[1:]:
                found = _times(found, factor)
            if found.where != ():
                regressors.append(found._replace(term=place))
    return Design(regressors, size)


def picker(where: Sequence[int]) -> Callable[[Numbers], Numbers]:
    """Returns a function that takes the elements at `where` out of a list."""
    if len(where) == 1:
        (only,) = where
        return lambda values: (values[only],)
    return itemgetter(*where)


def _columns(variable: Variable, values: Sequence[Any]) -> list[Regressor]:
    if variable.levels is None:
        return [Regressor(variable.name, values)]
    where: dict[Value, list[int]] = {level: [] for level in variable.levels}
    for k, value in enumerate(values):
        if value in where:
            where[value].append(k)
    return [
        Regressor(name, [1] * len(where[level]), tuple(where[level]))
        for name, level in variable.parts
        if level is not None
    ]


def _times(a: Regressor, b: Regressor) -> Regressor:
    name = f"{a.name}:{b.name}"
    if a.where is None and b.where is None:
        return Regressor(name, _products(a.values, b.values))
    if a.where is None or b.where is None:
        dense, sparse = (a, b) if a.where is None else (b, a)
        values = [dense.values[k] for k in sparse.where or ()]
        return Regressor(name, _products(values, sparse.values), sparse.where)
    others = dict(zip(b.where, b.values, strict=True))
    both = [(k, x * others[k]) for k, x in zip(a.where, a.values, strict=True) if k in others]
    return Regressor(name, [x for _, x in both], tuple(k for k, _ in both))


def _cut(regressor: Regressor, start: int, stop: int) -> Regressor:
    if regressor.where is None:
        return regressor._replace(values=regressor.values[start:stop])
    first, last = bisect_left(regressor.where, start), bisect_left(regressor.where, stop)
    where = tuple(k - start for k in regressor.where[first:last])
    return regressor._replace(values=regressor.values[first:last], where=where)


def _product(a: Regressor, b: Regressor) -> Numbers:
    """Returns the products of two columns that are not sparse."""
    return b.values if a.name == INTERCEPT else _products(a.values, b.values)


def _products(a: Numbers, b: Numbers) -> list[int]:
    return list(map(mul, a, b))


def _total(pair: Pair, weights: Numbers) -> Any:
    found = pair.pick(weights) if pair.pick else weights
    return sum(found) if pair.values is None else dot(found, pair.values)
