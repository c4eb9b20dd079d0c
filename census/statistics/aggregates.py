"""The SQL aggregates that Django lacks, and exact sums of powers.

Integers are multiplied as 64-bit integers where the columns' bounds allow it, else as
PostgreSQL's numeric, and summed as numeric: no sum is ever a float or overflows.
"""

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    Aggregate,
    BigIntegerField,
    DecimalField,
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

_BIGINT_MAX = 2**63 - 1
_NUMERIC = DecimalField(max_digits=20, decimal_places=0)


def _product(factors: Sequence[Column]) -> Expression:
    """Return the product of columns in a type that holds it whatever the rows are."""
    fits = prod(column.maximum or 0 for column in factors) <= _BIGINT_MAX
    field = BigIntegerField() if fits else _NUMERIC
    first, *rest = factors
    expression: Expression = Cast(F(first.name), field)
    for column in rest:
        factor = F(column.name) if fits else Cast(F(column.name), field)
        expression = CombinedExpression(expression, "*", factor, output_field=field)
    return expression


def power_sum(factors: Sequence[Column], where: Q | None = None) -> Sum:
    """Return Σ of the product of `factors` (a column as often as its power) as an exact int.

    Rows where a factor is missing are skipped; 0 of no rows.
    """
    return Sum(_product(factors), filter=where, default=0, output_field=BigIntegerField())


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
