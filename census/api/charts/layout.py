"""Places groups: a row each, or nested with colours for the second of two keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from census.api.charts import style, words
from census.api.charts.style import Spec
from census.columns import COLUMNS, Column

Key = Mapping[str, str | None]

GROUP = "group"
ROW = 22
NESTED_ROW = 16
BETWEEN = 0.2  # gap between nested rows, as a fraction of their height


@dataclass(frozen=True)
class Layout:
    """The labels of each group by field, and the encoding and height that place them.

    Beside the columns there is the field `GROUP`, which is unlike for each group. `whole` is the
    width of the picture, `width` about what the labels at the left leave to the marks.
    """

    labels: Sequence[Mapping[str, str]]
    encoding: Spec
    height: int
    width: float = style.WIDTH
    whole: float = style.WIDTH


def layout(columns: Sequence[Column], keys: Sequence[Key], *, nested: bool = True) -> Layout:
    """Places groups in the order given.

    Two columns may be `nested`, each in its own order, where colours can tell the values of one.
    """
    labels = [_labels(key) for key in keys]
    if not columns:
        return Layout(labels, {}, 44)
    if len(columns) == 1:
        of = columns[0]
        return stacked(labels, of.name, of.label)
    if nested and len(columns) == 2:
        for outer, inner in (columns, reversed(columns)):
            told = _in_order(inner, keys)
            if len(told) <= style.MOST_COLOURS:
                return _nested(outer, inner, _in_order(outer, keys), told, labels)
    return stacked(labels, GROUP)


def _labels(key: Key) -> dict[str, str]:
    """Returns a label for each value of a key, and one of the whole key."""
    labels = {name: words.value(COLUMNS[name], value) for name, value in key.items()}
    texts = labels.values()
    return {**labels, GROUP: " · ".join(texts)} if key else {}


def stacked(labels: Sequence[Mapping[str, str]], field: str, title: str | None = None) -> Layout:
    """Returns a row for each of `labels`, named by `field`."""
    rows = [label[field] for label in labels]
    encoding = {"y": _rows(field, rows, title)}
    return Layout(labels, encoding, ROW * len(rows), style.beside(rows), style.width(rows))


def _nested(
    outer: Column,
    inner: Column,
    rows: Sequence[str],
    told: Sequence[str],
    labels: Sequence[Mapping[str, str]],
) -> Layout:
    width = style.beside(rows)
    colour = {
        "field": inner.name,
        "type": "ordinal",
        "sort": list(told),
        "scale": style.colours(told),
        "legend": style.legend(inner.label, told, width),
    }
    encoding = {
        "y": _rows(outer.name, rows, outer.label) | {"scale": {"paddingInner": BETWEEN}},
        "yOffset": {"field": inner.name, "sort": list(told), "scale": {"domain": list(told)}},
        "color": colour,
    }
    height = round(NESTED_ROW * len(told) * len(rows) / (1 - BETWEEN))
    return Layout(labels, encoding, height, width, style.width(rows))


def _in_order(column: Column, keys: Sequence[Key]) -> list[str]:
    """Returns the labels of the column's values that occur, in its order."""
    values = sorted({key[column.name] for key in keys}, key=column.sort_key)
    return [words.value(column, value) for value in values]


def _rows(field: str, order: Sequence[str], title: str | None = None) -> Spec:
    above: dict[str, Any] = {
        "titleAngle": 0,
        "titleAnchor": "start",
        "titleAlign": "right",
        "titleBaseline": "bottom",
        "titleX": -12,
        "titleY": -4,
        "minExtent": style.extent(order) + 12,
        "labelPadding": 12,  # room for a dot at zero
    }
    return {"field": field, "type": "nominal", "sort": list(order), "title": title, "axis": above}
