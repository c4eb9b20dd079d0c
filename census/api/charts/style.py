"""What all pictures share: size, type, colours, title and caption."""

import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeGuard

from census.api.charts import words
from census.metadata.about import TITLE
from census.statistics.selection import Selection

Spec = dict[str, Any]

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
WIDTH = 520  # labels stay legible if it is shown 400 pixels wide
SMALL = 12  # size of the type within the picture
LEAST = 250  # least width of the plot; longer labels make a picture wider
LABEL_LIMIT = 340
MOST_LINES, MOST_COLUMN_LINES = 2, 4  # of the label of a row, and of a column
LABEL_LINE = 15  # height of a line of the latter
SLANT, UPRIGHT = -40, -90
LEAST_SLANTED = 20  # pixels between slanted labels, which else would touch
EDGES = 30  # width of the paddings
PADDING = 8
CHARACTER = 7  # approximate width of a character of a label
# Characters of a line that fit in the widest of the usual fonts, too: a viewer of an SVG may lack
# the fonts that it was laid out with.
TITLE_LINE = 50
CAPTION_LINE = 68
# The same of a picture on a phone.
NARROW, NARROW_TITLE, NARROW_CAPTION, NARROW_LABEL = 340, 36, 50, 144
NARROW_LINE = 23  # characters of a line of a label there
MOST_BARS = 60
MOST_FACETS = 20

INK = "#1b1b1b"
SOFT_INK = "#595959"
# Okabe and Ito's blue and sky blue; Tol's high-contrast colours, whose greys differ as well.
BLUE = "#0072B2"
SKY = "#56B4E9"
TWO_OR_THREE = ("#004488", "#DDAA33", "#BB5566")
MOST_COLOURS = 6

# The first is the one that vl-convert brings; the others have its widths, or are the system's.
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"

CONFIG: Mapping[str, Any] = {
    "background": "white",
    "font": FONT,
    "padding": PADDING,
    "view": {"stroke": None},
    "title": {
        "anchor": "start",
        "frame": "bounds",
        "color": INK,
        "fontSize": 16,
        "fontWeight": "bold",
        "lineHeight": 20,
        "subtitleColor": SOFT_INK,
        "subtitleFontSize": 13,
        "subtitleLineHeight": 17,
        "subtitlePadding": 5,
        "offset": 12,
    },
    "axis": {
        "labelColor": INK,
        "labelFontSize": 13,
        "labelLimit": LABEL_LIMIT,
        "titleColor": INK,
        "titleFontSize": 13,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "domainColor": "#888",
        "tickColor": "#888",
        "labelFlush": False,
        "gridColor": "#e3e3e3",
    },
    "axisBand": {"grid": False, "ticks": False, "domain": False, "labelPadding": 6},
    "legend": {
        "labelColor": INK,
        "labelFontSize": 13,
        "labelLimit": 240,
        "titleColor": INK,
        "titleFontSize": 13,
        "titleFontWeight": "normal",
        "symbolSize": 120,
    },
    "header": {"labelColor": INK, "labelFontSize": 13, "labelFontWeight": "bold", "title": None},
}


def figure(title: str, caption: Iterable[str], records: Sequence[Any], view: Spec) -> Spec:
    """Returns a whole definition: the view with its data, under a title and a caption."""
    return {
        "$schema": SCHEMA,
        "description": title,
        "title": {
            "text": textwrap.wrap(title, TITLE_LINE),
            "subtitle": [line for text in caption for line in textwrap.wrap(text, CAPTION_LINE)],
        },
        "data": {"values": list(records)},
        **view,
        "config": dict(CONFIG),
    }


def narrowed(spec: Spec) -> Spec:
    """Returns the definition for a screen as wide as a phone: less wide, with shorter labels."""
    title = spec["title"]
    lines = {
        "text": textwrap.wrap(" ".join(title["text"]), NARROW_TITLE),
        "subtitle": textwrap.wrap(" ".join(title["subtitle"]), NARROW_CAPTION),
    }
    config = dict(spec["config"])
    config["title"] = {**config["title"], "fontSize": 15, "subtitleFontSize": 12}
    config["axis"] = {**config["axis"], "labelLimit": NARROW_LABEL, "labelFontSize": 12}
    config["legend"] = {**config["legend"], "labelLimit": 150, "labelFontSize": 12}
    return _narrow({**spec, "title": lines, "config": config, "padding": PADDING})


def _narrow(part: Any) -> Any:
    """Returns a part of a definition with widths and label extents cut."""
    if isinstance(part, list):
        return [_narrow(one) for one in part]
    if not isinstance(part, dict):
        return part
    limits = {
        "width": NARROW,
        "minExtent": NARROW_LABEL + 6,
        "columns": 2,
        "fontSize": SMALL - 2,
        "gradientLength": 150,
    }
    found: Spec = {
        name: min(value, limits[name])
        if name in limits and isinstance(value, int | float)
        else (value if name in ("data", "config") else _narrow(value))
        for name, value in part.items()
    }
    rows, across = found.get("y"), found.get("x")
    if _named(rows):
        found["y"] = rows | {"axis": rows.get("axis", {}) | lines(rows["sort"], NARROW_LINE)}
    if _named(rows) and _named(across):
        axis = {k: v for k, v in across["axis"].items() if not k.startswith("label")}
        found["x"] = across | {"axis": axis | _above(rows["sort"], across["sort"])}
    if isinstance(found.get("legend"), dict) and "columns" in found["legend"]:
        columns = legend(None, found["sort"], NARROW - EDGES)["columns"]
        found["legend"] = found["legend"] | {"columns": columns}
    return found


def _named(axis: Any) -> TypeGuard[Spec]:
    """Returns whether it is the encoding of an axis with a label for each of its values."""
    return isinstance(axis, dict) and axis.get("type") == "nominal" and "sort" in axis


def _above(rows: Sequence[str], labels: Sequence[str]) -> Spec:
    """Returns the axis of the columns of a heat map on a phone: broken, else upright."""
    plot = NARROW - EDGES - min(NARROW_LABEL, extent(rows))
    found = columns(labels, plot / max(len(labels), 1))
    if found["labelAngle"] == SLANT:
        found["labelAngle"] = UPRIGHT
    return {"labelFontSize": SMALL - 1, **found}


def lines(labels: Iterable[str], characters: int) -> Spec:
    """Returns the axis that breaks labels of more characters in two lines."""
    broken = {
        label: textwrap.wrap(label, characters, max_lines=MOST_LINES, placeholder=" …")
        for label in labels
        if len(label) > characters
    }
    if not broken:
        return {}
    test = f"indexof({json.dumps(list(broken))}, datum.label) >= 0"
    half = -SMALL / 2
    return {
        "labelExpr": f"({json.dumps(broken)})[datum.label] || datum.label",
        "labelFontSize": SMALL - 1,
        "labelLineHeight": SMALL,
        "labelOffset": {"condition": {"test": test, "value": half}, "value": 0},
    }


def columns(labels: Sequence[str], width: float) -> Spec:
    """Returns the axis of labels above columns of that width: broken, else slanted or upright."""
    broken = {label: _broken(label, width) for label in labels}
    if any(found is None for found in broken.values()):
        angle = SLANT if width >= LEAST_SLANTED else UPRIGHT
        return {"labelAngle": angle, "labelAlign": "left"}
    # The lines of a label run downwards, so all labels start at the height of the tallest.
    most = max((len(found or ()) for found in broken.values()), default=1)
    return {
        "labelAngle": 0,
        "labelExpr": f"({json.dumps(broken)})[datum.label]",
        "labelLineHeight": LABEL_LINE,
        "labelPadding": 4 + LABEL_LINE * (most - 1),
    }


def _broken(label: str, width: float) -> list[str] | None:
    """Returns a label in lines that fit a column; None if it needs too many."""
    found = textwrap.wrap(label, max(int(width / CHARACTER), 1), break_long_words=False)
    fits = CHARACTER * max(map(len, found), default=0) <= width + CHARACTER
    return found if fits and len(found) <= MOST_COLUMN_LINES else None


def wide(height: int, width: float = WIDTH, **view: Any) -> Spec:
    """Returns a view that is as wide as a picture is, labels included."""
    fit = {"type": "fit-x", "contains": "padding"}
    return {"width": round(width), "height": height, "autosize": fit, **view}


def width(labels: Iterable[str]) -> float:
    """Returns the width of a picture with labels at the left."""
    return max(WIDTH, LEAST + EDGES + extent(labels))


def beside(labels: Iterable[str]) -> float:
    """Returns the approximate width of the plot beside labels."""
    labels = list(labels)
    return width(labels) - EDGES - extent(labels)


def extent(labels: Iterable[str]) -> float:
    """Returns the approximate width of the widest label; it suffices for wider fonts."""
    return min(LABEL_LIMIT, CHARACTER * max(map(len, labels), default=0))


def caption(selection: Selection, answer: Mapping[str, Any], *notes: str) -> list[str]:
    """Returns the lines below the title: which people, how weighted, of which data."""
    people = words.count(answer["rows"], "person", "people")
    where = words.selection(selection)
    missing = answer.get("missing", answer.get("excluded_missing", 0))
    lines = [f"{people} with {where}" if where else f"All {people}"]
    if missing:
        lines[0] += f"; {missing:,} of them without a value are left out"
    if selection.weight:
        notes = (f"weighted by {words.lower(selection.weight.label)}", *notes)
    notes = (*notes, f"{TITLE}, version {answer['dataset']}")
    return [lines[0] + ".", words.capital("; ".join(notes)) + "."]


def nothing(title: str, lines: Iterable[str]) -> Spec:
    """Returns the picture of an answer without values."""
    text = {"type": "text", "text": "There is no value to draw.", "fontSize": 14, "color": SOFT_INK}
    return figure(title, lines, [{}], wide(60, mark=text))


def colours(labels: Sequence[str]) -> Spec:
    """Returns a colour scale whose colours differ in hue and in lightness."""
    if len(labels) <= len(TWO_OR_THREE):
        return {"domain": list(labels), "range": list(TWO_OR_THREE[: len(labels)])}
    return {"domain": list(labels), "scheme": "viridis"}


def legend(title: str | None, labels: Sequence[str], width: float) -> Spec:
    """Returns a legend above the bars, which are so wide, in as many rows as its labels need.

    Each label has a pixel more for every character: in wider fonts it takes them.
    """
    longest = max(map(len, labels), default=0)
    columns = max(1, int(width / (36 + (CHARACTER + 1) * longest)))
    return {"title": title, "orient": "top", "columns": columns, "columnPadding": 10 + longest}


def number_format(values: Iterable[float | None]) -> str:
    """Returns the d3 format that shows the values to about four digits, integers to all."""
    known = [value for value in values if value is not None]
    largest = max(map(abs, known), default=0)
    if all(isinstance(value, int) for value in known):
        return ",d"
    for limit, form in ((1000, ",.0f"), (100, ",.1f"), (10, ".2f"), (0.1, ".3f")):
        if largest >= limit:
            return form
    return ".3~g"


def axis_labels(ends: Iterable[float]) -> Spec:
    """Returns the label format of an axis between the ends; a billion is B, not SI's G."""
    largest = max(map(abs, ends), default=0)
    if largest >= 10**6:
        return {"labelExpr": "replace(format(datum.value, '~s'), 'G', 'B')"}
    return {"format": "~r" if largest < 1 else ",~f"}
