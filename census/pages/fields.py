"""Form fields of parameters: every `django.forms` field of a `Parameter` is made here."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from census.columns import COLUMNS, Column
from census.statistics.parameters import (
    Boolean,
    Choice,
    ListOf,
    Number,
    Parameter,
    Range,
    Refused,
)
from census.statistics.selection import COMPLETE, FILTERS, LOOKUPS

FROM, TO = "from", "to"
UNSET = ("", "–")


class RangeWidget(forms.MultiWidget):
    """Two number fields for a range."""

    use_fieldset = True

    def __init__(self, label: str, bounds: Mapping[str, Any]) -> None:
        super().__init__(
            {
                end: forms.NumberInput(
                    {**bounds, "placeholder": end, "aria-label": f"{label} {end}"}
                )
                for end in (FROM, TO)
            }
        )

    def decompress(self, value: Any) -> list[Any]:
        return value.split(",") if value else ["", ""]


class RangeField(forms.MultiValueField):
    """A range `a,b`, of which either end may be left empty."""

    def __init__(self, label: str, bounds: Mapping[str, Any]) -> None:
        number = forms.IntegerField(required=False)
        widget = RangeWidget(label, bounds)
        super().__init__([number, number], label=label, required=False, widget=widget)

    def compress(self, values: list[Any]) -> str:
        return ",".join("" if value is None else str(value) for value in values)


def field(
    of: Parameter,
    label: str,
    labels: Mapping[str, str] | None = None,
    value: str = "",
) -> forms.Field:
    """Returns the form field of a parameter; `labels` are the labels of its values.

    A choice is a select, a list of choices a multiple select, a range two number fields, anything
    else a text field. An unknown value is added to the choices, so that it stays visible.
    """
    kind = of.type
    shown: dict[str, Any] = {"label": label, "help_text": of.description, "required": False}
    if isinstance(kind, Boolean):
        default = {True: "yes", False: "no"}.get(of.default, "–")
        options = [("", f"({default})"), ("true", "yes"), ("false", "no")]
        return forms.ChoiceField(choices=_with(options, [value]), **shown)
    if isinstance(kind, Choice):
        first = [] if of.required else [("", f"({of.default})") if of.default else UNSET]
        options = [*first, *_options(kind.values, labels)]
        return forms.ChoiceField(choices=_with(options, [value]), **shown)
    if isinstance(kind, Range):
        return RangeField(label, _bounds(kind.item))
    if isinstance(kind, ListOf) and isinstance(kind.item, Choice):
        options = _with(_options(kind.item.values, labels), value.split(","))
        return forms.MultipleChoiceField(
            choices=options, widget=forms.SelectMultiple({"size": 5}), **shown
        )
    if isinstance(kind, Number):
        attrs = {**_bounds(kind), "step": "1" if kind.json_type == "integer" else "any"}
        widget: forms.Widget = forms.NumberInput(attrs | _placeholder(of))
    else:
        widget = forms.TextInput(_placeholder(of) | {"autocomplete": "off"})
    return forms.CharField(widget=widget, **shown)


def _bounds(kind: Any) -> dict[str, Any]:
    ends = {"min": getattr(kind, "minimum", None), "max": getattr(kind, "maximum", None)}
    return {name: end for name, end in ends.items() if end is not None}


def _placeholder(of: Parameter) -> dict[str, str]:
    default = of.default
    text = ",".join(map(str, default)) if isinstance(default, list) else default
    return {"placeholder": str(of.example or "") if text is None else str(text)}


def _options(values: Iterable[str], labels: Mapping[str, str] | None) -> list[tuple[str, str]]:
    return [(value, (labels or {}).get(value, value)) for value in values]


def _with(options: list[tuple[str, str]], values: Iterable[str]) -> list[tuple[str, str]]:
    known = {value for value, _ in options}
    return options + [(v, f"{v} (unknown)") for v in values if v and v not in known]


def filter_label(name: str) -> str:
    """Returns a filter in words: "Age is at least"."""
    chosen = FILTERS[name]
    return f"{chosen.column.label} {chosen.lookup.words}"


class ParametersForm(forms.Form):
    """The form of a route's parameters, filled from the query.

    `own` are the route's own fields, `filters` the fields of the filters by column.
    """

    def __init__(self, parameters: Iterable[Parameter], query: QueryDict) -> None:
        self.given = {name: ",".join(filter(None, texts)) for name, texts in query.lists()}
        super().__init__(initial={}, use_required_attribute=False)
        self._columns: dict[str, list[str]] = {}
        for parameter in parameters:
            if not isinstance(parameter.type, Refused):
                self._add(parameter)

    def _add(self, parameter: Parameter) -> None:
        name, chosen = parameter.name, FILTERS.get(parameter.name)
        value = self.given.get(name, "")
        label = filter_label(name) if chosen else plain_label(parameter)
        labels = chosen.column.choices if chosen else column_labels()
        self.fields[name] = found = field(parameter, label, labels, value)
        if chosen:
            found.help_text = ""
        several = isinstance(found, forms.MultipleChoiceField)
        self.initial[name] = value.split(",") if several else value
        self._columns.setdefault(chosen.column.name if chosen else "", []).append(name)

    @property
    def own(self) -> list[forms.BoundField]:
        return [self[name] for name in self._columns.get("", ())]

    @property
    def filters(self) -> Iterator[tuple[Column, list[forms.BoundField], bool]]:
        """Yields each column, its fields, and whether any of them has a value."""
        for column, names in self._columns.items():
            if column:
                given = any(self.given.get(name) for name in names)
                yield COLUMNS[column], [self[name] for name in names], given

    @property
    def asked(self) -> bool:
        """Whether any parameter has a value."""
        return any(self.given.get(name) for name in self.fields)


# Labels of parameters whose names are not plain words.
LABELS = {
    "q": "Shares",
    "ddof": "Degrees of freedom lost",
    "bias": "Without correction of bias",
    "on": "Explained by",
    "adjust": "Correction of p values",
    "errors": "Standard errors",
    "cells": "Details of each cell",
    "layer": "A table for each",
    "interval": "Kind of interval",
    "min_count": "Groups of at least",
    "limit": "At most so many",
    "order_by": "Order",
    "standardize": "Standardised by",
    "page_size": "Records on a page",
    "fields": "Columns",
    "ordering": "Order",
    COMPLETE.name: "Complete records only",
}


def plain_label(parameter: Parameter) -> str:
    """Returns the label of a parameter: "Age: bands"."""
    column, _, suffix = parameter.name.partition("__")
    if column in COLUMNS and suffix:
        return f"{COLUMNS[column].label}: {suffix}"
    return LABELS.get(parameter.name, parameter.name.replace("_", " ").capitalize())


def column_labels() -> dict[str, str]:
    return {column.name: column.label for column in COLUMNS.values()}


def sent(data: QueryDict, leave_out: Sequence[str] = ()) -> QueryDict:
    """Returns the parameters of a submitted form, one text for each.

    Empty fields are left out, repeated fields become comma lists, and the two fields of a range
    become `a,b`; of a filter, one of them alone becomes a bound.
    """
    tidy = QueryDict(mutable=True)
    for name, texts in data.lists():
        text = ",".join(dict.fromkeys(text.strip() for text in texts if text.strip()))
        if text and name not in leave_out and not _range_of(name, data):
            tidy[name] = text
    for name in dict.fromkeys(_range_of(name, data) for name in data):
        low, high = (data.get(f"{name}_{end}", "").strip() for end in (FROM, TO))
        column = name.partition("__")[0]
        if name in FILTERS and bool(low) != bool(high):
            tidy[f"{column}__gte" if low else f"{column}__lte"] = low or high
        elif name and (low or high):
            tidy[name] = f"{low},{high}"
    return tidy


def _range_of(name: str, data: QueryDict) -> str:
    """Returns the range that a field is one end of, empty if it is none."""
    parameter, _, end = name.rpartition("_")
    both = f"{parameter}_{FROM}" in data and f"{parameter}_{TO}" in data
    return parameter if end in (FROM, TO) and (both or parameter in FILTERS) else ""


def lookups(column: Column) -> dict[str, str]:
    """Returns the filters of a column: a name by the lookup's suffix."""
    names = {lookup.suffix: lookup.name(column) for lookup in LOOKUPS}
    return {suffix: name for suffix, name in names.items() if name in FILTERS}
