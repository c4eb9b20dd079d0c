"""Places groups: a row each, or nested with colours for the second of two keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from census.api.charts import style, words
from census.api.charts.style import Spec
from census.columns import COLUMNS, Column

Key = Mapping[str, str | None]

GROUP = "group"
OUTER = "outer"  # the field of the rows in which groups are nested
BETWEEN_LABELS = " · "
ROW = 22
NESTED_ROW = 16
BETWEEN = 0.2  # gap between nested rows, as a fraction of their height


@dataclass(frozen=True)
class Layout:
    """The labels of each group by field, and the encoding and height that place them.

    Beside the columns there is the field `GROUP`, which is unlike for each group. `width` is of the
    whole picture.
    """

    labels: Sequence[Mapping[str, str]]
    encoding: Spec
    height: int
    width: float = style.WIDTH


def layout(columns: Sequence[Column], keys: Sequence[Key], *, nested: bool = True) -> Layout:
    """Places groups in the order given.

    Several columns may be `nested`, each in its own order, where colours can tell the values of
    one: the last such column.
    """
    labels = [_labels(key) for key in keys]
    if not columns:
        return Layout(labels, {}, 44)
    if len(columns) == 1:
        of = columns[0]
        return stacked(labels, of.name, of.label)
    if nested:
        for inner in reversed(columns):
            told = _in_order([inner], keys)
            if len(told) <= style.MOST_COLOURS:
                outer = [column for column in columns if column is not inner]
                return _nested(outer, inner, keys, told, labels)
    return stacked(labels, GROUP)


def _labels(key: Key) -> dict[str, str]:
    """Returns a label for each value of a key, and one of the whole key."""
    labels = {name: words.value(COLUMNS[name], value) for name, value in key.items()}
    texts = labels.values()
    return {**labels, GROUP: BETWEEN_LABELS.join(texts)} if key else {}


def stacked(labels: Sequence[Mapping[str, str]], field: str, title: str | None = None) -> Layout:
    """Returns a row for each of `labels`, named by `field`."""
    rows = [label[field] for label in labels]
    encoding = {"y": _rows(field, rows, title)}
    return Layout(labels, encoding, ROW * len(rows), style.width(rows))


def _nested(
    outer: Sequence[Column],
    inner: Column,
    keys: Sequence[Key],
    told: Sequence[str],
    labels: Sequence[Mapping[str, str]],
) -> Layout:
    """Returns a row for each combination of the outer columns, with colours for the inner one."""
    field = outer[0].name if len(outer) == 1 else OUTER
    labels = [{**of, field: BETWEEN_LABELS.join(of[c.name] for c in outer)} for of in labels]
    rows, title = _in_order(outer, keys), BETWEEN_LABELS.join(column.label for column in outer)
    colour = {
        "field": inner.name,
        "type": "ordinal",
        "sort": list(told),
        "scale": style.colours(told),
        "legend": style.legend(inner.label, told, style.beside(rows)),
    }
    encoding = {
        "y": _rows(field, rows, title) | {"scale": {"paddingInner": BETWEEN}},
        "yOffset": {"field": inner.name, "sort": list(told), "scale": {"domain": list(told)}},
        "color": colour,
    }
    height = round(NESTED_ROW * len(told) * len(rows) / (1 - BETWEEN))
    return Layout(labels, encoding, height, style.width(rows))


def _in_order(columns: Sequence[Column], keys: Sequence[Key]) -> list[str]:
    """Returns the labels of the columns' values that occur, in their order."""
    found = {tuple(key[column.name] for column in columns) for key in keys}
    ordered = sorted(
        found, key=lambda of: [c.sort_key(v) for c, v in zip(columns, of, strict=True)]
    )
    return [BETWEEN_LABELS.join(map(words.value, columns, of)) for of in ordered]


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
        **style.lines(order, style.LABEL_LIMIT // style.CHARACTER),
    }
    return {"field": field, "type": "nominal", "sort": list(order), "title": title, "axis": above}
