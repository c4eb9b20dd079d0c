"""Computes an answer: calls the metric, then orders and limits its groups."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from census.columns import Column
from census.statistics.analyses import strata
from census.statistics.analyses.strata import Strata
from census.statistics.estimators.flags import error_flags, size_flags
from census.statistics.metrics.base import STANDARDIZE, Level, Levels, Metric, Question, Tally
from census.statistics.parameters import Choice, Integer, Parameter
from census.statistics.selection import Key

ORDER_BY = Parameter(
    "order_by",
    Choice(("key", "-key", "value", "-value", "count", "-count")),
    "Order of the groups (by default `key`) or, without groups, of the categories (by default "
    "`-count`). Ties are in the order of the key; groups without a value are last. Groups with "
    "buckets are ordered by `key` or `count`.",
)
LIMIT = Parameter(
    "limit",
    Integer(1, 100_000),
    "The largest number of groups or, without groups, of categories.",
)

MIN_COUNT = Parameter(
    "min_count",
    Integer(0, 10**9),
    "Leave out groups with fewer rows with a value; `dropped_groups` is the number left out.",
    example="30",
)


class Query(Protocol):
    """Something that can be computed from the dataset."""

    @property
    def method(self) -> str:
        """The estimators in words."""

    def compute(self) -> Level:
        """Returns the result.

        Must be called in a REPEATABLE READ transaction, so that all statements of an answer see
        one state of the data.
        """


@dataclass(frozen=True)
class Computation:
    """A metric, its question, and the order and the number of the groups to return."""

    metric: Metric
    question: Question
    order_by: str | None = None
    limit: int | None = None
    min_count: int = 0
    standardize: tuple[Column, ...] = ()

    @property
    def method(self) -> str:
        method = self.metric.method(self.question)
        return f"{method}; {strata.method(self.standardize)}" if self.standardize else method

    def refused(self) -> Iterator[tuple[Parameter, str]]:
        """Yields the parameters that have no effect here, and why; ignoring them would mislead."""
        listed = self.metric.listed(self.question)
        if self.standardize and not self.question.selection.group_by:
            yield STANDARDIZE, "Only groups are standardised: give group_by."
        if self.question.selection.group_by:
            if listed and self.order_by in ("value", "-value"):
                yield (
                    ORDER_BY,
                    f"Groups with {listed[0]} have no single value: order by key or count.",
                )
        elif listed and "lower" in listed[1]:
            detail = "The bins of a histogram have a fixed order: give bins=values, or group_by."
            yield from ((p, detail) for p in (ORDER_BY, LIMIT) if getattr(self, p.name) is not None)

    def fields(self) -> tuple[str, ...]:
        """Returns the names of the members of a level, in order."""
        weighted = self.metric.weighted_extras if self.question.weight else ()
        crude = (strata.CRUDE,) if self.standardize else ()
        counts = Tally().described(self.question.weight)
        return (*counts, *self.metric.extras, *weighted, *crude, "flags")

    def compute(self) -> Level:
        """Returns the result for the whole selection, and `groups` where there are group keys."""
        levels = self.metric.levels(self.question)
        keys = self.question.selection.keys()
        whole = _flagged(levels.whole)
        if not keys:
            if "buckets" in whole:
                whole["buckets"] = self._ordered_buckets(whole["buckets"])
            return whole
        kept = {k: level for k, level in levels.groups.items() if level["count"] >= self.min_count}
        if self.min_count:
            whole["dropped_groups"] = len(levels.groups) - len(kept)
        return whole | {"groups": self._groups(keys, Levels(whole, kept))}

    def _groups(self, keys: tuple[str, ...], levels: Levels) -> list[Level]:
        order = self.question.selection.key_order
        groups = self._standardised(levels.groups) if self.standardize else levels.groups
        ordered = self._ordered(groups, order, self.order_by or "key")
        return [
            {"key": dict(zip(keys, key, strict=True)), **_flagged(groups[key])} for key in ordered
        ]

    def _standardised(self, groups: Mapping[Key, Level]) -> Mapping[Key, Level]:
        """Returns the groups with standardised values in place of their own."""
        question = self.question
        of = Strata(
            question.column, question.selection, self.standardize, question.options.get("value")
        )
        found = strata.standardised_levels(of, question.confidence)
        # The design effect is that of the crude value.
        unknown = dict.fromkeys(self.metric.weighted_extras if question.weight else ())
        return {
            key: {**level, **unknown, **found[key], strata.CRUDE: level["value"]}
            for key, level in groups.items()
        }

    def _ordered_buckets(self, buckets: list[Level]) -> list[Level]:
        """Orders and limits buckets of values; the bins of a histogram are left as they are."""
        by_value = {bucket["value"]: bucket for bucket in buckets if "value" in bucket}
        if not by_value:
            return buckets
        if self.order_by is None:
            return buckets[: self.limit]
        # A bucket's key is its value: both words order it the same way.
        order_by = self.order_by.replace("value", "key")
        order = self.question.column.sort_key
        return [by_value[value] for value in self._ordered(by_value, order, order_by)]

    def _ordered(
        self, levels: Mapping[Any, Level], key_order: Callable[..., Any], order_by: str
    ) -> list[Any]:
        """Returns the keys of `levels` as `order_by` says, at most `limit` of them."""
        field, descending = order_by.lstrip("-"), order_by.startswith("-")
        if field == "key":
            return sorted(levels, key=partial(key_order, descending=descending))[: self.limit]
        keys = sorted(levels, key=key_order)
        known = [key for key in keys if levels[key].get(field) is not None]
        unknown = [key for key in keys if levels[key].get(field) is None]
        # Categories are ordered by their position in the column, numbers by size.
        rank = self.question.column.rank if field == "value" else {}
        known.sort(
            key=lambda key: rank.get(levels[key][field], levels[key][field]), reverse=descending
        )
        return (known + unknown)[: self.limit]


def _flagged(level: Level) -> Level:
    """Returns a level with its `flags`; shares have their own, which need more numbers."""
    size = size_flags(level["count"], level.get("n_effective"))
    unstable = error_flags(level.get("value"), level.get("standard_error"))
    return {**level, "flags": level.get("flags", [*size, *unstable])}
