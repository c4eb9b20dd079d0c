"""The picture of a computation, by what its levels hold: buckets, quantiles, or a value."""

from collections.abc import Mapping, Sequence
from typing import Any

from census.api.charts import bars, distributions, style, words
from census.api.charts.layout import Layout, layout
from census.api.charts.style import Spec
from census.columns import Column
from census.statistics.computation import Computation
from census.statistics.metrics import Metric, Question
from census.statistics.metrics.base import SHARE

Level = Mapping[str, Any]


def of_computation(computation: Computation, answer: Level) -> Spec:
    """Return the definition of the picture of an answer."""
    metric, question = computation.metric, computation.question
    columns = question.selection.group_by
    title = _title(metric, question)
    levels: Sequence[Level] = answer["groups"] if columns else [answer]
    most = style.MOST_FACETS if "buckets" in answer and columns else style.MOST_BARS
    shown, notes = levels[:most], _notes(computation, answer, len(levels), most)
    lines = style.caption(question.selection, answer, *notes)
    keys = [level["key"] for level in shown] if columns else [{}]
    placed = layout(columns, keys, nested=computation.order_by in (None, "key"))
    records, view = _view(metric, question, placed, shown, answer)
    if view is None:
        return style.nothing(title, lines)
    return style.figure(title, lines, records, view)


def _view(
    metric: Metric, question: Question, placed: Layout, levels: Sequence[Level], whole: Level
) -> tuple[list[Any], Spec | None]:
    """Return the records of a picture and the view of them; None where no value is known."""
    column, weighted = question.column, question.weight is not None
    if "buckets" in whole:
        records = distributions.records(column, placed.labels, levels)
        kind = distributions.histogram if column.numeric else distributions.categories
        return records, kind(column, records, placed, weighted=weighted) if records else None
    records = [
        {**labels, **record}
        for labels, level in zip(placed.labels, levels, strict=True)
        for record in _values(column, level)
    ]
    if all(record["value"] is None for record in records):
        return records, None
    unit = metric.unit(question)
    title = metric.label if unit == SHARE else words.with_unit(metric.label, unit)
    if "quantiles" in whole:
        steps = list(dict.fromkeys(record["quantile"] for record in records))
        title = words.with_unit(column.label, column.unit)
        return records, bars.ranges(placed, records, title, steps)
    if not column.numeric and isinstance(whole["value"], str):
        title = words.with_unit("Frequency", question.unit_of_size)
        return records, bars.bars(placed, records, title, field="frequency", text="value")
    line = whole["value"] if "ci_lower" in whole and "groups" in whole else None
    return records, bars.bars(placed, records, title, share=unit == SHARE, line=line)


def _values(column: Column, level: Level) -> list[dict[str, Any]]:
    """Return what is drawn of a level: a record of its value, or one for each quantile."""
    if "quantiles" in level:
        return [
            {"quantile": f"{pair['q']:.4g}", "value": pair["value"]} for pair in level["quantiles"]
        ]
    names = ("value", "ci_lower", "ci_upper", "frequency", "count")
    record = {name: level[name] for name in names if name in level}
    if isinstance(record["value"], str):
        record["value"] = words.value(column, record["value"])
    return [record]


def _title(metric: Metric, question: Question) -> str:
    column = question.column
    title = f"{metric.label} of {words.lower(column.label)}"
    if (value := question.options.get("value")) is not None:
        title += f" “{words.value(column, value)}”"
    return title + words.by(question.selection)


def _notes(computation: Computation, answer: Level, groups: int, most: int) -> list[str]:
    """Return what else the caption says."""
    notes = []
    if groups > most:
        notes.append(f"the first {most} of {groups:,} groups")
    if answer.get("ci_lower") is not None:
        notes.append(words.intervals(computation.question.confidence))
        if "groups" in answer:
            notes.append("dashed: all groups together")
    if "below" in answer:
        notes.append(f"outside the range: {answer['below']:,} below, {answer['above']:,} above")
    return notes
