"""Groups divided into strata: standardised values, and decompositions of differences."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Count, Expression, Q

from census.columns import COLUMNS, Column
from census.statistics.aggregates import power_sum
from census.statistics.estimators import Sums, mean
from census.statistics.estimators.flags import size_flags
from census.statistics.estimators.standardisation import (
    Category,
    Part,
    kitagawa,
    shares,
    standardised,
)
from census.statistics.metrics.base import OWN_SAMPLE, Level, Question, Tally
from census.statistics.parameters import ListOf, Parameter
from census.statistics.selection import Key, Row, Selection, column_choice

CRUDE = "crude_value"  # the value of a group without standardisation
EMPTY = "empty_strata"  # the strata of the standard that a group lacks


def method(columns: Iterable[Column]) -> str:
    """Returns the description of direct standardisation by `columns`."""
    names = " and ".join(column.name for column in columns)
    return (
        f"groups directly standardised to the composition of the whole selection by {names}, "
        "SE² = Σπ²·v of the strata's linearised variances, z intervals"
    )


EXAMPLES = ("marital_status", "education")


def on_parameter(column: Column | None) -> Parameter:
    """Returns the parameter `on` of a decomposition of `column`; None is any column."""
    columns = [of for of in COLUMNS.values() if of != column]
    return Parameter(
        "on",
        ListOf(column_choice(columns, "a column", "" if column else "Column"), maximum=3),
        "One to three columns whose categories the groups consist of, numbers by `…__bands`; a "
        "missing value is a category of its own.",
        required=True,
        example=next(name for name in EXAMPLES if column is None or name != column.name),
    )


@dataclass(frozen=True)
class Stratum:
    """The rows of a stratum, and the sums of their values (of a category 0 or 1)."""

    tally: Tally
    sums: Sums


@dataclass(frozen=True)
class Strata:
    """A column, or its category `value`, by groups and strata; a missing value is a stratum.

    The selection's `group_by` makes the groups, `by` the strata.
    """

    column: Column
    selection: Selection
    by: Sequence[Column]
    value: str | None = None

    def read(self) -> dict[Key, dict[Key, Stratum]]:
        """Returns the strata of each group, by one statement."""
        crossed = replace(self.selection, group_by=(*self.selection.group_by, *self.by))
        groups: dict[Key, dict[Key, Stratum]] = {}
        side = len(self.selection.group_by)
        for key, row in crossed.groups(**self._aggregates()).items():
            groups.setdefault(key[:side], {})[key[side:]] = self._stratum(row)
        return groups

    def _aggregates(self) -> dict[str, Expression]:
        weight = self.selection.weight
        known = Question(self.column, self.selection).known
        sums = Tally.aggregates(weight, known)
        if self.value is not None:
            success = Q((self.column.name, self.value))
            sums["y"] = power_sum([weight], success) if weight else Count("pk", filter=success)
            if weight:
                sums["wwy"] = power_sum([weight, weight], success)
            return sums
        x = [self.column]
        if weight is None:
            return sums | {"y": power_sum(x), "yy": power_sum(x * 2)}
        return sums | {
            "y": power_sum([weight, *x]),
            "wwy": power_sum([weight, weight, *x]),
            "wwyy": power_sum([weight, weight, *x, *x]),
        }

    def _stratum(self, row: Row) -> Stratum:
        tally = Tally.of(row)
        if self.selection.weight is None:
            yy = row["y"] if self.value is not None else row["yy"]
            return Stratum(tally, Sums.unweighted(tally.count, row["y"], yy))
        sums = Sums(
            n=tally.count,
            w=tally.weights,
            wx=row["y"],
            w2=tally.squares,
            w2x=row["wwy"],
            w2x2=row["wwy"] if self.value is not None else row["wwyy"],
        )
        return Stratum(tally, sums)


def standardised_levels(strata: Strata, confidence: float) -> dict[Key, Level]:
    """Returns the standardised value of each group with its errors, and the strata that it lacks.

    The standard is the composition of the whole selection: shares of rows, weighted of Σw.
    """
    groups = strata.read()
    sizes: dict[Key, int] = {}
    for of in groups.values():
        for key, stratum in of.items():
            sizes[key] = sizes.get(key, 0) + int(stratum.sums.w)
    standard = shares(dict(sorted(sizes.items(), key=lambda item: _order(strata.by, item[0]))))
    levels = {}
    for key, of in groups.items():
        sums = {k: stratum.sums for k, stratum in of.items()}
        found = standardised(sums, standard, confidence)
        levels[key] = {
            **found.estimate._asdict(),
            EMPTY: [_named(strata.by, k) for k in found.empty_strata],
        }
    return levels


def _order(by: Sequence[Column], key: Key) -> Any:
    return [column.sort_key(value) for column, value in zip(by, key, strict=True)]


def _named(by: Sequence[Column], key: Key) -> Level:
    return {column.name: value for column, value in zip(by, key, strict=True)}


@dataclass(frozen=True)
class Decomposition:
    """A decomposition of the differences of groups from a reference: composition and rates.

    The groups are those of the one column that the selection groups by; `on` are the columns
    whose combinations of values are the categories. `reference` is a group, None for the largest.
    """

    column: Column
    selection: Selection
    on: Sequence[Column]
    value: str | None = None
    reference: str | int | None = None

    @property
    def method(self) -> str:
        what = "means" if self.value is None else "shares"
        weighted = "weighted " if self.selection.weight else ""
        sample = f"; {OWN_SAMPLE}" if self.selection.weight else ""
        return (
            f"Kitagawa's decomposition of differences of {weighted}{what}: composition "
            "Σ(p₁−p₀)(r₁+r₀)/2, rate Σ(r₁−r₀)(p₁+p₀)/2, p a category's share of the group and r "
            f"its mean there{sample}"
        )

    def fields(self) -> tuple[str, ...]:
        """Returns the names of a group's members other than its key and its lists, in order."""
        return (
            *Tally().described(self.selection.weight),
            *("value", "difference", "composition", "rate", "flags"),
        )

    def compute(self) -> Level:
        """Returns the decomposition, by one statement; None without rows of the reference."""
        strata = Strata(self.column, self.selection, self.on, self.value).read()
        groups = {key: strata[key] for key in sorted(strata, key=self.selection.key_order)}
        tallies = {key: _total(of) for key, of in groups.items()}
        (name,) = self.selection.keys()
        reference: Key | None = None if self.reference is None else (self.reference,)
        if reference is None:
            reference = max(tallies, key=lambda key: tallies[key].count, default=None)
        other = groups.get(reference, {}) if reference else {}
        return {
            **sum(tallies.values(), start=Tally()).described(self.selection.weight),
            "on": [column.name for column in self.on],
            "reference": None if reference is None else {name: reference[0]},
            "groups": [
                {
                    "key": {name: key[0]},
                    **tallies[key].described(self.selection.weight),
                    "value": _mean(_categories(of)),
                    **self._compared(of, other),
                    "flags": size_flags(tallies[key].count, tallies[key].n_effective),
                }
                for key, of in groups.items()
            ],
        }

    def _compared(self, group: Mapping[Key, Stratum], reference: Mapping[Key, Stratum]) -> Level:
        one, two = _categories(group), _categories(reference)
        found = kitagawa(one, two)
        keys = sorted(one.keys() | two.keys(), key=lambda key: _order(self.on, key))
        return {
            "difference": found.difference,
            "composition": found.composition,
            "rate": found.rate,
            "unmatched": [_named(self.on, key) for key in keys if key in found.unmatched],
            "categories": [
                {
                    "key": _named(self.on, key),
                    **_category("", one, key),
                    **_category("reference_", two, key),
                    **_part(found.categories.get(key)),
                }
                for key in keys
            ],
        }


def _total(strata: Mapping[Key, Stratum]) -> Tally:
    return sum((stratum.tally for stratum in strata.values()), start=Tally())


def _categories(strata: Mapping[Key, Stratum]) -> dict[Key, Category]:
    """Returns the categories that have a row with a value."""
    return {
        key: Category(int(stratum.sums.w), int(stratum.sums.wx))
        for key, stratum in strata.items()
        if stratum.sums.w
    }


def _mean(categories: Mapping[Key, Category]) -> float | None:
    return mean(sum(c.wy for c in categories.values()), sum(c.w for c in categories.values()))


def _category(prefix: str, categories: Mapping[Key, Category], key: Key) -> Level:
    """Returns a category's share of its group, and its mean there."""
    found = categories.get(key, Category(0, 0))
    total = sum(category.w for category in categories.values())
    return {
        f"{prefix}share": mean(found.w, total),
        f"{prefix}value": mean(found.wy, found.w),
    }


def _part(part: Part | None) -> Level:
    return part._asdict() if part else dict.fromkeys(Part._fields)
