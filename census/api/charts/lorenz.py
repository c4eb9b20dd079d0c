"""Lorenz curves: the share of the total that the people with the least have."""

from collections.abc import Mapping, Sequence
from typing import Any

from census.api.charts import style, words
from census.api.charts.layout import GROUP
from census.api.charts.style import Spec
from census.columns import Column

TOLD = "told"
PLOT = 300
MOST = 6  # curves that colours can tell apart


def view(
    keys: Sequence[Mapping[str, Any]], levels: Sequence[Mapping[str, Any]], column: Column
) -> tuple[list[dict[str, Any]], Spec | None]:
    """Returns the points of the curve of each group, and the view of them beside the diagonal."""
    known = [
        (key, level)
        for key, level in zip(keys, levels, strict=True)
        if all(pair["value"] is not None for pair in level["lorenz"])
    ][:MOST]
    labels = [words.key(key) for key, _ in known]
    records = [
        {
            GROUP: label,
            "q": pair["q"],
            "value": pair["value"],
            TOLD: _told(label, pair, column) if pair["q"] else "",
        }
        for label, (_, level) in zip(labels, known, strict=True)
        for pair in ({"q": 0, "value": 0}, *level["lorenz"])
    ]
    if not records:
        return [], None
    share = {"type": "quantitative", "axis": {"format": "~%", "tickCount": 5}}
    scale = {"scale": {"domain": [0, 1]}}
    x = {**share, **scale, "field": "q", "title": "Share of the people, those with the least first"}
    y = {**share, **scale, "field": "value", "title": f"Share of all {words.lower(column.label)}"}
    colour: Spec = {"value": style.BLUE}
    if labels != [""]:
        legend = style.legend(None, labels, style.WIDTH - 60) | {"symbolOpacity": 1}
        colour = {"field": GROUP, "type": "nominal", "sort": labels,
                  "scale": style.colours(labels), "legend": legend}  # fmt: skip
    encoding = {"x": x, "y": y, "color": colour}
    ends = {"values": [{"q": 0, "value": 0}, {"q": 1, "value": 1}]}
    dashed = {"type": "line", "strokeDash": [4, 3], "color": style.SOFT_INK, "tooltip": None}
    told = {"tooltip": {"field": TOLD, "type": "nominal"}}
    layers = [
        {"data": ends, "mark": dashed, "encoding": {"x": x, "y": y}},
        {"mark": {"type": "line", "strokeWidth": 2, "tooltip": None}, "encoding": encoding},
        {
            "transform": [{"filter": "datum.q > 0"}],
            "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1},
            "encoding": {**encoding, **told},
        },
    ]
    return records, style.wide(PLOT, layer=layers)


def _told(label: str, pair: Mapping[str, Any], column: Column) -> str:
    who = f"{label}: " if label else ""
    what = words.lower(column.label)
    return f"{who}the {100 * pair['q']:g}% with the least have {pair['value']:.1%} of all {what}"
