"""All judgement of input: the query string against the parameters that a route takes."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from rest_framework import status
from rest_framework.exceptions import APIException

from census.columns import COLUMNS, Column, canonical_name
from census.statistics import bands, metrics, records
from census.statistics.analyses.comparison import ADJUST, Comparison
from census.statistics.analyses.crosstab import CELLS, LAYER, Crosstab
from census.statistics.analyses.fairness import OUTCOME, TARGET, Fairness
from census.statistics.computation import LIMIT, MIN_COUNT, ORDER_BY, Computation
from census.statistics.metrics import CONFIDENCE, Metric, Question
from census.statistics.metrics.base import STANDARDIZE
from census.statistics.parameters import (
    Choice,
    Integer,
    Invalid,
    ListOf,
    Parameter,
    nearest,
    shown,
)
from census.statistics.selection import (
    COMPLETE,
    FILTERS,
    GROUP_BY,
    WEIGHTED_BY,
    Selection,
    column_choice,
)

FORMAT = "format"
MOST_PARAMETERS = 200  # no route has as many

FILTERING = (*(f.parameter for f in FILTERS.values()), COMPLETE)
BANDS = tuple(bands.BANDS.values())
COMMON = (GROUP_BY, WEIGHTED_BY, CONFIDENCE, ORDER_BY, LIMIT, MIN_COUNT, *BANDS)
PROTECTED = ListOf(
    column_choice(
        (of for of in COLUMNS.values() if of is not TARGET),
        "a protected column",
        "ProtectedColumn",
    ),
    maximum=3,
)

Error = dict[str, Any]


class BadRequest(APIException):
    """Parameters that cannot be taken: every one of them, each with what would be right."""

    status_code: int = status.HTTP_400_BAD_REQUEST
    default_code = "bad-parameter"

    def __init__(self, errors: list[Error]) -> None:
        details = dict.fromkeys(error["detail"] for error in errors)
        super().__init__(" ".join(islice(details, 3)))
        self.errors = errors


class Unknown(BadRequest):
    """A name in the path that there is not."""

    status_code = status.HTTP_404_NOT_FOUND
    default_code = "not-found"


def error(
    parameter: str,
    code: str,
    detail: str,
    allowed: Iterable[str] = (),
    did_you_mean: str | None = None,
) -> Error:
    """Return an error as a problem document lists it."""
    found: Error = {"parameter": parameter, "code": code, "detail": detail}
    if allowed := list(allowed):
        found["allowed"] = allowed
    if did_you_mean is not None:
        found["did_you_mean"] = did_you_mean
    return found


def judge(
    query: QueryDict, parameters: Iterable[Parameter], *, blanks: bool = False
) -> dict[str, Any]:
    """Return the value of each parameter that is given or has a default, by name.

    An HTML form sends the fields left empty: with `blanks` they count as not given. Raises
    `BadRequest` with an error for each parameter that is unknown, repeated, required but not
    there, or whose value is invalid.
    """
    known = {parameter.name: parameter for parameter in parameters}
    values, errors = _read(query, known, blanks=blanks)
    failed = {error["parameter"] for error in errors}
    for name, parameter in known.items():
        if name in values or name in failed:
            continue
        if parameter.required:
            allowed = parameter.type.schema().get("enum", ())
            detail = f"Give `{name}`: {parameter.description}"
            errors.append(error(name, "required", detail, allowed))
        elif parameter.default is not None:
            values[name] = parameter.default
    if errors:
        raise BadRequest(errors)
    return values


def canonical_query(
    query: QueryDict, parameters: Iterable[Parameter], *, blanks: bool = False
) -> str:
    """Return the query in its one canonical spelling, without `format`.

    Names are those of the columns, in alphabetical order; a list is separated by commas; a
    value is as its type writes it. Raises `BadRequest` where `judge` does, but for what is
    required and not there.
    """
    known = {parameter.name: parameter for parameter in parameters}
    values, errors = _read(query, known, blanks=blanks)
    if errors:
        raise BadRequest(errors)
    pairs = [(name, known[name].type.write(value)) for name, value in sorted(values.items())]
    return urlencode(pairs, safe=",")


def _read(
    query: QueryDict, known: Mapping[str, Parameter], *, blanks: bool
) -> tuple[dict[str, Any], list[Error]]:
    """Return the values of the parameters that are given, and the errors."""
    texts, errors = _given(query, known, blanks=blanks)
    values: dict[str, Any] = {}
    for name, text in texts.items():
        try:
            values[name] = known[name].type.read(text)
        except Invalid as e:
            errors.append(error(name, e.code, e.detail, e.allowed, e.did_you_mean))
    return values, errors


def _given(
    query: QueryDict, known: Mapping[str, Parameter], *, blanks: bool
) -> tuple[dict[str, str], list[Error]]:
    """Return the text of each known parameter, and errors for unknown and repeated ones.

    A list may come as `a=1,2`, `a=1&a=2` or `a[]=1&a[]=2`; its text is always `1,2`.
    """
    filled = {
        spelt: [text for text in texts if text or not blanks] for spelt, texts in query.lists()
    }
    number = sum(map(bool, filled.values()))
    if number > MOST_PARAMETERS:
        detail = f"{number} parameters are too many: give at most {MOST_PARAMETERS}."
        raise BadRequest([error("", "too_many_parameters", detail)])
    given: dict[str, list[str]] = {}
    errors: list[Error] = []
    for spelt, texts in filled.items():
        name = _name(spelt, known)
        if name == FORMAT or not texts:
            continue
        if name in known:
            given.setdefault(name, []).extend(texts)
            continue
        detail = f"There is no parameter {shown(spelt)} here. (An & within a value is written %26.)"
        errors.append(error(spelt, "unknown_parameter", detail, known, nearest(name, known)))
    for name, texts in given.items():
        if len(texts) > 1 and not known[name].type.is_list:
            several = f"; for several values use `{name}__in=a,b`" if name in COLUMNS else ""
            detail = f"`{name}` is given more than once{several}."
            errors.append(error(name, "repeated_parameter", detail))
    failed = {error["parameter"] for error in errors}
    return {n: ",".join(texts) for n, texts in given.items() if n not in failed}, errors


def _name(spelt: str, known: Mapping[str, Parameter]) -> str:
    """Return the name of a parameter, however it is spelt: `hours-per-week__in[]`."""
    name = canonical_name(spelt)
    if name.endswith("[]"):
        listed = known.get(name.removesuffix("[]"))
        if listed and listed.type.is_list:
            return listed.name
    return name


def selection(values: Mapping[str, Any], crossed: Iterable[Column] = ()) -> Selection:
    """Return the selection that judged `values` speak of; raise `BadRequest` for unused bands.

    `crossed` are the columns that the route groups by beside those of `group_by`.
    """
    weight = values.get(WEIGHTED_BY.name)
    group_by = [COLUMNS[name] for name in values.get(GROUP_BY.name, ())]
    if unused := bands.unused([*group_by, *crossed], values):
        raise BadRequest([_unused(parameter) for parameter in unused])
    return Selection(
        filters={name: value for name, value in values.items() if name in FILTERS},
        complete=values.get(COMPLETE.name, False),
        group_by=tuple(bands.banded(column, values) for column in group_by),
        weight=COLUMNS[weight] if weight else None,
    )


def _unused(parameter: Parameter) -> Error:
    name = parameter.name.removesuffix(bands.SUFFIX)
    detail = f"Nothing is grouped by {name}: leave `{parameter.name}` out, or group by {name}."
    return error(parameter.name, "bands_unused", detail)


def banded(columns: Iterable[Column], query: QueryDict) -> tuple[Column, ...]:
    """Return the columns by the bands that the query gives; invalid ones are left to `judge`."""
    texts, _ = _given(query, bands.BANDS, blanks=True)
    values = {}
    for name, text in texts.items():
        with suppress(Invalid):
            values[name] = bands.BANDS[name].type.read(text)
    return tuple(bands.banded(column, values) for column in columns)


def column(name: str) -> Column:
    """Return the column of that name, in either spelling; raise `Unknown`."""
    return _columns({"column": name})["column"]


def metric_and_column(metric_name: str, column_name: str) -> tuple[Metric, Column]:
    """Return the metric and the column of a path; raise `Unknown`, or `BadRequest` if unfit."""
    errors = []
    if metric_name not in metrics.names():
        errors.append(_unknown("metric", metric_name, metrics.names()))
    if canonical_name(column_name) not in COLUMNS:
        errors.append(_unknown("column", column_name, COLUMNS))
    if errors:
        raise Unknown(errors)
    metric, found = metrics.find(metric_name), column(column_name)
    if found.kind not in metric.kinds:
        allowed = [c.name for c in metric.columns]
        detail = (
            f"`{metric_name}` is of {metric.kinds[0]} columns, and {found.name} is {found.kind}."
        )
        raise BadRequest([error("column", "not_applicable", detail, allowed)])
    return metric, found


def _unknown(what: str, name: str, names: Iterable[str], part: str = "") -> Error:
    detail = f"There is no {what} {shown(name)}."
    return error(part or what, f"unknown_{what}", detail, names, nearest(name, names))


def computation_parameters(metric: Metric, of: Column | None = None) -> tuple[Parameter, ...]:
    """Return all that a computation takes: of a column, or where none is named."""
    own = metric.parameters(of) if of else metric.parameters_anywhere()
    return (*own, *common_parameters(metric), *FILTERING)


def common_parameters(metric: Metric) -> tuple[Parameter, ...]:
    """Return the parameters of every metric, as they are for this one.

    One without a weighted form refuses the weight, one without a single value the order by it.
    """
    found = {parameter.name: parameter for parameter in COMMON}
    if not metric.weightable:
        allowed = [m.name for m in metrics.METRICS.values() if m.weightable]
        reason = f"`{metric.name}` has no weighted form; those that have are `allowed`."
        found[WEIGHTED_BY.name] = WEIGHTED_BY.refused(reason, allowed)
    if not metric.extras.keys() & {"value", "buckets"}:
        orders = Choice(
            ("key", "-key", "count", "-count"),
            f"an order of groups of {metric.name}",
            title="GroupOrder",
        )
        detail = "Order of the groups, by default `key`. Ties are in the order of the key."
        found[ORDER_BY.name] = replace(ORDER_BY, type=orders, description=detail)
    return tuple(found.values())


def computation(metric: Metric, of: Column, values: Mapping[str, Any]) -> Computation:
    """Return the computation that judged `values` ask for; raise `BadRequest` if unfit together."""
    own = {parameter.name for parameter in metric.parameters(of)}
    options = {name: value for name, value in values.items() if name in own}
    strata = [COLUMNS[name] for name in values.get(STANDARDIZE.name, ())]
    selected = selection(values, strata)
    check_apart(selected, strata, STANDARDIZE.name)
    asked = Computation(
        metric,
        Question(of, selected, options, values[CONFIDENCE.name]),
        order_by=values.get(ORDER_BY.name),
        limit=values.get(LIMIT.name),
        min_count=values.get(MIN_COUNT.name, 0),
        standardize=tuple(bands.banded(column, values) for column in strata),
    )
    if refused := list(asked.refused()):
        raise BadRequest([error(p.name, "not_applicable", reason) for p, reason in refused])
    return asked


def fairness(columns: tuple[Column, ...], values: Mapping[str, Any]) -> Fairness:
    """Return the comparison of the groups of `columns` that judged `values` ask for."""
    reference = values.get("reference")
    if reference is not None and not isinstance(reference, tuple):
        reference = (reference,)
    return Fairness(
        replace(selection(values, columns), group_by=columns),
        values[OUTCOME.name],
        reference,
        values[CONFIDENCE.name],
    )


def grouping(query: QueryDict) -> tuple[Column, ...]:
    """Return the columns that the query groups by, by its bands; none where `judge` will object."""
    texts, _ = _given(query, {GROUP_BY.name: GROUP_BY}, blanks=True)
    try:
        names = GROUP_BY.type.read(texts[GROUP_BY.name])
    except (Invalid, KeyError):
        return ()
    return banded((COLUMNS[name] for name in names), query)


def comparison(of: Column, values: Mapping[str, Any]) -> Comparison:
    """Return the comparison that judged `values` ask for."""
    return Comparison(
        of,
        selection(values),
        value=values.get("value"),
        reference=values.get("reference"),
        adjust=values[ADJUST.name],
        confidence=values[CONFIDENCE.name],
        min_count=values.get(MIN_COUNT.name, 0),
    )


def crosstab(row: Column, column: Column, values: Mapping[str, Any]) -> Crosstab:
    """Return the table of two columns that judged `values` ask for."""
    crossed = [row, column, *([COLUMNS[values[LAYER.name]]] if LAYER.name in values else [])]
    of_rows, of_columns, *layer = (bands.banded(of, values) for of in crossed)
    return Crosstab(
        of_rows,
        of_columns,
        selection(values, crossed),
        cells=values[CELLS.name],
        layer=layer[0] if layer else None,
        confidence=values[CONFIDENCE.name],
    )


def check_apart(selected: Selection, crossed: Iterable[Column], parameter: str) -> None:
    """Raise `BadRequest` where a column both makes the groups and divides them."""
    groups = selected.keys()
    both = [of.name for of in crossed if of.name in groups]
    if both:
        detail = f"The groups are made by {both[0]}: divide them by other columns."
        raise BadRequest([error(parameter, "grouped_by", detail)])


def crossed_columns(names: Mapping[str, str]) -> tuple[Column, ...]:
    """Return the columns that parts of a path name, by the name of the part; raise `Unknown`."""
    return tuple(_columns(names).values())


def protected_columns(names: str) -> tuple[Column, ...]:
    """Return the columns of a path like `sex,race`: one to three, each once, not the target."""
    given = names.split(",")
    found = [_columns({"column": name})["column"] for name in given]
    try:
        PROTECTED.read(",".join(of.name for of in found))
    except Invalid as e:
        raise BadRequest([error("column", e.code, e.detail, e.allowed, e.did_you_mean)]) from None
    return tuple(found)


def _columns(names: Mapping[str, str]) -> dict[str, Column]:
    unknown = {part: n for part, n in names.items() if canonical_name(n) not in COLUMNS}
    if unknown:
        raise Unknown([_unknown("column", n, COLUMNS, part) for part, n in unknown.items()])
    return {part: COLUMNS[canonical_name(n)] for part, n in names.items()}


def page(values: Mapping[str, Any]) -> records.Page:
    """Return the page of records that judged `values` ask for."""
    ordering = tuple(values[records.ORDERING.name])
    cursor = values.get(records.CURSOR.name)
    if cursor and cursor.ordering != ordering:
        detail = (
            f"This cursor is of `ordering={','.join(cursor.ordering)}`: ask for that, or begin "
            "without a cursor."
        )
        raise BadRequest([error(records.CURSOR.name, "other_ordering", detail)])
    return records.Page(
        selection(values),
        tuple(values.get(records.FIELDS.name, records.NAMES)),
        ordering,
        values.get(records.PAGE_SIZE.name, records.Page.size),
        cursor,
    )


def person(text: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of the id in a path, and its dataset; raise `Unknown`."""
    fields = values.get(records.FIELDS.name, records.NAMES)
    try:
        # A path has one spelling: 1e3 is a number in a query, but the id of nobody.
        identifier = Integer(0, records.LAST_ID).read(text) if text.isdecimal() else 0
    except Invalid:
        identifier = 0  # which nobody has
    try:
        return records.person(identifier, fields)
    except records.NoSuchPerson as e:
        detail = f"There is no person {shown(text)}: ids are 1 to {e.last}."
        raise Unknown([error("id", "unknown_person", detail)]) from None
