"""The routes of decompositions."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from census.api import charts, questions, tables
from census.api.serializers.decompositions import DecompositionSerializer, OaxacaSerializer
from census.api.views.base import DRAWABLE, AnswerViewSet, column_in_path
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

BY = replace(
    GROUP_BY,
    type=ListOf(column_choice(COLUMNS.values(), "a column", "Column"), maximum=1),
    description="The column whose groups are compared.",
    required=True,
)


class DecompositionViewSet(AnswerViewSet):
    """Differences of groups from a reference: what is of their composition, what of their rates."""

    renderer_classes = DRAWABLE
    summary = "Decomposition"
    serializer_class = DecompositionSerializer
    path_parameters = (column_in_path(COLUMNS.values(), "Column", "column", "hours_per_week"),)
    query: Decomposition

    def get_parameters(self) -> Sequence[Parameter]:
        of = questions.column(self.kwargs["column"])
        reference = _reference(questions.grouping(self.request.query_params))
        return self._parameters(of, value_parameter(of), reference)

    def described_parameters(self) -> Sequence[Parameter]:
        return self._parameters(None, any_value_parameter(), reference_parameter(None))

    def _parameters(
        self, of: Column | None, value: Parameter, reference: Parameter
    ) -> Sequence[Parameter]:
        own = (BY, on_parameter(of), reference, value)
        return (*own, *questions.BANDS, WEIGHTED_BY, *questions.FILTERING)

    def retrieve(self, _request: Request, column: str, **_kwargs: Any) -> Response:
        of, values = questions.column(column), self.values()
        crossed = [COLUMNS[name] for name in values["on"]]
        selection = questions.selection(values, crossed)
        questions.check_apart(selection, crossed, "on")
        on = [bands.banded(column, values) for column in crossed]
        query = Decomposition(of, selection, on, values.get("value"), values.get("reference"))
        return self.respond(
            query,
            selection,
            column=of.name,
            group_by=list(selection.keys()),
            **bands.described((*selection.group_by, *on)),
            parameters={"value": query.value},
        )

    def table(self, data: Any) -> tables.Table:
        return tables.of_groups(data, self.query.selection.keys(), self.query.fields())

    def chart(self, data: Any) -> charts.Spec:
        return charts.of_decomposition(self.query, data)


class OaxacaViewSet(AnswerViewSet):
    """Differences of groups from a reference decomposed by a linear regression in each group.

    Twofold, with the reference's coefficients (Oaxaca and Blinder): `explained` by the means of the
    terms, `unexplained` by their coefficients. Of a category `value` it is a model of probability.
    """

    renderer_classes = DRAWABLE
    summary = "Oaxaca–Blinder decomposition"
    serializer_class = OaxacaSerializer
    path_parameters = (column_in_path(COLUMNS.values(), "Column", "column", "hours_per_week"),)
    query: Oaxaca

    def get_parameters(self) -> Sequence[Parameter]:
        of = questions.column(self.kwargs["column"])
        referred = questions.banded(terms.REFERRED, self.request.query_params)
        return self._parameters(
            of,
            value_parameter(of),
            _reference(questions.grouping(self.request.query_params)),
            map(terms.reference_parameter, referred),
        )

    def described_parameters(self) -> Sequence[Parameter]:
        return self._parameters(
            None, any_value_parameter(), reference_parameter(None), terms.REFERENCES
        )

    def _parameters(
        self,
        of: Column | None,
        value: Parameter,
        reference: Parameter,
        references: Iterable[Parameter],
    ) -> Sequence[Parameter]:
        on = replace(terms.on_parameter(of), example="age,education_num,race")  # not the groups
        own = (BY, on, reference, value, ERRORS)
        common = (*questions.BANDS, *references, WEIGHTED_BY, CONFIDENCE, *questions.FILTERING)
        return (*own, *common)

    def retrieve(self, _request: Request, column: str, **_kwargs: Any) -> Response:
        of, values = questions.column(column), self.values()
        crossed = terms.columns_of(values["on"])
        selection = questions.selection(values, crossed)
        questions.check_apart(selection, crossed, "on")
        columns = [bands.banded(column, values) for column in crossed]
        regression = LinearRegression(
            of,
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
            column=of.name,
            group_by=list(selection.keys()),
            **bands.described((*selection.group_by, *columns)),
            parameters={"value": regression.value},
        )

    def table(self, data: Any) -> tables.Table:
        return tables.of_groups(data, self.query.selection.keys(), self.query.fields())

    def chart(self, data: Any) -> charts.Spec:
        return charts.of_oaxaca(self.query, data)


def _reference(by: Sequence[Column]) -> Parameter:
    """Return the parameter of the reference where the groups are those of a column, or of none."""
    if by:
        return reference_parameter(by[0])
    return reference_parameter(None).refused("Give `group_by`: this is a value of that column.")
