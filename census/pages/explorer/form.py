"""The form of the explorer: question, columns, groups, filters and further parameters."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms
from django.http import QueryDict

from census.api.charts import words
from census.api.questions import common_parameters
from census.columns import CATEGORICAL, COLUMNS, NUMERIC, WEIGHT, Column, canonical_name
from census.pages import fields
from census.pages.explorer import states
from census.pages.explorer.states import (
    BANDS,
    BY_NAME,
    COLUMN,
    COMPARED,
    COMPARISON,
    CROSSTAB,
    EACH,
    METRIC,
    MORE,
    ON,
    PRESETS,
    QUESTIONS,
    REGRESSION,
    ROW,
    TEXT,
    VALUE,
    VIEW,
    WAS,
    WHERE,
    address,
    without,
)
from census.statistics.computation import LIMIT, ORDER_BY
from census.statistics.metrics import CONFIDENCE, METRICS
from census.statistics.parameters import Choice, Invalid, Refused
from census.statistics.selection import COMPLETE, FILTERS, WEIGHTED_BY, Selection

GROUPINGS = 3
SEARCHABLE = 10  # a filter with more values than this has a search box
ORDERS = {
    "": "As usual",
    "key": "By group",
    "-key": "By group, last first",
    "value": "Smallest value first",
    "-value": "Largest value first",
    "count": "Fewest people first",
    "-count": "Most people first",
}
KINDS = {"numeric": "a number", "categorical": "a category"}


class ReasonedSelect(forms.Select):
    """A select whose disabled options say why they are disabled."""

    def __init__(self, reasons: Mapping[str, str], attrs: Mapping[str, Any] | None = None) -> None:
        super().__init__(dict(attrs or {}))
        self.reasons = reasons

    def create_option(self, name: str, value: Any, label: Any, selected: Any, *rest: Any,
                      **names: Any) -> dict[str, Any]:  # fmt: skip
        option = super().create_option(name, value, label, selected, *rest, **names)
        if (reason := self.reasons.get(str(value))) and not selected:
            option["attrs"]["disabled"] = True
            option["label"] = f"{label} ({reason})"
        return option


@dataclass(frozen=True)
class Chip:
    """A filter in words; `href` is the address of the state without it."""

    text: str
    href: str


@dataclass(frozen=True)
class Editor:
    """The filter of a column: its field, the address without it, and whether it is searched."""

    column: Column
    field: forms.BoundField
    remove: str
    searched: bool = False
    new: bool = False


class ExplorerForm(forms.Form):
    """The form of a state. `counts` returns the number of people by value for each column."""

    def __init__(
        self, state: QueryDict, counts: Callable[[], Mapping[str, Mapping[str, int]]]
    ) -> None:
        super().__init__(label_suffix="", use_required_attribute=False)
        self.state, self.counts = state, counts
        self.question = BY_NAME.get(state.get(METRIC, ""))
        self.column = states.column_of(state)
        self.metric = METRICS.get(state.get(METRIC, ""))
        self._own: list[str] = []
        self._more_own: list[str] = []
        self._question()
        self._columns()
        self._parameters()
        self._groupings()
        self._rest()

    def add_prefix(self, field_name: str) -> str:
        """Returns the parameter's name: all groupings are `group_by`."""
        return "group_by" if field_name.startswith("group_by_") else field_name

    def _set(self, name: str, field: forms.Field, value: Any = None) -> None:
        self.fields[name] = field
        self.initial[name] = self.state.get(name, "") if value is None else value

    def _question(self) -> None:
        asked = [(q.name, q.label) for q in QUESTIONS]
        more = [(q.name, q.label) for q in MORE]
        choices = [("Questions", asked), ("More statistics", more)]
        shown = COMPARISON if states.comparing(self.state) else self.state.get(METRIC, "")
        self._set(METRIC, forms.ChoiceField(choices=choices, label="Show"), shown)

    def _columns(self) -> None:
        question = self.question
        reasons = {
            column.name: KINDS[column.kind]
            for column in COLUMNS.values()
            if question and not states.comparing(self.state) and not states.fits(question, column)
        }
        if self.state.get(METRIC) == REGRESSION:
            reasons[WEIGHT.name] = "the weight"
        widget = ReasonedSelect(reasons)
        choices: list[Any] = [
            ("Numbers", [(c.name, c.label) for c in NUMERIC]),
            ("Categories", [(c.name, c.label) for c in CATEGORICAL]),
        ]
        if self.column is None:
            choices.insert(0, ("", "choose …"))
        value = self.column.name if self.column else ""
        self._set(COLUMN, forms.ChoiceField(choices=choices, widget=widget, label="of"), value)
        if self.state.get(METRIC) == CROSSTAB:
            rows = [("", "choose …"), *((c.name, c.label) for c in CATEGORICAL)]
            self._set(ROW, forms.ChoiceField(choices=rows, label="rows"))
            self.fields[COLUMN].label = "columns"

    def _parameters(self) -> None:
        column = self.column
        if column is None:
            return
        if self.state.get(METRIC) == REGRESSION:
            self._terms(column)
        if self.metric and column in self.metric.columns and not states.comparing(self.state):
            for parameter in self.metric.parameters(column):
                if not isinstance(parameter.type, Refused):
                    self._own_field(parameter, column)
        elif not column.numeric and (
            states.comparing(self.state) or self.state.get(METRIC) == REGRESSION
        ):
            choices = [("", "choose …"), *column.choices.items()]
            self._set(VALUE, forms.ChoiceField(choices=choices, label="which is"))

    def _own_field(self, parameter: Any, column: Column) -> None:
        name = parameter.name
        label = "which is" if name == VALUE else fields.plain_label(parameter)
        labels = column.choices if name == VALUE else fields.column_labels()
        found = fields.field(parameter, label, labels, self.state.get(name, ""))
        if usual := states.usual(self.state).get(name):
            _hint(found.widget, usual)
        if isinstance(found, forms.MultipleChoiceField):
            value = list(filter(None, self.state.get(name, "").split(",")))
            self._more_own.append(name)
            self._set(name, found, value)
            return
        if name == VALUE:
            found.choices = [("", "choose …"), *found.choices]  # type: ignore[attr-defined]
        elif isinstance(parameter.type, Choice):
            self._more_own.append(name)
        else:
            self._own.append(name)
        self._set(name, found)

    def _terms(self, outcome: Column) -> None:
        chosen = list(filter(None, self.state.get(ON, "").split(",")))
        names = [
            (c.name, c.label) for c in COLUMNS.values() if c not in (outcome, WEIGHT)
        ]  # fmt: skip
        known = {name for name, _ in names}
        names += [(term, term) for term in chosen if term not in known]
        widget = forms.CheckboxSelectMultiple()
        self._set(ON, forms.MultipleChoiceField(choices=names, widget=widget, label="explained by"),
                  chosen)  # fmt: skip

    def _groupings(self) -> None:
        if self.state.get(METRIC) in (CROSSTAB, REGRESSION):
            return
        chosen = states.groupings(self.state)
        shown = min(GROUPINGS, len(chosen) + 1)
        choices = [
            ("", "–"),
            ("Categories", [(c.name, c.label) for c in CATEGORICAL]),
            ("Numbers, in bands", [(c.name, c.label) for c in NUMERIC]),
        ]
        for place in range(shown):
            name = f"group_by_{place + 1}"
            widget = forms.Select({"id": f"id_{name}"})
            label = "by" if place == 0 else "and"
            value = chosen[place] if place < len(chosen) else ""
            self._set(name, forms.ChoiceField(choices=choices, widget=widget, label=label), value)
        for name in chosen:
            if name in PRESETS:
                self._bands(COLUMNS[name])

    def _bands(self, column: Column) -> None:
        name = f"{column.name}{BANDS}"
        now = self.state.get(name, "")
        usual = [(cuts, text) for text, cuts in PRESETS[column.name]]
        if now and now not in dict(usual):
            usual.append((now, "own cut points"))
        choices = [*usual, (EACH, "each value")]
        label = f"{column.label} in bands"
        self._set(name, forms.ChoiceField(choices=choices, label=label), now or EACH)
        text = forms.CharField(
            label=f"{column.label}: cut points", widget=forms.TextInput({"inputmode": "numeric"})
        )
        self._set(f"{name}{TEXT}", text, now)
        self._set(f"{name}{WAS}", forms.CharField(widget=forms.HiddenInput()), now)

    def _rest(self) -> None:
        where = [("", "–"), *((c.name, c.label) for c in COLUMNS.values())]
        self._set(WHERE, forms.ChoiceField(choices=where, label="Add a filter"), "")
        for name in (VIEW, COMPARED, *self._kept()):
            if self.state.get(name):
                self._set(name, forms.CharField(widget=forms.HiddenInput()))
        self._more()

    def _kept(self) -> Iterator[str]:
        """Yields the filters that have a chip but no field."""
        for name in self.state:
            chosen = FILTERS.get(canonical_name(name))
            if chosen and chosen.lookup.suffix not in EDITED:
                yield name

    def _more(self) -> None:
        if self.metric:
            common = {p.name: p for p in common_parameters(self.metric)}
            allowed = ["", *common[ORDER_BY.name].schema()["enum"]]
            orders = [(value, ORDERS[value]) for value in allowed]
            self._set(ORDER_BY.name, forms.ChoiceField(choices=orders, label="Order"))
            self._set(LIMIT.name, fields.field(LIMIT, "At most so many groups"))
        if self.state.get(METRIC) != CROSSTAB:
            self._set(CONFIDENCE.name, fields.field(CONFIDENCE, "Confidence"))

    @property
    def value(self) -> forms.BoundField | None:
        return self[VALUE] if VALUE in self.fields else None

    @property
    def row(self) -> forms.BoundField | None:
        return self[ROW] if ROW in self.fields else None

    @property
    def terms(self) -> forms.BoundField | None:
        return self[ON] if ON in self.fields else None

    @property
    def own(self) -> list[forms.BoundField]:
        return [self[name] for name in self._own]

    @property
    def groupings(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("group_by_")]

    @property
    def bands(self) -> list[forms.BoundField]:
        return [self[n] for n in self.fields if n.endswith((BANDS, f"{BANDS}{TEXT}"))]

    @property
    def hidden(self) -> list[forms.BoundField]:
        return [field for field in self if field.is_hidden]

    @property
    def more(self) -> list[forms.BoundField]:
        names = (ORDER_BY.name, LIMIT.name, CONFIDENCE.name, *self._more_own)
        return [self[name] for name in names if name in self.fields]

    @property
    def asked_for_more(self) -> bool:
        return any(self.state.get(field.name) for field in self.more)

    @property
    def weighted(self) -> bool:
        return bool(self.state.get(WEIGHTED_BY.name))

    @property
    def weightable(self) -> bool:
        return self.metric is None or self.metric.weightable

    @property
    def complete(self) -> bool:
        return self.state.get(COMPLETE.name) == "true"

    @property
    def chips(self) -> list[Chip]:
        return chips(self.state, address)

    @cached_property
    def editors(self) -> list[Editor]:
        """The filter of each filtered column, and of the one just added."""
        names = {FILTERS[n].column.name: None for n in map(canonical_name, self.state)
                 if n in FILTERS and FILTERS[n].lookup.suffix in EDITED}  # fmt: skip
        new = canonical_name(self.state.get(WHERE, ""))
        if new in COLUMNS:
            names[new] = None
        counts = self.counts() if names else {}
        return [
            editor(self, COLUMNS[name], self.state, counts.get(name), new=name == new)
            for name in names
        ]


def chips(state: QueryDict, address_of: Callable[[QueryDict], str]) -> list[Chip]:
    """Returns the active filters of a state, complete records included."""
    names = [name for name in state if canonical_name(name) in FILTERS]
    found = [Chip(_told(name, state.get(name, "")), address_of(without(state, name)))
             for name in names]  # fmt: skip
    if state.get(COMPLETE.name) == "true":
        found.append(Chip("complete records", address_of(without(state, COMPLETE.name))))
    return found


def _told(name: str, text: str) -> str:
    """Returns a filter in words."""
    known = canonical_name(name)
    try:
        value = FILTERS[known].parameter.type.read(text)
    except Invalid:
        return f"{name} = {text}"
    return words.selection(Selection(filters={known: value}))


def _hint(widget: forms.Widget, usual: str) -> None:
    """Shows the default as the placeholder."""
    if isinstance(widget, forms.MultiWidget):
        for part, text in zip(widget.widgets, usual.split(","), strict=True):
            _hint(part, text)
    else:
        widget.attrs["placeholder"] = usual


# The lookups that the filter of a column edits; others are kept as they are.
EDITED = frozenset({"", "in", "gte", "lte", "range"})


def editor(
    form: forms.Form,
    column: Column,
    state: QueryDict,
    counts: Mapping[str, int] | None,
    *,
    new: bool = False,
) -> Editor:
    """Returns the filter of a column: two number fields, or a checkbox for each value."""
    given = {suffix: state.get(name, "") for suffix, name in fields.lookups(column).items()}
    names = [fields.lookups(column)[s] for s in EDITED if s in fields.lookups(column)]
    remove = address(without(state, WHERE, *names))
    if column.numeric:
        name = f"{column.name}__range"
        bounds = {"min": column.minimum, "max": column.maximum}
        form.fields[name] = fields.RangeField(column.label, bounds)
        low, high = given.get("gte", ""), given.get("lte", "")
        if plain := given.get(""):
            low = high = plain
        form.initial[name] = given.get("range") or (f"{low},{high}" if low or high else "")
        return Editor(column, form[name], remove, new=new)
    name = f"{column.name}__in"
    form.fields[name] = forms.MultipleChoiceField(
        choices=_counted(column, counts, given), label=column.label,
        widget=forms.CheckboxSelectMultiple(),
    )  # fmt: skip
    form.initial[name] = [v for v in (*given.get("in", "").split(","), given.get("", "")) if v]
    return Editor(column, form[name], remove, len(column.choices) > SEARCHABLE, new)


def _counted(
    column: Column, counts: Mapping[str, int] | None, given: Mapping[str, str]
) -> Sequence[tuple[str, str]]:
    """Returns the values of a column with their counts, the most frequent first."""
    values = list(column.choices)
    if counts and not column.ordered:
        values.sort(key=lambda value: -counts.get(value, 0))
    known = [
        (v, f"{column.choices[v]} {counts.get(v, 0):,}" if counts else column.choices[v])
        for v in values
    ]
    extra = [given.get("", ""), *given.get("in", "").split(",")]
    return known + [(v, f"{v} (unknown)") for v in extra if v and v not in column.choices]
