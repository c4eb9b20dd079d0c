"""What the page shows: the answer that its address asks for, or what is wrong with it."""

from typing import Any

from csp.constants import SELF
from csp.decorators import csp_replace
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.http import require_safe
from rest_framework.exceptions import APIException

from adultapi import problems
from census.api import charts, parameters, tables
from census.api.charts import drawing
from census.columns import COLUMNS, canonical_name
from census.metadata import about
from census.models import DatasetMissing
from census.pages.address import (
    ADDED,
    ADDED_VALUE,
    COLUMN,
    EXAMPLES,
    METRIC,
    SENT,
    address,
    start,
    tidied,
    without,
)
from census.pages.form import Form, form
from census.pages.snippets import snippets
from census.pages.ways import ways_out
from census.statistics import metrics
from census.statistics.computation import answer

MOST_ROWS = 100
MOST_ERRORS = 20


@csp_replace({"style-src": [SELF]})
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show the state that the address tells; what the form sends is put in order first."""
    if SENT in request.GET:
        return HttpResponseRedirect(address(tidied(request.GET)))
    query = request.GET or start()
    try:
        status, result = 200, _result(request, query)
    except (APIException, DatabaseError, InterfaceError, DatasetMissing) as error:
        status, result = _refusal(error, query)
    context = {**result, "form": _form(query), "examples": _examples(), "about": about}
    return render(request, "census/explorer.html", context, status=status)


@require_safe
def favicon(_request: HttpRequest) -> HttpResponse:
    """Show where the icon is, to who asks for it at the place of old."""
    return HttpResponseRedirect(static("census/favicon.svg"))


def _form(query: QueryDict) -> Form:
    name, column = query.get(METRIC, ""), query.get(COLUMN, "")
    metric = metrics.find(name) if name in metrics.names() else None
    return form(query, metric, COLUMNS.get(canonical_name(column)))


def _examples() -> list[tuple[str, str]]:
    return [(title, address(QueryDict(query))) for title, query in EXAMPLES]


def _result(request: HttpRequest, query: QueryDict) -> dict[str, Any]:
    """Return what the page shows of the answer; raise what the API would answer with."""
    metric, column = parameters.metric_and_column(query.get(METRIC, ""), query.get(COLUMN, ""))
    asked = without(query, METRIC, COLUMN, ADDED, ADDED_VALUE)
    of = parameters.computation_parameters(metric, column)
    computation = parameters.computation(metric, column, parameters.judge(asked, of, blanks=False))
    found = answer(computation)
    spec = charts.of_computation(computation, found)
    table = tables.of_computation(computation, found)
    path = reverse("computation", args=[metric.name, column.name])
    addresses = _addresses(path, parameters.canonical_query(asked, of))
    exact = {name: request.build_absolute_uri(addresses[name]) for name in ("json", "csv")}
    return {
        "metric": metric,
        "method": found["method"],
        "title": spec["description"],
        "caption": " ".join(spec["title"]["subtitle"]),
        "drawn": drawing.available(),
        "addresses": addresses,
        "exact": exact["json"],
        "snippets": snippets(exact["json"], exact["csv"]),
        "header": table.header,
        "rows": [[_cell(value) for value in row] for row in table.rows[:MOST_ROWS]],
        "left_out": max(0, len(table.rows) - MOST_ROWS),
    }


def _addresses(path: str, query: str) -> dict[str, str]:
    """Return the addresses of the answer by format; that of JSON is the plain one."""
    suffixes = {name: f".{name}" for name in ("csv", "svg", "png", "vega")} | {"json": ""}
    return {
        name: f"{path}{suffix}?{query}" if query else f"{path}{suffix}"
        for name, suffix in suffixes.items()
    }


def _cell(value: Any) -> tuple[str, bool]:
    """Return a cell as people read it, and whether it is a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ("–" if value is None else str(value)), False
    if isinstance(value, int):
        return f"{value:,}", True
    return f"{value:,.4f}" if abs(value) >= 0.001 or value == 0 else f"{value:.3g}", True


def _refusal(error: Exception, query: QueryDict) -> tuple[int, dict[str, Any]]:
    """Return the status and what the page shows of an error."""
    found = problems.classify(error)
    if found is None:
        raise error
    problem, detail = found
    found_wrong = getattr(error, "errors", [])
    errors = [
        {"detail": each["detail"], "ways": ways_out(each, query)}
        for each in found_wrong[:MOST_ERRORS]
    ]
    return problem.status, {
        "problem": problem,
        "detail": detail,
        "errors": errors,
        "left_out": len(found_wrong) - len(errors),
    }
