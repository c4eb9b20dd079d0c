"""Chooses the table of an answer by its members."""

from collections.abc import Mapping
from typing import Any

from census.pages.tables import comparisons, computations, others
from census.pages.tables.layout import Table


def table_of(answer: Mapping[str, Any], path: str = "", order: str = "") -> Table:
    """Returns the table of an API answer.

    `path` is the address of the answer, `order` what its groups are ordered by.
    """
    known: dict[str, Any] = {
        "metric": lambda: computations.of_computation(answer, order),
        "row_values": lambda: others.of_crosstab(answer),
        "matrix": lambda: others.of_correlation(answer),
        "base_rate": lambda: others.of_fairness(answer),
        "coefficients": lambda: comparisons.of_regression(answer),
        "reference": lambda: _of_reference(answer),
        "statistics": lambda: others.of_statistics(answer),
        "fields": lambda: others.of_fields(answer, path),
        "categories": lambda: others.of_field(answer),
        "results": lambda: others.of_people(answer, path),
        "metrics": lambda: others.of_catalogue(answer, path),
        "choices": lambda: others.of_listing(answer),
    }
    for name, build in known.items():
        if name in answer and not (isinstance(answer[name], str) and name != "metric"):
            found: Table = build()
            return found
    return others.of_mapping(answer)


def _of_reference(answer: Mapping[str, Any]) -> Table:
    if any("composition" in group for group in answer["groups"]):
        return comparisons.of_decomposition(answer)
    if any("explained" in group for group in answer["groups"]):
        return comparisons.of_oaxaca(answer)
    return comparisons.of_comparison(answer)
