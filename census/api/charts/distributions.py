"""How values are distributed: histograms of numbers, bars of categories, apart by groups."""

from collections.abc import Mapping, Sequence
from typing import Any

from census.api.charts import heat, style, words
from census.api.charts.bars import quantitative
from census.api.charts.layout import GROUP, ROW, Layout
from census.api.charts.style import Spec
from census.columns import Column

Bucket = Mapping[str, Any]
Record = dict[str, Any]

FACET_WIDTH = 430
FACET_HEIGHT = 64
# Up to so many groups stand side by side within a category; of more there is a heat map.
SIDE_BY_SIDE = 3
BETWEEN = 0.25  # part of the height of a category that parts it from the next


def records(
    column: Column, labels: Sequence[Mapping[str, str]], levels: Sequence[Mapping[str, Any]]
) -> list[Record]:
    """Return a record for each bucket of each level, with labels for its group and category."""
    return [
        {
            **of,
            **bucket,
            **({} if column.numeric else {"value": words.value(column, bucket["value"])}),
        }
        for of, level in zip(labels, levels, strict=True)
        for bucket in level["buckets"]
    ]


def histogram(column: Column, found: Sequence[Record], layout: Layout, *, weighted: bool) -> Spec:
    """Return bars over the bins: counts, or shares where groups or weights are compared."""
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
    encoding: Spec = {**x, "y": _amount(shares=shares, ticks=3 if layout.encoding else 5)}
    mark["color"] = style.BLUE
    if layout.encoding:
        return _facets(mark, encoding, layout)
    return style.wide(260, mark=mark, encoding=encoding)


def categories(column: Column, found: Sequence[Record], layout: Layout, *, weighted: bool) -> Spec:
    """Return a bar for each category, the share of it written behind."""
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
        "color": {
            "field": GROUP,
            "type": "ordinal",
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
            {"mark": {"type": "bar", "cornerRadiusEnd": 1, "color": style.SKY}},
            {
                "mark": {"type": "text", "align": "right", "fontSize": style.SMALL},
                "encoding": {"text": text, "x": {"value": "width"}},
            },
        ],
    )


def _amount(*, shares: bool, ticks: int) -> Spec:
    form = "~%" if shares else ",~f"
    axis = {"tickCount": ticks, "format": form, "domain": False, "ticks": False}
    return {
        "field": "proportion" if shares else "count",
        "type": "quantitative",
        "title": "Share" if shares else "People",
        "axis": axis,
    }


def _groups(layout: Layout) -> list[str]:
    return [of[GROUP] for of in layout.labels if of]


def _facets(mark: Spec, encoding: Spec, layout: Layout) -> Spec:
    """Return a picture for each group, one below the other on a common axis."""
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
