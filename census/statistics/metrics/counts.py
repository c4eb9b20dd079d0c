"""Counts of rows, of missing and of distinct values."""

from typing import ClassVar

from django.db.models import Count, Expression

from census.statistics import estimators
from census.statistics.members import INTEGER, NUMBER
from census.statistics.metrics.base import (
    AggregateMetric,
    Level,
    Levels,
    Question,
    Tally,
    register,
)
from census.statistics.metrics.frequencies import Frequencies, frequencies
from census.statistics.metrics.totals import (
    DOMAIN,
    DOMAIN_FORMULA,
    TOTAL_EXTRAS,
    described_total,
    with_facts,
)
from census.statistics.selection import Row


@register
class CountMetric(AggregateMetric):
    """The number of rows that have a value."""

    additive = True
    name = "count"
    label = "Count"
    formula = f"n; weighted: Σw, {DOMAIN_FORMULA}"
    estimator = "number of rows with a value"
    weighted_estimator = (
        "sum of the weights of the rows with a value; linearised standard error; t interval with "
        "N−1 degrees of freedom"
    )
    sample = DOMAIN
    extras: ClassVar = {"value": INTEGER}
    weighted_extras: ClassVar = TOTAL_EXTRAS

    def unit(self, question: Question) -> str | None:
        return question.unit_of_size

    def levels(self, question: Question) -> Levels:
        return super().levels(with_facts(question))

    def finish(self, question: Question, tally: Tally, _sums: Row) -> Level:
        if not question.weight:
            return {"value": tally.count}
        return described_total(question, tally.weights, tally.weights, tally.squares)


@register
class MissingMetric(AggregateMetric):
    """The number and share of rows without a value."""

    additive = True
    name = "missing"
    label = "Missing values"
    formula = "rows − n, and its share of rows; weighted: Σw of those rows, and its share of Σw"
    estimator = "number of rows without a value, as a share of all rows"
    weighted_estimator = "sum of the weights of the rows without a value, as a share of all weights"
    extras: ClassVar = {"value": INTEGER, "proportion": NUMBER}

    def unit(self, question: Question) -> str | None:
        return question.unit_of_size

    def finish(self, question: Question, tally: Tally, _sums: Row) -> Level:
        if question.weight:
            value, whole = tally.weights_of_all - tally.weights, tally.weights_of_all
        else:
            value, whole = tally.rows - tally.count, tally.rows
        return {"value": value, "proportion": estimators.mean(value, whole)}


@register
class DistinctMetric(AggregateMetric):
    """The number of different values, missing not being one."""

    name = "distinct"
    label = "Distinct values"
    formula = "number of different values"
    estimator = "number of different values"
    weighted_estimator = "number of different values (weights do not change it)"
    extras: ClassVar = {"value": INTEGER}

    def unit(self, _question: Question) -> str:
        return "values"

    def aggregates(self, question: Question) -> dict[str, Expression]:
        return {"distinct": Count(question.column.name, distinct=True)}

    def finish(self, _question: Question, _tally: Tally, sums: Row) -> Level:
        return {"value": sums["distinct"]}

    def levels(self, question: Question) -> Levels:
        if not question.selection.group_by:
            return super().levels(question)
        # The values of the whole are those of its groups: a third of the time of two statements.
        table = frequencies(question)
        return Levels(
            self._level_of(question, table.whole),
            {key: self._level_of(question, found) for key, found in table.groups.items()},
        )

    def _level_of(self, question: Question, found: Frequencies) -> Level:
        return found.total.described(question.weight) | {"value": len(found.values)}
