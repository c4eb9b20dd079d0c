"""Numbers formatted for people."""

import math
from typing import Any

from census.api.charts import words
from census.api.charts.words import MINUS

DASH = "–"


def places(*values: float | None) -> int:
    """Returns the number of decimals that shows the values to about four digits."""
    largest = max((abs(value) for value in values if value is not None), default=0)
    if largest >= 1000 or not largest:
        return 0
    if largest >= 100:
        return 1
    if largest >= 1:
        return 2
    return min(6, 2 - math.floor(math.log10(largest)))


def number(value: Any, decimals: int | None = None) -> str:
    """Formats a number with thousands separators; None is a dash."""
    if value is None:
        return DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int) or (decimals is None and value.is_integer()):
        return words.number(value, ",.0f")
    return words.number(value, f",.{places(value) if decimals is None else decimals}f")


def percent(share: float | None, decimals: int = 1) -> str:
    """Formats a share in per cent, without the sign %."""
    return DASH if share is None else words.number(100 * share, f",.{decimals}f")


def signed(text: str) -> str:
    """Returns a formatted number with its sign."""
    zero = not text.replace("0", "").replace(".", "")
    return text if text.startswith(MINUS) or text == DASH or zero else f"+{text}"


def p_value(log10_p: float | None) -> str:
    """Formats a p value given as its decimal logarithm, which does not underflow."""
    if log10_p is None:
        return DASH
    p = 10**log10_p
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def interval(low: str, high: str) -> str:
    """Formats an interval; signed numbers are separated by "to"."""
    parted = " to " if MINUS in low + high or "+" in low + high else "–"
    return f"{low}{parted}{high}"
