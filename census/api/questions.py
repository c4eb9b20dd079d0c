"""From valid parameters to a question: which statistic, of which rows and columns."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from django.http import QueryDict

from census.api.parameters import BadRequest, Error, Unknown, error, given
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


def selection(values: Mapping[str, Any], crossed: Iterable[Column] = ()) -> Selection:
    """Returns the selection that judged `values` speak of; raises `BadRequest` for unused bands.

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
    """Returns the columns by the bands that the query gives; invalid ones are left to `judge`."""
    texts, _ = given(query, bands.BANDS, blanks=True)
    values = {}
    for name, text in texts.items():
        with suppress(Invalid):
            values[name] = bands.BANDS[name].type.read(text)
    return tuple(bands.banded(column, values) for column in columns)


def column(name: str) -> Column:
    """Returns the column of that name, in either spelling; raises `Unknown`."""
    return _columns({"column": name})["column"]


def metric_and_column(metric_name: str, column_name: str) -> tuple[Metric, Column]:
    """Returns the metric and the column of a path; raises `Unknown`, or `BadRequest` if unfit."""
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
    """Returns all that a computation takes: of a column, or where none is named."""
    own = metric.parameters(of) if of else metric.parameters_anywhere()
    return (*own, *common_parameters(metric), *FILTERING)


def common_parameters(metric: Metric) -> tuple[Parameter, ...]:
    """Returns the parameters of every metric, as they are for this one.

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
    """Returns the computation that the valid `values` describe; raises `BadRequest`."""
    own = {parameter.name for parameter in metric.parameters(of)}
    options = {name: value for name, value in values.items() if name in own}
    strata = [COLUMNS[name] for name in values.get(STANDARDIZE.name, ())]
    selected = selection(values, strata)
    check_apart(selected, strata, STANDARDIZE.name)
    query = Computation(
        metric,
        Question(of, selected, options, values[CONFIDENCE.name]),
        order_by=values.get(ORDER_BY.name),
        limit=values.get(LIMIT.name),
        min_count=values.get(MIN_COUNT.name, 0),
        standardize=tuple(bands.banded(column, values) for column in strata),
    )
    if refused := list(query.refused()):
        raise BadRequest([error(p.name, "not_applicable", reason) for p, reason in refused])
    return query


def fairness(columns: tuple[Column, ...], values: Mapping[str, Any]) -> Fairness:
    """Returns the comparison of the groups of `columns` that judged `values` ask for."""
    reference = values.get("reference")
    if reference is not None and not isinstance(reference, tuple):
        reference = (reference,)
    return Fairness(
        replace(selection(values, columns), group_by=columns),
        values[OUTCOME.name],
        reference,
        values[CONFIDENCE.name],
        values.get(MIN_COUNT.name, 0),
    )


def grouping(query: QueryDict) -> tuple[Column, ...]:
    """Returns the columns of `group_by` with their bands; none if the query is invalid."""
    texts, _ = given(query, {GROUP_BY.name: GROUP_BY}, blanks=True)
    try:
        names = GROUP_BY.type.read(texts[GROUP_BY.name])
    except (Invalid, KeyError):
        return ()
    return banded((COLUMNS[name] for name in names), query)


def comparison(of: Column, values: Mapping[str, Any]) -> Comparison:
    """Returns the comparison that judged `values` ask for."""
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
    """Returns the table of two columns that judged `values` ask for."""
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
    """Raises `BadRequest` where a column both makes the groups and divides them."""
    groups = selected.keys()
    both = [of.name for of in crossed if of.name in groups]
    if both:
        detail = f"The groups are made by {both[0]}: divide them by other columns."
        raise BadRequest([error(parameter, "grouped_by", detail)])


def crossed_columns(names: Mapping[str, str]) -> tuple[Column, ...]:
    """Returns the columns that parts of a path name, by the name of the part; raises `Unknown`."""
    return tuple(_columns(names).values())


def protected_columns(names: str) -> tuple[Column, ...]:
    """Returns the columns of a path like `sex,race`: one to three, each once, not the target."""
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
    """Returns the page of records that judged `values` ask for."""
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
    """Returns the record of the id in a path, and its dataset; raises `Unknown`."""
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
