"""The pages about the dataset: the records with facets, the codebook, source and caveats."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from census.api.charts import words
from census.columns import COLUMNS, Column, canonical_name
from census.metadata import about
from census.pages import downloads, fields, numbers
from census.pages.asking import Answer, ask
from census.pages.explorer import states
from census.pages.explorer.form import SEARCHABLE, Editor, chips, editor
from census.pages.explorer.views import everybody, page_policy, refusal
from census.pages.tables import table_of
from census.statistics.selection import FILTERS

SENT = "look"
CURSOR = "cursor"
SHOWN = 25
CHART_WIDTH = 200


@dataclass(frozen=True)
class Facet:
    """A column of the records page: its filter, and the distribution of the selected people."""

    column: Column
    editor: Editor
    bins: list[dict[str, Any]]
    missing: int


@page_policy
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Shows the records that the filters select, with counts of each value among them.

    The counts of a column with a filter are without that filter, as those of other choices.
    """
    path = reverse("people")
    if SENT in request.GET:
        query = fields.sent(request.GET, leave_out=(SENT,))
        return HttpResponseRedirect(_address(states.renamed(query)))
    state = states.read(request.GET)
    chosen = downloads.filters(state)
    profile = ask(request, reverse("statistics"), chosen.urlencode(safe=","))
    listed = state.copy()
    listed.setdefault("page_size", str(SHOWN))
    records = ask(request, reverse("person-list"), listed.urlencode(safe=","))
    for answer in (profile, records):
        if not answer.ok:
            return refusal(request, answer, state, path)
    form = forms.Form(use_required_attribute=False)
    context = {
        "form": form,
        "state": state,
        "chips": chips(state, _address),
        "table": table_of(records.data, reverse("person-list")),
        "count": records.data["count"],
        "everybody": everybody(request),
        "facets": [_facet(request, one, form, chosen) for one in profile.data["statistics"]],
        "pages": [(text, _page(records, rel, path)) for rel, text in
                  (("previous", "Previous"), ("next", "Next")) if records.data[rel]],
        "downloads": downloads.people(chosen),
        "complete": chosen.get("complete") == "true",
        "explore": states.address(_question(chosen)),
        "orders": _orders(state),
    }  # fmt: skip
    return render(request, "pages/people.html", context)


def _address(state: QueryDict) -> str:
    """Returns the address of the first page of a selection."""
    text = states.without(state, CURSOR).urlencode(safe=",")
    return f"{reverse('people')}?{text}" if text else reverse("people")


def _question(chosen: QueryDict) -> QueryDict:
    """Returns a state of the explorer with these filters."""
    state = states.start().copy()
    for name, text in states.pairs(chosen):
        state[name] = text
    return state


def _page(records: Answer, rel: str, path: str) -> str:
    return f"{path}?{records.data[rel].partition('?')[2]}"


def _orders(state: QueryDict) -> list[tuple[str, str, bool]]:
    now = state.get("ordering", "id")
    found = [("id", "Order of the files")]
    for column in COLUMNS.values():
        if column.numeric:
            found += [(f"{column.name},id", f"{column.label}, smallest first"),
                      (f"-{column.name},id", f"{column.label}, largest first")]  # fmt: skip
    return [(value, text, value == now) for value, text in found]


def _facet(
    request: HttpRequest, one: Mapping[str, Any], form: forms.Form, state: QueryDict
) -> Facet:
    column, found = COLUMNS[one["column_name"]], one["column_statistics"]
    frequencies = found.get("frequencies")
    if frequencies is not None:
        frequencies = _counts_of_choices(request, column, state) or frequencies
    return Facet(
        column,
        editor(form, column, state, frequencies),
        histogram(found),
        found["nan_count"],
    )


def _counts_of_choices(
    request: HttpRequest, column: Column, state: QueryDict
) -> dict[str, int] | None:
    """Returns the frequencies under the filters of other columns; None without one of its own."""
    others = state.copy()
    for name in state:
        lookup = FILTERS.get(canonical_name(name))
        if lookup and lookup.column is column:
            del others[name]
    if len(others) == len(state):
        return None
    path = reverse("computation", args=["distribution", column.name])
    answer = ask(request, path, others.urlencode(safe=","))
    return {bucket["value"]: bucket["count"] for bucket in answer.data["buckets"]}


def histogram(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns the bars of a histogram: position, size and title; none for a categorical column."""
    spread = found.get("histogram") or {}
    counts, edges = spread.get("hist") or [], spread.get("bin_edges") or []
    if not counts:
        return []
    width, most = CHART_WIDTH / len(counts), max(counts) or 1
    return [
        {
            "x": round(i * width, 1),
            "width": round(width - 1, 1),
            "height": round(38 * count / most, 1),
            "y": round(40 - 38 * count / most, 1),
            "title": f"{numbers.number(edges[i])} to {numbers.number(edges[i + 1])}: "
            f"{count:,} people",
        }
        for i, count in enumerate(counts)
    ]


@page_policy
@require_safe
def columns(request: HttpRequest) -> HttpResponse:
    """Shows the codebook: meaning, distribution and missing values of each column."""
    book, profile = ask(request, reverse("field-list")), ask(request, reverse("statistics"))
    for answer in (book, profile):
        if not answer.ok:
            return refusal(request, answer, QueryDict(), reverse("columns"))
    by_name = {one["column_name"]: one["column_statistics"] for one in profile.data["statistics"]}
    cards = [_card(one, by_name[one["name"]]) for one in book.data["fields"]]
    context = {"cards": cards, "rows": book.data["rows"]}
    return render(request, "pages/columns.html", context)


def _card(one: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    column = COLUMNS[one["name"]]
    most = max((c["count"] for c in one["categories"] or ()), default=1)
    return {
        **one,
        "meaning": words.capital(column.description.replace("`", "")),
        "ask": states.of_column(column),
        "bins": histogram(found),
        "ends": (found.get("min"), found.get("max")),
        "facts": [
            (name, numbers.number(found[key]))
            for key, name in (("mean", "Mean"), ("median", "Median"), ("std", "Std. deviation"))
            if found.get(key) is not None
        ],
        "bars": [
            {**c, "width": round(100 * c["count"] / most, 1),
             "share": numbers.percent(c["count"] / one["count"]) if one["count"] else "–",
             "href": f"{reverse('people')}?{_query(column.name, c['value'])}"}
            for c in one["categories"] or ()
        ],
        "long": len(one["categories"] or ()) > SEARCHABLE,
    }  # fmt: skip


def _query(name: str, value: str) -> str:
    query = QueryDict(mutable=True)
    query[name] = value
    return query.urlencode()


@page_policy
@require_safe
def about_page(request: HttpRequest) -> HttpResponse:
    """Shows the source, the licence and the caveats of the dataset."""
    answer = ask(request, reverse("dataset"))
    if not answer.ok:
        return refusal(request, answer, QueryDict(), reverse("about"))
    loaded = answer.data
    columns = fields.column_labels()
    splits = next(column.choices for column in COLUMNS.values() if column.role == "split")
    context = {
        "about": about,
        "loaded": loaded,
        "loaded_at": datetime.fromisoformat(loaded["loaded_at"]),
        "splits": [(splits.get(name, name), n) for name, n in loaded["rows_by_split"].items()],
        "missing": [(words.lower(columns[name]), n) for name, n in loaded["missing"].items()],
        "caveats": _caveats(),
    }
    return render(request, "pages/about.html", context)


HEADINGS = (
    "A sample, not a census", "Who is in it", "Standard errors", "Weights",
    "The threshold of 50,000 dollars", "Top codes", "Words of 1994",
)  # fmt: skip


def _caveats() -> list[tuple[str, str]]:
    return list(zip(HEADINGS, about.CAVEATS, strict=True))
