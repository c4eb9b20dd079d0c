"""The route of comparisons."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.http import QueryDict
from rest_framework.request import Request
from rest_framework.response import Response

from census.api import charts, questions
from census.api.serializers.comparisons import ComparisonSerializer
from census.api.views.base import GroupsViewSet, column_in_path
from census.columns import COLUMNS
from census.statistics import bands
from census.statistics.analyses.comparison import (
    ADJUST,
    Comparison,
    any_value_parameter,
    reference_parameter,
    value_parameter,
)
from census.statistics.computation import MIN_COUNT
from census.statistics.metrics import CONFIDENCE
from census.statistics.parameters import Parameter
from census.statistics.selection import GROUP_BY, WEIGHTED_BY

GROUPING = replace(GROUP_BY, required=True)


def reference_in_query(query: QueryDict) -> Parameter:
    """Returns the parameter `reference` for the first column of `group_by` in the query."""
    columns = questions.grouping(query)
    if columns:
        return reference_parameter(columns[0])
    return reference_parameter(None).refused(
        "Give `group_by`: this is a value of its first column."
    )


class ComparisonViewSet(GroupsViewSet):
    """Means or shares of groups compared with a reference group, with tests and effect sizes."""

    summary = "Comparison"
    serializer_class = ComparisonSerializer
    path_parameters = (column_in_path(COLUMNS.values(), "Column", "column", "hours_per_week"),)
    query: Comparison

    def get_parameters(self) -> Sequence[Parameter]:
        value = value_parameter(questions.column(self.kwargs["column"]))
        return self._parameters(value, reference_in_query(self.request.query_params))

    def openapi_parameters(self) -> Sequence[Parameter]:
        return self._parameters(any_value_parameter(), reference_parameter(None))

    def _parameters(self, value: Parameter, reference: Parameter) -> Sequence[Parameter]:
        own = (GROUPING, reference, value, ADJUST)
        common = (WEIGHTED_BY, CONFIDENCE, MIN_COUNT, *questions.BANDS, *questions.FILTERING)
        return (*own, *common)

    def retrieve(self, _request: Request, column: str, **_kwargs: Any) -> Response:
        query = questions.comparison(questions.column(column), self.values())
        return self.respond(
            query,
            query.selection,
            column=query.column.name,
            group_by=list(query.selection.keys()),
            **bands.described(query.selection.group_by),
            parameters={"value": query.value, "adjust": query.adjust},
        )

    def chart(self, data: Any) -> charts.Spec:
        return charts.of_comparison(self.query, data)
