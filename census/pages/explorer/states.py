"""The state of the explorer is its query string: a question, columns, and API parameters.

`metric` is the question: a metric of the API, or `crosstab` or `regression`. `view` is the view of
the answer; `compare` names the grouping whose groups are compared, `where` the column whose filter
was just added.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.http import QueryDict
from django.urls import reverse

from census.columns import CATEGORICAL, COLUMNS, NUMERIC, Column, canonical_name
from census.pages.fields import lookups, sent
from census.statistics import metrics
from census.statistics.metrics import METRICS

METRIC, COLUMN, ROW, VIEW, COMPARED, WHERE, SENT = (
    "metric", "column", "row", "view", "compare", "where", "explore",
)  # fmt: skip
OWN = (METRIC, COLUMN, ROW, VIEW, COMPARED, WHERE, SENT)
CHART, TABLE, COMPARE, CODE = "chart", "table", "compare", "code"
VIEWS = {CHART: "Chart", TABLE: "Table", COMPARE: "Compare", CODE: "Code"}
CROSSTAB, REGRESSION, COMPARISON = "crosstab", "regression", "comparison"
GROUP_BY, ON, VALUE, BANDS = "group_by", "on", "value", "__bands"
# Suffixes of two more form fields of bands: the cut points as text, and their previous value.
TEXT, WAS = "_text", "_was"
EACH = "each"  # group a number by its values, without bands
TARGET, OUTCOME = "income", ">50K"


@dataclass(frozen=True)
class Question:
    """A question; `needs` is the kind of column it applies to, empty for both."""

    name: str
    label: str
    needs: str = ""


QUESTIONS = (
    Question("proportion", "Share of …", "categorical"),
    Question("mean", "Average", "numeric"),
    Question("quantiles", "Spread", "numeric"),
    Question("count", "How many"),
    Question("distribution", "Distribution"),
    Question(CROSSTAB, "Two columns", "categorical"),
    Question(COMPARISON, "Compare groups"),
    Question(REGRESSION, "Model"),
)
MORE = tuple(
    Question(metric.name, metric.label,
             metric.kinds[0] if len(metric.kinds) == 1 else "")
    for metric in METRICS.values()
    if metric.name not in {question.name for question in QUESTIONS}
)  # fmt: skip
BY_NAME: Mapping[str, Question] = {question.name: question for question in (*QUESTIONS, *MORE)}

# Usual cut points of bands by column; the first is the default.
PRESETS: Mapping[str, Sequence[tuple[str, str]]] = {
    "age": (
        ("10 years", "25,35,45,55,65"),
        ("5 years", "20,25,30,35,40,45,50,55,60,65,70"),
        ("young, middle, old", "30,60"),
        ("quartiles", "28,37,48"),
    ),
    "hours_per_week": (
        ("part time, full time, more", "35,41,60"),
        ("10 hours", "10,20,30,40,50,60"),
    ),
    "education_num": (("school, college, degree", "9,10,13"),),
    "capital_gain": (("none, some, much", "1,5000,10000"),),
    "capital_loss": (("none, some, much", "1,1500,2000"),),
    "fnlwgt": (("quartiles", "117551,178145,237642"),),
}

# Default histograms with bins of whole units: number of bins and range.
BINS: Mapping[str, tuple[str, str]] = {
    "age": ("16", "15,95"),
    "hours_per_week": ("20", "0,100"),
    "education_num": ("values", ""),
    "capital_gain": ("20", "0,100000"),
    "capital_loss": ("22", "0,4400"),
    "fnlwgt": ("30", "0,1500000"),
}

# Default quantiles: the tails, the quartiles and the median.
QUANTILES = "0.05,0.25,0.5,0.75,0.95"

START = "metric=proportion&column=income&value=>50K&group_by=education,sex&weight=fnlwgt"
_OVER = "metric=proportion&column=income&value=>50K"
EXAMPLES = (
    ("Who earns over 50,000 dollars", START),
    (
        "By age: women and men compared",
        f"{_OVER}&group_by=age,sex&age__bands=25,35,45,55,65&weight=fnlwgt&view=compare",
    ),
    ("Ages, each year", "metric=distribution&column=age&bins=values"),
    ("Working hours", "metric=mean&column=hours_per_week&group_by=workclass,sex"),
    ("Education and income", "metric=crosstab&row=education&column=income"),
    (
        "A model of working hours",
        "metric=regression&column=hours_per_week&on=age,education_num,sex&weight=fnlwgt",
    ),
)


def start() -> QueryDict:
    """Returns the default state."""
    return QueryDict(START)


def read(query: QueryDict) -> QueryDict:
    """Returns the state of a query string, with repeated and bracketed lists as comma lists."""
    state = QueryDict(mutable=True)
    for name, texts in query.lists():
        state[name.removesuffix("[]")] = ",".join(texts)
    return state


def address(state: QueryDict) -> str:
    """Returns the address of the explorer in a state."""
    text = state.urlencode(safe=",")
    return f"{reverse('home')}?{text}" if text else reverse("home")


def pairs(query: QueryDict) -> list[tuple[str, str]]:
    """Returns each parameter with its text."""
    return [(name, query.get(name) or "") for name in query]


def without(state: QueryDict, *names: str) -> QueryDict:
    """Returns the state without the parameters of those names."""
    kept = state.copy()
    for name in names:
        kept.pop(name, None)
    return kept


def changed(state: QueryDict, **values: str) -> QueryDict:
    """Returns the state with some parameters set; an empty value removes one."""
    kept = without(state, *(name for name, value in values.items() if not value))
    for name, value in values.items():
        if value:
            kept[name] = value
    return kept


def column_of(state: QueryDict) -> Column | None:
    return COLUMNS.get(canonical_name(state.get(COLUMN, "")))


def groupings(state: QueryDict) -> list[str]:
    return [canonical_name(name) for name in state.get(GROUP_BY, "").split(",") if name]


def comparing(state: QueryDict) -> bool:
    return state.get(VIEW) == COMPARE and state.get(METRIC) in ("mean", "proportion")


def compared(state: QueryDict) -> str:
    """Returns the grouping whose groups are compared: the chosen one, else the last."""
    found, chosen = groupings(state), canonical_name(state.get(COMPARED, ""))
    return chosen if chosen in found else (found[-1] if found else "")


def request(state: QueryDict, *, compare: bool = False) -> tuple[str, str]:
    """Returns the path and the query of the API request for a state."""
    asked = without(state, *OWN)
    metric, column = state.get(METRIC, ""), quote(state.get(COLUMN, ""), safe="")
    root = reverse("root")
    if metric == CROSSTAB:
        return f"{root}/crosstab/{quote(state.get(ROW, ''), safe='')}/{column}", _text(asked)
    if metric == REGRESSION:
        found = column_of(state)
        kind = "linear" if found is None or found.numeric else "logistic"
        return f"{root}/regression/{kind}/{column}", _text(asked)
    if compare:
        first = compared(state)
        asked = without(asked, "order_by", "limit")
        asked[GROUP_BY] = ",".join([first, *(n for n in groupings(state) if n != first)])
        return f"{root}/comparison/{column}", _text(asked)
    for name, text in usual(state).items():
        asked[name] = text
    return f"{root}/computation/{quote(metric, safe='')}/{column}", _text(asked)


def usual(state: QueryDict) -> dict[str, str]:
    """Returns the default parameters of the explorer, if the state has none of them."""
    metric, column = state.get(METRIC, ""), column_of(state)
    found: dict[str, str] = {}
    if metric == "quantiles":
        found = {"q": QUANTILES}
    elif metric == "distribution" and column and column.name in BINS:
        found = dict(zip(("bins", "range"), BINS[column.name], strict=True))
    elif metric == "distribution" and column and column.ordered:
        found = {"order_by": "key"}
    return {} if found.keys() & state.keys() else {n: text for n, text in found.items() if text}


def _text(query: QueryDict) -> str:
    return query.urlencode(safe=",")


def of_answer(answer: Mapping[str, Any], query: QueryDict) -> str:
    """Returns the explorer's address for an API answer, empty if it has none."""
    state = QueryDict(mutable=True)
    if "metric" in answer:
        state[METRIC], state[COLUMN] = metrics.find(answer["metric"]).name, answer["column"]
    elif "row_values" in answer:
        state[METRIC], state[ROW], state[COLUMN] = CROSSTAB, answer["row"], answer["column"]
    elif "coefficients" in answer:
        state[METRIC], state[COLUMN] = REGRESSION, answer["column"]
    elif "source_name" in answer:
        return of_column(COLUMNS[answer["name"]])
    elif "reference" in answer and {"base_rate", "on"}.isdisjoint(answer) and "column" in answer:
        share = not COLUMNS[answer["column"]].numeric
        state[METRIC], state[COLUMN] = ("proportion" if share else "mean"), answer["column"]
        state[VIEW] = COMPARE
        query = query.copy()
        query[GROUP_BY] = ",".join(reversed(query.get(GROUP_BY, "").split(",")))
    else:
        return ""
    for name, text in pairs(query):
        state[name] = text
    return address(state)


def of_column(column: Column) -> str:
    """Returns the explorer's address for the distribution of a column."""
    metric = "quantiles" if column.numeric else "distribution"
    return address(QueryDict(f"{METRIC}={metric}&{COLUMN}={column.name}"))


def tidied(data: QueryDict) -> QueryDict:
    """Returns the state of a submitted form.

    A form sends all its fields, also empty ones and those of the previous question. A choice is
    never replaced by another: if it does not apply, the page says why.
    """
    given = sent(data, leave_out=(SENT,))
    metric = given.get(METRIC, QUESTIONS[0].name)
    column = COLUMNS.get(canonical_name(given.get(COLUMN, "")))
    tidy = QueryDict(mutable=True)
    if metric == COMPARISON:
        metric = "mean" if column and column.numeric else "proportion"
        given[VIEW] = COMPARE
    tidy[METRIC] = metric
    for name in (ROW, COLUMN):
        if name in given and (name != ROW or metric == CROSSTAB):
            tidy[name] = given.get(name, "")
    foreign = _parameters_of_others(metric, column)
    for name, text in pairs(given):
        if name not in (METRIC, COLUMN, ROW) and name not in foreign:
            tidy[name] = text
    _outcome(tidy, metric, column)
    if metric == CROSSTAB:
        tidy = without(tidy, GROUP_BY)
    _bands(tidy, given)
    if tidy.get(VIEW) == CHART or (tidy.get(VIEW) == COMPARE and not comparing(tidy)):
        tidy.pop(VIEW)
    where = canonical_name(tidy.get(WHERE, ""))
    if where in COLUMNS and any(name in tidy for name in lookups(COLUMNS[where]).values()):
        tidy.pop(WHERE)
    return renamed(tidy)


def renamed(state: QueryDict) -> QueryDict:
    """Returns the state with `race__in=Black` as `race=Black`."""
    tidy = QueryDict(mutable=True)
    for name, text in pairs(state):
        column, _, lookup = name.partition("__")
        plain = lookup == "in" and "," not in text and column in COLUMNS and column not in state
        tidy[column if plain else name] = text
    return tidy


def _parameters_of_others(metric: str, column: Column | None) -> set[str]:
    """Returns the parameters of other questions that this one does not take."""
    others = {
        parameter.name
        for one in METRICS.values()
        for of in one.columns
        for parameter in one.parameters(of)
    } | {ON, "errors"}
    if metric == REGRESSION:
        own = {ON, "errors", *([VALUE] if column and not column.numeric else [])}
        return others - own | {GROUP_BY, "order_by", "limit"}
    if metric == CROSSTAB:
        return others - {"cells", "layer"} | {"order_by", "limit", "confidence"}
    if (found := METRICS.get(metric)) is None:
        return set()
    own = {p.name for of in found.columns for p in found.parameters(of)}
    if column in found.columns:
        own = {p.name for p in found.parameters(column)}
    return others - own


def _outcome(state: QueryDict, metric: str, column: Column | None) -> None:
    """Removes a category of another column; set the default one of the target."""
    wanted = metric in ("proportion", REGRESSION) and column is not None and not column.numeric
    if not wanted or column is None:
        return
    if state.get(VALUE) not in column.choices:
        state.pop(VALUE, None)
        if column.name == TARGET:
            state[VALUE] = OUTCOME


def _bands(state: QueryDict, given: QueryDict) -> None:
    """Sets the bands of each numeric grouping, by default the usual ones; remove other bands.

    The form has a select of usual bands and a text field for others: a changed text wins.
    """
    used = groupings(state) + state.get(ON, "").split(",")
    for column in NUMERIC:
        name = f"{column.name}{BANDS}"
        chosen = given.get(name, "")
        if (own := given.get(f"{name}{TEXT}", "")) != given.get(f"{name}{WAS}", ""):
            chosen = own.replace(" ", "") or EACH
        for each in (name, f"{name}{TEXT}", f"{name}{WAS}"):
            state.pop(each, None)
        usual = PRESETS[column.name][0][1] if column.name in groupings(state) else ""
        if column.name in used and chosen != EACH and (chosen or usual):
            state[name] = chosen or usual


def fits(question: Question, column: Column) -> bool:
    return not question.needs or column.kind == question.needs


def others(question: Question) -> Sequence[Column]:
    """Returns the columns that a question applies to."""
    return [column for column in (*NUMERIC, *CATEGORICAL) if fits(question, column)]
