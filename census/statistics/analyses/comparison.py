"""Means or shares of groups compared with those of one of them, the reference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from django.db.models import Count, Expression, Q

from census.columns import Column
from census.statistics import estimators
from census.statistics.aggregates import power_sum
from census.statistics.estimators import Estimate, Sums, comparison, flags
from census.statistics.estimators.association import independence
from census.statistics.estimators.comparison import Difference, Effect, Sample
from census.statistics.metrics.base import LOGIT, OWN_SAMPLE, Level, Question, Tally
from census.statistics.metrics.frequencies import Frequencies, frequencies
from census.statistics.parameters import Choice, Parameter, Text, Type
from census.statistics.selection import Key, Row, Selection, column_type

ADJUST = Parameter(
    "adjust",
    Choice(comparison.ADJUSTMENTS, noun="a way to adjust p values"),
    "How p values are adjusted for the number of comparisons in the answer: Holm's step-down "
    "method, Bonferroni's, or not at all.",
    default="holm",
)


def reference_parameter(column: Column | None) -> Parameter:
    """Returns the parameter that names the reference by its value of the first group column."""
    kind: Type = column_type(column) if column else Text()
    return Parameter(
        "reference",
        kind,
        "The group that the others are compared with: its value of the first column of `group_by`. "
        "By default the largest group.",
        example="Male" if column is None else None,
    )


def value_parameter(column: Column) -> Parameter:
    """Returns the parameter that names the category whose shares are compared."""
    description = "The category whose shares are compared."
    parameter = Parameter("value", column_type(column), description, required=True)
    if column.numeric:
        return parameter.refused(f"{column.name} is numeric: its means are compared.")
    return parameter


def any_value_parameter() -> Parameter:
    """Returns the same parameter for a route without a column."""
    description = "The category whose shares are compared. Not for numeric columns."
    return Parameter("value", Text(), description)


@dataclass(frozen=True)
class Group:
    """A group: its tally, the sums of its values (0 or 1 of a category), and their counts."""

    tally: Tally = field(default_factory=Tally)
    sums: Sums = field(default_factory=lambda: Sums.unweighted(0, 0, 0))
    wx2: int = 0
    counts: Mapping[int, int] = field(default_factory=dict)

    def __add__(self, other: "Group") -> "Group":
        """Returns the two groups merged, without the counts of the values."""
        return Group(self.tally + other.tally, self.sums + other.sums, self.wx2 + other.wx2)

    @property
    def sample(self) -> Sample | None:
        return Sample.of(self.sums, self.wx2)

    @property
    def successes(self) -> int:
        """The number of rows of the category, unweighted."""
        return int(self.sums.wx)


@dataclass(frozen=True)
class Comparison:
    """A comparison of groups by the mean of a column, or by the share of its category `value`.

    The groups are those of the first column of the selection's `group_by`, compared within each
    combination of the others. `reference` is a value of the first, None for the largest group.
    """

    column: Column
    selection: Selection
    value: str | None = None
    reference: str | int | None = None
    adjust: str = ADJUST.default
    confidence: float = 0.95
    min_count: int = 0

    @property
    def weighted(self) -> bool:
        return self.selection.weight is not None

    @property
    def method(self) -> str:
        within = ""
        if len(self.selection.group_by) > 1:
            others = " and ".join(self.selection.keys()[1:])
            within = f"; compared within each value of {others}"
        adjusted = {
            "holm": "p values adjusted by Holm's method for all comparisons of the answer",
            "bonferroni": "p values adjusted by Bonferroni's method for all comparisons of the "
            "answer",
            "none": "p values not adjusted",
        }[self.adjust]
        return f"{self._estimator()}{within}; {adjusted}"

    def _estimator(self) -> str:
        if self.weighted:
            what = "means (Hájek) with t intervals"
            distance = "Kolmogorov and Smirnov's distance of the rows, unweighted; "
            if self.value:
                what, distance = f"shares (Hájek) with {LOGIT}", ""
            return (
                f"weighted {what}; differences with linearised standard errors √(v₁+v₀) and "
                "t(n₁+n₀−2); standardized differences by the pooled weighted variance; "
                f"{distance}F test on k−1 and n−k; {OWN_SAMPLE} (R's svyttest, as a saturated "
                "regression here, has the factor of all rows)"
            )
        if self.value:
            return (
                "sample shares with Wilson intervals; differences with Newcombe's hybrid score "
                "intervals; statistic the signed root of Pearson's χ²; Cohen's h; odds ratios with "
                "Woolf's intervals; Pearson's χ² and Welch's F test of all groups"
            )
        return (
            "sample means; Welch's t tests with Satterthwaite's degrees of freedom; Hedges' g; "
            "Kolmogorov and Smirnov's distance; Welch's F test of all groups"
        )

    def fields(self) -> tuple[str, ...]:
        """Returns the names of a group's members other than its key, in order."""
        adjusted = ("p_adjusted", "log10_p_adjusted")
        nobody = Group()
        compared = tuple(self._compared(nobody, None))
        return (*self._described(nobody), *compared, *adjusted, "flags")

    def compute(self) -> Level:
        """Returns the comparison, by one statement; None against a group of no rows."""
        found = self._groups()
        whole = reduce(Group.__add__, found.values(), Group())
        groups = {k: group for k, group in found.items() if group.tally.count >= self.min_count}
        reference = self._reference(groups)
        answer: Level = {
            **self._described(whole),
            "flags": self._flags(whole),
            "reference": {self.selection.keys()[0]: reference[0]} if reference else None,
            "groups": self._levels(groups, reference),
            **self._overall(groups.values()),
        }
        if len(self.selection.group_by) > 1:
            answer["within"] = self._within(groups)
        if self.min_count:
            answer["dropped_groups"] = len(found) - len(groups)
        return answer

    # --- The statement ------------------------------------------------------------------------

    def _groups(self) -> dict[Key, Group]:
        """Returns the groups in the order of their keys."""
        if self.value is None:
            table = frequencies(Question(self.column, self.selection))
            found = {key: self._of_numbers(group) for key, group in table.groups.items()}
        else:
            rows = self.selection.groups(**self._aggregates())
            found = {key: self._of_category(row) for key, row in rows.items()}
        return {key: found[key] for key in sorted(found, key=self.selection.key_order)}

    def _aggregates(self) -> dict[str, Expression]:
        weight = self.selection.weight
        success = Q((self.column.name, self.value))
        known = Question(self.column, self.selection).known
        sums = Tally.aggregates(weight, known) | {"successes": Count("pk", filter=success)}
        if weight:
            sums["weights_of_successes"] = power_sum([weight], success)
            sums["squares_of_successes"] = power_sum([weight, weight], success)
        return sums

    def _of_category(self, row: Row) -> Group:
        tally, k = Tally.of(row), row["successes"]
        if not self.weighted:
            return Group(tally, Sums.unweighted(tally.count, k, k), k)
        wy, w2y = row["weights_of_successes"], row["squares_of_successes"]
        sums = Sums.of_indicator(tally.count, tally.weights, wy, tally.squares, w2y)
        return Group(tally, sums, wy)

    def _of_numbers(self, found: Frequencies) -> Group:
        numbers: dict[int, Tally] = found.values  # type: ignore[assignment]  # of an integer column
        counts = {x: tally.count for x, tally in numbers.items()}
        w = {x: t.weights if self.weighted else t.count for x, t in numbers.items()}
        w2 = {x: t.squares if self.weighted else t.count for x, t in numbers.items()}
        sums = Sums(
            n=found.total.count,
            w=sum(w.values()),
            wx=sum(x * size for x, size in w.items()),
            w2=sum(w2.values()),
            w2x=sum(x * size for x, size in w2.items()),
            w2x2=sum(x * x * size for x, size in w2.items()),
        )
        return Group(found.total, sums, sum(x * x * size for x, size in w.items()), counts)

    def _reference(self, groups: Mapping[Key, Group]) -> tuple[str | int | None] | None:
        """Returns the value of the reference in a tuple of one; None where there is no group."""
        if self.reference is not None:
            return (self.reference,)
        sizes: dict[str | int | None, int] = {}
        for (first, *_), group in groups.items():
            sizes[first] = sizes.get(first, 0) + group.tally.count
        return (max(sizes, key=lambda value: sizes[value]),) if sizes else None

    # --- Members of a group -------------------------------------------------------------------

    def _levels(
        self, groups: Mapping[Key, Group], reference: tuple[str | int | None] | None
    ) -> list[Level]:
        levels = []
        for key, group in groups.items():
            itself = reference is not None and key[0] == reference[0]
            other = group if itself or reference is None else groups.get((*reference, *key[1:]))
            compared = self._compared(group, None if itself else other)
            if itself and group.tally.count:
                compared["difference"] = 0.0
            names = self.selection.keys()
            levels.append(
                {"key": dict(zip(names, key, strict=True)), **self._described(group), **compared}
            )
        adjusted = comparison.adjusted_log10_p([level["log10_p"] for level in levels], self.adjust)
        for level, log10_p, group in zip(levels, adjusted, groups.values(), strict=True):
            level["p_adjusted"] = None if log10_p is None else 10**log10_p
            level["log10_p_adjusted"] = log10_p
            level["flags"] = self._flags(group)
        return levels

    def _described(self, group: Group) -> Level:
        level = group.tally.described(self.selection.weight)
        if self.value is not None and not self.weighted:
            level["successes"] = group.successes
        return level | self._estimate(group)._asdict()

    def _estimate(self, group: Group) -> Estimate:
        if self.value is None:
            return estimators.mean_estimate(group.sums, self.confidence)
        if self.weighted:
            return estimators.weighted_proportion_estimate(group.sums, self.confidence)
        return estimators.proportion_estimate(group.successes, group.sums.n, self.confidence)

    def _flags(self, group: Group) -> list[str]:
        tally = group.tally
        estimate = self._estimate(group)
        if self.value is None:
            return flags.of_mean(tally.count, tally.n_effective, estimate)
        return flags.of_share(group.sums, tally.n_effective, weighted=self.weighted)

    def _compared(self, group: Group, reference: Group | None) -> Level:
        found = self._difference(group, reference)
        return {
            "difference": found.value,
            "difference_standard_error": found.standard_error,
            "difference_ci_lower": found.ci_lower,
            "difference_ci_upper": found.ci_upper,
            "statistic": found.statistic,
            "df": found.df,
            "p_value": found.p_value,
            "log10_p": found.log10_p,
            **self._effect(group, reference),
        }

    def _difference(self, group: Group, reference: Group | None) -> Difference:
        if reference is None:
            return Difference()
        if self.weighted:
            return comparison.linearised_difference(group.sample, reference.sample, self.confidence)
        if self.value is None:
            return comparison.welch_difference(group.sample, reference.sample, self.confidence)
        return comparison.newcombe_difference(
            *(group.successes, group.sums.n),
            *(reference.successes, reference.sums.n),
            self.confidence,
        )

    def _effect(self, group: Group, reference: Group | None) -> Level:
        if self.value is not None and not self.weighted:
            return self._effect_of_shares(group, reference)
        other = reference.sample if reference else None
        level: Level = {}
        if self.weighted:
            level["standardized_difference"] = comparison.standardized_difference(
                group.sample, other
            )
        else:
            level |= _named("hedges_g", comparison.hedges_g(group.sample, other, self.confidence))
        if self.value is None:
            counts = reference.counts if reference else {}
            level["ks"] = comparison.ks_distance(group.counts, counts)
        return level

    def _effect_of_shares(self, group: Group, reference: Group | None) -> Level:
        other = reference or Group()
        a, c = group.successes, other.successes
        cells = (a, group.sums.n - a, c, other.sums.n - c)
        shares = (estimators.mean(g.sums.wx, g.sums.w) for g in (group, other))
        return {
            "cohens_h": comparison.cohens_h(*shares),
            **_named("odds_ratio", comparison.odds_ratio(*cells, self.confidence)),
        }

    # --- Tests of all groups ------------------------------------------------------------------

    def _overall(self, groups: Any) -> Level:
        """Returns the tests that all groups with a value are equal."""
        groups = [group for group in groups if group.tally.count]
        samples = [sample for group in groups if (sample := group.sample)]
        if self.weighted:
            return comparison.linearised_f(samples)._asdict()
        level: Level = comparison.welch_anova(samples)._asdict()
        if self.value is not None:
            table = [[group.successes, group.sums.n - group.successes] for group in groups]
            found = independence(table)
            level |= {
                "chi2": found.chi2,
                "chi2_dof": found.dof,
                "chi2_p_value": found.p_value,
                "chi2_log10_p": found.log10_p,
            }
        return level

    def _within(self, groups: Mapping[Key, Group]) -> Sequence[Level]:
        """Returns the tests within each combination of the columns after the first."""
        strata: dict[Key, list[Group]] = {}
        for key, group in groups.items():
            strata.setdefault(key[1:], []).append(group)
        others = self.selection.group_by[1:]
        ordered = sorted(
            strata, key=lambda key: [c.sort_key(v) for c, v in zip(others, key, strict=True)]
        )
        names = self.selection.keys()[1:]
        return [
            {"key": dict(zip(names, key, strict=True)), **self._overall(strata[key])}
            for key in ordered
        ]


def _named(name: str, effect: Effect) -> Level:
    return {
        name: effect.value,
        f"{name}_ci_lower": effect.ci_lower,
        f"{name}_ci_upper": effect.ci_upper,
    }
