"""Heat maps of tables."""

import json
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from census.api.charts import style
from census.api.charts.style import Spec

CELL = 26
LABEL_LINE = 15
NARROWED = 0.75  # fraction of a column's width that remains on a phone
MOST_LINES = 3  # of the label of a column
MOST_WRITTEN = 8  # columns whose cells are wide enough for a number


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


def _broken(label: str, width: float) -> list[str] | None:
    """Returns a label in lines that fit a column; None if it needs too many."""
    characters = max(int(NARROWED * width / style.CHARACTER), 1)
    lines = textwrap.wrap(label, characters, break_long_words=False)
    longest = style.CHARACTER * max(map(len, lines), default=0)
    return lines if len(lines) <= MOST_LINES and longest <= width + style.CHARACTER else None


def heat(rows: Side, columns: Side, colour: Colour) -> Spec:
    """Returns a cell for each record, with its number if there is room."""
    width = style.beside(rows.labels) / max(len(columns.labels), 1)
    broken = {label: _broken(label, width) for label in columns.labels}
    slanted = any(lines is None for lines in broken.values())
    slant: Spec = {"labelAngle": -40, "labelAlign": "left"}
    if not slanted:
        # The lines of a label run downwards, so all labels start at the height of the tallest.
        most = max((len(lines or ()) for lines in broken.values()), default=1)
        slant = {
            "labelAngle": 0,
            "labelExpr": f"({json.dumps(broken)})[datum.label]",
            "labelLineHeight": LABEL_LINE,
            "labelPadding": 4 + LABEL_LINE * (most - 1),
        }
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
            "axis": {"orient": "top", **slant, "labelLimit": 180},
        },
    }
    form = ".0%" if colour.share else "+.2f"
    ends = [-colour.bound, colour.bound]
    diverging = {"scheme": "blueorange", "domain": ends, "reverse": True, "clamp": True}
    shown = {
        "field": colour.field,
        "type": "quantitative",
        "scale": {"scheme": "blues", "domainMin": 0} if colour.share else diverging,
        "legend": {
            "title": colour.title,
            "orient": "bottom",
            "format": "~%" if colour.share else "+~r",
            "gradientLength": 200,
        },
    }
    told = [
        {"field": rows.field, "type": "nominal", "title": rows.title or "Row"},
        {"field": columns.field, "type": "nominal", "title": columns.title or "Column"},
        {"field": colour.field, "type": "quantitative", "title": colour.title,
         "format": ".1%" if colour.share else "+.3f"},
    ]  # fmt: skip
    cell = {
        "mark": {"type": "rect", "stroke": "white"},
        "encoding": {"color": shown, "tooltip": told},
    }
    dark = f"luminance(scale('color', datum.{colour.field})) < 0.2"
    written = {
        "mark": {"type": "text", "fontSize": style.SMALL},
        "encoding": {
            "text": {"field": colour.field, "format": form},
            "color": {"condition": {"test": dark, "value": "white"}, "value": style.INK},
        },
    }
    layers = [cell, written] if len(columns.labels) <= MOST_WRITTEN else [cell]
    edges = {"left": 8, "top": 8, "bottom": 8, "right": 8 + round(beyond)}
    return style.wide(CELL * len(rows.labels), encoding=placed, layer=layers, padding=edges)
