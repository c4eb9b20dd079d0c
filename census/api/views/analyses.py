"""The routes of answers about several columns."""

from collections.abc import Sequence
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from census.api import charts, questions, tables
from census.api.serializers import tables as answers
from census.api.views.base import (
    DRAWABLE,
    AnswerViewSet,
    GroupsViewSet,
    column_in_path,
)
from census.columns import COLUMNS, Column
from census.statistics import bands
from census.statistics.analyses.correlation import COEFFICIENT, CORRELATED, Correlation
from census.statistics.analyses.crosstab import CELLS, LAYER, Crosstab
from census.statistics.analyses.fairness import OUTCOME, Fairness, reference_parameter
from census.statistics.analyses.profile import Statistics
from census.statistics.computation import MIN_COUNT
from census.statistics.metrics import CONFIDENCE
from census.statistics.parameters import Parameter, Text
from census.statistics.selection import WEIGHTED_BY


class StatisticsViewSet(AnswerViewSet):
    """A profile of every column, in the shape of the Hugging Face dataset viewer."""

    summary = "Statistics"
    serializer_class = answers.StatisticsSerializer

    def get_parameters(self) -> Sequence[Parameter]:
        return (WEIGHTED_BY, *questions.FILTERING)

    def list(self, _request: Request, **_kwargs: Any) -> Response:
        selection = questions.selection(self.values())
        return self.respond(Statistics(selection), selection)

    def table(self, data: Any) -> tables.Table:
        return tables.of_statistics(data)


class CorrelationViewSet(AnswerViewSet):
    """Pearson's correlations of numeric columns."""

    renderer_classes = DRAWABLE
    summary = "Correlation"
    serializer_class = answers.CorrelationSerializer
    query: Correlation

    def get_parameters(self) -> Sequence[Parameter]:
        return (CORRELATED, COEFFICIENT, WEIGHTED_BY, CONFIDENCE, *questions.FILTERING)

    def list(self, _request: Request, **_kwargs: Any) -> Response:
        values = self.values()
        selection = questions.selection(values)
        columns = tuple(COLUMNS[name] for name in values[CORRELATED.name])
        query = Correlation(columns, selection, values[COEFFICIENT.name], values[CONFIDENCE.name])
        return self.respond(query, selection)

    def table(self, data: Any) -> tables.Table:
        return tables.of_correlation(data)

    def chart(self, data: Any) -> charts.Spec:
        return charts.of_correlation(self.query, data)


class CrosstabViewSet(AnswerViewSet):
    """A two-way table with tests of independence; with measures of its cells, and in layers."""

    renderer_classes = DRAWABLE
    summary = "Crosstab"
    crosses = True
    serializer_class = answers.CrosstabSerializer
    path_parameters = tuple(
        column_in_path(COLUMNS.values(), "Column", part, example)
        for part, example in (("row", "sex"), ("column", "income"))
    )
    query: Crosstab

    def get_parameters(self) -> Sequence[Parameter]:
        common = (WEIGHTED_BY, CONFIDENCE, *questions.BANDS, *questions.FILTERING)
        return (CELLS, LAYER, *common)

    def retrieve(self, _request: Request, row: str, column: str, **_kwargs: Any) -> Response:
        of_rows, of_columns = questions.columns_of_path({"row": row, "column": column})
        query = questions.crosstab(of_rows, of_columns, self.values())
        layer = (query.layer,) if query.layer else ()
        return self.respond(
            query,
            query.selection,
            row=query.row.name,
            column=query.column.name,
            **bands.described((query.row, query.column, *layer)),
        )

    def table(self, data: Any) -> tables.Table:
        return tables.of_crosstab(data)

    def chart(self, data: Any) -> charts.Spec:
        return charts.of_crosstab(self.query, data)


class FairnessViewSet(GroupsViewSet):
    """The rates of the favourable outcome in protected groups, compared with a reference."""

    summary = "Fairness"
    crosses = True
    serializer_class = answers.FairnessSerializer
    path_parameters = (
        Parameter(
            "column",
            Text(tuple(questions.PROTECTED.suggestions())),
            "One to three columns, separated by commas: `sex`, `sex,race`.",
            example="sex",
        ),
    )
    query: Fairness

    def columns(self) -> tuple[Column, ...]:
        """Returns the protected columns of the path, with their bands."""
        columns = questions.protected_columns(self.kwargs["column"])
        return questions.banded(columns, self.request.query_params)

    def get_parameters(self) -> Sequence[Parameter]:
        return self._parameters(self.columns())

    def openapi_parameters(self) -> Sequence[Parameter]:
        return self._parameters((COLUMNS["sex"], COLUMNS["race"]))

    def _parameters(self, columns: tuple[Column, ...]) -> Sequence[Parameter]:
        own = (OUTCOME, reference_parameter(columns))
        common = (WEIGHTED_BY, CONFIDENCE, MIN_COUNT, *questions.BANDS, *questions.FILTERING)
        return (*own, *common)

    def retrieve(self, _request: Request, **_kwargs: Any) -> Response:
        columns = self.columns()
        query = questions.fairness(columns, self.values())
        return self.respond(
            query,
            query.selection,
            columns=[column.name for column in columns],
            **bands.described(columns),
        )

    def chart(self, data: Any) -> charts.Spec:
        return charts.of_fairness(self.query, data)
