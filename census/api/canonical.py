"""One form for all the ways to ask for the same representation of the same answer."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, QueryDict
from django.urls import resolve
from rest_framework.exceptions import NotAcceptable
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from census.api.negotiation import ContentNegotiation
from census.api.parameters import FORMAT
from census.api.views import CensusViewSet
from census.columns import canonical_name
from census.statistics.selection import FILTERS

_REMEMBERED = 4096
LONGEST_REMEMBERED = 1024  # characters: who sends more shall not fill the memory with it


class Canonical(NamedTuple):
    """The path without a trailing slash, the sorted query, and the media type.

    A format that is named is the path's suffix: links to more of the same have it, too.
    `absolute` is whether the answer has URLs that name the host.
    """

    path: str
    query: str
    media_type: str
    absolute: bool

    def impose(self, request: HttpRequest) -> None:
        """Make `request` the canonical one: what is computed from it depends on nothing else.

        The URL that was asked for remains as `META["ASKED_URL"]`, for errors to name.
        """
        request.META["ASKED_URL"] = request.get_full_path()
        request.path = request.path.removesuffix(request.path_info) + self.path
        request.path_info = request.META["PATH_INFO"] = self.path
        request.META["QUERY_STRING"] = self.query
        request.META["HTTP_ACCEPT"] = self.media_type
        vars(request).pop("headers", None)  # it keeps a copy of them


def canonical(path: str, query: str, accept: str) -> Canonical | None:
    """Return the canonical form of a request; None where there is nothing that could be kept.

    That is a page that is none of the API's, and what will be an error anyway: an
    unknown path or format, a query that cannot be read.
    """
    short = len(path) + len(query) + len(accept) <= LONGEST_REMEMBERED
    return (_remembered if short else _canonical)(path, query, accept)


def _canonical(path: str, query: str, accept: str) -> Canonical | None:
    if len(path) > 1 and path.endswith("/"):
        path = path[:-1]
    try:
        route = _route if len(path) <= LONGEST_REMEMBERED else _route.__wrapped__
        view, renderers, suffix = route(path)
        if view is None:
            return None
        given = QueryDict(query)
        asked = HttpRequest()
        asked.META["HTTP_ACCEPT"] = accept
        asked.GET = given
        renderer, media_type = ContentNegotiation().select_renderer(
            Request(asked), renderers, suffix
        )
    except (Http404, NotAcceptable, SuspiciousOperation):
        return None
    # The form of a browsable page sends the fields left empty: they are as not given.
    blanks = renderer.format != "api"
    pairs = [
        (_name(name), text)
        for name, texts in given.lists()
        for text in texts
        if name != FORMAT and (text or blanks)
    ]
    return Canonical(
        f"{path}.{renderer.format}" if FORMAT in given and not suffix else path,
        urlencode(sorted(pairs), safe=","),
        media_type,
        view.absolute,
    )


_remembered = lru_cache(_REMEMBERED)(_canonical)


@lru_cache(_REMEMBERED)
def _route(path: str) -> tuple[type[CensusViewSet] | None, Sequence[BaseRenderer], str | None]:
    """Return the view that a path leads to, its renderers, and the format of the path's suffix.

    No view where it is none of the API's.
    """
    match = resolve(path)
    function: Any = match.func
    cls = getattr(function, "cls", None)
    if not (cls and issubclass(cls, CensusViewSet)):
        return None, (), None
    view = cls(**function.initkwargs)
    view.action = getattr(function, "actions", {}).get("get")
    return cls, list(view.get_renderers()), match.kwargs.get(FORMAT)


def _name(spelt: str) -> str:
    """Return the name of a filter however it is spelt; other names as they are."""
    name = canonical_name(spelt)
    return name if name in FILTERS else spelt
