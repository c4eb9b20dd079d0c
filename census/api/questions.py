"""Builds the objects of `census.statistics` from validated parameters and names in paths."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from django.http import QueryDict

from census.api.parameters import BadRequest, Error, UnknownName, error, read_texts
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
        (column for column in COLUMNS.values() if column is not TARGET),
        "a protected column",
        "ProtectedColumn",
    ),
    maximum=3,
)


def selection(values: Mapping[str, Any], crossed: Iterable[Column] = ()) -> Selection:
    """Returns the selection that the valid `values` describe.

    `crossed` are the columns that the route groups by in addition to those of `group_by`. Raises
    `BadRequest` for bands of a column that is in neither of the two.
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
    """Returns the columns with their bands in the query. It ignores invalid bands."""
    texts, _ = read_texts(query, bands.BANDS, blanks=True)
    values = {}
    for name, text in texts.items():
        with suppress(Invalid):
            values[name] = bands.BANDS[name].type.read(text)
    return tuple(bands.banded(column, values) for column in columns)


def column(name: str) -> Column:
    """Returns the column called `name`, in either spelling; raises `UnknownName`."""
    return _columns({"column": name})["column"]


def metric(name: str) -> Metric:
    """Returns the metric of that name, or of that alias; raises `UnknownName`."""
    if name not in metrics.names():
        raise UnknownName([_unknown("metric", name, metrics.names())])
    return metrics.find(name)


def metric_and_column(metric_name: str, column_name: str) -> tuple[Metric, Column]:
    """Returns the metric and the column of a path.

    Raises `UnknownName`, or `BadRequest` if the metric does not apply to the column.
    """
    errors = []
    if metric_name not in metrics.names():
        errors.append(_unknown("metric", metric_name, metrics.names()))
    if canonical_name(column_name) not in COLUMNS:
        errors.append(_unknown("column", column_name, COLUMNS))
    if errors:
        raise UnknownName(errors)
    metric, of = metrics.find(metric_name), column(column_name)
    if of.kind not in metric.kinds:
        allowed = [c.name for c in metric.columns]
        kind = metric.kinds[0]
        detail = f"`{metric_name}` applies to {kind} columns, but {of.name} is {of.kind}."
        raise BadRequest([error("column", "not_applicable", detail, allowed)])
    return metric, of


def _unknown(kind: str, name: str, names: Iterable[str], part: str = "") -> Error:
    detail = f"There is no {kind} {shown(name)}."
    return error(part or kind, f"unknown_{kind}", detail, names, nearest(name, names))


def computation_parameters(metric: Metric, column: Column | None = None) -> tuple[Parameter, ...]:
    """Returns all parameters of a computation: for a column, or for columns in general."""
    own = metric.parameters(column) if column else metric.parameters_anywhere()
    return (*own, *common_parameters(metric), *FILTERING)


def common_parameters(metric: Metric) -> tuple[Parameter, ...]:
    """Returns the parameters that all metrics have, adapted to this metric.

    A metric without a weighted form refuses `weight`. A metric without a single value refuses to
    order by it.
    """
    parameters = {parameter.name: parameter for parameter in COMMON}
    if not metric.weightable:
        allowed = [m.name for m in metrics.METRICS.values() if m.weightable]
        reason = f"`{metric.name}` has no weighted form; `allowed` lists the metrics that have one."
        parameters[WEIGHTED_BY.name] = WEIGHTED_BY.refused(reason, allowed)
    if not metric.extras.keys() & {"value", "buckets"}:
        orders = Choice(
            ("key", "-key", "count", "-count"),
            f"an order of groups of {metric.name}",
            title="GroupOrder",
        )
        detail = "Order of the groups, by default `key`. Ties are in the order of the key."
        parameters[ORDER_BY.name] = replace(ORDER_BY, type=orders, description=detail)
    return tuple(parameters.values())


def computation(metric: Metric, column: Column, values: Mapping[str, Any]) -> Computation:
    """Returns the computation that the valid `values` describe; raises `BadRequest`."""
    own = {parameter.name for parameter in metric.parameters(column)}
    options = {name: value for name, value in values.items() if name in own}
    strata = [COLUMNS[name] for name in values.get(STANDARDIZE.name, ())]
    selected = selection(values, strata)
    check_disjoint(selected, strata, STANDARDIZE.name)
    query = Computation(
        metric,
        Question(column, selected, options, values[CONFIDENCE.name]),
        order_by=values.get(ORDER_BY.name),
        limit=values.get(LIMIT.name),
        min_count=values.get(MIN_COUNT.name, 0),
        standardize=tuple(bands.banded(stratum, values) for stratum in strata),
    )
    if refused := list(query.refused()):
        raise BadRequest([error(p.name, "not_applicable", reason) for p, reason in refused])
    return query


def fairness(columns: tuple[Column, ...], values: Mapping[str, Any]) -> Fairness:
    """Returns the fairness query for the groups of `columns` that the valid `values` describe."""
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
    texts, _ = read_texts(query, {GROUP_BY.name: GROUP_BY}, blanks=True)
    try:
        names = GROUP_BY.type.read(texts[GROUP_BY.name])
    except (Invalid, KeyError):
        return ()
    return banded((COLUMNS[name] for name in names), query)


def comparison(column: Column, values: Mapping[str, Any]) -> Comparison:
    """Returns the comparison that the valid `values` describe."""
    return Comparison(
        column,
        selection(values),
        value=values.get("value"),
        reference=values.get("reference"),
        adjust=values[ADJUST.name],
        confidence=values[CONFIDENCE.name],
        min_count=values.get(MIN_COUNT.name, 0),
    )


def crosstab(row: Column, column: Column, values: Mapping[str, Any]) -> Crosstab:
    """Returns the cross-tabulation that the valid `values` describe."""
    layer = COLUMNS[values[LAYER.name]] if LAYER.name in values else None
    return Crosstab(
        bands.banded(row, values),
        bands.banded(column, values),
        selection(values, [row, column, *([layer] if layer else [])]),
        cells=values[CELLS.name],
        layer=bands.banded(layer, values) if layer else None,
        confidence=values[CONFIDENCE.name],
    )


def check_disjoint(selected: Selection, crossed: Iterable[Column], parameter: str) -> None:
    """Raises `BadRequest` if one of the columns `crossed` is also in `group_by`."""
    groups = selected.keys()
    both = [column.name for column in crossed if column.name in groups]
    if both:
        detail = f"{both[0]} is already in `group_by`: give other columns."
        raise BadRequest([error(parameter, "grouped_by", detail)])


def columns_of_path(names: Mapping[str, str]) -> tuple[Column, ...]:
    """Returns the columns of a path; `names` has them by parameter. Raises `UnknownName`."""
    return tuple(_columns(names).values())


def protected_columns(names: str) -> tuple[Column, ...]:
    """Returns the columns of a path such as `sex,race`: one to three different ones.

    Raises `UnknownName` or `BadRequest`.
    """
    columns = [column(name) for name in names.split(",")]
    try:
        PROTECTED.read(",".join(of.name for of in columns))
    except Invalid as e:
        raise BadRequest([error("column", e.code, e.detail, e.allowed, e.did_you_mean)]) from None
    return tuple(columns)


def _columns(names: Mapping[str, str]) -> dict[str, Column]:
    unknown = {part: n for part, n in names.items() if canonical_name(n) not in COLUMNS}
    if unknown:
        raise UnknownName([_unknown("column", n, COLUMNS, part) for part, n in unknown.items()])
    return {part: COLUMNS[canonical_name(n)] for part, n in names.items()}


def page(values: Mapping[str, Any]) -> records.Page:
    """Returns the page of records that the valid `values` describe."""
    ordering = tuple(values[records.ORDERING.name])
    cursor = values.get(records.CURSOR.name)
    if cursor and cursor.ordering != ordering:
        detail = (
            f"This cursor belongs to `ordering={','.join(cursor.ordering)}`: use that ordering, or "
            "begin without a cursor."
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
    """Returns the record with the id of a path; raises `UnknownName`."""
    fields = values.get(records.FIELDS.name, records.NAMES)
    try:
        # A path has one spelling: in a query 1e3 and 007 are numbers, in a path they are not ids.
        plain = text.isdecimal() and not text.startswith("0")
        identifier = Integer(0, records.LAST_ID).read(text) if plain else 0
    except Invalid:
        identifier = 0  # the id of no person
    try:
        return records.person(identifier, fields)
    except records.NoSuchPerson as e:
        detail = f"There is no person {shown(text)}: ids are 1 to {e.last}."
        raise UnknownName([error("id", "unknown_person", detail)]) from None
