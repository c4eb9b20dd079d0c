"""Tables of comparisons and regressions."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from census.api.charts import words
from census.columns import COLUMNS
from census.pages import numbers
from census.pages.tables.layout import (
    DRAWN,
    SMALL,
    SMALL_NOTE,
    Cell,
    Heading,
    Row,
    Scale,
    Table,
    column_label,
    drawing,
    estimate,
    keys,
    label,
    people,
    scale,
)
from census.pages.tables.others import points

Answer = Mapping[str, Any]

PAIR = 2


def of_comparison(answer: Answer) -> Table:
    """Returns each group's value and its difference from the reference.

    Two groups are columns side by side, with a row for each value of the other groupings; more
    than two have a row each.
    """
    levels = answer["groups"]
    notes = ["Behind each value: its confidence interval.", *_adjusted(answer), *_overall(answer)]
    if any(group["count"] < SMALL for group in levels):
        notes.append(SMALL_NOTE)
    compared = list(dict.fromkeys(_first(group) for group in levels))
    reference = next(iter((answer["reference"] or {}).values()), None)
    if len(compared) == PAIR and reference in compared:
        other = next(value for value in compared if value != reference)
        return _side_by_side(answer, other, reference, notes)
    return _stacked(answer, notes)


def _first(group: Answer) -> Any:
    return next(iter(group["key"].values()))


def _stacked(answer: Answer, notes: Sequence[str]) -> Table:
    levels = answer["groups"]
    share, unit, difference_unit = _units(answer)
    write, difference = writers(answer, share=share)
    ends = _scale(levels)
    names = list(levels[0]["key"]) if levels else []
    head = [
        *(Heading(column_label(name)) for name in names),
        Heading(f"{'Share' if share else 'Mean'}{unit}", number=True),
        Heading(f"Difference{difference_unit}", number=True),
        DRAWN,
        Heading("Test", number=True),
        Heading("People", number=True),
    ]
    rows = []
    for group in levels:
        cells = [*keys(group["key"]), _value(group, write)]
        if is_reference(answer, group):
            cells += [Cell("reference", number=True), drawing(), Cell("")]
        else:
            cells += [_difference(group, difference), _drawn(group, ends), _test(group)]
        rows.append(Row([*cells, people(group["count"])]))
    return Table(head, rows, notes)


def _side_by_side(answer: Answer, other: Any, reference: Any, notes: Sequence[str]) -> Table:
    share, unit, difference_unit = _units(answer)
    write, difference = writers(answer, share=share)
    (compared, *rest) = answer["groups"][0]["key"]
    pairs: dict[tuple[Any, ...], dict[Any, Answer]] = {}
    for group in answer["groups"]:
        pairs.setdefault(tuple(group["key"].values())[1:], {})[_first(group)] = group
    ends = _scale(answer["groups"])
    names = [label(compared, value) for value in (other, reference)]
    head = [
        *(Heading(column_label(name)) for name in rest or [compared]),
        *(Heading(f"{name}{unit}", number=True) for name in names),
        Heading(f"Difference{difference_unit}", number=True),
        DRAWN,
        Heading("Test", number=True),
        *(Heading(f"People, {name}", number=True) for name in names),
    ]
    rows = []
    for key, pair in pairs.items():
        one, two = pair.get(other), pair.get(reference)
        told = keys(dict(zip(rest, key, strict=True))) or [Cell(" and ".join(names), head=True)]
        blank = {"difference": None}
        rows.append(
            Row(
                [
                    *told,
                    *(_value(g, write) if g else Cell("–", number=True) for g in (one, two)),
                    _difference(one or blank, difference),
                    _drawn(one or blank, ends),
                    _test(one or blank),
                    *(people(g["count"] if g else 0) for g in (one, two)),
                ]
            )
        )
    notes = [f"Difference: {names[0]} less {names[1]}.", *notes]
    return Table(head, rows, notes)


def _units(answer: Answer) -> tuple[bool, str, str]:
    """Returns whether shares are compared, and the units of values and of differences."""
    column = COLUMNS[answer["column"]]
    if not column.numeric:
        return True, ", %", ", points"
    unit = f", {column.unit}" if column.unit else ""
    return False, unit, unit


def _scale(levels: Sequence[Answer]) -> Scale:
    names = ("difference", "difference_ci_lower", "difference_ci_upper")
    return scale([group.get(name) for group in levels for name in names])


def _difference(group: Answer, write: Callable[[Any], str]) -> Cell:
    return estimate(group, "difference", "difference_ci", write)


def _drawn(group: Answer, ends: Scale) -> Cell:
    low, high = (group.get(f"difference_ci_{end}") for end in ("lower", "upper"))
    return drawing(ends.bar(group["difference"], low, high) if low is not None else None)


def _test(group: Answer) -> Cell:
    p = group.get("log10_p_adjusted", group.get("log10_p"))
    return Cell(numbers.p_value(p), number=True)


def _overall(answer: Answer) -> list[str]:
    if answer.get("f") is None:
        return []
    df = f"{answer['f_df1']:,.0f} and {answer['f_df2']:,.0f}"
    p = numbers.p_value(answer["f_log10_p"])
    return [f"All groups together: F {answer['f']:,.1f} on {df} degrees of freedom, {p}."]


def _adjusted(answer: Answer) -> list[str]:
    names = {"holm": "Holm", "bonferroni": "Bonferroni"}
    name = names.get(answer.get("parameters", {}).get("adjust"))
    return [f"p values are corrected after {name} over all differences."] if name else []


def _value(group: Answer, write: Callable[[Any], str]) -> Cell:
    return estimate(group, "value", "ci", write)


def writers(answer: Answer, *, share: bool) -> tuple[Callable[[Any], str], Callable[[Any], str]]:
    """Returns the functions that format values and differences."""
    if share:
        return numbers.percent, points
    decimals = numbers.places(*(g.get("value") for g in answer["groups"]))
    return (
        lambda v: numbers.number(v, decimals),
        lambda v: numbers.signed(numbers.number(v, decimals)),
    )


def is_reference(answer: Answer, group: Answer) -> bool:
    """Returns whether a group is the reference."""
    reference = answer.get("reference")
    if isinstance(reference, Mapping):
        return all(group["key"].get(name) == value for name, value in reference.items())
    return bool(group["key"]) and next(iter(group["key"].values())) == reference


def of_decomposition(answer: Answer) -> Table:
    """Returns each group's difference from the reference and its two components."""
    on = " and ".join(column_label(name).lower() for name in answer["on"])
    note = f"Composition: as far as the groups differ in {on}; rate: what remains within it."
    heads = {
        "difference": "Difference",
        "composition": "By composition",
        "rate": "By rate",
    }
    return _of_parts(answer, heads, [note])


def of_oaxaca(answer: Answer) -> Table:
    """Returns the difference of each group from the reference, and its two parts with intervals."""
    on = " and ".join(words.lower(term(name)) for name in answer["on"])
    explained = f"Explained: as far as the groups differ in {on}, by the reference's coefficients"
    unexplained = "unexplained: by the groups' different coefficients."
    notes = [f"{explained}; {unexplained}", "Behind each number: its confidence interval."]
    for group in answer["groups"]:
        if group["unmatched"]:
            missing = ", ".join(map(term, group["unmatched"]))
            notes.append(f"Not decomposed, as one group lacks it: {missing}.")
    heads = {
        "difference": "Difference",
        "explained": "Explained",
        "unexplained": "Unexplained",
    }
    return _of_parts(answer, heads, list(dict.fromkeys(notes)))


def _of_parts(answer: Answer, heads: Mapping[str, str], notes: Sequence[str]) -> Table:
    share, unit, difference_unit = _units(answer)
    write, difference = writers(answer, share=share)
    names = list(answer["groups"][0]["key"]) if answer["groups"] else []
    head = [
        *(Heading(column_label(name)) for name in names),
        Heading(f"{'Share' if share else 'Mean'}{unit}", number=True),
        *(Heading(f"{text}{difference_unit}", number=True) for text in heads.values()),
        Heading("People", number=True),
    ]
    rows = []
    for group in answer["groups"]:
        told = [estimate(group, part, f"{part}_ci", difference) for part in heads]
        if is_reference(answer, group):
            told = [Cell("reference", number=True), *(Cell("") for _ in told[1:])]
        value = Cell(write(group["value"]), number=True)
        rows.append(Row([*keys(group["key"]), value, *told, people(group["count"])]))
    return Table(head, rows, notes)


def of_regression(answer: Answer) -> Table:
    """Returns a row for each coefficient."""
    odds = any("odds_ratio" in one for one in answer["coefficients"])
    head = [
        Heading("Term"),
        Heading("Odds ratio" if odds else "Estimate", number=True),
        *([Heading("Log odds", number=True)] if odds else []),
        Heading("Standard error", number=True),
        Heading("Test", number=True),
    ]
    rows = []
    for one in answer["coefficients"]:
        of, ends = ("odds_ratio", "odds_ratio_ci") if odds else ("estimate", "ci")
        n = numbers.number
        rows.append(
            Row(
                [
                    Cell(term(one["term"]), head=True),
                    estimate(one, of, ends, n),
                    *([Cell(n(one.get("estimate")), number=True)] if odds else []),
                    Cell(n(one.get("standard_error")), number=True),
                    Cell(numbers.p_value(one.get("log10_p")), number=True),
                ]
            )
        )
    notes = ["Behind each estimate: its confidence interval."]
    if references := answer.get("references"):
        told = "; ".join(f"{column_label(k)}: {label(k, v)}" for k, v in references.items())
        notes.append(f"References: {told}.")
    fit = [
        f"{name} {answer[key]:.3f}"
        for key, name in (("r_squared", "R²"), ("mcfadden_r_squared", "McFadden's R²"))
        if answer.get(key) is not None
    ]
    notes.append("; ".join([f"{answer['count']:,} people", *fit]) + ".")
    return Table(head, rows, notes)


def term(name: str) -> str:
    """Returns a term in words: `sex=Female:age` is "Sex Female × Age"."""
    if name == "(intercept)":
        return "Intercept"
    parts = []
    for part in name.split(":"):
        column, _, value = part.partition("=")
        parts.append(
            f"{column_label(column)}: {label(column, value)}" if value else column_label(column)
        )
    return " × ".join(parts)
