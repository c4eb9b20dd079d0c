"""The routes of decompositions."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from census.api import charts, questions
from census.api.serializers.decompositions import DecompositionSerializer, OaxacaSerializer
from census.api.views.base import GroupsViewSet, column_in_path
from census.api.views.comparisons import reference_in_query
from census.api.views.regressions import errors_of, references_of
from census.columns import COLUMNS, Column
from census.statistics import bands
from census.statistics.analyses import terms
from census.statistics.analyses.comparison import (
    any_value_parameter,
    reference_parameter,
    value_parameter,
)
from census.statistics.analyses.oaxaca import Oaxaca
from census.statistics.analyses.regression import ERRORS, LinearRegression
from census.statistics.analyses.strata import Decomposition, on_parameter
from census.statistics.metrics import CONFIDENCE
from census.statistics.parameters import ListOf, Parameter
from census.statistics.selection import GROUP_BY, WEIGHTED_BY, column_choice

GROUPING = replace(
    GROUP_BY,
    type=ListOf(column_choice(COLUMNS.values(), "a column", "Column"), maximum=1),
    description="The column whose groups are compared.",
    required=True,
)


class DecompositionViewSet(GroupsViewSet):
    """Differences between groups and a reference, decomposed into composition and rates."""

    summary = "Decomposition"
    serializer_class = DecompositionSerializer
    path_parameters = (column_in_path(COLUMNS.values(), "Column", "column", "hours_per_week"),)
    query: Decomposition

    def get_parameters(self) -> Sequence[Parameter]:
        outcome = questions.column(self.kwargs["column"])
        reference = reference_in_query(self.request.query_params)
        return self._parameters(outcome, value_parameter(outcome), reference)

    def openapi_parameters(self) -> Sequence[Parameter]:
        return self._parameters(None, any_value_parameter(), reference_parameter(None))

    def _parameters(
        self, outcome: Column | None, value: Parameter, reference: Parameter
    ) -> Sequence[Parameter]:
        own = (GROUPING, on_parameter(outcome), reference, value)
        return (*own, *questions.BANDS, WEIGHTED_BY, *questions.FILTERING)

    def retrieve(self, _request: Request, column: str, **_kwargs: Any) -> Response:
        outcome, values = questions.column(column), self.values()
        crossed = [COLUMNS[name] for name in values["on"]]
        selection = questions.selection(values, crossed)
        questions.check_disjoint(selection, crossed, "on")
        on = [bands.banded(column, values) for column in crossed]
        query = Decomposition(outcome, selection, on, values.get("value"), values.get("reference"))
        return self.respond(
            query,
            selection,
            column=outcome.name,
            group_by=list(selection.keys()),
            **bands.described((*selection.group_by, *on)),
            parameters={"value": query.value},
        )

    def chart(self, data: Any) -> charts.Spec:
        return charts.of_decomposition(self.query, data)


class OaxacaViewSet(GroupsViewSet):
    """Differences between groups and a reference, decomposed by a linear regression in each group.

    The decomposition is twofold with the coefficients of the reference (Oaxaca and Blinder): the
    means of the terms account for the part `explained`, their coefficients for `unexplained`. With
    a category `value` it is a linear probability model.
    """

    summary = "Oaxaca–Blinder decomposition"
    serializer_class = OaxacaSerializer
    path_parameters = (column_in_path(COLUMNS.values(), "Column", "column", "hours_per_week"),)
    query: Oaxaca

    def get_parameters(self) -> Sequence[Parameter]:
        outcome = questions.column(self.kwargs["column"])
        referred = questions.banded(terms.REFERRED, self.request.query_params)
        return self._parameters(
            outcome,
            value_parameter(outcome),
            reference_in_query(self.request.query_params),
            map(terms.reference_parameter, referred),
        )

    def openapi_parameters(self) -> Sequence[Parameter]:
        return self._parameters(
            None, any_value_parameter(), reference_parameter(None), terms.REFERENCES
        )

    def _parameters(
        self,
        outcome: Column | None,
        value: Parameter,
        reference: Parameter,
        references: Iterable[Parameter],
    ) -> Sequence[Parameter]:
        on = terms.on_parameter(outcome, ("age", "education_num", "race"))  # not the groups
        own = (GROUPING, on, reference, value, ERRORS)
        common = (*questions.BANDS, *references, WEIGHTED_BY, CONFIDENCE, *questions.FILTERING)
        return (*own, *common)

    def retrieve(self, _request: Request, column: str, **_kwargs: Any) -> Response:
        outcome, values = questions.column(column), self.values()
        crossed = terms.columns_of(values["on"])
        selection = questions.selection(values, crossed)
        questions.check_disjoint(selection, crossed, "on")
        columns = [bands.banded(column, values) for column in crossed]
        regression = LinearRegression(
            outcome,
            values["on"],
            columns,
            selection,
            references_of(columns, values["on"], values),
            values[CONFIDENCE.name],
            errors_of(values),
            values.get("value"),
        )
        query = Oaxaca(regression, values.get("reference"))
        return self.respond(
            query,
            selection,
            column=outcome.name,
            group_by=list(selection.keys()),
            **bands.described((*selection.group_by, *columns)),
            parameters={"value": regression.value},
        )

    def chart(self, data: Any) -> charts.Spec:
        return charts.of_oaxaca(self.query, data)
