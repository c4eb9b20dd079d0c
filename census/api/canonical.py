"""One form for all the ways to ask for the same representation of the same answer."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, QueryDict
from django.urls import resolve
from rest_framework.exceptions import APIException
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from census.api.negotiation import ContentNegotiation
from census.api.parameters import FORMAT
from census.api.views.base import CensusViewSet

_REMEMBERED = 4096
LONGEST_REMEMBERED = 1024  # characters: who sends more shall not fill the memory with it


class Canonical(NamedTuple):
    """The path without a trailing slash, the query in its canonical spelling, the media type.

    A format that is named is the path's suffix: links to more of the same have it, too.
    `absolute` is whether the answer has URLs that name the host.
    """

    path: str
    query: str
    media_type: str
    absolute: bool

    def apply_to(self, request: HttpRequest) -> None:
        """Makes `request` the canonical one: what is computed from it depends on nothing else."""
        request.path = request.path.removesuffix(request.path_info) + self.path
        request.path_info = request.META["PATH_INFO"] = self.path
        request.META["QUERY_STRING"] = self.query
        request.META["HTTP_ACCEPT"] = self.media_type
        vars(request).pop("headers", None)  # it keeps a copy of them


def canonical(path: str, query: str, accept: str) -> Canonical | None:
    """Returns the canonical form of a request; None where there is nothing that could be kept.

    That is a page that is none of the API's, and what will be an error anyway: an
    unknown path or format, an invalid query.
    """
    short = len(path) + len(query) + len(accept) <= LONGEST_REMEMBERED
    return (_remembered if short else _canonical)(path, query, accept)


def _canonical(path: str, query: str, accept: str) -> Canonical | None:
    if len(path) > 1 and path.endswith("/"):
        path = path[:-1]
    try:
        route = _route if len(path) <= LONGEST_REMEMBERED else _route.__wrapped__
        found = route(path)
        if found is None:
            return None
        asked = HttpRequest()
        asked.META["HTTP_ACCEPT"] = accept
        asked.GET = QueryDict(query)
        request = Request(asked)
        renderer, media_type = ContentNegotiation().select_renderer(
            request, found.renderers, found.suffix
        )
        request.accepted_renderer = renderer
        spelt = found.view(request).canonical_query()
    except (Http404, APIException, SuspiciousOperation):
        return None
    return Canonical(
        f"{path}.{renderer.format}" if FORMAT in asked.GET and not found.suffix else path,
        spelt,
        media_type,
        found.cls.absolute,
    )


_remembered = lru_cache(_REMEMBERED)(_canonical)


class _Route(NamedTuple):
    """What a path leads to: a view, the parts of the path, its renderers, its suffix."""

    cls: type[CensusViewSet]
    initkwargs: dict[str, Any]
    action: Any
    kwargs: dict[str, Any]
    renderers: Sequence[BaseRenderer]
    suffix: str | None

    def view(self, request: Request) -> CensusViewSet:
        """Returns the view as it is when it answers `request`."""
        view = self.cls(**self.initkwargs)
        view.action = self.action
        view.request = request
        view.kwargs = self.kwargs
        view.format_kwarg = self.suffix
        return view


@lru_cache(_REMEMBERED)
def _route(path: str) -> _Route | None:
    """Returns what a path leads to, or None where that is no view of the API."""
    match = resolve(path)
    function: Any = match.func
    cls = getattr(function, "cls", None)
    if not (cls and issubclass(cls, CensusViewSet)):
        return None
    action = getattr(function, "actions", {}).get("get")
    suffix = match.kwargs.pop(FORMAT, None)
    view = cls(**function.initkwargs)
    view.action = action
    renderers = list(view.get_renderers())
    return _Route(cls, function.initkwargs, action, match.kwargs, renderers, suffix)
