"""Modes, distributions, and shares of categories."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf, nextafter
from typing import Any, ClassVar

from django.db.models import Count, Expression, Max, Min, Q

from census.columns import Column
from census.statistics import estimators
from census.statistics.aggregates import WidthBucket, power_sum
from census.statistics.estimators import flags
from census.statistics.members import COUNT, FLOAT, INTEGER, NUMBER, VALUE, Items
from census.statistics.metrics.base import (
    SHARE,
    STANDARDIZE,
    AggregateMetric,
    InvalidCombination,
    Level,
    Levels,
    Metric,
    Question,
    Tally,
    check_size,
    register,
)
from census.statistics.metrics.frequencies import Frequencies, FrequencyTable, frequencies
from census.statistics.parameters import Choice, Either, Integer, Number, Parameter, Range
from census.statistics.selection import Row, column_type

EXACT_VALUES = "values"
BINS = Parameter(
    "bins",
    Either((EXACT_VALUES,), Integer(1, 1000)),
    "Number of bins of equal width, by default 10, or `values` to count each value by itself.",
    default=10,
)
RANGE = Parameter(
    "range",
    Range(Number(-1e18, 1e18), strict=True),
    "Where the bins begin and end, `lo,hi`; by default the smallest and the largest value of "
    "the whole selection. Values outside are counted in `below` and `above`.",
    example="0,100",
)
KORN_GRAUBARD = "korn_graubard"
INTERVAL = Parameter(
    "interval",
    Choice(("standard", KORN_GRAUBARD), noun="an interval of a share"),
    "The interval: `standard` is Wilson's, with a weight the logit; `korn_graubard` is Korn and "
    "Graubard's, without a weight Clopper and Pearson's, which also holds in small samples.",
    default="standard",
)


@register
class ModeMetric(Metric):
    """The most frequent value, and all that are equally frequent."""

    name = "mode"
    label = "Mode"
    formula = "argmax over x of its count; weighted: of its Σw"
    estimator = "most frequent value; `frequency` is its count"
    weighted_estimator = "value of the largest sum of weights; `frequency` is that sum"
    extras: ClassVar = {
        "value": VALUE,
        "modes": Items("value"),
        "frequency": INTEGER,
    }

    def levels(self, question: Question) -> Levels:
        return _levels(question, frequencies(question), self._modes)

    def _modes(self, question: Question, found: Frequencies) -> Level:
        sizes = {value: _size(question, tally) for value, tally in found.values.items()}
        frequency = max(sizes.values(), default=None)
        modes = sorted(
            (value for value, size in sizes.items() if size == frequency),
            key=question.column.sort_key,
        )
        return {"value": modes[0] if modes else None, "modes": modes, "frequency": frequency}


@register
class DistributionMetric(Metric):
    """How the values are distributed: a histogram of numbers, counts of categories."""

    name = "distribution"
    aliases = ("histogram", "frequencies")
    label = "Distribution"
    formula = "count of each category or bin, and its share of n; weighted: its share of Σw"
    estimator = (
        "counts, and shares of the rows with a value; of categories with standard errors and "
        "Wilson score intervals"
    )
    weighted_estimator = (
        "counts and sums of weights; proportions are shares of the weights, of categories with "
        "linearised standard errors and logit intervals (Korn and Graubard's where one is 1)"
    )
    own_parameters = (BINS, RANGE)
    extras: ClassVar = {
        "buckets": Items(
            name="Bucket",
            members={
                "value": VALUE.optional(),
                "lower": FLOAT.optional(),
                "upper": FLOAT.optional(),
                "count": COUNT,
                "weighted_count": COUNT.optional(),
                "proportion": NUMBER,
                "standard_error": NUMBER.optional(),
                "ci_lower": NUMBER.optional(),
                "ci_upper": NUMBER.optional(),
                "deff": NUMBER.optional(),
                "flags": Items("text", required=False),
            },
        ),
        "below": COUNT.optional(),
        "above": COUNT.optional(),
    }

    def parameters(self, column: Column) -> tuple[Parameter, ...]:
        if column.numeric:
            return self.own_parameters
        reason = f"{column.name} is categorical: each category is counted by itself."
        return tuple(parameter.refused(reason) for parameter in self.own_parameters)

    def listed(self, question: Question) -> tuple[str, tuple[str, ...]]:
        bounds = ("lower", "upper") if _is_histogram(question) else ("value",)
        counts = ("count", "weighted_count") if question.weight else ("count",)
        errors: tuple[str, ...] = ()
        if not question.column.numeric:
            deff = ("deff",) if question.weight else ()
            errors = ("standard_error", "ci_lower", "ci_upper", *deff, "flags")
        return "buckets", (*bounds, *counts, "proportion", *errors)

    def levels(self, question: Question) -> Levels:
        if not question.column.numeric:
            return _levels(question, frequencies(question), _categories)
        if not _is_histogram(question):
            return _levels(question, frequencies(question), _values)
        bins = Bins.of(question)
        table = frequencies(question, bins.expression(question.column))
        check_size(BINS, bins.number, len(table.groups))
        return _levels(question, table, bins.described)


@register
class ProportionMetric(AggregateMetric):
    """The share of a category among the rows with a value, with its confidence interval."""

    name = "proportion"
    label = "Proportion"
    kinds = ("categorical",)
    formula = (
        "p = k/n, SE = √(p(1−p)/n), Wilson interval; weighted: p = Σw[x=value] / Σw, "
        "SE² = n/(n−1) · Σ(w([x=value]−p))² / (Σw)², logit interval; "
        "Korn–Graubard: Clopper–Pearson of n*p in n* = p(1−p)/SE²"
    )
    estimator = "sample proportion; standard error √(p(1−p)/n); Wilson score interval"
    weighted_estimator = (
        "weighted proportion (Hájek); standard error by Taylor linearisation, assuming sampling "
        "with replacement; logit interval with t(n−1), where it is 0 or 1 Korn and Graubard's"
    )
    extras: ClassVar = {
        "value": NUMBER,
        "successes": COUNT,
        "standard_error": NUMBER,
        "ci_lower": NUMBER,
        "ci_upper": NUMBER,
    }
    weighted_extras: ClassVar = {"deff": NUMBER}

    standardizable = True

    def parameters(self, column: Column) -> tuple[Parameter, ...]:
        description = "The category whose share is computed."
        value = Parameter("value", column_type(column), description, required=True)
        return (value, INTERVAL, STANDARDIZE)

    def method(self, question: Question) -> str:
        method = super().method(question)
        if question.options[INTERVAL.name] == KORN_GRAUBARD:
            method = method.replace("Wilson score interval", "Clopper and Pearson's interval")
            method = method.replace(
                "logit interval with t(n−1), where it is 0 or 1 Korn and Graubard's",
                "Korn and Graubard's interval",
            )
        return method

    def unit(self, _question: Question) -> str:
        return SHARE

    def aggregates(self, question: Question) -> dict[str, Expression]:
        success = Q((question.column.name, question.options["value"]))
        sums: dict[str, Expression] = {"successes": Count("pk", filter=success)}
        if weight := question.weight:
            sums["weights_of_successes"] = power_sum([weight], where=success)
            sums["squares_of_successes"] = power_sum([weight, weight], where=success)
        return sums

    def finish(self, question: Question, tally: Tally, sums: Row) -> Level:
        part = Tally(
            count=sums["successes"],
            weights=sums.get("weights_of_successes", 0),
            squares=sums.get("squares_of_successes", 0),
        )
        exact = question.options[INTERVAL.name] == KORN_GRAUBARD
        share = _share(question, part, tally, korn_graubard=exact)
        return {"value": share.pop("value"), "successes": part.count, **share}


def _share(question: Question, part: Tally, whole: Tally, *, korn_graubard: bool = False) -> Level:
    """Returns the share of the whole that a part is, with its errors and flags."""
    n, confidence = whole.count, question.confidence
    if question.weight is None:
        sums = estimators.Sums.of_indicator(n, n, part.count, n, part.count)
        estimate = estimators.proportion_estimate(part.count, n, confidence)
        interval = estimators.clopper_pearson_interval(part.count, n - part.count, confidence)
        more: Level = {"flags": flags.of_share(sums, None, weighted=False)}
    else:
        sums = estimators.Sums.of_indicator(
            n, whole.weights, part.weights, whole.squares, part.squares
        )
        estimate = estimators.weighted_proportion_estimate(sums, confidence)
        interval = estimators.korn_graubard_interval(sums, confidence)
        more = {
            "deff": estimators.deff(sums, sums.wx),
            "flags": flags.of_share(sums, whole.n_effective, weighted=True),
        }
    if korn_graubard:
        estimate = estimate._replace(ci_lower=interval[0], ci_upper=interval[1])
    return estimate._asdict() | more


def _is_histogram(question: Question) -> bool:
    return question.column.numeric and question.options[BINS.name] != EXACT_VALUES


def _size(question: Question, tally: Tally) -> int:
    return tally.weights if question.weight else tally.count


def _levels(question: Question, table: FrequencyTable, describe: Any) -> Levels:
    def level(found: Frequencies) -> Level:
        return found.total.described(question.weight) | describe(question, found)

    return Levels(level(table.whole), {key: level(found) for key, found in table.groups.items()})


def _bucket(question: Question, bounds: Mapping[str, Any], tally: Tally, whole: Tally) -> Level:
    bucket = _counts(question, bounds, tally)
    share = estimators.mean(_size(question, tally), _size(question, whole))
    return bucket | {"proportion": share}


def _category(question: Question, value: Any, tally: Tally, whole: Tally) -> Level:
    share = _share(question, tally, whole)
    proportion = share.pop("value")
    return _counts(question, {"value": value}, tally) | {"proportion": proportion, **share}


def _counts(question: Question, bounds: Mapping[str, Any], tally: Tally) -> Level:
    weighted = {"weighted_count": tally.weights} if question.weight else {}
    return {**bounds, "count": tally.count, **weighted}


def _categories(question: Question, found: Frequencies) -> Level:
    """Describes the categories that occur, the most frequent first, ties by value."""
    order = question.column.sort_key
    by_count = sorted(found.values.items(), key=lambda item: (-item[1].count, order(item[0])))
    return {"buckets": [_category(question, v, t, found.total) for v, t in by_count]}


def _values(question: Question, found: Frequencies) -> Level:
    """Describes each number by itself, ascending; those outside a given range are counted."""
    low, high = question.options.get(RANGE.name) or (-inf, inf)
    numbers = sorted((v, t) for v, t in found.values.items() if isinstance(v, int))
    buckets = [
        _bucket(question, {"value": v}, t, found.total) for v, t in numbers if low <= v <= high
    ]
    below = sum(t.count for v, t in numbers if v < low)
    above = sum(t.count for v, t in numbers if v > high)
    return {"buckets": buckets} | _outside(question, below, above)


def _outside(question: Question, below: int, above: int) -> Level:
    """Returns the counts outside the bins if a range was given; otherwise there are none."""
    return {"below": below, "above": above} if question.options.get(RANGE.name) else {}


@dataclass(frozen=True)
class Bins:
    """Bins of equal width by their ascending edges, one more than bins; none without values.

    A bin holds its lower edge, and not its upper one unless it is the last.
    """

    edges: Sequence[float]

    @property
    def number(self) -> int:
        return max(len(self.edges) - 1, 0)

    @classmethod
    def of(cls, question: Question) -> "Bins":
        """Returns the bins over the range given, else over the values of the whole selection.

        Raises `InvalidCombination` if floating point numbers cannot tell the edges apart.
        """
        low, high = question.options.get(RANGE.name) or _extremes(question)
        if low is None or high is None:
            return cls(())
        if low == high:
            low, high = low - 0.5, high + 0.5
        number = question.options[BINS.name]
        # The operations of numpy.linspace, so that the edges are those of numpy.histogram.
        step = (high - low) / number
        edges = (*(i * step + low for i in range(number)), float(high))
        if not all(lower < upper for lower, upper in pairwise(edges)):
            detail = f"The range is too narrow for {number} bins: give a wider one, or fewer bins."
            raise InvalidCombination(RANGE, "too_narrow", detail)
        return cls(edges)

    def expression(self, column: Column) -> WidthBucket:
        """Returns the number of a row's bin: 0 below the first, one more than bins above all."""
        *lower, last = self.edges or (0.0,)
        return WidthBucket(column.name, [*lower, nextafter(last, inf)])

    def described(self, question: Question, found: Frequencies) -> Level:
        bounds = list(pairwise(self.edges))
        buckets = [
            _bucket(
                question,
                {"lower": lower, "upper": upper},
                found.values.get(number, Tally()),
                found.total,
            )
            for number, (lower, upper) in enumerate(bounds, start=1)
        ]
        below, above = found.values.get(0, Tally()), found.values.get(len(bounds) + 1, Tally())
        return {"buckets": buckets} | _outside(question, below.count, above.count)


def _extremes(question: Question) -> tuple[int | None, int | None]:
    name = question.column.name
    found = question.selection.whole(smallest=Min(name), largest=Max(name))
    return found["smallest"], found["largest"]
