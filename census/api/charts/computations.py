"""The picture of a computation: of buckets, quantiles, a Lorenz curve, or values."""

from collections.abc import Mapping, Sequence
from typing import Any

from census.api.charts import bars, distributions, estimates, lorenz, spreads, style, words
from census.api.charts.layout import layout
from census.api.charts.style import Spec
from census.columns import Column
from census.statistics.computation import Computation
from census.statistics.metrics import Metric, Question
from census.statistics.metrics.base import SHARE

Level = Mapping[str, Any]


def of_computation(computation: Computation, answer: Level) -> Spec:
    """Returns the definition of the picture of an answer."""
    metric, question = computation.metric, computation.question
    columns = question.selection.group_by
    title = _title(metric, question)
    levels: Sequence[Level] = answer["groups"] if columns else [answer]
    most = style.MOST_FACETS if "buckets" in answer and columns else style.MOST_BARS
    shown, notes = levels[:most], _notes(computation, answer, len(levels), most)
    keys = [level["key"] for level in shown] if columns else [{}]
    records, view = _view(computation, shown, keys, answer)
    if any(record.get("small") for record in records):
        notes.append(estimates.NOTE)
    lines = style.caption(question.selection, answer, *notes)
    if view is None:
        return style.nothing(title, lines)
    return style.figure(title, lines, records, view)


def _view(
    computation: Computation, levels: Sequence[Level], keys: Sequence[Level], whole: Level
) -> tuple[list[Any], Spec | None]:
    """Returns the records of a picture and their view; None if there is no value."""
    metric, question = computation.metric, computation.question
    column, weighted = question.column, question.weight is not None
    columns, usual = question.selection.group_by, computation.order_by in (None, "key")
    placed = layout(columns, keys, nested=usual)
    if "buckets" in whole:
        kept = column.ordered and computation.order_by is None
        records = distributions.records(column, placed.labels, keys, levels, in_order=kept)
        kind = distributions.histogram if column.numeric else distributions.categories
        return records, kind(column, records, placed, weighted=weighted) if records else None
    if "lorenz" in whole:
        return lorenz.view(keys, levels, column)
    if "quantiles" in whole:
        if all(pair["value"] is None for level in levels for pair in level["quantiles"]):
            return [], None
        title = words.with_unit(column.label, column.unit)
        return spreads.view(placed, keys, levels, title, column.unit)
    if all(level["value"] is None for level in levels):
        return [], None
    unit = metric.unit(question)
    title = metric.label if unit == SHARE else words.with_unit(metric.label, unit)
    if "ci_lower" in whole and not isinstance(whole["value"], str):
        of = estimates.Estimates(
            columns, keys, levels, title, unit,
            share=unit == SHARE, bounds=_bounds(metric, column, unit),
            line=whole["value"] if columns and not metric.additive else None, ordered=not usual,
            additive=metric.additive,
        )  # fmt: skip
        return estimates.view(of)
    records = [
        {**labels, **_value(column, level), bars.TOLD: _told(column, key, level, unit)}
        for labels, key, level in zip(placed.labels, keys, levels, strict=True)
    ]
    if not column.numeric and isinstance(whole["value"], str):
        title = words.with_unit("Frequency", question.unit_of_size)
        return records, bars.bars(placed, records, title, field="frequency", text="value")
    return records, bars.bars(placed, records, title, share=unit == SHARE)


def _bounds(metric: Metric, column: Column, unit: str | None) -> estimates.Bounds:
    """Returns what no value can be below and above."""
    if unit == SHARE:
        return 0, 1
    if metric.additive:
        return min(column.minimum or 0, 0), None
    return (column.minimum, column.maximum) if unit == column.unit else (None, None)


def _value(column: Column, level: Level) -> dict[str, Any]:
    """Returns the fields of a level that are drawn."""
    names = ("value", "frequency", "count")
    record = {name: level[name] for name in names if name in level}
    if isinstance(record["value"], str):
        record["value"] = words.value(column, record["value"])
    return record


def _told(column: Column, key: Level, level: Level, unit: str | None) -> str:
    """Returns the tooltip of a level."""
    who = f"{words.key(key)}: " if key else ""
    value = level["value"]
    if value is None:
        return f"{who}no value"
    if isinstance(value, str):
        return f"{who}{words.value(column, value)}, {level['frequency']:,} of {level['count']:,}"
    form = "," if isinstance(value, int) else ".1%" if unit == SHARE else ",.6g"
    tail = f" {unit}" if unit and unit != SHARE else ""
    people = words.count(level["count"], "person", "people")
    return f"{who}{words.number(value, form)}{tail}, {people}"


def _title(metric: Metric, question: Question) -> str:
    column = question.column
    if (value := question.options.get("value")) is None:
        title = f"{metric.label} of {words.lower(column.label)}"
    else:
        title = f"Share with {words.lower(column.label)} {words.category(column, value)}"
    return title + words.by(question.selection)


def _notes(computation: Computation, answer: Level, groups: int, most: int) -> list[str]:
    """Returns further notes of the caption."""
    notes = []
    if groups > most:
        notes.append(f"the first {most} of {groups:,} groups")
    if answer.get("ci_lower") is not None:
        notes.append(words.intervals(computation.question.confidence))
        if "groups" in answer and not computation.metric.additive:
            notes.append("dashed: all groups together")
    if "quantiles" in answer and spreads.boxed([answer]):
        notes.append(
            "boxes: the middle half, with the middle marked; lines: all quantiles asked for"
        )
    if "below" in answer:
        notes += [
            f"{words.count(answer[side], 'person', 'people')} {side} the range"
            for side in ("below", "above")
            if answer[side]
        ]
    return notes
