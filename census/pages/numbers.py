"""Numbers formatted for people."""

import math
from typing import Any

DASH = "–"
THIN = "\u202f"


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
        return _minus(f"{value:,.0f}")
    return _minus(f"{value:,.{places(value) if decimals is None else decimals}f}")


def _minus(text: str) -> str:
    stripped = text.lstrip("-").replace("0", "").replace(".", "").replace(",", "")
    return text.lstrip("-") if not stripped else text.replace("-", "\u2212")


def percent(share: float | None, decimals: int = 1) -> str:
    """Formats a share in per cent, without the sign %."""
    return DASH if share is None else _minus(f"{100 * share:,.{decimals}f}")


def signed(text: str) -> str:
    """Returns a formatted number with its sign."""
    zero = not text.replace("0", "").replace(".", "")
    return text if text.startswith("\u2212") or text == DASH or zero else f"+{text}"


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
    parted = " to " if "\u2212" in low + high or "+" in low + high else "–"
    return f"{low}{parted}{high}"
