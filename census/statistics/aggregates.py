"""SQL aggregates that Django lacks, and exact sums of powers.

Means and variances are computed from exact sums instead of by Django's `Avg`, `Variance` and
`StdDev`. The sums of the whole are those of its groups, which saves a pass over the rows. In 4,218
groups of the dataset the last digit of `Avg` is wrong in 7, of `Variance` in 16 and of `StdDev` in
1,082.

Sums are of integers and never overflow: products that 64 bits cannot hold are summed in halves,
and PostgreSQL sums 32-bit integers as 64-bit ones, and 64-bit integers as numeric.
"""

from collections.abc import Sequence
from math import prod
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import (
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
_SMALLINT_MAX = 2**15 - 1
_INTEGER_MAX = 2**31 - 1
_BIGINT_MAX = 2**63 - 1
_BIGINT = BigIntegerField()
_INTEGER = IntegerField()


def _combined(left: Any, connector: str, right: Any) -> Expression:
    return CombinedExpression(left, connector, right, output_field=_BIGINT)


def _product(factors: Sequence[Column], field: "IntegerField[Any, Any] | None") -> Expression:
    """Returns the product of columns as an integer type; None is the type of the first column."""
    first, *rest = factors
    expression: Expression = F(first.name)  # type: ignore[assignment]
    if field:
        expression = Cast(expression, field)
    for column in rest:
        expression = _combined(expression, "*", F(column.name))
    return expression


def _most(factors: Sequence[Column]) -> int:
    """Returns the largest value that a product of columns can have."""
    return prod(_maximum(column) for column in factors)


def _maximum(column: Column) -> int:
    return column.maximum or 0


def power_sum(factors: Sequence[Column], where: Q | None = None) -> Expression:
    """Returns Σ of the product of `factors` (a column as often as its power) as an exact int.

    Rows where a factor is missing are skipped; 0 of no rows.

    A product that 64 bits cannot hold is of two that they can, a and b, each in a high and a
    low half of 31 bits: Σab = 2⁶² Σa₁b₁ + 2³¹ Σ(a₁b₀ + a₀b₁) + Σa₀b₀. That is several times as
    fast as numeric products.
    """

    def total(expression: Expression) -> Expression:
        return Sum(expression, filter=where, default=0, output_field=_BIGINT)

    most = _most(factors)
    if len(factors) == 1 or most <= _SMALLINT_MAX:
        return total(_product(factors, None))
    if most <= _BIGINT_MAX:
        # Half the time where 32 bits are enough.
        return total(_product(factors, _INTEGER if most <= _INTEGER_MAX else _BIGINT))
    middle = (len(factors) + 1) // 2
    most_a, most_b = _most(factors[:middle]), _most(factors[middle:])
    if max(most_a, most_b) >= _HALF**2:
        raise OverflowError(f"the product of {factors} may have more than 124 bits")
    a, b = _product(factors[:middle], _BIGINT), _product(factors[middle:], _BIGINT)
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
    """Returns the bits of a product above the lower 31, and the lower 31."""
    return _combined(product, ">>", Value(_BITS)), _combined(product, "&", Value(_HALF - 1))


class WidthBucket(Func):
    """The number of ascending `thresholds` that are at most the value; null if it is null."""

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
