"""Rows of values: bars, and dots with intervals."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from census.api.charts import style, words
from census.api.charts.layout import Layout
from census.api.charts.style import Spec

Record = Mapping[str, Any]

SHARE = ".1%"
VALUE, LOWER, UPPER = "value", "ci_lower", "ci_upper"
LOG10_LEVEL = -1.30103  # of 0.05
UNCLEAR = "hollow: not significant at the 5% level"
TOLD = "told"  # the field of a record's tooltip
HOLLOW = "hollow"  # the field that says whether a dot is hollow
TOOLTIP = {"field": TOLD, "type": "nominal"}


def is_clear(log10_p: float | None) -> bool:
    """Returns whether a test is significant at the 5% level, by the logarithm of its p value."""
    return log10_p is not None and log10_p < LOG10_LEVEL


def signed(difference: float, digits: int) -> str:
    """Returns a difference with its sign."""
    return words.number(difference, f"+,.{digits}f")


def decimals(differences: Iterable[float]) -> int:
    """Returns how many decimals show differences to about three digits."""
    largest = max(map(abs, differences), default=0)
    return next((d for d, least in enumerate((100, 10, 1)) if largest >= least), 3)


def bars(
    layout: Layout,
    records: Sequence[Record],
    title: str,
    *,
    field: str = VALUE,
    share: bool = False,
    text: str | None = None,
) -> Spec:
    """Returns bars of `field` from zero.

    `share` says that the values are shares; `text` names the field that is written at the right of
    each bar, by default its value.
    """
    numbers = _numbers(records, [field])
    x = quantitative(field, title, numbers, share=share, text=_text(records, text or field))
    bar: Spec = {"type": "bar", "cornerRadiusEnd": 1}
    if "color" not in layout.encoding:
        bar["color"] = style.SKY
    form = SHARE if share else style.number_format(numbers)
    marks = [
        {"mark": bar, "encoding": {**layout.encoding, "x": x, "tooltip": TOOLTIP}},
        _written(layout, {"field": text} if text else {"field": field, "format": form}, field),
    ]
    return style.wide(layout.height, layout.width, layer=marks)


def dots(
    layout: Layout,
    records: Sequence[Record],
    title: str,
    *,
    share: bool = False,
    line: float | None = 0,
    text: str = VALUE,
) -> Spec:
    """Returns a dot for each value with its interval, and a dashed line.

    `text` names the field that is written at the right. A record that is `HOLLOW` is drawn so.
    """
    numbers = _numbers(records, (VALUE, LOWER, UPPER))
    x = quantitative(VALUE, title, numbers, share=share, text=_text(records, text))
    colour = layout.encoding.get("color", {"value": style.BLUE})
    fill = {"condition": {"test": f"datum.{HOLLOW}", "value": "white"}, **colour}
    dot = {"type": "point", "size": 80, "opacity": 1, "strokeWidth": 2}
    encoding = {**layout.encoding, "color": colour, "fill": fill, "x": x, "tooltip": TOOLTIP}
    ends = {"x": {"field": LOWER, "type": "quantitative"}, "x2": {"field": UPPER}}
    marks = [
        *([_dashed(line)] if line is not None else []),
        {
            "mark": {"type": "rule", "strokeWidth": 2, "tooltip": None},
            "encoding": {**layout.encoding, "color": colour, **ends},
        },
        {"mark": dot, "encoding": encoding},
        _written(layout, {"field": text}, VALUE),
    ]
    return style.wide(layout.height, layout.width, layer=marks)


def quantitative(
    field: str, title: str, numbers: Iterable[float], *, share: bool = False, text: float = 0
) -> Spec:
    """Returns an axis from zero (or below) over the numbers; `text` pixels are left at its end."""
    numbers = list(numbers)
    low, high = min([0, *numbers]), max([0, *numbers])
    axis = {"tickCount": 5, **({"format": "~%"} if share else style.axis_labels((low, high)))}
    scale: Spec = {"zero": True}
    if text:
        scale["rangeMax"] = {"expr": f"width - {text}"}
    return {"field": field, "type": "quantitative", "title": title, "axis": axis, "scale": scale}


def _numbers(records: Iterable[Record], fields: Iterable[str]) -> list[float]:
    fields = list(fields)
    return [record[f] for record in records for f in fields if record.get(f) is not None]


def _text(records: Iterable[Record], field: str) -> float:
    """Returns the approximate width of the longest text of a field, in pixels."""
    known = [record[field] for record in records if record.get(field) is not None]
    texts = [text if isinstance(text, str) else f"{text:,.0f}" for text in known]
    return style.CHARACTER * (max([7, *map(len, texts)]) + 1)


def _written(layout: Layout, text: Spec, field: str) -> Spec:
    """Returns the text at the right of the bars of `field`."""
    return {
        "transform": [{"filter": f"isValid(datum.{field})"}],
        "mark": {"type": "text", "align": "right", "fontSize": style.SMALL},
        "encoding": {
            **layout.encoding,
            "x": {"value": "width"},
            "text": text,
            "color": {"value": style.INK},
        },
    }


def _dashed(at: float) -> Spec:
    """Returns a dashed line across all rows."""
    return {
        "data": {"values": [{"at": at}]},
        "mark": {"type": "rule", "strokeDash": [4, 3], "color": style.SOFT_INK},
        "encoding": {"x": {"field": "at", "type": "quantitative"}},
    }
