"""The form of the page: fields from the registry of metrics and the columns."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from census.api.parameters import COMMON, common_parameters
from census.columns import CATEGORICAL, COLUMNS, NUMERIC, Column
from census.pages.address import ADDED, address, without
from census.statistics.computation import LIMIT, ORDER_BY
from census.statistics.metrics import CONFIDENCE, METRICS, Metric
from census.statistics.parameters import ListOf, Parameter
from census.statistics.selection import COMPLETE, FILTERS, GROUP_BY, LOOKUPS, WEIGHTED_BY, Filter

MOST_GROUPINGS = 3
ORDERS = {
    "key": "By key",
    "-key": "By key, last first",
    "value": "Smallest value first",
    "-value": "Largest value first",
    "count": "Fewest people first",
    "-count": "Most people first",
}


@dataclass(frozen=True)
class Option:
    value: str
    label: str
    selected: bool = False


@dataclass(frozen=True)
class Field:
    """A field of the form: a list to choose from where it has options, else a text."""

    name: str
    label: str
    hint: str = ""
    value: str = ""
    placeholder: str = ""
    numeric: bool = False
    several: bool = False
    options: Sequence[Option] = ()
    remove: str = ""
    new: bool = False


@dataclass(frozen=True)
class Form:
    metrics: Sequence[Option]
    columns: Mapping[str, Sequence[Option]]
    own: Sequence[Field]
    groupings: Sequence[Field]
    filters: Sequence[Field]
    filterable: Mapping[str, Sequence[Option]]
    more: Sequence[Field]
    weighted: bool
    weightable: bool
    complete: bool
    weight: Parameter = WEIGHTED_BY

    @property
    def asked_for_more(self) -> bool:
        return any(f.value or any(o.selected and o.value for o in f.options) for f in self.more)


def form(query: QueryDict, metric: Metric | None, column: Column | None) -> Form:
    """Return the form that shows the state; of a metric or column that there is not, any."""
    return Form(
        metrics=[Option(m.name, m.label, m is metric) for m in METRICS.values()],
        columns=_columns(metric, column),
        own=_own(query, metric, column),
        groupings=_groupings(query),
        filters=list(_filters(query)),
        filterable=_filterable(),
        more=_more(query, metric),
        weighted=bool(query.get(WEIGHTED_BY.name)),
        weightable=metric is None or metric.weightable,
        complete=query.get(COMPLETE.name) == "true",
    )


def _columns(metric: Metric | None, chosen: Column | None) -> dict[str, list[Option]]:
    """Return the columns that the metric is of, and the one chosen, by kind."""
    kinds = {"Numeric": NUMERIC, "Categorical": CATEGORICAL}
    return {
        kind: found
        for kind, columns in kinds.items()
        if (
            found := [
                Option(c.name, c.label, c is chosen)
                for c in columns
                if metric is None or c in metric.columns or c is chosen
            ]
        )
    }


def _own(query: QueryDict, metric: Metric | None, column: Column | None) -> list[Field]:
    if metric is None or column is None or column not in metric.columns:
        return []
    return [_of_parameter(p, query, column.choices) for p in metric.parameters(column)]


def _of_parameter(of: Parameter, query: QueryDict, labels: Mapping[str, str]) -> Field:
    schema: dict[str, Any] = of.schema()
    values = ("true", "false") if schema.get("type") == "boolean" else schema.get("enum", ())
    value, default = query.get(of.name, ""), of.default
    shown = ",".join(map(str, default)) if isinstance(default, list) else default
    placeholder = str(shown).lower() if shown is not None else of.example or ""
    options = [Option(v, labels.get(v, v), v == value) for v in values]
    if options and not of.required:
        options.insert(0, Option("", f"({placeholder})" if placeholder else ""))
    return Field(
        name=of.name,
        label=of.name.replace("_", " ").capitalize(),
        hint=of.description,
        value=value,
        placeholder=placeholder,
        options=options,
    )


def _groupings(query: QueryDict) -> list[Field]:
    chosen = query.get(GROUP_BY.name, "").split(",")
    return [
        Field(
            name=GROUP_BY.name,
            label="Group by" if place == 0 else "and by",
            options=[
                Option("", "–"),
                *(Option(c.name, c.label, c.name == name) for c in CATEGORICAL),
            ],
        )
        for place, name in enumerate((chosen + [""] * MOST_GROUPINGS)[:MOST_GROUPINGS])
    ]


def _filters(query: QueryDict) -> Iterator[Field]:
    """Yield a field for each filter of the state, and for the one to be added."""
    for name in query:
        if name in FILTERS:
            yield _filter(FILTERS[name], query.get(name, ""), address(without(query, name)))
    if (added := query.get(ADDED, "")) in FILTERS and added not in query:
        yield _filter(FILTERS[added], "", address(without(query, ADDED)), new=True)


def _filter(of: Filter, value: str, remove: str, *, new: bool = False) -> Field:
    kind = of.parameter.type
    several = isinstance(kind, ListOf) and not of.column.numeric
    chosen = value.split(",") if several else [value]
    if of.lookup.suffix == "isnull":
        options = [Option(v, word, v in chosen) for v, word in (("true", "yes"), ("false", "no"))]
    else:
        options = [Option(v, label, v in chosen) for v, label in of.column.choices.items()]
    if options:
        known = {"", *(option.value for option in options)}
        options += [Option(v, f"{v} (unknown)", selected=True) for v in chosen if v not in known]
        if new and not several:
            options.insert(0, Option("", "choose …", selected=True))
    return Field(
        name=of.parameter.name,
        label=_words(of),
        hint=of.parameter.description,
        value=value,
        placeholder="20,30" if isinstance(kind, ListOf) else "",
        numeric=not isinstance(kind, ListOf),
        several=several,
        options=options,
        remove=remove,
        new=new,
    )


def _words(of: Filter) -> str:
    return f"{of.column.label} {of.lookup.words}"


def _filterable() -> dict[str, list[Option]]:
    """Return the filters that there are, by column."""
    names = {(f.column.name, f.lookup.suffix): f for f in FILTERS.values()}
    return {
        column.label: [
            Option(found.parameter.name, _words(found))
            for lookup in LOOKUPS
            if (found := names.get((column.name, lookup.suffix)))
            and (lookup.suffix != "isnull" or column.nullable)
        ]
        for column in COLUMNS.values()
    }


def _more(query: QueryDict, metric: Metric | None) -> list[Field]:
    order = query.get(ORDER_BY.name, "")
    common = {p.name: p for p in (common_parameters(metric) if metric else COMMON)}
    allowed = common[ORDER_BY.name].schema()["enum"]
    orders = [Option(value, ORDERS[value], value == order) for value in allowed]
    fields: Iterable[Parameter] = (p for p in COMMON if p in (CONFIDENCE, LIMIT))
    return [
        Field(
            name=ORDER_BY.name,
            label="Order",
            hint=ORDER_BY.description,
            options=[Option("", "(as usual)"), *orders],
        ),
        *(_of_parameter(parameter, query, {}) for parameter in fields),
    ]
