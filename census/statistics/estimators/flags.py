"""What makes an estimate unreliable, by the standards of NCHS; nothing is suppressed.

Parker et al. (2017), National Center for Health Statistics data presentation standards for
proportions, Vital and Health Statistics 2(175); for means the relative standard error, as NCHS
has it elsewhere.
"""

from __future__ import annotations

from census.statistics.estimators.means import Estimate, Sums
from census.statistics.estimators.proportions import (
    clopper_pearson_interval,
    korn_graubard_interval,
)

FEWEST = 30
CONFIDENCE = 0.95  # of the interval that the standards are about
WIDEST, NARROW, WIDEST_RELATIVE = 0.30, 0.05, 1.30
LARGEST_RELATIVE_ERROR = 0.30

FEW = "n<30"
FEW_EFFECTIVE = "effective n<30"
WIDE = "interval width>=0.30"
RELATIVELY_WIDE = "relative interval width>130%"
UNSTABLE = "relative standard error>30%"
FLAGS = (FEW, FEW_EFFECTIVE, WIDE, RELATIVELY_WIDE, UNSTABLE)


def size_flags(n: int, effective: float | None) -> list[str]:
    """Flags fewer than 30 rows, and fewer than 30 effective rows (Kish's (Σw)²/Σw²)."""
    flags = [FEW] if n < FEWEST else []
    if effective is not None and effective < FEWEST:
        flags.append(FEW_EFFECTIVE)
    return flags


def width_flags(share: float | None, lower: float | None, upper: float | None) -> list[str]:
    """Flags a share by its Korn-Graubard interval.

    Too wide from 0.30 on; above 0.05 also where it is over 130 % of the share.
    """
    if share is None or lower is None or upper is None:
        return []
    width = upper - lower
    if width >= WIDEST:
        return [WIDE]
    if width > NARROW and width > WIDEST_RELATIVE * share:
        return [RELATIVELY_WIDE]
    return []


def error_flags(value: float | None, standard_error: float | None) -> list[str]:
    """Flags a mean or total whose standard error is over 30 % of it."""
    if value is None or standard_error is None:
        return []
    return [UNSTABLE] if standard_error > LARGEST_RELATIVE_ERROR * abs(value) else []


def of_mean(n: int, effective: float | None, estimate: Estimate) -> list[str]:
    """Flags a mean or total."""
    return [*size_flags(n, effective), *error_flags(estimate.value, estimate.standard_error)]


def of_share(sums: Sums, effective: float | None, *, weighted: bool) -> list[str]:
    """Flags the share Σwy/Σw."""
    flags = size_flags(sums.n, effective)
    if not sums.w:
        return flags
    if weighted:
        interval = korn_graubard_interval(sums, CONFIDENCE)
    else:
        interval = clopper_pearson_interval(float(sums.wx), float(sums.w - sums.wx), CONFIDENCE)
    return [*flags, *width_flags(float(sums.wx / sums.w), *interval)]
