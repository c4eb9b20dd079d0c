"""Tables of comparisons and regressions."""

from collections.abc import Callable, Mapping
from typing import Any

from census.columns import COLUMNS
from census.pages import numbers
from census.pages.tables.layout import (
    SMALL,
    SMALL_NOTE,
    Cell,
    Heading,
    Row,
    Table,
    column_label,
    keys,
    label,
    people,
    scale,
)
from census.pages.tables.others import points

Answer = Mapping[str, Any]


def of_comparison(answer: Answer) -> Table:
    """Return a row for each group: its value, and its difference from the reference."""
    column = COLUMNS[answer["column"]]
    share = not column.numeric
    levels = answer["groups"]
    write, difference = writers(answer, share=share)
    ends = scale(
        [
            g.get(k)
            for g in levels
            for k in ("difference", "difference_ci_lower", "difference_ci_upper")
        ]
    )
    names = list(levels[0]["key"]) if levels else []
    unit = "%" if share else column.unit or ""
    head = [
        *(Heading(column_label(name)) for name in names),
        Heading(f"{'Share' if share else 'Mean'}, {unit}", number=True),
        Heading(f"Difference, {'points' if share else unit}", number=True),
        Heading(""),
        Heading("Test"),
        Heading("People", number=True),
    ]
    rows = []
    for group in levels:
        cells = [*keys(group["key"]), _value(group, write)]
        if is_reference(answer, group):
            cells += [Cell("reference"), Cell(""), Cell("")]
        else:
            low, high = (group.get(f"difference_ci_{end}") for end in ("lower", "upper"))
            note = numbers.interval(difference(low), difference(high)) if low is not None else ""
            cells += [
                Cell(difference(group.get("difference")), note, number=True),
                Cell("", bar=ends.bar(group.get("difference"), low, high)),
                Cell(numbers.p_value(group.get("log10_p_adjusted", group.get("log10_p")))),
            ]
        rows.append(Row([*cells, people(group["count"])]))
    notes = ["Behind each value: its confidence interval. " + _adjusted(answer)]
    if any(group["count"] < SMALL for group in levels):
        notes.append(SMALL_NOTE)
    return Table(head, rows, notes)


def _adjusted(answer: Answer) -> str:
    how = answer.get("adjust")
    words = {"holm": "p values by Holm's correction", "bonferroni": "p values by Bonferroni's"}
    return f"{words[how]} over all differences." if how in words else ""


def _value(group: Answer, write: Callable[[Any], str]) -> Cell:
    low, high = group.get("ci_lower"), group.get("ci_upper")
    note = numbers.interval(write(low), write(high)) if low is not None else ""
    return Cell(write(group.get("value")), note, number=True)


def writers(answer: Answer, *, share: bool) -> tuple[Callable[[Any], str], Callable[[Any], str]]:
    """Return how values and how differences are written."""
    if share:
        return numbers.percent, points
    decimals = numbers.places(*(g.get("value") for g in answer["groups"]))
    return (
        lambda v: numbers.number(v, decimals),
        lambda v: numbers.signed(numbers.number(v, decimals)),
    )


def is_reference(answer: Answer, group: Answer) -> bool:
    """Return whether a group is the one that others are compared with."""
    reference = answer.get("reference")
    if isinstance(reference, Mapping):
        return all(group["key"].get(name) == value for name, value in reference.items())
    return bool(group["key"]) and next(iter(group["key"].values())) == reference


def of_regression(answer: Answer) -> Table:
    """Return a row for each coefficient."""
    odds = any("odds_ratio" in one for one in answer["coefficients"])
    head = [
        Heading("Term"),
        Heading("Odds ratio" if odds else "Estimate", number=True),
        *([Heading("Log odds", number=True)] if odds else []),
        Heading("Standard error", number=True),
        Heading("Test"),
    ]
    rows = []
    for one in answer["coefficients"]:
        prefix = "odds_ratio" if odds else "estimate"
        ends = ("odds_ratio_ci_lower", "odds_ratio_ci_upper") if odds else ("ci_lower", "ci_upper")
        low, high = (one.get(end) for end in ends)
        n = numbers.number
        note = numbers.interval(n(low), n(high)) if low is not None else ""
        rows.append(
            Row(
                [
                    Cell(term(one["term"]), head=True),
                    Cell(n(one.get(prefix)), note, number=True),
                    *([Cell(n(one.get("estimate")), number=True)] if odds else []),
                    Cell(n(one.get("standard_error")), number=True),
                    Cell(numbers.p_value(one.get("log10_p"))),
                ]
            )
        )
    notes = ["Behind each estimate: its confidence interval."]
    if references := answer.get("references"):
        told = "; ".join(f"{column_label(k)}: {label(k, v)}" for k, v in references.items())
        notes.append(f"Compared with – {told}.")
    return Table(head, rows, notes)


def term(name: str) -> str:
    """Return a term in words: `sex=Female:age` is "Sex Female × Age"."""
    if name == "(intercept)":
        return "Intercept"
    parts = []
    for part in name.split(":"):
        column, _, value = part.partition("=")
        parts.append(
            f"{column_label(column)}: {label(column, value)}" if value else column_label(column)
        )
    return " × ".join(parts)
