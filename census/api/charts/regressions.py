"""The pictures of regressions and decompositions."""

from collections.abc import Mapping, Sequence
from typing import Any

from census.api.charts import bars, style, words
from census.api.charts.layout import GROUP, stacked
from census.api.charts.style import Spec
from census.columns import COLUMNS, Column
from census.statistics.analyses.oaxaca import Oaxaca
from census.statistics.analyses.regression import LogisticRegression, Regression
from census.statistics.analyses.strata import Decomposition
from census.statistics.estimators.regression.design import INTERCEPT

Answer = Mapping[str, Any]

PARTS = ("difference", "composition", "rate")
EXPLAINED = ("difference", "explained", "unexplained")


def of_regression(asked: Regression, answer: Answer) -> Spec:
    """Returns a dot for each coefficient but the intercept, with its interval, about zero."""
    logistic = isinstance(asked, LogisticRegression)
    known = [
        coefficient
        for coefficient in answer["coefficients"]
        if coefficient["term"] != INTERCEPT and coefficient["estimate"] is not None
    ]
    shown = known[: style.MOST_BARS]
    placed = stacked([{GROUP: _term(coefficient["term"])} for coefficient in shown], GROUP)
    records = [
        {
            **labels,
            "value": coefficient["estimate"],
            "ci_lower": coefficient["ci_lower"],
            "ci_upper": coefficient["ci_upper"],
            "written": f"× {coefficient['odds_ratio']:.3g}"
            if logistic and coefficient["odds_ratio"] is not None
            else words.number(coefficient["estimate"], "+.3g"),
            bars.HOLLOW: not bars.is_clear(coefficient["log10_p"]),
            bars.TOLD: _told(coefficient, logistic=logistic),
        }
        for labels, coefficient in zip(placed.labels, shown, strict=True)
    ]
    notes = [words.intervals(asked.confidence)]
    if logistic:
        notes.append("at the right: odds ratios")
    if any(record[bars.HOLLOW] for record in records):
        notes.append(bars.UNCLEAR)
    if answer["references"]:
        found = (words.value(COLUMNS[name], v) for name, v in answer["references"].items())
        notes.append(f"against: {', '.join(found)}")
    if len(known) > len(shown):
        notes.append(f"the first {len(shown)} of {len(known):,} coefficients")
    title = _title(asked, logistic=logistic)
    lines = style.caption(asked.selection, answer, *notes)
    if not records:
        return style.nothing(title, lines)
    unit = None if logistic else asked.outcome.unit
    axis = "Coefficient (log odds)" if logistic else words.with_unit("Coefficient", unit)
    view = bars.dots(placed, records, axis, line=0, text="written")
    return style.figure(title, lines, records, view)


def _told(coefficient: Answer, *, logistic: bool) -> str:
    """Returns a coefficient in words, with its interval."""
    known = logistic and coefficient["odds_ratio"] is not None
    prefix = "odds_ratio" if known else "estimate"
    ends = [f"{prefix}_ci_lower", f"{prefix}_ci_upper"] if known else ["ci_lower", "ci_upper"]
    kind = "odds ratio " if known else ""
    text = f"{_term(coefficient['term'])}: {kind}{words.number(coefficient[prefix], '.3g')}"
    low, high = (coefficient[end] for end in ends)
    if low is not None and high is not None:
        text += f" ({words.number(low, '.3g')} to {words.number(high, '.3g')})"
    return text


def _title(asked: Regression, *, logistic: bool) -> str:
    what = asked.outcome.label
    if logistic and isinstance(asked, LogisticRegression):
        what += f" “{words.value(asked.outcome, asked.value)}”"
    kind = "logistic" if logistic else "linear"
    return f"{what}: {kind} regression"


def _term(term: str) -> str:
    """Returns a term as people read it: "Sex: Female × Age"."""
    return " × ".join(map(_part, term.split(":")))


def _part(part: str) -> str:
    name, _, value = part.partition("=")
    column = COLUMNS[name]
    return f"{column.label}: {words.value(column, value)}" if value else column.label


def of_decomposition(asked: Decomposition, answer: Answer) -> Spec:
    """Returns three dots for each group but the reference: the difference, and its two parts."""
    on = " and ".join(words.lower(column.label) for column in asked.on)
    return _of_parts(asked, answer, PARTS, on, value=asked.value)


def of_oaxaca(asked: Oaxaca, answer: Answer) -> Spec:
    """Returns three dots with intervals for each group but the reference."""
    on = " and ".join(words.lower(_term(term)) for term in asked.regression.on)
    notes = [words.intervals(asked.regression.confidence)]
    return _of_parts(asked, answer, EXPLAINED, on, *notes, value=asked.regression.value)


def _of_parts(
    asked: Decomposition | Oaxaca,
    answer: Answer,
    parts: Sequence[str],
    on: str,
    *notes: str,
    value: str | None,
) -> Spec:
    (by,) = asked.selection.group_by
    share = value is not None
    compared = [group for group in answer["groups"] if group["key"] != answer["reference"]]
    shown = [group for group in compared if group["difference"] is not None]
    scale = 100 if share else 1
    shown = shown[: style.MOST_BARS // len(parts)]
    # A group with unmatched categories has no parts.
    drawn = [(group, part) for group in shown for part in parts if group[part] is not None]
    digits = 1 if share else bars.decimals(group[part] for group, part in drawn)
    records = [_part_record(by, group, part, scale, digits) for group, part in drawn]
    placed = stacked([{GROUP: record[GROUP]} for record in records], GROUP)
    column = COLUMNS[answer["column"]]
    what = f"{column.label} “{words.value(column, value)}”" if share else column.label
    title = f"{what}{words.by(asked.selection)}: differences decomposed by {on}"
    told = [*notes]
    if answer["reference"]:
        told.append(f"reference: {words.value(by, answer['reference'][by.name])}")
    lines = style.caption(asked.selection, answer, *told)
    if not records:
        return style.nothing(title, lines)
    axis = words.with_unit("Difference", "points" if share else column.unit)
    view = bars.dots(placed, records, axis, line=0, text="written")
    return style.figure(title, lines, records, view)


def _part_record(by: Column, group: Answer, part: str, scale: int, digits: int) -> dict[str, Any]:
    """Returns the dot of a part of a group's difference."""
    label = f"{words.value(by, group['key'][by.name])} · {part}"
    low, high = (group.get(f"{part}_ci_{end}") for end in ("lower", "upper"))
    written, interval = bars.signed(scale * group[part], digits), ""
    if low is not None and high is not None:
        low, high = scale * low, scale * high
        interval = f" ({bars.signed(low, digits)} to {bars.signed(high, digits)})"
    return {
        GROUP: label,
        "value": scale * group[part],
        "ci_lower": low,
        "ci_upper": high,
        "written": written,
        bars.TOLD: f"{label}: {written}{interval}",
    }
