"""The state of the page, which is its query string: the metric, the column, and then the
parameters of the computation as the API takes them.
"""

from collections.abc import Iterator

from django.http import QueryDict
from django.urls import reverse

from census.api.parameters import common_parameters
from census.columns import COLUMNS, Column, canonical_name
from census.statistics.metrics import METRICS, Metric
from census.statistics.parameters import Invalid, Parameter
from census.statistics.selection import FILTERS

METRIC, COLUMN = "metric", "column"
# Fields of the form alone: that it was sent, and the filter to be added.
SENT, ADDED, ADDED_VALUE = "explore", "where", "is"

EXAMPLES = (
    (
        "Who earns over 50,000 dollars",
        "metric=proportion&column=income&value=>50K&group_by=education",
    ),
    ("Ages, each year", "metric=distribution&column=age&bins=values"),
    ("Working hours of men and women", "metric=mean&column=hours_per_week&group_by=workclass,sex"),
    (
        "Schooling in the population",
        "metric=distribution&column=education&group_by=sex&weight=fnlwgt&age__gte=25",
    ),
    ("Spread of ages by marital status", "metric=quantiles&column=age&group_by=marital_status"),
)


def start() -> QueryDict:
    """Return the state of the page where the address tells none."""
    return QueryDict(EXAMPLES[0][1])


def address(query: QueryDict) -> str:
    """Return the address of the page in a state."""
    text = query.urlencode(safe=",")
    return f"{reverse('home')}?{text}" if text else reverse("home")


def without(query: QueryDict, *names: str) -> QueryDict:
    """Return the query without the parameters of those names."""
    kept = query.copy()
    for name in names:
        kept.pop(name, None)
    return kept


def changed(query: QueryDict, name: str, value: str) -> QueryDict:
    """Return the query with one value of a parameter set."""
    kept = query.copy()
    kept[name] = value
    return kept


def tidied(sent: QueryDict) -> QueryDict:
    """Return the state that the form means by what it sends.

    A form sends all its fields: those left empty, those of the metric that was chosen before,
    lists as repeated fields. Where the column or a choice does not go with the metric, one that
    does is taken, as the form then shows.
    """
    metric = METRICS.get(sent.get(METRIC, ""), next(iter(METRICS.values())))
    column = _column(sent.get(COLUMN, ""), metric)
    tidy = QueryDict(mutable=True)
    tidy[METRIC], tidy[COLUMN] = metric.name, column.name
    others = {p.name for m in METRICS.values() for c in m.columns for p in m.parameters(c)}
    own = {parameter.name: parameter for parameter in metric.parameters(column)}
    known = {parameter.name: parameter for parameter in common_parameters(metric)} | own
    for name, text in _given(sent):
        if name not in others - own.keys() and not (name in known and _stale(known[name], text)):
            tidy[name] = text
    for parameter in own.values():
        if parameter.required and parameter.name not in tidy:
            tidy[parameter.name] = parameter.type.schema()["enum"][-1]
    return tidy


def _column(name: str, metric: Metric) -> Column:
    """Return the column of that name if the metric is of it, else the first that it is of."""
    found = COLUMNS.get(canonical_name(name))
    return found if found in metric.columns else metric.columns[0]


def _given(sent: QueryDict) -> Iterator[tuple[str, str]]:
    """Yield the parameters that have a value; of several it is a list."""
    for name, texts in sent.lists():
        text = ",".join(dict.fromkeys(text.strip() for text in texts if text.strip()))
        added = sent.get(ADDED_VALUE, "").strip()
        if name == ADDED and text in FILTERS and added:
            yield text, added
        elif text and name not in (SENT, METRIC, COLUMN, ADDED_VALUE):
            yield name, text


def _stale(parameter: Parameter, text: str) -> bool:
    """Return whether the text is a choice of another column or metric."""
    if "enum" not in parameter.type.schema():
        return False
    try:
        parameter.type.read(text)
    except Invalid:
        return True
    return False
