"""The size of a picture before it is drawn, so that a page does not jump."""

from typing import Any

from census.api.charts import drawing
from census.api.charts.style import Spec


def size(spec: Spec) -> tuple[int, int]:
    """Return the width and height of a picture in pixels, about."""
    width = int(spec.get("width") or 560)
    lines = sum(len(spec["title"].get(part, ())) for part in ("text", "subtitle"))
    facets = _facets(spec)
    height = spec.get("height") or (facets * (spec.get("spec", {}).get("height", 60) + 36))
    return width, int(height) + 20 * lines + 70


def _facets(spec: Any) -> int:
    name = spec.get("facet", {}).get("field")
    return len({one.get(name) for one in spec["data"]["values"]}) if name else 1


__all__ = ["drawing", "size"]
