"""The SQL aggregates that Django lacks, and exact sums of powers.

Integers are multiplied as 64-bit integers, in halves where the columns' bounds ask for it, and
summed as PostgreSQL's numeric: no sum is ever a float or overflows.
"""

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    Aggregate,
    BigIntegerField,
    Expression,
    F,
    FloatField,
    Func,
    IntegerField,
    Q,
    Sum,
    Value,
)
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Cast

from census.columns import Column

_BITS = 31
_HALF = 2**_BITS
_BIGINT_MAX = 2**63 - 1
_BIGINT = BigIntegerField()


def _combined(left: Any, connector: str, right: Any) -> Expression:
    return CombinedExpression(left, connector, right, output_field=_BIGINT)


def _product(factors: Sequence[Column]) -> tuple[Expression, int]:
    """Return the product of columns as a 64-bit integer, and the most that it can be."""
    first, *rest = factors
    expression: Expression = Cast(F(first.name), _BIGINT)
    for column in rest:
        expression = _combined(expression, "*", F(column.name))
    return expression, prod(_maximum(column) for column in factors)


def _maximum(column: Column) -> int:
    return column.maximum or 0


def power_sum(factors: Sequence[Column], where: Q | None = None) -> Expression:
    """Return Σ of the product of `factors` (a column as often as its power) as an exact int.

    Rows where a factor is missing are skipped; 0 of no rows.

    A product that 64 bits cannot hold is of two that they can, a and b, each in a high and a
    low half of 31 bits: Σab = 2⁶² Σa₁b₁ + 2³¹ Σ(a₁b₀ + a₀b₁) + Σa₀b₀. That is several times as
    fast as numeric products.
    """

    def total(expression: Expression) -> Expression:
        return Sum(expression, filter=where, default=0, output_field=_BIGINT)

    if prod(map(_maximum, factors)) <= _BIGINT_MAX:
        return total(_product(factors)[0])
    middle = (len(factors) + 1) // 2
    (a, most_a), (b, most_b) = _product(factors[:middle]), _product(factors[middle:])
    if max(most_a, most_b) >= _HALF**2:
        raise OverflowError(f"the product of {factors} may have more than 124 bits")
    (a1, a0), (b1, b0) = _halves(a), _halves(b)
    if most_b < _HALF:
        return _combined(
            _combined(total(_combined(a1, "*", b)), "*", Value(_HALF)),
            "+",
            total(_combined(a0, "*", b)),
        )
    across = _combined(_combined(a1, "*", b0), "+", _combined(a0, "*", b1))
    high = _combined(total(_combined(a1, "*", b1)), "*", Value(_HALF**2))
    low = total(_combined(a0, "*", b0))
    return _combined(_combined(high, "+", _combined(total(across), "*", Value(_HALF))), "+", low)


def _halves(product: Expression) -> tuple[Expression, Expression]:
    """Return the bits of a product above the lower 31, and these."""
    return _combined(product, ">>", Value(_BITS)), _combined(product, "&", Value(_HALF - 1))


class PercentileCont(Aggregate):
    """Quantiles by linear interpolation (type 7 of Hyndman and Fan 1996) as a list of floats.

    None where there is no value. Each of `fractions` is from 0 to 1.
    """

    function = "PERCENTILE_CONT"
    name = "PercentileCont"
    template = "%(function)s(%(fractions)s) WITHIN GROUP (ORDER BY %(expressions)s)"

    def __init__(self, expression: str, fractions: Iterable[float]) -> None:
        array = ", ".join(repr(float(fraction)) for fraction in fractions)
        super().__init__(
            expression,
            fractions=f"ARRAY[{array}]::float8[]",
            output_field=ArrayField(FloatField()),
        )


class WidthBucket(Func):
    """The number of ascending `thresholds` that are at most the value; null of null."""

    function = "WIDTH_BUCKET"
    arity = 2

    def __init__(self, expression: str, thresholds: Sequence[float], **extra: Any) -> None:
        array = ArrayField(FloatField())
        super().__init__(
            Cast(expression, FloatField()),
            Cast(Value(list(thresholds), output_field=array), array),
            output_field=IntegerField(),
            **extra,
        )
