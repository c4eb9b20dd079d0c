"""The canonical form of a request: requests for the same representation have the same form."""

import re
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
from census.columns import canonical_name

_CACHE_ENTRIES = 4096
MAX_CACHED_LENGTH = 1024  # characters; longer requests could fill the memory


class Canonical(NamedTuple):
    """The canonical path, query and media type of a request.

    The path has no trailing slash, and its columns have the API's spelling. The suffix of the path
    names the format if the request does, so that links to other pages of the answer have it, too.
    `absolute` says whether the answer contains absolute URLs.
    """

    path: str
    query: str
    media_type: str
    absolute: bool

    def apply_to(self, request: HttpRequest) -> None:
        """Makes `request` canonical, so that its answer depends on this form alone."""
        request.path = request.path.removesuffix(request.path_info) + self.path
        request.path_info = request.META["PATH_INFO"] = self.path
        request.META["QUERY_STRING"] = self.query
        request.META["HTTP_ACCEPT"] = self.media_type
        vars(request).pop("headers", None)  # a cached property


def canonical(path: str, query: str, accept: str) -> Canonical | None:
    """Returns the canonical form of a request; None if its answer cannot be cached.

    These are pages outside of the API, and errors: an unknown path or format, an invalid query.
    """
    short = len(path) + len(query) + len(accept) <= MAX_CACHED_LENGTH
    return (_cached_canonical if short else _canonical)(path, query, accept)


def _canonical(path: str, query: str, accept: str) -> Canonical | None:
    path = _canonical_path(path)
    try:
        route = _route if len(path) <= MAX_CACHED_LENGTH else _route.__wrapped__
        target = route(path)
        if target is None:
            return None
        http_request = HttpRequest()
        http_request.META["HTTP_ACCEPT"] = accept
        http_request.GET = QueryDict(query)
        request = Request(http_request)
        renderer, media_type = ContentNegotiation().select_renderer(
            request, target.renderers, target.suffix
        )
        request.accepted_renderer = renderer
        canonical_query = target.view(request).canonical_query()
    except (Http404, APIException, SuspiciousOperation):
        return None
    return Canonical(
        f"{path}.{renderer.format}" if FORMAT in http_request.GET and not target.suffix else path,
        canonical_query,
        media_type,
        target.cls.absolute,
    )


_cached_canonical = lru_cache(_CACHE_ENTRIES)(_canonical)


def _canonical_path(path: str) -> str:
    """Returns a path without a trailing slash, with the columns' names in the API's spelling."""
    if len(path) > 1:
        path = path.removesuffix("/")
    return re.sub("[^/,.]+", lambda name: canonical_name(name[0]), path)


class _Route(NamedTuple):
    """The target of a path: the view class, the path's arguments, the renderers, the suffix."""

    cls: type[CensusViewSet]
    initkwargs: dict[str, Any]
    action: Any
    kwargs: dict[str, Any]
    renderers: Sequence[BaseRenderer]
    suffix: str | None

    def view(self, request: Request) -> CensusViewSet:
        """Returns an instance of the view that is set up for `request`."""
        view = self.cls(**self.initkwargs)
        view.action = self.action
        view.request = request
        view.kwargs = self.kwargs
        view.format_kwarg = self.suffix
        return view


@lru_cache(_CACHE_ENTRIES)
def _route(path: str) -> _Route | None:
    """Returns the target of a path; None if it is not a view of the API."""
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
