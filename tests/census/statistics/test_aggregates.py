"""Sums of products, held to Python's integers at the bounds of the columns."""

import pytest

from census.columns import COLUMNS, NUMERIC, Column
from census.models import Person
from census.statistics.aggregates import power_sum

WEIGHT = COLUMNS["fnlwgt"]
EXTREMES = (0, 1, 2**31 - 2, 2**31 - 1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "factors",
    [
        *(
            [WEIGHT] * weights + [column] * power
            for column in NUMERIC
            for weights in (0, 1, 2)
            for power in (1, 2)
        ),
    ],
    ids=lambda factors: "·".join(column.name for column in factors),
)
def test_sums_of_products_are_exact(factors: list[Column]) -> None:
    """Of the dataset, and of rows as large as the table takes them."""
    for number, row in enumerate(Person.objects.order_by("id")[: len(EXTREMES) ** 2]):
        large, small = divmod(number, len(EXTREMES))
        row.fnlwgt = EXTREMES[large] or 1
        row.capital_gain = row.capital_loss = EXTREMES[small]
        row.save()
    names = [column.name for column in factors]
    expected = 0
    for values in Person.objects.values_list(*dict.fromkeys(names)):
        by_name = dict(zip(dict.fromkeys(names), values, strict=True))
        product = 1
        for name in names:
            product *= by_name[name]
        expected += product
    assert Person.objects.aggregate(sum=power_sum(factors))["sum"] == expected
