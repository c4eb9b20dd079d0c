"""Direct standardisation of means, and Kitagawa's decomposition of their differences."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from fractions import Fraction
from typing import Generic, NamedTuple, TypeVar

from census.statistics.estimators.means import Estimate, Sums, linearised_variance
from census.statistics.estimators.numbers import two_sided_z

Stratum = TypeVar("Stratum", bound=Hashable)


class Standardised(NamedTuple, Generic[Stratum]):
    """`empty_strata` are those of the standard that the group lacks; it has no value then."""

    estimate: Estimate
    empty_strata: list[Stratum]


def shares(sizes: Mapping[Stratum, int]) -> dict[Stratum, Fraction]:
    """Returns each stratum's share of the sum; strata of size 0 have none."""
    total = sum(sizes.values())
    return {stratum: Fraction(size, total) for stratum, size in sizes.items() if size}


def standardised(
    strata: Mapping[Stratum, Sums], standard: Mapping[Stratum, Fraction], confidence: float
) -> Standardised[Stratum]:
    """The mean that a group would have with the standard's shares π of the strata.

    m* = Σπ·m and SE² = Σπ²·v over the strata, of which m is the group's mean and v that mean's
    linearised variance; m* ± z·SE (Fay and Feuer 1997, section 2; R's survey::svystandardize). No
    standard error where the group has a stratum of one row.
    """
    empty = [k for k in standard if k not in strata or not strata[k].w]
    if empty or not standard:
        return Standardised(Estimate(), empty)
    value = math.fsum(
        float(share * Fraction(strata[k].wx, strata[k].w)) for k, share in standard.items()
    )
    variances = [(share, linearised_variance(strata[k])) for k, share in standard.items()]
    terms = [float(share * share * v) for share, v in variances if v is not None]
    if len(terms) < len(variances):
        return Standardised(Estimate(value), [])
    error = math.sqrt(math.fsum(terms))
    margin = two_sided_z(confidence) * error
    return Standardised(Estimate(value, error, value - margin, value + margin), [])


class Part(NamedTuple):
    """The contribution of a category to a difference: by its share, and by its rate."""

    composition: float
    rate: float


class Decomposition(NamedTuple, Generic[Stratum]):
    """A difference of two means and its parts; `unmatched` are categories of one group only."""

    difference: float | None
    composition: float | None
    rate: float | None
    categories: Mapping[Stratum, Part]
    unmatched: list[Stratum]


class Category(NamedTuple):
    """The size of a category in a group, Σw, and Σwy."""

    w: int
    wy: int


def kitagawa(
    group: Mapping[Stratum, Category], reference: Mapping[Stratum, Category]
) -> Decomposition[Stratum]:
    """Kitagawa's (1955) components of the difference group − reference.

    With p a category's share of its group and r its mean, composition = Σ(p₁−p₀)(r₁+r₀)/2 and
    rate = Σ(r₁−r₀)(p₁+p₀)/2, which add up to the difference. A category that only one group has
    has no rate in the other: no components then.
    """
    one, two = _used(group), _used(reference)
    total, other = _sum(one.values()), _sum(two.values())
    if not total.w or not other.w:
        return Decomposition(None, None, None, {}, [])
    difference = float(Fraction(total.wy, total.w) - Fraction(other.wy, other.w))
    unmatched = [
        k for k in (*one, *(k for k in two if k not in one)) if k not in one or k not in two
    ]
    parts = {k: _part(one[k], two[k], total.w, other.w) for k in one if k in two}
    if unmatched:
        return Decomposition(difference, None, None, parts, unmatched)
    composition, rate = (math.fsum(column) for column in zip(*parts.values(), strict=True))
    return Decomposition(difference, composition, rate, parts, [])


def _part(one: Category, two: Category, w1: int, w0: int) -> Part:
    p1, p0 = Fraction(one.w, w1), Fraction(two.w, w0)
    r1, r0 = Fraction(one.wy, one.w), Fraction(two.wy, two.w)
    return Part(float((p1 - p0) * (r1 + r0) / 2), float((r1 - r0) * (p1 + p0) / 2))


def _used(group: Mapping[Stratum, Category]) -> dict[Stratum, Category]:
    return {k: category for k, category in group.items() if category.w}


def _sum(categories: Iterable[Category]) -> Category:
    w, wy = 0, 0
    for category in categories:
        w, wy = w + category.w, wy + category.wy
    return Category(w, wy)
