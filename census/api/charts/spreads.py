"""Quantiles as box plots: a box between the quartiles, a mark at the median, a line beyond."""

from collections.abc import Mapping, Sequence
from typing import Any

from census.api.charts import style, words
from census.api.charts.bars import quantitative
from census.api.charts.layout import Layout
from census.api.charts.style import Spec

QUARTERS = (0.25, 0.5, 0.75)
TOLD = "told"


def view(
    placed: Layout,
    keys: Sequence[Mapping[str, Any]],
    levels: Sequence[Mapping[str, Any]],
    title: str,
    unit: str | None,
) -> tuple[list[dict[str, Any]], Spec]:
    """Returns a record for each quantile of each group, and their view."""
    records = [
        {
            **labels,
            "quantile": f"{pair['q']:.4g}",
            "value": pair["value"],
            TOLD: _told(key, pair, unit),
        }
        for labels, key, level in zip(placed.labels, keys, levels, strict=True)
        for pair in level["quantiles"]
    ]  # fmt: skip
    numbers = [record["value"] for record in records if record["value"] is not None]
    x = quantitative("value", title, numbers)
    encoding = {k: v for k, v in placed.encoding.items() if k != "color"}
    detail = [{"field": encoding["yOffset"]["field"]}] if "yOffset" in encoding else []
    ends = {
        **encoding,
        "x": {"aggregate": "min", **x},
        "x2": {"aggregate": "max", "field": "value"},
    }
    if detail:
        ends["detail"] = detail
    line = {"type": "rule", "strokeWidth": 1.5, "color": "#8a8a8a", "tooltip": None}
    dot: Spec = {"type": "point", "filled": True, "size": 70, "opacity": 1, "color": style.INK}
    layers: list[Spec] = [{"mark": line, "encoding": ends}]
    colour = placed.encoding.get("color", {"value": style.SKY})
    if boxed(levels):
        quarters = [{"filter": "datum.quantile === '0.25' || datum.quantile === '0.75'"}]
        box = {"type": "bar", "height": {"band": 0.6}, "tooltip": None}
        layers.append({"transform": quarters, "mark": box, "encoding": {**ends, "color": colour}})
        tick = {"type": "tick", "thickness": 3, "color": style.INK, "bandSize": 16, "tooltip": None}
        middle = [{"filter": "datum.quantile === '0.5'"}]
        layers.append({"transform": middle, "mark": tick, "encoding": {**encoding, "x": x}})
        dot |= {"opacity": 0.001, "size": 140}  # invisible, for the tooltip
    elif "color" in placed.encoding:
        dot.pop("color")
    coloured = {} if dot["opacity"] < 1 or "color" not in placed.encoding else {"color": colour}
    told = {"tooltip": {"field": TOLD, "type": "nominal"}}
    layers.append({"mark": dot, "encoding": {**encoding, **coloured, "x": x, **told}})
    return records, style.wide(placed.height, placed.width, layer=layers)


def boxed(levels: Sequence[Mapping[str, Any]]) -> bool:
    """Returns whether the quartiles are among the quantiles."""
    return set(QUARTERS) <= {pair["q"] for level in levels for pair in level["quantiles"]}


def _told(key: Mapping[str, Any], pair: Mapping[str, Any], unit: str | None) -> str:
    who = f"{words.key(key)}: " if key else ""
    value = "no value" if pair["value"] is None else f"{pair['value']:,.6g}"
    return f"{who}{100 * pair['q']:g}% have at most {value}{f' {unit}' if unit else ''}"
