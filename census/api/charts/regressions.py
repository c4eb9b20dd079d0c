"""The pictures of regressions and decompositions."""

from collections.abc import Mapping
from typing import Any

from census.api.charts import bars, style, words
from census.api.charts.layout import GROUP, stacked
from census.api.charts.style import Spec
from census.columns import COLUMNS
from census.statistics.analyses.regression import LogisticRegression, Regression
from census.statistics.analyses.strata import Decomposition
from census.statistics.estimators.design import INTERCEPT

Answer = Mapping[str, Any]

PARTS = ("difference", "composition", "rate")


def of_regression(asked: Regression, answer: Answer) -> Spec:
    """Return a dot for each coefficient but the intercept, with its interval, about zero."""
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
            else f"{coefficient['estimate']:+.3g}",
        }
        for labels, coefficient in zip(placed.labels, shown, strict=True)
    ]
    notes = [words.intervals(asked.confidence)]
    if logistic:
        notes.append("at the right: odds ratios")
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


def _title(asked: Regression, *, logistic: bool) -> str:
    what = asked.outcome.label
    if logistic and isinstance(asked, LogisticRegression):
        what += f" “{words.value(asked.outcome, asked.value)}”"
    kind = "logistic" if logistic else "linear"
    return f"{what}: {kind} regression"


def _term(term: str) -> str:
    """Return a term as people read it: "Sex: Female × Age"."""
    return " × ".join(map(_part, term.split(":")))


def _part(part: str) -> str:
    name, _, value = part.partition("=")
    column = COLUMNS[name]
    return f"{column.label}: {words.value(column, value)}" if value else column.label


def of_decomposition(asked: Decomposition, answer: Answer) -> Spec:
    """Return three bars for each group but the reference: the difference, and its two parts."""
    (by,) = asked.selection.group_by
    name = by.name
    compared = [group for group in answer["groups"] if group["key"] != answer["reference"]]
    shown = [group for group in compared if group["difference"] is not None]
    bars_shown = [
        (f"{words.value(by, group['key'][name])} · {part}", group[part])
        for group in shown[: style.MOST_BARS // len(PARTS)]
        for part in PARTS
    ]
    placed = stacked([{GROUP: label} for label, _ in bars_shown], GROUP)
    records = [{GROUP: label, "value": value} for label, value in bars_shown]
    on = " and ".join(words.lower(column.label) for column in asked.on)
    title = f"{asked.column.label}{words.by(asked.selection)}: differences decomposed by {on}"
    notes = []
    if answer["reference"]:
        notes.append(f"reference: {words.value(by, answer['reference'][name])}")
    lines = style.caption(asked.selection, answer, *notes)
    if not records:
        return style.nothing(title, lines)
    share = asked.value is not None
    axis = "Difference" if share else words.with_unit("Difference", asked.column.unit)
    view = bars.bars(placed, records, axis, share=share)
    return style.figure(title, lines, records, view)
