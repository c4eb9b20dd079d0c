"""Label fairness: how the favourable outcome is spread over protected groups of the data.

Signs are those of AIF360 (group − reference, group / reference), names those of Fairlearn.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db.models import Count, Expression, Q

from census.columns import COLUMNS, Column
from census.models import Person
from census.statistics import estimators
from census.statistics.aggregates import power_sum
from census.statistics.estimators import Estimate, Rate, RateRatio, Sums, flags
from census.statistics.estimators.comparison import (
    Difference,
    Sample,
    linearised_difference,
    newcombe_difference,
)
from census.statistics.metrics.base import LOGIT, OWN_SAMPLE, Level, Tally
from census.statistics.parameters import Parameter, Tuple
from census.statistics.selection import Key, Row, Selection, column_type

TARGET = COLUMNS[Person.TARGET]
OUTCOME = Parameter(
    "outcome",
    column_type(TARGET),
    f"The favourable outcome of `{TARGET.name}`.",
    default=list(TARGET.choices)[-1],
)


def reference_parameter(columns: tuple[Column, ...]) -> Parameter:
    """Returns the parameter that names the reference group by its value of each column."""
    types = tuple(column_type(column) for column in columns)
    return Parameter(
        "reference",
        types[0] if len(types) == 1 else Tuple(types),
        "The group that the others are compared with: a value of each column, separated by commas. "
        "By default the largest group.",
    )


@dataclass(frozen=True)
class Group:
    """A protected group: its rows, and how many of those counted have the favourable outcome."""

    tally: Tally
    positives: int
    weighted_positives: int
    squares_of_positives: int

    @classmethod
    def of(cls, row: Row) -> "Group":
        return cls(
            Tally.of(row),
            row["positives"],
            row.get("weighted_positives", 0),
            row.get("squares_of_positives", 0),
        )

    def __add__(self, other: "Group") -> "Group":
        return Group(
            self.tally + other.tally,
            self.positives + other.positives,
            self.weighted_positives + other.weighted_positives,
            self.squares_of_positives + other.squares_of_positives,
        )

    @property
    def sums(self) -> Sums:
        return Sums.of_indicator(
            self.tally.count,
            self.tally.weights,
            self.weighted_positives,
            self.tally.squares,
            self.squares_of_positives,
        )


NOBODY = Group(Tally(), 0, 0, 0)


@dataclass(frozen=True)
class Fairness:
    """A comparison of the base rates of `outcome` between the groups of `group_by`.

    `reference` is the key of the group compared with, None for the largest.
    """

    selection: Selection
    outcome: str
    reference: Key | None = None
    confidence: float = 0.95
    min_count: int = 0

    @property
    def method(self) -> str:
        if self.selection.weight:
            return (
                f"weighted shares (Hájek) with {LOGIT}, standard errors by Taylor linearisation; "
                "t intervals of differences with n−2 degrees of freedom; log intervals of ratios; "
                f"{OWN_SAMPLE}"
            )
        return (
            "sample shares with Wilson score intervals; Newcombe's hybrid score intervals of "
            "differences; Katz's log intervals of ratios"
        )

    def fields(self) -> tuple[str, ...]:
        """Returns the names of a group's members other than its key, in order."""
        return (*self._described(NOBODY), *self._compared(NOBODY, None, itself=False))

    def compute(self) -> Level:
        """Returns the comparison, by one statement; None against a group of no rows."""
        found = self._groups()
        whole = sum(found.values(), start=NOBODY)
        groups = {k: group for k, group in found.items() if group.tally.count >= self.min_count}
        key = self.reference or self._largest(groups)
        keys = self.selection.keys()
        answer: Level = {
            **whole.tally.described(self.selection.weight),
            "outcome": self.outcome,
            "reference": dict(zip(keys, key, strict=True)) if key else None,
            "base_rate": self._share(whole).value,
            "flags": self._flags(whole),
            "groups": [
                {
                    "key": dict(zip(keys, of, strict=True)),
                    **self._described(group),
                    **self._compared(group, groups.get(key or of), itself=of == key),
                }
                for of, group in groups.items()
            ],
            **self._parity(groups.values()),
        }
        if self.min_count:
            answer["dropped_groups"] = len(found) - len(groups)
        return answer

    def _groups(self) -> Mapping[Key, Group]:
        """Returns the groups in the order of their keys."""
        groups = self.selection.groups(**self._aggregates())
        return {key: Group.of(groups[key]) for key in sorted(groups, key=self.selection.key_order)}

    def _aggregates(self) -> dict[str, Expression]:
        weight = self.selection.weight
        favourable = Q((TARGET.name, self.outcome))
        aggregates = Tally.aggregates(weight) | {"positives": Count("pk", filter=favourable)}
        if weight:
            aggregates["weighted_positives"] = power_sum([weight], favourable)
            aggregates["squares_of_positives"] = power_sum([weight, weight], favourable)
        return aggregates

    def _largest(self, groups: Mapping[Key, Group]) -> Key | None:
        return max(groups, key=lambda key: groups[key].tally.count, default=None)

    def _rate(self, group: Group) -> Rate | None:
        if self.selection.weight:
            return estimators.weighted_rate(group.sums)
        return estimators.rate(group.positives, group.tally.count)

    def _share(self, group: Group) -> Estimate:
        if self.selection.weight:
            return estimators.weighted_proportion_estimate(group.sums, self.confidence)
        return estimators.proportion_estimate(group.positives, group.tally.count, self.confidence)

    def _difference(self, group: Group, reference: Group) -> Difference:
        if not self.selection.weight:
            return newcombe_difference(
                *(group.positives, group.tally.count),
                *(reference.positives, reference.tally.count),
                self.confidence,
            )
        first, second = (Sample.of(of.sums, of.sums.wx) for of in (group, reference))
        return linearised_difference(first, second, self.confidence)

    def _described(self, group: Group) -> Level:
        share = self._share(group)
        level = group.tally.described(self.selection.weight) | {"positives": group.positives}
        if self.selection.weight:
            level["weighted_positives"] = group.weighted_positives
        return level | {
            "base_rate": share.value,
            "ci_lower": share.ci_lower,
            "ci_upper": share.ci_upper,
            "flags": self._flags(group),
        }

    def _flags(self, group: Group) -> list[str]:
        n, k = group.tally.count, group.positives
        if not self.selection.weight:
            return flags.of_share(Sums.of_indicator(n, n, k, n, k), None, weighted=False)
        return flags.of_share(group.sums, group.tally.n_effective, weighted=True)

    def _compared(self, group: Group, reference: Group | None, *, itself: bool) -> Level:
        """Returns the difference and the ratio to the reference: of itself exactly 0 and 1."""
        difference, ratio = Difference(0.0), RateRatio(1.0)
        if not itself:
            reference = reference or NOBODY
            difference = self._difference(group, reference)
            rates = self._rate(group), self._rate(reference)
            ratio = estimators.rate_ratio(*rates, self.confidence)
        return {
            "statistical_parity_difference": difference.value,
            "spd_standard_error": difference.standard_error,
            "spd_ci_lower": difference.ci_lower,
            "spd_ci_upper": difference.ci_upper,
            "disparate_impact": ratio.value,
            "di_ci_lower": ratio.ci_lower,
            "di_ci_upper": ratio.ci_upper,
        }

    def _parity(self, groups: Collection[Group]) -> Level:
        """Returns the measures over all groups: the extreme rates compared, and Foulds' epsilon."""
        rates = [rate.value for rate in map(self._rate, groups) if rate is not None]
        best, worst = max(rates, default=None), min(rates, default=None)
        if best is None or worst is None:
            difference = ratio = None
        else:
            difference, ratio = float(best - worst), float(worst / best) if best else None
        level: Level = {
            "demographic_parity_difference": difference,
            "demographic_parity_ratio": ratio,
        }
        if not self.selection.weight:
            sizes = [(group.positives, group.tally.count) for group in groups]
            level["smoothed_differential_fairness"] = estimators.smoothed_differential_fairness(
                sizes
            )
        return level
