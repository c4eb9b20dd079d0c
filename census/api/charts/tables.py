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
    """Returns a heat map of the coefficients."""
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
    """Returns a heat map of the shares within each row, or of the residuals of the cells."""
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
    """Returns the share of the outcome in each group with its interval, and the ratio beside it."""
    outcome = words.value(TARGET, asked.outcome)
    title = f"{TARGET.label} “{outcome}”{words.by(asked.selection)}"
    groups = answer["groups"][: style.MOST_BARS]
    placed = layout(asked.selection.group_by, [group["key"] for group in groups])
    records = [
        {
            **labels,
            "value": group["base_rate"],
            "ci_lower": group["ci_lower"],
            "ci_upper": group["ci_upper"],
            "compared": _compared(group, answer["reference"]),
            bars.TOLD: f"{words.key(group['key'])}: {_compared(group, answer['reference'])}, "
            f"{words.count(group['count'], 'person', 'people')}",
        }
        for labels, group in zip(placed.labels, groups, strict=True)
    ]
    notes = [words.intervals(asked.confidence)]
    if len(answer["groups"]) > len(groups):
        notes.append(f"the first {len(groups)} of {len(answer['groups']):,} groups")
    lines = style.caption(asked.selection, answer, *notes)
    rates = {tuple(group["key"].items()): group["base_rate"] for group in answer["groups"]}
    reference = rates.get(tuple((answer["reference"] or {}).items()))
    if all(record["value"] is None for record in records):
        return style.nothing(title, lines)
    axis = "Share (× ratio to the reference)"
    view = bars.dots(placed, records, axis, share=True, line=reference, text="compared")
    return style.figure(title, lines, records, view)


def _compared(group: Answer, reference: Mapping[str, Any] | None) -> str:
    """Returns the rate of a group and its ratio to that of the reference."""
    rate, ratio = group["base_rate"], group["disparate_impact"]
    if rate is None:
        return ""
    if group["key"] == reference:
        return f"{rate:.1%} (reference)"
    return f"{rate:.1%} (× {ratio:.2f})" if ratio is not None else f"{rate:.1%}"


def _scaled(number: float | None, scale: int) -> float | None:
    return None if number is None else scale * number


def _told(group: Answer, scale: int, digits: int, unit: str | None) -> str:
    """Returns a difference in words, with its interval."""
    low, high = (group[f"difference_ci_{end}"] for end in ("lower", "upper"))
    text = f"{words.key(group['key'])}: {bars.signed(scale * group['difference'], digits)}"
    if low is not None:
        text += f" ({bars.signed(scale * low, digits)} to {bars.signed(scale * high, digits)})"
    return f"{text} {unit}" if unit else text


def of_comparison(asked: Comparison, answer: Answer) -> Spec:
    """Returns the difference of each group from the reference, with its interval, about zero."""
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
    others = len({group["key"][compared] for group in groups}) > 1
    columns = [of for of in asked.selection.group_by if others or of.name != compared]
    columns = columns or list(asked.selection.group_by)
    keys = [{of.name: group["key"][of.name] for of in columns} for group in shown]
    placed = layout(columns, keys, nested=False)
    share = asked.value is not None
    scale = 100 if share else 1
    digits = 1 if share else bars.decimals(group["difference"] for group in shown)
    records = [
        {
            **labels,
            "value": scale * group["difference"],
            **{end: _scaled(group[f"difference_{end}"], scale) for end in ("ci_lower", "ci_upper")},
            "written": bars.signed(scale * group["difference"], digits),
            bars.HOLLOW: not bars.is_clear(group.get("log10_p_adjusted", group["log10_p"])),
            bars.TOLD: _told(group, scale, digits, "points" if share else asked.column.unit),
        }
        for labels, group in zip(placed.labels, shown, strict=True)
    ]
    notes = [words.intervals(asked.confidence)]
    if any(record[bars.HOLLOW] for record in records):
        notes.append(bars.UNCLEAR)
    if len(groups) > len(shown):
        notes.append(f"the first {len(shown)} of {len(groups):,} groups")
    lines = style.caption(asked.selection, answer, *notes)
    if not records:
        return style.nothing(title, lines)
    axis = words.with_unit("Difference", "points" if share else asked.column.unit)
    view = bars.dots(placed, records, axis, line=0, text="written")
    return style.figure(title, lines, records, view)
