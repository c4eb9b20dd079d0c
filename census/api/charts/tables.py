"""The pictures of correlations, cross-tabulations, label fairness and comparisons."""

from collections.abc import Mapping
from typing import Any

from census.api.charts import bars, style, words
from census.api.charts.heat import Colour, Side, heat
from census.api.charts.layout import layout
from census.api.charts.style import Spec
from census.columns import COLUMNS
from census.statistics.analyses.comparison import Comparison
from census.statistics.analyses.correlation import Correlation
from census.statistics.analyses.crosstab import Crosstab
from census.statistics.analyses.fairness import TARGET, Fairness

Answer = Mapping[str, Any]

MATRIX = "correlation"
RESIDUAL = "adjusted_residual"
MOST_RESIDUAL = 10  # beyond which all have the darkest colour


def of_correlation(asked: Correlation, answer: Answer) -> Spec:
    """Return a heat map of the coefficients."""
    labels = [COLUMNS[name].label for name in answer["columns"]]
    records = [
        {"row": row, "column": column, MATRIX: coefficient}
        for row, line in zip(labels, answer["matrix"], strict=True)
        for column, coefficient in zip(labels, line, strict=True)
    ]
    kind = f"{asked.coefficient.title()}'s correlation"
    colour = Colour(MATRIX, kind, share=False)
    view = heat(Side("row", None, labels), Side("column", None, labels), colour)
    lines = style.caption(asked.selection, answer)
    return style.figure("Correlation of numeric columns", lines, records, view)


def of_crosstab(asked: Crosstab, answer: Answer) -> Spec:
    """Return a heat map of the shares within each row, or of the residuals of the cells."""
    title = f"{asked.column.label} by {words.lower(asked.row.label)}"
    rows = [words.value(asked.row, value) for value in answer["row_values"]]
    columns = [words.value(asked.column, value) for value in answer["column_values"]]
    records = [
        {
            "row": row,
            "column": column,
            "count": answer["counts"][i][j],
            "row_proportion": answer["row_proportions"][i][j],
            **({RESIDUAL: answer["adjusted_residuals"][i][j]} if asked.cells else {}),
        }
        for i, row in enumerate(rows)
        for j, column in enumerate(columns)
    ]
    notes = []
    if answer["cramers_v"] is not None:
        notes.append(f"Cramér's V {answer['cramers_v']:.3f}")
    lines = style.caption(asked.selection, answer, *notes)
    if not records:
        return style.nothing(title, lines)
    colour = Colour("row_proportion", "Share of the row", share=True)
    if asked.cells:
        colour = Colour(RESIDUAL, "Adjusted residual", share=False, bound=MOST_RESIDUAL)
    view = heat(
        Side("row", asked.row.label, rows), Side("column", asked.column.label, columns), colour
    )
    return style.figure(title, lines, records, view)


def of_fairness(asked: Fairness, answer: Answer) -> Spec:
    """Return the share of the outcome in each group with its interval, and the ratio beside it."""
    outcome = words.value(TARGET, asked.outcome)
    title = f"{TARGET.label} “{outcome}”{words.by(asked.selection)}"
    groups = answer["groups"][: style.MOST_BARS]
    placed = layout(asked.selection.group_by, [group["key"] for group in groups])
    records = [
        {
            **labels,
            "base_rate": group["base_rate"],
            "ci_lower": group["ci_lower"],
            "ci_upper": group["ci_upper"],
            "disparate_impact": group["disparate_impact"],
            "compared": _compared(group, answer["reference"]),
        }
        for labels, group in zip(placed.labels, groups, strict=True)
    ]
    notes = [words.intervals(asked.confidence)]
    if len(answer["groups"]) > len(groups):
        notes.append(f"the first {len(groups)} of {len(answer['groups']):,} groups")
    lines = style.caption(asked.selection, answer, *notes)
    rates = {tuple(group["key"].items()): group["base_rate"] for group in answer["groups"]}
    reference = rates.get(tuple((answer["reference"] or {}).items()))
    if all(record["base_rate"] is None for record in records):
        return style.nothing(title, lines)
    view = bars.bars(
        placed,
        records,
        "Share; in brackets the ratio to the reference (dashed)",
        field="base_rate",
        share=True,
        line=reference,
        text="compared",
    )
    return style.figure(title, lines, records, view)


def _compared(group: Answer, reference: Mapping[str, Any] | None) -> str:
    """Return the rate of a group, and how it compares with the group of reference."""
    rate, ratio = group["base_rate"], group["disparate_impact"]
    if rate is None:
        return ""
    if group["key"] == reference:
        return f"{rate:.1%} (reference)"
    return f"{rate:.1%} (× {ratio:.2f})" if ratio is not None else f"{rate:.1%}"


def _signed(difference: float, *, share: bool) -> str:
    """Return a difference with its sign, of shares in points."""
    text = f"{100 * difference:+.1f} points" if share else f"{difference:+.3g}"
    return text.replace("-", "\u2212")


def of_comparison(asked: Comparison, answer: Answer) -> Spec:
    """Return the difference of each group from the reference, with its interval, about zero."""
    what = asked.column.label
    if asked.value is not None:
        what += f" “{words.value(asked.column, asked.value)}”"
    reference = next(iter((answer["reference"] or {}).values()), None)
    compared = asked.selection.group_by[0].name
    against = words.value(COLUMNS[compared], reference)
    title = f"{what}{words.by(asked.selection)}: difference from {against}"
    groups = [
        group
        for group in answer["groups"]
        if group["difference"] is not None and group["key"][compared] != reference
    ]
    shown = groups[: style.MOST_BARS]
    placed = layout(asked.selection.group_by, [group["key"] for group in shown], nested=False)
    share = asked.value is not None
    records = [
        {
            **labels,
            "value": group["difference"],
            "ci_lower": group["difference_ci_lower"],
            "ci_upper": group["difference_ci_upper"],
            "written": _signed(group["difference"], share=share),
            bars.TOLD: f"{words.key(group['key'])}: {_signed(group['difference'], share=share)}",
        }
        for labels, group in zip(placed.labels, shown, strict=True)
    ]
    notes = [words.intervals(asked.confidence)]
    if len(groups) > len(shown):
        notes.append(f"the first {len(shown)} of {len(groups):,} groups")
    lines = style.caption(asked.selection, answer, *notes)
    if not records:
        return style.nothing(title, lines)
    unit = None if share else asked.column.unit
    axis = words.with_unit("Difference", unit)
    view = bars.dots(placed, records, axis, share=share, line=0, text="written")
    return style.figure(title, lines, records, view)
