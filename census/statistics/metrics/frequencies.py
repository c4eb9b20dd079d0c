"""How often each value occurs: the table behind modes, weighted quantiles and distributions."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db.models import Expression, F

from census.statistics.metrics.base import Key, Question, Tally
from census.statistics.snapshot import Snapshot

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


def frequencies(
    question: Question, snapshot: Snapshot, expression: Expression | F | None = None
) -> FrequencyTable:
    """Count the values of the column, or of an expression of it that is null where it is null.

    One statement: what holds for the whole is the sum over groups.
    """
    keys = question.selection.keys()
    value = F(question.column.name) if expression is None else expression
    name = "frequencies" if expression is None else ("frequencies", expression)
    shape = question.shape(name, lambda: Tally.aggregates(question.weight), value_of_row=value)
    found = snapshot.by(question.selection.condition(), shape)
    whole = Frequencies()
    groups: defaultdict[Key, Frequencies] = defaultdict(Frequencies)
    for row in found:
        value, tally = row["value_of_row"], Tally.of(row)
        whole.add(value, tally)
        if keys:
            groups[tuple(row[k] for k in keys)].add(value, tally)
    return FrequencyTable(whole, groups)
