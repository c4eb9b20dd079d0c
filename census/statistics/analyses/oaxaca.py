"""Differences of means decomposed by regressions: Oaxaca and Blinder's decomposition."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from census.statistics.analyses.patterns import patterns_of_groups
from census.statistics.analyses.regression import LinearRegression, limited
from census.statistics.analyses.terms import on_parameter
from census.statistics.estimators import Estimate, flags, mean
from census.statistics.estimators.regression.design import INTERCEPT
from census.statistics.estimators.regression.linear import Outcomes
from census.statistics.estimators.regression.model import Patterns
from census.statistics.estimators.regression.oaxaca import ColumnPart, Decomposed, Part, oaxaca
from census.statistics.metrics.base import OWN_SAMPLE, Level, Tally
from census.statistics.selection import Key, Selection


@dataclass(frozen=True)
class Oaxaca:
    """A decomposition of the differences of groups from a reference, by a regression in each.

    The groups are those of the one column that the regression's selection groups by; `reference`
    is a group, None for the largest.
    """

    regression: LinearRegression
    reference: str | int | None = None

    @property
    def selection(self) -> Selection:
        return self.regression.selection

    @property
    def method(self) -> str:
        of = self.regression
        weighted = of.weight is not None
        least = "weighted least squares" if weighted else "ordinary least squares"
        model = f"{least} in each group"
        if of.value is not None:
            model += " of whether a row has the value (linear probability)"
        sample = f"; {OWN_SAMPLE}" if weighted else ""
        return (
            "Oaxaca and Blinder's twofold decomposition with the reference's coefficients, by "
            f"{model}; Jann's standard errors from {of.words[of.errors]}; normal intervals{sample}"
        )

    def fields(self) -> tuple[str, ...]:
        """Returns the names of a group's members other than its key and its lists, in order."""
        return (
            *Tally().described(self.regression.weight),
            "value",
            *_described("difference", Estimate()),
            *_part(Part()),
            "flags",
        )

    def compute(self) -> Level:
        """Returns the decomposition. Without rows of the reference differences are None.

        Raises `InvalidCombination` of too many patterns or coefficients.
        """
        of = self.regression
        asked = on_parameter(of.outcome)
        found = patterns_of_groups(
            self.selection, of.columns, of.sums(), known=[of.outcome], asked=asked
        )
        outcomes = {key: of.outcomes(group.sums) for key, group in found.items()}
        tallies = {key: of.tally(group.rows, outcomes[key]) for key, group in found.items()}
        reference: Key | None = None if self.reference is None else (self.reference,)
        if reference is None:
            reference = max(tallies, key=lambda key: tallies[key].count, default=None)
        groups = {key: Patterns(group.columns, outcomes[key]) for key, group in found.items()}
        with limited(asked, grouped=True):
            references, decomposed = oaxaca(of.model, groups, reference, of.errors, of.confidence)
        (name,) = self.selection.keys()
        return {
            **sum(tallies.values(), start=Tally()).described(of.weight),
            "on": list(of.on),
            "errors": of.errors,
            "reference": None if reference is None else {name: reference[0]},
            "references": references,
            "groups": [
                {
                    "key": {name: key[0]},
                    **self._group(tally, outcomes[key], decomposed[key]),
                }
                for key, tally in tallies.items()
            ],
        }

    def _group(self, tally: Tally, outcomes: Outcomes, found: Decomposed) -> Level:
        weight = self.regression.weight
        return {
            **tally.described(weight),
            "value": mean(sum(outcomes.wy), sum(outcomes.w)),
            **_described("difference", found.difference),
            **_part(found.whole),
            "flags": flags.size_flags(tally.count, tally.n_effective),
            "aliased": list(found.aliased),
            "unmatched": list(found.unmatched),
            "terms": [
                {"term": INTERCEPT if place is None else self.regression.on[place], **_part(part)}
                for place, part in found.terms
            ],
            "coefficients": [_column(column) for column in found.columns],
        }


def _column(column: ColumnPart) -> Level:
    level: dict[str, Any] = column._asdict()
    name, part = level.pop("name"), level.pop("part")
    return {"term": name, **level, **_part(part)}


def _part(part: Part) -> Level:
    found: Mapping[str, Estimate] = part._asdict()
    return {k: v for name, estimate in found.items() for k, v in _described(name, estimate).items()}


def _described(name: str, estimate: Estimate) -> Level:
    return {
        name: estimate.value,
        f"{name}_standard_error": estimate.standard_error,
        f"{name}_ci_lower": estimate.ci_lower,
        f"{name}_ci_upper": estimate.ci_upper,
    }
