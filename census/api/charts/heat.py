"""Heat maps of tables."""

from collections.abc import Sequence
from dataclasses import dataclass

from census.api.charts import style
from census.api.charts.style import Spec

CELL = 26
MOST_WRITTEN = 8  # columns whose cells are wide enough for a number
WRITTEN, TOLD = "written", "told"  # fields of a cell's value as text, the latter more exact
SIGNED = "datum.value == 0 ? '0' : format(datum.value, '+~r')"


@dataclass(frozen=True)
class Side:
    """The rows or the columns: the field that names them, its title, and its labels in order."""

    field: str
    title: str | None
    labels: Sequence[str]


@dataclass(frozen=True)
class Colour:
    """The value that the colour shows: a share from 0, or a number from -`bound` to `bound`."""

    field: str
    title: str
    share: bool
    bound: float = 1


def heat(rows: Side, columns: Side, colour: Colour) -> Spec:
    """Returns a cell for each record, with its number if there is room."""
    width = style.beside(rows.labels) / max(len(columns.labels), 1)
    labels = style.columns(columns.labels, width)
    slanted = labels["labelAngle"] == style.SLANT
    beyond = max(0, 5.4 * len(columns.labels[-1]) - width / 3) if slanted else 0
    placed = {
        "y": {
            "field": rows.field,
            "type": "nominal",
            "sort": list(rows.labels),
            "title": rows.title,
            "axis": {"minExtent": style.extent(rows.labels) + 6},
        },
        "x": {
            "field": columns.field,
            "type": "nominal",
            "sort": list(columns.labels),
            "title": columns.title,
            "axis": {"orient": "top", **labels, "labelLimit": 180},
        },
    }
    ends = [-colour.bound, colour.bound]
    diverging = {"scheme": "blueorange", "domain": ends, "reverse": True, "clamp": True}
    shown = {
        "field": colour.field,
        "type": "quantitative",
        "scale": {"scheme": "blues", "domainMin": 0} if colour.share else diverging,
        "legend": {
            "title": colour.title,
            "orient": "bottom",
            **({"format": "~%"} if colour.share else {"labelExpr": SIGNED}),
            "gradientLength": 200,
        },
    }
    told = [
        {"field": rows.field, "type": "nominal", "title": rows.title or "Row"},
        {"field": columns.field, "type": "nominal", "title": columns.title or "Column"},
        {"field": TOLD, "type": "nominal", "title": colour.title},
    ]
    cell = {
        "mark": {"type": "rect", "stroke": "white"},
        "encoding": {"color": shown, "tooltip": told},
    }
    dark = f"luminance(scale('color', datum.{colour.field})) < 0.2"
    written = {
        "mark": {"type": "text", "fontSize": style.SMALL},
        "encoding": {
            "text": {"field": WRITTEN},
            "color": {"condition": {"test": dark, "value": "white"}, "value": style.INK},
        },
    }
    layers = [cell, written] if len(columns.labels) <= MOST_WRITTEN else [cell]
    edges = {"left": 8, "top": 8, "bottom": 8, "right": 8 + round(beyond)}
    return style.wide(
        CELL * len(rows.labels),
        transform=[_text(colour, WRITTEN, 0, 2), _text(colour, TOLD, 1, 3)],
        encoding=placed,
        layer=layers,
        padding=edges,
    )


def _text(colour: Colour, name: str, percents: int, decimals: int) -> Spec:
    """Returns the transform that adds a cell's value as text, with so many decimals.

    A number has its sign, but for one that is rounded to zero.
    """
    value = f"datum.{colour.field}"
    text = f"format({value}, '.{percents}%')"
    if not colour.share:
        zero = f"round({10**decimals} * {value}) == 0"
        text = f"{zero} ? '{0:.{decimals}f}' : format({value}, '+.{decimals}f')"
    return {"calculate": f"isValid({value}) ? ({text}) : ''", "as": name}
