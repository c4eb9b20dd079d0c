"""Addresses that end too early: what may come next is listed there."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from django.http import HttpRequest
from django.urls import URLPattern, path
from rest_framework.request import Request
from rest_framework.response import Response

from census.api import questions, tables
from census.api.parameters import UnknownName, example_query
from census.api.views.base import TABULAR, CensusViewSet
from census.columns import COLUMNS, WEIGHT
from census.statistics.bands import BANDS, SUFFIX

FIRST = 2  # parts of the shortest address: `v1/crosstab`
_VARIABLE = re.compile(r"<\w+:(\w+)>")

View = type[CensusViewSet]
Entry = dict[str, str]


def listings(routes: Iterable[URLPattern]) -> list[URLPattern]:
    """Returns a route for each beginning of `routes` that is none of them itself."""
    views: dict[str, Any] = {str(route.pattern): route.callback for route in routes}
    below: dict[str, dict[str, View]] = {}
    for route, view in views.items():
        parts = route.split("/")
        for end in range(FIRST, len(parts)):
            below.setdefault("/".join(parts[:end]), {}).setdefault(parts[end], view.cls)
    return [
        path(start, ListingViewSet.as_view({"get": "list"}, start=start, below=found))
        for start, found in below.items()
        if start not in views
    ]


class ListingViewSet(CensusViewSet):
    """What may come next in an address: columns, or parts of a path.

    `start` is the route up to here; `below` has the next part of each route that begins so, and
    the view at its end.
    """

    renderer_classes = TABULAR
    in_openapi = False  # which describes complete addresses
    start = ""
    below: Mapping[str, View] = {}

    def list(self, request: Request, **_kwargs: Any) -> Response:
        self.values()
        here = request.path.removesuffix(f".{self.format_kwarg}")
        entries = [
            entry for part, view in self.below.items() for entry in self._entries(part, view)
        ]
        return Response(
            {
                "title": self.get_view_name(),
                "description": self.get_view_description(),
                "choices": [{**entry, "link": f"{here}/{entry['link']}"} for entry in entries],
            }
        )

    def get_view_name(self) -> str:
        """Returns the name of what the address leads to, else the last part of it."""
        if len(self.below) > 1:
            return self.start.rpartition("/")[2].capitalize()
        return self._next()[1].summary

    def get_view_description(self, html: bool = False) -> str:  # noqa: ARG002  (DRF's)
        """Returns what the address leads to, and what it lacks."""
        if len(self.below) > 1:
            return "Choose what comes next in the address."
        part, view = self._next()
        return f"{_first_paragraph(view)} Choose the {_name(part) or part}."

    def _next(self) -> tuple[str, View]:
        """Returns the only part that may come next, and its view.

        DRF asks for its name without a request and in an error, too.
        """
        ((part, view),) = self.below.items()
        with suppress(UnknownName):
            view = view.of_path(getattr(self, "kwargs", {}))
        return part, view

    def table(self, data: Any) -> tables.Table:
        return tables.of_records(data["choices"], ("name", "label", "description", "link"))

    def _entries(self, part: str, view: View) -> Iterator[Entry]:
        """Yields what may stand for a part of a route, each with the rest of its address."""
        view, variable = view.of_path(self.kwargs), _name(part)
        if not variable:
            yield _entry(part, view.summary, _first_paragraph(view))
            return
        parameters = {parameter.name: parameter for parameter in view().path_parameters}
        given = {name: text for name, text in self.kwargs.items() if name in parameters}
        questions.columns_of_path(given)
        for name in parameters[variable].type.suggestions():
            parts = {**given, variable: name}
            query = _needed(view, parts) if len(parts) == len(parameters) else ""
            yield _entry(name, COLUMNS[name].label, COLUMNS[name].description, query)


def _name(part: str) -> str:
    """Returns the name of a part of a route, empty where its text is fixed."""
    variable = _VARIABLE.fullmatch(part)
    return variable[1] if variable else ""


def _entry(name: str, label: str, description: str, query: str = "") -> Entry:
    link = f"{name}?{query}" if query else name
    return {"name": name, "label": label, "description": description, "link": link}


def _first_paragraph(view: View) -> str:
    return " ".join((view.__doc__ or "").partition("\n\n")[0].split())


def _needed(view: View, parts: Mapping[str, str]) -> str:
    """Returns an example of the query that a route with these parts cannot do without."""
    whole = view()
    whole.kwargs, whole.request = dict(parts), Request(HttpRequest())
    needed = [parameter for parameter in whole.get_parameters() if parameter.required]
    if view.crosses and WEIGHT.name in parts.values():  # it has too many values to group by them
        needed.append(BANDS[f"{WEIGHT.name}{SUFFIX}"])
    return example_query(needed)
