"""Estimates the size of a picture before it is drawn, so that the layout does not shift."""

import json
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from census.api.charts import drawing
from census.api.charts.style import SLANT, UPRIGHT, Spec

LINE, AXIS = 20, 70  # pixels of a line of the title, and of the axis with the edges
LEGEND, HEADINGS, SLANTED = 38, 90, 165  # of what else may stand above and below the marks


def size(spec: Spec) -> tuple[int, int]:
    """Returns the approximate width and height of a picture in pixels."""
    width = int(spec.get("width") or 504)
    lines = sum(len(spec["title"].get(part, ())) for part in ("text", "subtitle"))
    height = spec.get("height") or _facets(spec) * (spec.get("spec", {}).get("height", 60) + 32)
    return width, int(height) + LINE * lines + AXIS + _above(json.dumps(_view(spec)))


def inline(spec: Spec) -> str:
    """Returns a picture as a data URL: it needs no request and is compressed with its page."""
    svg = drawing.svg(spec).replace("%", "%25").replace("#", "%23")
    return f"data:image/svg+xml,{svg}"


def narrow(kind: str, path: str, query: str) -> str:
    """Returns the address of the narrow variant of an answer's picture: its `kind` is a suffix."""
    text = "&".join(filter(None, [urlencode({"path": path}, safe="/"), query]))
    return f"{reverse('narrow', args=[kind])}?{text}"


def _view(spec: Spec) -> Spec:
    """Returns the definition without its data and style."""
    return {name: part for name, part in spec.items() if name not in ("data", "config")}


def _above(text: str) -> int:
    """Returns the height of the legend or of the column labels of a heat map."""
    if any(f'"labelAngle": {angle}' in text for angle in (SLANT, UPRIGHT)):
        return SLANTED
    if '"axis": {"orient": "top"' in text:
        return HEADINGS
    return LEGEND if '"orient": "top", "columns"' in text else 0


def _facets(spec: Any) -> int:
    name = spec.get("facet", {}).get("field")
    return len({one.get(name) for one in spec["data"]["values"]}) if name else 1
