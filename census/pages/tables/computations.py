"""Tables of computations: values, quantiles and distributions, whole and by groups."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from census.api.charts import words
from census.columns import COLUMNS, WEIGHT, Column
from census.pages import numbers
from census.pages.tables.layout import (
    DRAWN,
    SMALL_NOTE,
    Cell,
    Heading,
    Row,
    Table,
    column_label,
    drawing,
    estimate,
    keys,
    label,
    people,
    scale,
)
from census.statistics import metrics
from census.statistics.metrics.base import PEOPLE, SHARE, Question
from census.statistics.selection import Selection

Level = Mapping[str, Any]

MOST_ROWS = 500


def unit_of(answer: Level) -> str | None:
    """Returns the unit of an answer's values; `SHARE` is a fraction of 1."""
    weight = WEIGHT if answer.get("weight") else None
    question = Question(COLUMNS[answer["column"]], Selection(weight=weight))
    return metrics.find(answer["metric"]).unit(question)


def of_computation(answer: Level, order: str = "") -> Table:
    """Returns a row for each group and a total; for a distribution, a row for each bucket."""
    if "buckets" in answer:
        return _buckets(answer, order)
    if "quantiles" in answer or "lorenz" in answer:
        return _quantiles(answer, order)
    return _values(answer, order)


def _by_level(
    answer: Level,
    order: str,
    headings: Sequence[Heading],
    cells: Callable[[Level], Sequence[Cell]],
) -> tuple[list[Heading], list[Row], int]:
    """Returns the headings, a row of `cells` per group and in total, and the rows left out."""
    grouped, groups = answer["group_by"], answer.get("groups", ())
    head = [Heading(column_label(name), field="key", order=order) for name in grouped]
    head = [
        *(head or [Heading("Who")]),
        *headings,
        Heading("People", number=True, field="count", order=order),
    ]
    total = [Cell("All", head=True), *(Cell("") for _ in grouped[1:])]
    rows = [
        Row([*keys(level["key"]), *cells(level), people(level["count"])])
        for level in groups[:MOST_ROWS]
    ]
    rows.append(Row([*total, *cells(answer), people(answer["count"])], total=bool(grouped)))
    return head, rows, max(0, len(groups) - MOST_ROWS)


def _values(answer: Level, order: str) -> Table:
    metric = metrics.find(answer["metric"])
    levels = [*answer.get("groups", ()), answer]
    unit = unit_of(answer)
    write = writer(unit, COLUMNS[answer["column"]], levels)
    text = isinstance(answer["value"], str)
    names = () if text else ("value", "ci_lower", "ci_upper")
    ends = scale([level.get(name) for level in levels for name in names])
    drawn = "ci_lower" in answer and len(levels) > 1
    title = Heading(_title(metric.label, unit), number=not text, field="value", order=order)

    def cells(level: Level) -> list[Cell]:
        if not drawn:
            return [_value(level, write)]
        bar = ends.bar(*(level[name] for name in names))
        return [_value(level, write), drawing(bar)]

    headings = [title, DRAWN] if drawn else [title]
    head, rows, left_out = _by_level(answer, order, headings, cells)
    return Table(head, rows, _notes(levels, rows), left_out)


def writer(unit: str | None, column: Column, levels: Sequence[Level]) -> Callable[[Any], str]:
    """Returns the function that formats values, all with the same number of decimals."""
    if unit == SHARE:
        return numbers.percent
    values = [v for level in levels if isinstance(v := level.get("value"), int | float)]
    whole = all(isinstance(value, int) for value in values)
    decimals = None if whole else numbers.places(*values)

    def write(value: Any) -> str:
        if isinstance(value, str):
            return words.value(column, value)
        return numbers.number(value, decimals)

    return write


def _title(name: str, unit: str | None) -> str:
    """Returns the heading of the values with their unit."""
    if unit == SHARE:
        return "Share, %"
    return f"{name}, {unit}" if unit and unit != PEOPLE and unit not in name else name


def _value(level: Level, write: Callable[[Any], str]) -> Cell:
    value = level["value"]
    if isinstance(value, str):
        note = "" if "weighted_count" in level else f"{level['frequency']:,} people"
        return Cell(write(value), note)
    cell = estimate(level, "value", "ci", write)
    if "successes" in level and value in (0, 1):
        counted = f"{level['successes']:,} of {level['count']:,} people"
        return replace(cell, note=";\n".join(filter(None, [cell.note, counted])))
    return cell


def _notes(levels: Sequence[Level], rows: Sequence[Row]) -> list[str]:
    notes = []
    if any(level.get("ci_lower") is not None for level in levels):
        notes.append("Behind each value: its confidence interval.")
    if any(cell.marked for row in rows for cell in row.cells):
        notes.append(SMALL_NOTE)
    if any(
        level.get("value") in (0, 1) and level.get("ci_lower") is None and "successes" in level
        for level in levels
    ):
        notes.append(
            "Where nobody or everybody is counted there is no interval: a few people "
            "do not make it certain."
        )
    return notes


def _quantiles(answer: Level, order: str) -> Table:
    column = COLUMNS[answer["column"]]
    name = "lorenz" if "lorenz" in answer else "quantiles"
    write = numbers.percent if unit_of(answer) == SHARE else _whole
    headings = [Heading(f"{100 * pair['q']:g}%", number=True) for pair in answer[name]]
    head, rows, left_out = _by_level(
        answer,
        order,
        headings,
        lambda level: [estimate(pair, "value", "ci", write) for pair in level[name]],
    )
    first = headings[0].text
    if name == "quantiles":
        told = words.lower(words.with_unit(column.label, column.unit))
        note = f"{first}: the {told} that {first} of the people do not exceed."
    else:
        told = words.lower(column.label)
        note = f"{first}: the share of all {told}, in %, that the {first} with the least have."
    return Table(head, rows, [note, *_notes(answer[name], rows)], left_out)


def _whole(value: float | None) -> str:
    """Formats a quantile, without decimals if it is a whole number."""
    whole = value is not None and float(value).is_integer()
    return numbers.number(int(value or 0) if whole else value, None if whole else 1)


def _buckets(answer: Level, order: str) -> Table:
    column = COLUMNS[answer["column"]]
    grouped = answer["group_by"]
    levels = answer["groups"] if grouped else [answer]
    buckets = [(level, bucket) for level in levels for bucket in level["buckets"]]
    ends = scale([bucket["proportion"] for _, bucket in buckets])
    share = "Share of people, weighted, %" if answer["weight"] else "Share, %"
    heads = [
        *(Heading(column_label(n), field="key", order=order) for n in grouped),
        Heading(
            words.with_unit(column.label, column.unit), field="" if grouped else "key", order=order
        ),
        Heading(share, number=True),
        DRAWN,
        Heading("People", number=True, field="count", order=order),
    ]
    rows = [
        Row(
            [
                *(keys(level["key"]) if grouped else []),
                Cell(bucket_label(column, bucket), head=True),
                estimate(bucket, "proportion", "ci", numbers.percent),
                drawing(ends.bar(bucket["proportion"])),
                Cell(numbers.number(bucket["count"]), number=True),
            ]
        )
        for level, bucket in buckets[:MOST_ROWS]
    ]
    if not grouped:
        rows.append(
            Row(
                [
                    Cell("All", head=True),
                    Cell("100.0", number=True),
                    drawing(),
                    people(answer["count"]),
                ],
                total=True,
            )
        )
    notes = []
    if any("ci_lower" in bucket for _, bucket in buckets):
        notes.append("Behind each share: its confidence interval.")
    if answer.get("missing"):
        notes.append(f"{answer['missing']:,} people without a value are left out.")
    for side, where in (("below", "below"), ("above", "above")):
        if answer.get(side):
            notes.append(f"{answer[side]:,} people are {where} the range.")
    return Table(heads, rows, notes, max(0, len(buckets) - MOST_ROWS))


def bucket_label(column: Column, bucket: Level) -> str:
    """Returns the label of a bucket; bins of whole numbers are labelled `first–last`."""
    if "value" in bucket:
        return label(column.name, bucket["value"])
    low, high = bucket["lower"], bucket["upper"]
    if float(low).is_integer() and float(high).is_integer():
        first, last = int(low), int(high) - 1
        return f"{first:,}" if first >= last else f"{first:,}–{last:,}"
    return f"{numbers.number(low, 1)} to {numbers.number(high, 1)}"
