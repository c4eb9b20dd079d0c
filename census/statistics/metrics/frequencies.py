"""How often each value occurs: the table behind modes, weighted quantiles and distributions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Expression, F

from census.statistics.metrics.base import Question, Tally
from census.statistics.selection import Key

Value = str | int


@dataclass
class Frequencies:
    """The tally of each value, and of all rows (those with a missing value too)."""

    values: dict[Value, Tally] = field(default_factory=dict)
    total: Tally = field(default_factory=Tally)

    def add(self, value: Value | None, tally: Tally) -> None:
        if value is None:
            self.total += tally.uncounted()
        else:
            self.total += tally
            known = self.values.get(value)  # rarely: only over groups
            self.values[value] = known + tally if known else tally


@dataclass(frozen=True)
class FrequencyTable:
    """Frequencies in the whole selection, and in each group by its key."""

    whole: Frequencies
    groups: Mapping[Key, Frequencies]


def frequencies(question: Question, expression: Expression | F | None = None) -> FrequencyTable:
    """Counts the values of the column, or of an expression of it that is null where it is null.

    One statement: the whole is the sum of the groups.
    """
    selection = question.selection
    keys = selection.group_keys()
    value = F(question.column.name) if expression is None else expression
    rows: Iterable[Any] = (
        selection.rows()
        .values(**keys, value_of_row=value)
        .annotate(rows=Count("*"), **Tally.aggregates(question.weight))
    )
    whole = Frequencies()
    groups: defaultdict[Key, Frequencies] = defaultdict(Frequencies)
    for key, row in selection.by_key(rows):
        tally = Tally.of(row)
        whole.add(row["value_of_row"], tally)
        if key:
            groups[key].add(row["value_of_row"], tally)
    return FrequencyTable(whole, groups)
