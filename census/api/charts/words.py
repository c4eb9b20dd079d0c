"""Labels and sentences of pictures: values, groups, selections."""

from collections.abc import Mapping
from typing import Any

from census.columns import COLUMNS, Column
from census.statistics.selection import FILTERS, Selection

MISSING = "Missing"
MINUS = "\u2212"


def lower(label: str) -> str:
    """Returns a column's label within a sentence."""
    return label[:1].lower() + label[1:]


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def number(of: float, form: str) -> str:
    """Formats a number with a minus sign; one that is rounded to zero has no sign."""
    text = f"{of:{form}}"
    if not any(digit in text for digit in "123456789"):
        text = text.lstrip("+-")
    return text.replace("-", MINUS)


def with_unit(label: str, unit: str | None) -> str:
    return f"{label} ({unit})" if unit else label


def intervals(confidence: float) -> str:
    return f"lines: {100 * confidence:.4g}% confidence intervals"


def value(column: Column, of: Any) -> str:
    """Returns the label of a value of the column."""
    if of is None:
        return MISSING
    if column.numeric and isinstance(of, str):
        return band(of)
    return column.choices.get(of, "") or (f"{of:,}" if isinstance(of, int) else str(of))


def category(column: Column, of: Any) -> str:
    """Returns a category within a sentence: "income over 50,000 dollars a year"."""
    text = value(column, of)
    return lower(text) if any(character.isdigit() for character in text) else text


def band(key: str) -> str:
    """Returns a band of numbers in words: `<25`, `25-34`, `>=65`."""
    if key.startswith("<"):
        return f"under {key[1:]}"
    if key.startswith(">="):
        return f"{key[2:]} and over"
    return key.replace("-", "–")


def key(of: Mapping[str, Any]) -> str:
    """Returns a group in words: "Bachelor's degree, Female"."""
    return ", ".join(value(COLUMNS[name], part) for name, part in of.items())


def by(selection: Selection) -> str:
    """Returns the end of a title that names the groupings: " by sex and race", or nothing."""
    names = [lower(column.label) for column in selection.group_by]
    if not names:
        return ""
    *first, last = names
    return f" by {', '.join(first)} and {last}" if first else f" by {last}"


def selection(of: Selection) -> str:
    """Returns the filters in words, empty where all rows are selected."""
    parts = [_filter(name, given) for name, given in of.filters.items()]
    return "; ".join([*parts, "no missing value"] if of.complete else parts)


def _filter(name: str, given: Any) -> str:
    chosen = FILTERS[name]
    column, lookup = chosen.column, chosen.lookup
    label = lower(column.label)
    if lookup.suffix == "isnull":
        return f"{label} missing" if given else f"{label} known"
    if lookup.suffix == "range":
        low, high = (value(column, bound) for bound in given)
        return f"{label} from {low} to {high}"
    parts = given if isinstance(given, list) else [given]
    return f"{label} {_RELATIONS[lookup.suffix]}{', '.join(value(column, v) for v in parts)}"


_RELATIONS = {
    "": "",
    "ne": "other than ",
    "in": "one of ",
    "not_in": "none of ",
    "gt": "over ",
    "gte": "at least ",
    "lt": "under ",
    "lte": "at most ",
}
