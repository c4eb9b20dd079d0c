"""The route of comparisons."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from census.api import charts, questions, tables
from census.api.serializers.comparisons import ComparisonSerializer
from census.api.views.base import DRAWABLE, AnswerViewSet, column_in_path
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

BY = replace(GROUP_BY, required=True)


class ComparisonViewSet(AnswerViewSet):
    """Means or shares of groups compared with those of a reference, with tests and effect sizes."""

    renderer_classes = DRAWABLE
    summary = "Comparison"
    serializer_class = ComparisonSerializer
    path_parameters = (column_in_path(COLUMNS.values(), "Column", "column", "hours_per_week"),)
    query: Comparison

    def get_parameters(self) -> Sequence[Parameter]:
        of = questions.column(self.kwargs["column"])
        by = questions.grouping(self.request.query_params)
        reference = reference_parameter(by[0] if by else None)
        if not by:
            reference = reference.refused("Give `group_by`: this is a value of its first column.")
        return self._parameters(value_parameter(of), reference)

    def described_parameters(self) -> Sequence[Parameter]:
        return self._parameters(any_value_parameter(), reference_parameter(None))

    def _parameters(self, value: Parameter, reference: Parameter) -> Sequence[Parameter]:
        own = (BY, reference, value, ADJUST, WEIGHTED_BY, CONFIDENCE, MIN_COUNT)
        return (*own, *questions.BANDS, *questions.FILTERING)

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

    def table(self, data: Any) -> tables.Table:
        return tables.of_groups(data, self.query.selection.keys(), self.query.fields())

    def chart(self, data: Any) -> charts.Spec:
        return charts.of_comparison(self.query, data)
