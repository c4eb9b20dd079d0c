"""Distributions: histograms of numbers and bars of categories, by groups."""

from collections.abc import Mapping, Sequence
from typing import Any

from census.api.charts import heat, style, words
from census.api.charts.bars import quantitative
from census.api.charts.layout import GROUP, ROW, Layout
from census.api.charts.style import Spec
from census.columns import Column

Bucket = Mapping[str, Any]
Record = dict[str, Any]

TOLD = "told"
TOOLTIP = {"field": TOLD, "type": "nominal"}
FACET_WIDTH = 430
FACET_HEIGHT = 64
# Up to this many groups are bars side by side; more are a heat map.
SIDE_BY_SIDE = 3
UNEVEN = 4  # a bar with this many times all others makes the scale logarithmic
BETWEEN = 0.25  # gap between categories, as a fraction of their height


def records(
    column: Column,
    labels: Sequence[Mapping[str, str]],
    keys: Sequence[Mapping[str, Any]],
    levels: Sequence[Mapping[str, Any]],
    *,
    in_order: bool,
) -> list[Record]:
    """Returns a record for each bucket of each level, with labels for its group and category.

    The categories of an ordered column are `in_order`, whatever their frequency.
    """
    return [
        {
            **of,
            **_drawn(column, bucket),
            TOLD: _told(column, key, bucket),
        }
        for of, key, level in zip(labels, keys, levels, strict=True)
        for bucket in (_in_order(column, level["buckets"]) if in_order else level["buckets"])
    ]


def _in_order(column: Column, buckets: Sequence[Bucket]) -> Sequence[Bucket]:
    if column.numeric:
        return buckets
    return sorted(buckets, key=lambda bucket: column.sort_key(bucket["value"]))


def _drawn(column: Column, bucket: Bucket) -> Record:
    names = ("lower", "upper", "value", "count", "proportion")
    record = {name: bucket[name] for name in names if name in bucket}
    if not column.numeric:
        record["value"] = words.value(column, bucket["value"])
    return record


def _told(column: Column, key: Mapping[str, Any], bucket: Bucket) -> str:
    """Returns the tooltip of a bucket."""
    who = f"{words.key(key)}, " if key else ""
    unit = f" {column.unit}" if column.unit else ""
    if "lower" in bucket:
        what = f"{bucket['lower']:,.6g} to under {bucket['upper']:,.6g}{unit}"
    else:
        what = words.value(column, bucket["value"]) + unit
    share = "" if bucket["proportion"] is None else f"{bucket['proportion']:.1%}, "
    return f"{who}{what}: {share}{words.count(bucket['count'], 'person', 'people')}"


def histogram(column: Column, found: Sequence[Record], layout: Layout, *, weighted: bool) -> Spec:
    """Returns bars over the bins: counts, or shares with groups or a weight."""
    shares = weighted or bool(layout.encoding)
    title = words.with_unit(column.label, column.unit)
    if found and "lower" in found[0]:
        low, high = found[0]["lower"], max(record["upper"] for record in found)
        x: Spec = {
            "x": {"field": "lower", "type": "quantitative", "bin": {"binned": True}},
            "x2": {"field": "upper"},
        }
        mark: Spec = {"type": "bar", "binSpacing": 1}
    else:
        low, high = (f(record["value"] for record in found) for f in (min, max))
        x = {"x": {"field": "value", "type": "quantitative"}}
        mark = {"type": "bar", "size": max(1, round(0.8 * FACET_WIDTH / (high - low + 1), 1))}
        low, high = low - 0.5, high + 0.5
    x["x"] |= {
        "title": title,
        "scale": {"domain": [low, high], "nice": False},
        "axis": {**style.axis_labels([low, high]), "grid": False, "tickCount": 6},
    }
    amount = _amount(found, shares=shares, ticks=3 if layout.encoding else 5)
    encoding: Spec = {**x, "y": amount, "tooltip": TOOLTIP}
    mark["color"] = style.BLUE
    groups = _groups(layout)
    if 1 < len(groups) <= SIDE_BY_SIDE:
        return _steps(encoding, groups)
    if layout.encoding:
        return _facets(mark, encoding, layout)
    return style.wide(260, mark=mark, encoding=encoding)


def categories(column: Column, found: Sequence[Record], layout: Layout, *, weighted: bool) -> Spec:
    """Returns a bar for each category, with its share as text."""
    order = list(dict.fromkeys(record["value"] for record in found))
    axis = {"minExtent": style.extent(order) + 6}
    y: Spec = {"field": "value", "type": "nominal", "sort": order, "title": None, "axis": axis}
    groups = _groups(layout)
    if not groups:
        return _single(order, y, found, weighted=weighted)
    if len(groups) > SIDE_BY_SIDE:
        return heat.heat(
            heat.Side(GROUP, None, groups),
            heat.Side("value", column.label, order),
            heat.Colour("proportion", "Share of the group", share=True),
        )
    numbers = [record["proportion"] or 0 for record in found]
    x = quantitative("proportion", "Share of the group", numbers, share=True)
    encoding = {
        "y": y | {"scale": {"paddingInner": BETWEEN}},
        "yOffset": {"field": GROUP, "sort": groups},
        "x": x,
        "tooltip": TOOLTIP,
        "color": {
            "field": GROUP,
            "type": "nominal",
            "sort": groups,
            "scale": style.colours(groups),
            "legend": style.legend(None, groups, style.beside(order)),
        },
    }
    height = round(10 * len(groups) * len(order) / (1 - BETWEEN))
    return style.wide(height, mark={"type": "bar"}, encoding=encoding)


def _single(order: Sequence[str], y: Spec, found: Sequence[Record], *, weighted: bool) -> Spec:
    field = "proportion" if weighted else "count"
    numbers = [record[field] or 0 for record in found]
    title = "Share of people, weighted" if weighted else "People"
    x = quantitative(
        field, title, numbers, share=weighted, text=8 * style.CHARACTER / style.beside(order)
    )
    text = {"field": "proportion", "format": ".1%"}
    return style.wide(
        ROW * len(order),
        encoding={"y": y, "x": x},
        layer=[
            {
                "mark": {"type": "bar", "cornerRadiusEnd": 1, "color": style.SKY},
                "encoding": {"tooltip": TOOLTIP},
            },
            {
                "mark": {"type": "text", "align": "right", "fontSize": style.SMALL},
                "encoding": {"text": text, "x": {"value": "width"}},
            },
        ],
    )


def _amount(found: Sequence[Record], *, shares: bool, ticks: int) -> Spec:
    """Returns the axis of the amounts; logarithmic if one bar would dwarf all others."""
    field = "proportion" if shares else "count"
    form = "~%" if shares else ",~f"
    numbers = sorted((record[field] or 0 for record in found), reverse=True)
    uneven = len(numbers) > 1 and numbers[0] > UNEVEN * sum(numbers[1:]) > 0
    title = "Share" if shares else "People"
    constant = min((n for n in numbers if n), default=1)
    axis: Spec = {"tickCount": ticks, "format": form, "domain": False, "ticks": False}
    amount = {"field": field, "type": "quantitative", "title": title, "axis": axis}
    if not uneven:
        return amount
    powers = [10.0**power for power in range(-6, 9)]
    axis["values"] = [0, *(p for p in powers if constant <= p <= numbers[0])]
    scale = {"type": "symlog", "constant": constant}
    return amount | {"title": f"{title}, logarithmic", "scale": scale}


def _steps(encoding: Spec, groups: Sequence[str]) -> Spec:
    """Returns the outlines of the groups' histograms, overlaid."""
    low = encoding["x"]["field"]
    x = {k: v for k, v in encoding["x"].items() if k != "bin"}
    colour = {
        "field": GROUP,
        "type": "nominal",
        "sort": groups,
        "scale": style.colours(groups),
        "legend": style.legend(None, groups, style.WIDTH - 60) | {"symbolOpacity": 1},
    }
    placed = {"x": x | {"field": low}, "y": {**encoding["y"], "stack": None}, "color": colour}
    line = {"type": "area", "interpolate": "step-after", "line": {"strokeWidth": 2},
            "fillOpacity": 0.12, "tooltip": None}  # fmt: skip
    point = {"type": "point", "filled": True, "opacity": 0.001, "size": 200}
    return style.wide(
        260,
        layer=[
            {"mark": line, "encoding": placed},
            {"mark": point, "encoding": {**placed, "tooltip": TOOLTIP}},
        ],
    )


def _groups(layout: Layout) -> list[str]:
    return [of[GROUP] for of in layout.labels if of]


def _facets(mark: Spec, encoding: Spec, layout: Layout) -> Spec:
    """Returns a histogram for each group, one below the other on a common axis."""
    return {
        "facet": {
            "field": GROUP,
            "type": "nominal",
            "sort": _groups(layout),
            "header": {"labelAnchor": "start"},
        },
        "columns": 1,
        "spacing": 14,
        "spec": {"mark": mark, "encoding": encoding, "width": FACET_WIDTH, "height": FACET_HEIGHT},
    }
