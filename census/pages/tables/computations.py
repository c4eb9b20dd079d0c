"""Tables of computations: values, quantiles and distributions, whole and by groups."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from census.api.charts import words
from census.columns import COLUMNS, WEIGHT, Column
from census.pages import numbers
from census.pages.tables.layout import (
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
from census.statistics import metrics
from census.statistics.metrics.base import PEOPLE, SHARE, Question
from census.statistics.selection import Selection

Level = Mapping[str, Any]

MOST_ROWS = 500


def unit_of(answer: Level) -> str | None:
    """Return the unit of an answer's values; `SHARE` is a fraction of 1."""
    weight = WEIGHT if answer.get("weight") else None
    question = Question(COLUMNS[answer["column"]], Selection(weight=weight))
    return metrics.find(answer["metric"]).unit(question)


def of_computation(answer: Level, order: str = "") -> Table:
    """Return a row for each group and a total; for a distribution, a row for each bucket."""
    if "buckets" in answer:
        return _buckets(answer, order)
    if "quantiles" in answer or "lorenz" in answer:
        return _quantiles(answer, order)
    return _values(answer, order)


def _values(answer: Level, order: str) -> Table:
    metric = metrics.find(answer["metric"])
    column = COLUMNS[answer["column"]]
    levels = [*answer.get("groups", ()), answer]
    unit = unit_of(answer)
    write = writer(unit, column, levels)
    text = isinstance(answer["value"], str)
    ends = scale(
        [
            level.get(end)
            for level in levels
            for end in ("value", "ci_upper", "ci_lower")
            if not isinstance(level.get(end), str)
        ]
    )
    drawn = "ci_lower" in answer and len(levels) > 1
    grouped = answer["group_by"]
    head = [
        *(Heading(column_label(n), field="key", order=order) for n in grouped),
        Heading(
            _title(metric.label, unit),
            number=not text,
            field="value",
            order=order,
        ),
        *([Heading("")] if drawn else []),
        Heading("People", number=True, field="count", order=order),
    ]
    rows = [
        Row(
            [
                *(keys(level["key"]) if "key" in level else _total(grouped)),
                _value(level, write),
                *(
                    [Cell("", bar=ends.bar(level["value"], level["ci_lower"], level["ci_upper"]))]
                    if drawn
                    else []
                ),
                people(level["count"]),
            ],
            total="key" not in level and bool(grouped),
        )
        for level in _shown(levels)
    ]
    if not grouped:
        head.insert(0, Heading("Who"))
    return Table(head, rows, _notes(answer, levels, rows), max(0, len(levels) - 1 - MOST_ROWS))


def _shown(levels: Sequence[Level]) -> Sequence[Level]:
    """Return the levels that a page shows: the first groups and the total."""
    return [*levels[:-1][:MOST_ROWS], levels[-1]]


def writer(unit: str | None, column: Column, levels: Sequence[Level]) -> Callable[[Any], str]:
    """Return the function that formats values, all with the same number of decimals."""
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
    """Return the heading of the values with their unit."""
    if unit == SHARE:
        return "Share, %"
    return f"{name}, {unit}" if unit and unit != PEOPLE and unit not in name else name


def _value(level: Level, write: Callable[[Any], str]) -> Cell:
    value, low, high = (level.get(name) for name in ("value", "ci_lower", "ci_upper"))
    note = numbers.interval(write(low), write(high)) if low is not None else ""
    if not note and "successes" in level and value in (0, 1):
        note = f"{level['successes']:,} of {level['count']:,} people"
    if isinstance(value, str) and "weighted_count" not in level:
        note = f"{level['frequency']:,} people"
    return Cell(write(value), note, number=not isinstance(value, str))


def _total(grouped: Sequence[str]) -> list[Cell]:
    """Return the key cells of the total row."""
    return [Cell("All", head=True), *(Cell("") for _ in grouped[1:])]


def _notes(answer: Level, levels: Sequence[Level], rows: Sequence[Row]) -> list[str]:
    notes = []
    if any(level.get("ci_lower") is not None for level in levels):
        notes.append(
            "Behind each value: its 95% confidence interval."
            if answer.get("confidence", 0.95) == 0.95
            else "Behind each value: its confidence interval."
        )
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
    levels = [*answer.get("groups", ()), answer]
    grouped = answer["group_by"]
    name = "lorenz" if "lorenz" in answer else "quantiles"
    steps = [pair["q"] for pair in answer[name]]
    write = numbers.percent if unit_of(answer) == SHARE else _whole
    head = [
        *(Heading(column_label(n), field="key", order=order) for n in grouped),
        *([] if grouped else [Heading("Who")]),
        *(Heading(f"{100 * q:g}%", number=True) for q in steps),
        Heading("People", number=True, field="count", order=order),
    ]

    def pair(found: Level) -> Cell:
        ends = [found.get("ci_lower"), found.get("ci_upper")]
        note = numbers.interval(*map(_whole, ends)) if None not in ends else ""
        return Cell(write(found["value"]), note, number=True)

    rows = [
        Row(
            [
                *(keys(level["key"]) if "key" in level else _total(grouped)),
                *map(pair, level[name]),
                people(level["count"]),
            ],
            total="key" not in level and bool(grouped),
        )
        for level in _shown(levels)
    ]
    told = words.lower(words.with_unit(column.label, column.unit))
    first = f"{100 * steps[0]:g}%"
    notes = [
        f"{first}: the {told} that {first} of the people do not exceed."
        if name == "quantiles"
        else f"{first}: the share of all {words.lower(column.label)}, in %, that the {first} of "
        "the people with the least have.",
        *_notes(answer, answer[name], rows),
    ]
    return Table(head, rows, notes, max(0, len(levels) - 1 - MOST_ROWS))


def _whole(value: float | None) -> str:
    """Format a quantile, without decimals if it is a whole number."""
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
        Heading(""),
        Heading("People", number=True, field="count", order=order),
    ]
    rows = [
        Row(
            [
                *(keys(level["key"]) if grouped else []),
                Cell(bucket_label(column, bucket), head=True),
                _share(bucket),
                Cell("", bar=ends.bar(bucket["proportion"])),
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
                    Cell(""),
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


def _share(bucket: Level) -> Cell:
    low, high = bucket.get("ci_lower"), bucket.get("ci_upper")
    note = ""
    if low is not None and high is not None:
        note = numbers.interval(numbers.percent(low), numbers.percent(high))
    return Cell(numbers.percent(bucket["proportion"]), note, number=True)


def bucket_label(column: Column, bucket: Level) -> str:
    """Return the label of a bucket; bins of whole numbers are labelled `first–last`."""
    if "value" in bucket:
        return label(column.name, bucket["value"])
    low, high = bucket["lower"], bucket["upper"]
    if float(low).is_integer() and float(high).is_integer():
        first, last = int(low), int(high) - 1
        return f"{first:,}" if first >= last else f"{first:,}–{last:,}"
    return f"{numbers.number(low, 1)} to {numbers.number(high, 1)}"
