"""The routes of regressions."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from census.api import charts, parameters, questions, tables
from census.api.serializers.regressions import (
    LinearRegressionSerializer,
    LogisticRegressionSerializer,
)
from census.api.views.base import DRAWABLE, AnswerViewSet, column_in_path
from census.columns import CATEGORICAL, NUMERIC, Column
from census.statistics import bands
from census.statistics.analyses import terms
from census.statistics.analyses.comparison import any_value_parameter, value_parameter
from census.statistics.analyses.regression import (
    ERRORS,
    LinearRegression,
    LogisticRegression,
    Regression,
)
from census.statistics.estimators.regression.linear import Errors
from census.statistics.metrics import CONFIDENCE
from census.statistics.parameters import Parameter
from census.statistics.selection import WEIGHTED_BY


class RegressionViewSet(AnswerViewSet):
    """The base class of both kinds of regression."""

    renderer_classes = DRAWABLE
    query: Regression
    outcomes: Sequence[Column]  # the columns that can be the outcome

    def own_parameters(self, outcome: Column | None) -> Sequence[Parameter]:
        """Returns the parameters of this kind alone; without an outcome those for OpenAPI."""
        raise NotImplementedError

    def get_parameters(self) -> Sequence[Parameter]:
        outcome = _outcome(self.kwargs["column"], self.outcomes)
        referred = questions.banded(terms.REFERRED, self.request.query_params)
        return self._parameters(outcome, map(terms.reference_parameter, referred))

    def openapi_parameters(self) -> Sequence[Parameter]:
        return self._parameters(None, terms.REFERENCES)

    def _parameters(
        self, outcome: Column | None, references: Iterable[Parameter]
    ) -> Sequence[Parameter]:
        own = (terms.on_parameter(outcome), *self.own_parameters(outcome))
        common = (*questions.BANDS, *references, WEIGHTED_BY, CONFIDENCE, *questions.FILTERING)
        return (*own, *common)

    def retrieve(self, _request: Request, column: str, **_kwargs: Any) -> Response:
        outcome, values = _outcome(column, self.outcomes), self.values()
        on = values["on"]
        crossed = terms.columns_of(on)
        selection = questions.selection(values, crossed)
        columns = [bands.banded(column, values) for column in crossed]
        query = self.regression(
            values,
            outcome=outcome,
            on=on,
            columns=columns,
            selection=selection,
            references=references_of(columns, on, values),
            confidence=values[CONFIDENCE.name],
        )
        return self.respond(query, selection, column=outcome.name, **bands.described(columns))

    @abstractmethod
    def regression(self, values: Mapping[str, Any], **common: Any) -> Regression:
        """Returns the regression that the valid `values` describe."""

    def table(self, data: Any) -> tables.Table:
        return tables.of_records(data["coefficients"], self.query.members)

    def chart(self, data: Any) -> charts.Spec:
        return charts.of_regression(self.query, data)


class LinearRegressionViewSet(RegressionViewSet):
    """The regression of a number on columns and their products, by least squares."""

    summary = "Linear regression"
    serializer_class = LinearRegressionSerializer
    path_parameters = (column_in_path(NUMERIC, "NumericColumn", "column", "hours_per_week"),)
    outcomes = NUMERIC

    def own_parameters(self, outcome: Column | None) -> Sequence[Parameter]:  # noqa: ARG002
        return (ERRORS,)

    def regression(self, values: Mapping[str, Any], **common: Any) -> Regression:
        return LinearRegression(**common, errors=errors_of(values))


class LogisticRegressionViewSet(RegressionViewSet):
    """The regression of the log odds of a category on columns and their products."""

    summary = "Logistic regression"
    serializer_class = LogisticRegressionSerializer
    path_parameters = (column_in_path(CATEGORICAL, "CategoricalColumn", "column", "income"),)
    outcomes = CATEGORICAL

    def own_parameters(self, outcome: Column | None) -> Sequence[Parameter]:
        if outcome is None:
            value = replace(any_value_parameter(), required=True, example=">50K")
        else:
            value = value_parameter(outcome)
        description = (
            "The category whose log odds are modelled: the outcome is whether a row has it."
        )
        return (replace(value, description=description),)

    def regression(self, values: Mapping[str, Any], **common: Any) -> Regression:
        return LogisticRegression(**common, value=values["value"])


def errors_of(values: Mapping[str, Any]) -> Errors:
    """Returns the kind of standard errors; raises `BadRequest` if `errors` comes with a weight."""
    errors: Errors | None = values.get(ERRORS.name)
    if WEIGHTED_BY.name not in values:
        return errors or "classical"
    if errors:
        detail = "With a weight the standard errors are linearised: leave `errors` out."
        raise parameters.BadRequest([parameters.error(ERRORS.name, "not_applicable", detail)])
    return "linearised"


def _outcome(name: str, columns: Sequence[Column]) -> Column:
    """Returns the one of `columns` called `name`; raises `UnknownName` or `BadRequest`."""
    outcome = questions.column(name)
    if outcome not in columns:
        detail = f"{outcome.name} is {outcome.kind}: give a {columns[0].kind} column."
        allowed = [column.name for column in columns]
        raise parameters.BadRequest([parameters.error("column", "not_applicable", detail, allowed)])
    return outcome


def references_of(
    columns: Sequence[Column], on: Sequence[str], values: Mapping[str, Any]
) -> dict[str, str]:
    """Returns the reference category of each column; raises `BadRequest`."""
    errors = [
        parameters.error(
            "on",
            "square_of_category",
            f"`{term}` multiplies {name} by itself, but {name} is a category: name it "
            "once in a product.",
        )
        for term in on
        for name in terms.repeated_categories(term, columns)
    ]
    errors += [
        parameters.error(
            name,
            "reference_unused",
            f"`on` does not contain the column of `{name}`: add the column, or leave `{name}` out.",
        )
        for name in terms.unused_references(columns, values)
    ]
    if errors:
        raise parameters.BadRequest(errors)
    return terms.references(columns, values)
