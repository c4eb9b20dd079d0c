"""The base of metrics: a metric is one registered class that declares all its facts.

Dispatch, the catalogue, OpenAPI, the documentation and the tests read the registry.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, TypeVar

from django.db.models import Count, Expression, Q

from census.columns import CATEGORICAL, COLUMNS, NUMERIC, Column, Kind
from census.statistics import estimators
from census.statistics.aggregates import power_sum
from census.statistics.members import NUMBER, Member
from census.statistics.parameters import Choice, ListOf, Number, Parameter, Refused
from census.statistics.parameters import InvalidCombination as InvalidCombination
from census.statistics.selection import Key, Row, Selection, column_choice

Level = dict[str, Any]

CONFIDENCE = Parameter(
    "confidence",
    Number(0.001, 0.9999),
    "Confidence level of the intervals.",
    default=0.95,
)

STANDARDIZE = Parameter(
    "standardize",
    ListOf(column_choice(COLUMNS.values(), "a column", "Column"), maximum=3),
    "One to three columns, numbers by `…__bands`. Each group gets the composition of the whole "
    "selection by these columns (direct standardisation): Σπ·m over the strata, π a stratum's "
    "share of the whole and m the group's mean in it, SE² = Σπ²·SE²(m). Needs `group_by`.",
    example="age",
)

# The convention that every answer with a weight states.
OWN_SAMPLE = (
    "the rows selected, and each group, are taken as a sample of their own, with the factor n/(n−1)"
)

# The interval of a weighted share.
LOGIT = "logit intervals (Korn and Graubard's at 0 and 1)"

# Units of values that are not of the column.
PEOPLE, WEIGHTS, SHARE = "people", "sum of weights", "share"

MOST_VALUES = 100_000  # of an answer, beside those of its groups themselves


@dataclass(frozen=True)
class Question:
    """A column, a selection of rows, and the metric's parameters by name (with defaults)."""

    column: Column
    selection: Selection
    options: Mapping[str, Any] = field(default_factory=dict)
    confidence: float = CONFIDENCE.default
    # The facts of the whole dataset, where a metric needs them.
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def weight(self) -> Column | None:
        return self.selection.weight

    @property
    def unit_of_size(self) -> str:
        """The unit that rows are counted in."""
        return WEIGHTS if self.weight else PEOPLE

    @property
    def known(self) -> Q | None:
        """The condition that the column has a value; None if it always has one."""
        return Q((f"{self.column.name}__isnull", False)) if self.column.nullable else None


def check_size(parameter: Parameter, each: int, groups: int) -> None:
    """Raises `InvalidCombination` if `parameter` asks for too many values, over all groups."""
    if each * groups > MOST_VALUES:
        raise InvalidCombination(
            parameter,
            "too_many_values",
            f"{each} values by `{parameter.name}`, of {groups} groups, are more than the "
            f"{MOST_VALUES} that an answer can hold: ask for fewer, or group by fewer columns.",
        )


@dataclass(frozen=True)
class Levels:
    """A result for the whole selection, and for each group by its key."""

    whole: Level
    groups: Mapping[Key, Level]


@dataclass(slots=True)  # not frozen, which takes three times as long to make
class Tally:
    """The number of rows and of rows with a value, and the sums of their weights.

    `weights` is Σw and `squares` Σw² over the counted rows; `weights_of_all` is Σw over all.
    All three are 0 without a weight.
    """

    rows: int = 0
    count: int = 0
    weights: int = 0
    squares: int = 0
    weights_of_all: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.rows + other.rows,
            self.count + other.count,
            self.weights + other.weights,
            self.squares + other.squares,
            self.weights_of_all + other.weights_of_all,
        )

    @staticmethod
    def aggregates(weight: Column | None, known: Q | None = None) -> dict[str, Expression]:
        """Returns what `of` reads beside `rows`; a row is counted if `known` holds."""
        sums: dict[str, Expression] = {}
        if known:
            sums["count"] = Count("pk", filter=known)
        if weight:
            sums["weights"] = power_sum([weight], where=known)
            sums["squares"] = power_sum([weight, weight], where=known)
            if known:
                sums["weights_of_all"] = power_sum([weight])
        return sums

    @classmethod
    def of(cls, row: Row) -> "Tally":
        sums = {"count": row["rows"], "weights": 0, "squares": 0, **row}
        return cls(
            rows=sums["rows"],
            count=sums["count"],
            weights=sums["weights"],
            squares=sums["squares"],
            weights_of_all=sums.get("weights_of_all") or sums["weights"],
        )

    @property
    def n_effective(self) -> float | None:
        """Kish's effective sample size of the counted rows; None without rows or a weight."""
        return estimators.n_effective(self.weights, self.squares)

    def uncounted(self) -> "Tally":
        """Returns the tally of the same rows, counted as rows without a value."""
        return Tally(rows=self.rows, weights_of_all=self.weights_of_all)

    def described(self, weight: Column | None) -> Level:
        """Returns the counts that every level of an answer has."""
        level: Level = {
            "rows": self.rows,
            "count": self.count,
            "missing": self.rows - self.count,
        }
        if weight:
            level |= {
                "weighted_count": self.weights,
                "n_effective": self.n_effective,
                "design_effect": estimators.design_effect(self.count, self.weights, self.squares),
            }
        return level


class Metric(ABC):
    """A statistic of one column.

    `formula` is for people, `estimator` and `weighted_estimator` the words of an answer's
    `method`; a metric without the latter takes no weight. `extras` are what its levels hold
    beside the counts: answers, tables and OpenAPI follow from them.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    formula: ClassVar[str]
    estimator: ClassVar[str]
    weighted_estimator: ClassVar[str | None] = None
    aliases: ClassVar[tuple[str, ...]] = ()
    kinds: ClassVar[tuple[Kind, ...]] = ("numeric", "categorical")
    # What the rows are a sample of, with a weight.
    sample: ClassVar[str] = OWN_SAMPLE
    own_parameters: ClassVar[tuple[Parameter, ...]] = ()
    extras: ClassVar[Mapping[str, Member]] = {"value": NUMBER}
    # Beside these, with a weight alone.
    weighted_extras: ClassVar[Mapping[str, Member]] = {}

    standardizable: ClassVar[bool] = False  # whether it takes `standardize`
    additive: ClassVar[bool] = False  # whether the values of groups add up to that of all

    @property
    def description(self) -> str:
        """The class's docstring, one line."""
        return " ".join((self.__doc__ or "").split())

    @property
    def weightable(self) -> bool:
        return self.weighted_estimator is not None

    @property
    def columns(self) -> tuple[Column, ...]:
        return tuple(c for c in (*NUMERIC, *CATEGORICAL) if c.kind in self.kinds)

    def parameters(self, column: Column) -> tuple[Parameter, ...]:  # noqa: ARG002
        """Returns the metric's own parameters as they are for `column`."""
        return self.own_parameters

    def parameters_anywhere(self) -> tuple[Parameter, ...]:
        """Returns the metric's own parameters for a route without a column.

        A choice has the values of all columns. A parameter that some columns refuse has no default:
        clients that send defaults would be refused there.
        """
        by_name: dict[str, list[Parameter]] = {}
        for column in self.columns:
            for parameter in self.parameters(column):
                by_name.setdefault(parameter.name, []).append(parameter)
        return tuple(_anywhere(variants) for variants in by_name.values())

    def method(self, question: Question) -> str:
        """Returns the estimator in words."""
        if question.weight:
            return f"{self.weighted_estimator}; {self.sample}"
        return self.estimator

    def unit(self, question: Question) -> str | None:
        """Returns the unit of the value: by default the column's; `SHARE` is a part of 1."""
        return question.column.unit

    def listed(self, question: Question) -> tuple[str, tuple[str, ...]] | None:  # noqa: ARG002
        """Returns the name and the members of the list that a level holds, if it holds one."""
        return None

    @abstractmethod
    def levels(self, question: Question) -> Levels:
        """Computes the result; it holds a level for each group that has rows."""


def _anywhere(variants: list[Parameter]) -> Parameter:
    """Returns one parameter that stands for its variants of all columns."""
    taken = [parameter for parameter in variants if not isinstance(parameter.type, Refused)]
    first = taken[0] if len(taken) == len(variants) else replace(taken[0], default=None)
    choices = [p.type for p in taken if isinstance(p.type, Choice)]
    if all(choice == choices[0] for choice in choices):
        return first
    values = dict.fromkeys(value for choice in choices for value in choice.values)
    return replace(first, type=Choice(tuple(values), "a value of the column", title="AnyCategory"))


class AggregateMetric(Metric):
    """A metric that SQL aggregates and a formula give, by one statement."""

    # How an aggregate of all rows follows from those of the groups, if not by a sum.
    combined_by: ClassVar[Mapping[str, Callable[[Iterable[Any]], Any]]] = {}

    def aggregates(self, question: Question) -> dict[str, Expression]:  # noqa: ARG002
        """Returns the aggregates that `finish` needs beside the tally."""
        return {}

    @abstractmethod
    def finish(self, question: Question, tally: Tally, sums: Row) -> Level:
        """Returns the members of the level other than the counts."""

    def levels(self, question: Question) -> Levels:
        selection, aggregates = question.selection, self._aggregates(question)
        if not selection.group_by:
            return Levels(self._level(question, selection.whole(**aggregates)), {})
        groups = selection.groups(**aggregates)
        # The whole follows from the groups: that saves a pass over the rows.
        whole = {
            name: self.combined_by.get(name, sum)(group[name] for group in groups.values())
            for name in ("rows", *aggregates)
        }
        return Levels(
            self._level(question, whole),
            {key: self._level(question, group) for key, group in groups.items()},
        )

    def _aggregates(self, question: Question) -> dict[str, Expression]:
        return Tally.aggregates(question.weight, question.known) | self.aggregates(question)

    def _level(self, question: Question, sums: Row) -> Level:
        tally = Tally.of(sums)
        return tally.described(question.weight) | self.finish(question, tally, sums)


M = TypeVar("M", bound=Metric)

METRICS: dict[str, Metric] = {}
_NAMES: dict[str, Metric] = {}


def register(cls: type[M]) -> type[M]:
    """Adds a metric to the registry under its name and aliases."""
    metric = cls()
    METRICS[metric.name] = metric
    _NAMES.update(dict.fromkeys((metric.name, *metric.aliases), metric))
    return cls


def find(name: str) -> Metric:
    """Returns the metric of that name or alias; raises KeyError where there is none."""
    return _NAMES[name]


def names() -> Iterable[str]:
    """Returns every name and alias."""
    return tuple(_NAMES)
