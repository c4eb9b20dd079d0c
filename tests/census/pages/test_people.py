"""The page of records, as the server renders it."""

from collections import Counter
from typing import Any

import pytest
from django.test import Client

from census.columns import CATEGORICAL, COLUMNS
from census.models import Person

NOT_DIVORCED = [v for v in COLUMNS["marital_status"].choices if v != "Divorced"]
# A query, and by column the rows that its filter keeps.
SELECTIONS: list[tuple[str, dict[str, dict[str, Any]]]] = [
    ("workclass=Without-pay", {"workclass": {"workclass": "Without-pay"}}),
    (
        "sex__in=Male&marital-status__ne=Divorced&age__gte=60",
        {
            "sex": {"sex": "Male"},
            "marital_status": {"marital_status__in": NOT_DIVORCED},
            "age": {"age__gte": 60},
        },
    ),
    ("income=>50K&income__isnull=false", {"income": {"income": ">50K"}}),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("query", "conditions"), SELECTIONS)
def test_facets_count_the_choices_without_the_filter_of_their_column(
    client: Client, query: str, conditions: dict[str, dict[str, Any]]
) -> None:
    facets = {f.column.name: f for f in client.get(f"/people?{query}").context["facets"]}
    for column in CATEGORICAL:
        rows = Person.objects.all()
        for name, condition in conditions.items():
            if name != column.name:
                rows = rows.filter(**condition)
        counts = Counter(rows.values_list(column.name, flat=True))
        choices = dict(facets[column.name].editor.field.field.choices)
        assert choices == {
            value: f"{label} {counts[value]:,}" for value, label in column.choices.items()
        }
