"""Estimates with their intervals: dots in rows, joined pairs, lines over ordered groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from census.api.charts import style, words
from census.api.charts.bars import quantitative
from census.api.charts.layout import Layout, layout
from census.api.charts.style import Spec
from census.columns import COLUMNS, Column

Record = dict[str, Any]
Key = Mapping[str, Any]
Bounds = tuple[float | None, float | None]

VALUE, LOWER, UPPER = "value", "ci_lower", "ci_upper"
SMALL, TOLD, WRITTEN = "small", "told", "written"
FEW = 30  # people: an estimate of fewer is drawn hollow
PAIRED = 3  # up to this many groups share one line
STEPS = 3  # this many ordered groups or more are drawn as a line
LINES = 6
PLOT = 300
NOTE = "hollow: fewer than 30 people"


@dataclass(frozen=True)
class Estimates:
    """The estimates to draw, one for each group, and how to format them.

    `bounds` are what no value can be below and above: intervals end there.
    """

    columns: Sequence[Column]
    keys: Sequence[Key]
    levels: Sequence[Mapping[str, Any]]
    title: str
    unit: str | None
    share: bool
    bounds: Bounds
    line: float | None
    ordered: bool  # whether the query orders the groups
    additive: bool  # whether the values of groups add up to that of all


def view(of: Estimates) -> tuple[list[Record], Spec]:
    """Returns the records of a picture and the view of them."""
    if (over := _line(of)) is not None:
        return over
    of = of if of.ordered or len(of.columns) != 1 or of.columns[0].ordered else _by_value(of)
    placed = layout(of.columns, of.keys, nested=not of.ordered)
    records = [
        {**labels, **record} for labels, record in zip(placed.labels, _records(of), strict=True)
    ]
    if "yOffset" in placed.encoding and _told(placed) <= PAIRED:
        return records, _pairs(of, placed, records)
    return records, _dots(of, placed, records)


def _told(placed: Layout) -> int:
    return len(placed.encoding["yOffset"]["sort"])


def _by_value(of: Estimates) -> Estimates:
    """Returns the estimates with the largest value first."""
    value = [level[VALUE] for level in of.levels]
    places = sorted(range(len(value)), key=lambda i: (value[i] is None, -(value[i] or 0)))
    keys, levels = [of.keys[i] for i in places], [of.levels[i] for i in places]
    return replace(of, keys=keys, levels=levels, ordered=True)


def _records(of: Estimates) -> list[Record]:
    form = _writer(of)
    return [_record(of, key, level, form) for key, level in zip(of.keys, of.levels, strict=True)]


def _record(of: Estimates, key: Key, level: Mapping[str, Any], form: Any) -> Record:
    low, high = level.get(LOWER), level.get(UPPER)
    count = words.count(level["count"], "person", "people")
    value = form(level[VALUE]) if level[VALUE] is not None else "no value"
    interval = f" ({form(low).rstrip('%')}–{form(high).rstrip('%')})" if low is not None else ""
    unit = f" {of.unit}" if of.unit and not of.share else ""
    who = f"{words.key(key)}: " if key else ""
    return {
        VALUE: level[VALUE],
        LOWER: _within(low, of.bounds),
        UPPER: _within(high, of.bounds),
        "count": level["count"],
        SMALL: level["count"] < FEW,
        WRITTEN: value,
        TOLD: f"{who}{value}{interval}{unit}, {count}",
    }


def _within(value: float | None, bounds: Bounds) -> float | None:
    if value is None:
        return None
    least, most = bounds
    value = value if least is None else max(value, least)
    return value if most is None else min(value, most)


def _writer(of: Estimates) -> Any:
    if of.share:
        return lambda value: words.number(value, ".1%")
    largest = max((abs(level[VALUE]) for level in of.levels if level[VALUE] is not None), default=0)
    digits = next((d for d, least in enumerate((1000, 100, 1)) if largest >= least), 3)
    return lambda value: words.number(value, f",.{digits}f")


def _axis(of: Estimates, records: Sequence[Record], text: float = 0) -> Spec:
    """Returns the axis of the values: from zero for shares and sums, else around the values."""
    ends = [r[name] for r in records for name in (VALUE, LOWER, UPPER) if r[name] is not None]
    axis = quantitative(VALUE, of.title, ends, share=of.share, text=text)
    if of.share or of.additive or not ends:
        return axis
    low, high = min(ends), max(ends)
    space = (high - low) * 0.06 or abs(high) * 0.05 or 1
    ends = [_within(low - space, of.bounds), _within(high + space, of.bounds)]
    axis["scale"] |= {"domain": ends, "nice": False, "zero": False}
    return axis


def _point(**encoding: Any) -> Spec:
    """Returns the dots; hollow for few people."""
    return {
        "mark": {"type": "point", "size": 80, "opacity": 1, "strokeWidth": 2},
        "encoding": {
            **encoding,
            "fill": {"condition": {"test": f"datum.{SMALL}", "value": "white"},
                     **encoding.get("color", {"value": style.BLUE})},
            "tooltip": {"field": TOLD, "type": "nominal"},
        },
    }  # fmt: skip


def _rule(wide: float = 2, /, **encoding: Any) -> Spec:
    return {
        "mark": {"type": "rule", "strokeWidth": wide, "tooltip": None},
        "encoding": {
            **encoding,
            "x": {"field": LOWER, "type": "quantitative"},
            "x2": {"field": UPPER},
        },
    }


def _dashed(of: Estimates, channel: str = "x") -> list[Spec]:
    if of.line is None:
        return []
    return [
        {
            "data": {"values": [{"at": of.line}]},
            "mark": {"type": "rule", "strokeDash": [4, 3], "color": style.SOFT_INK,
                     "tooltip": None},
            "encoding": {channel: {"field": "at", "type": "quantitative"}},
        }
    ]  # fmt: skip


def _dots(of: Estimates, placed: Layout, records: Sequence[Record]) -> Spec:
    """Returns a row for each group: its dot, its interval, and its value at the right."""
    encoding = placed.encoding
    written = max(len(record[WRITTEN]) for record in records)
    x = _axis(of, records, style.CHARACTER * (written + 2))
    colour: Spec = {} if "color" in encoding else {"color": {"value": style.BLUE}}
    return style.wide(
        placed.height,
        placed.width,
        layer=[
            _rule(**encoding, **colour),
            *_dashed(of),
            _point(**encoding, **colour, x=x),
            {
                "mark": {"type": "text", "align": "right", "fontSize": style.SMALL,
                         "tooltip": None},
                "encoding": {
                    **{k: v for k, v in encoding.items() if k != "color"},
                    "x": {"value": "width"},
                    "text": {"field": WRITTEN},
                    "color": {"value": style.INK},
                },
            },
        ],
    )  # fmt: skip


def _pairs(of: Estimates, placed: Layout, records: Sequence[Record]) -> Spec:
    """Returns two or three groups as joined dots on one line, which shows their gap."""
    encoding = {k: v for k, v in placed.encoding.items() if k != "yOffset"}
    y = {**encoding["y"], "scale": {"paddingInner": 0}}
    x = _axis(of, records)
    joined = {"y": y, "x": {"aggregate": "min", **x}, "x2": {"aggregate": "max", "field": VALUE}}
    return style.wide(
        26 * len(y["sort"]),
        placed.width,
        layer=[
            {
                "mark": {"type": "rule", "strokeWidth": 5, "color": "#d5d9df", "tooltip": None},
                "encoding": joined,
            },
            *_dashed(of),
            _rule(1.6, y=y, color=encoding["color"]),
            _point(y=y, x=x, color=encoding["color"]),
        ],
    )


def _line(of: Estimates) -> tuple[list[Record], Spec] | None:
    """Returns lines over ordered groups such as bands of age; None if the groups have no order.

    The first grouping that is a number is what they are over; another gives a line each.
    """
    if of.ordered or not 1 <= len(of.columns) <= 2:
        return None
    over = next((c for c in of.columns if COLUMNS[c.name].numeric), None)
    if over is None:
        return None
    steps = [label for key in of.keys if (label := words.value(COLUMNS[over.name], key[over.name]))]
    order = list(dict.fromkeys(steps))
    other = next((column for column in of.columns if column is not over), None)
    lines = list(dict.fromkeys(words.value(other, k[other.name]) for k in of.keys)) if other else []
    if len(order) < STEPS or len(lines) > LINES:
        return None
    records = [
        {over.name: words.value(COLUMNS[over.name], key[over.name]),
         **({other.name: words.value(other, key[other.name])} if other else {}), **record}
        for key, record in zip(of.keys, _records(of), strict=True)
    ]  # fmt: skip
    x = {
        "field": over.name,
        "type": "ordinal",
        "sort": _sorted(over, of.keys),
        "scale": {"padding": 0.3},
        "title": words.with_unit(over.label, over.unit),
        "axis": {"labelAngle": 0, "labelOverlap": True},
    }
    y = {**_axis(of, records), "axis": {**quantitative(VALUE, "", [], share=of.share)["axis"]}}
    colour: Spec = {"value": style.BLUE}
    if other:
        told = _sorted(other, of.keys)
        legend = style.legend(other.label, told, style.WIDTH - 60) | {"symbolOpacity": 1}
        colour = {"field": other.name, "type": "nominal", "sort": told,
                  "scale": style.colours(told),
                  "legend": legend}  # fmt: skip
    band = {
        "mark": {"type": "area", "opacity": 0.18, "tooltip": None},
        "encoding": {"x": x, "y": {**y, "field": LOWER}, "y2": {"field": UPPER}, "color": colour},
    }
    line = {
        "mark": {"type": "line", "strokeWidth": 2, "tooltip": None},
        "encoding": {"x": x, "y": y, "color": colour},
    }
    whole = _dashed(of, "y")
    return records, style.wide(PLOT, layer=[band, *whole, line, _point(x=x, y=y, color=colour)])


def _sorted(column: Column, keys: Sequence[Key]) -> list[str]:
    values = list(dict.fromkeys(key[column.name] for key in keys))
    if not COLUMNS[column.name].numeric:
        values.sort(key=column.sort_key)
    return [words.value(COLUMNS[column.name], value) for value in values]
