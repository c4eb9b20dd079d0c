"""Which representation an answer takes: a suffix, `?format=`, or else the Accept header."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import Http404
from django.http.request import MediaType
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from census.api.parameters import FORMAT
from census.api.renderers import DrawingRenderer

NOT_ACCEPTED = (0.0, 0, 0)


class ContentNegotiation(BaseContentNegotiation):
    """As DRF's, but it honours quality values and says which representations there are."""

    def select_parser(self, request: Request, parsers: Iterable[Any]) -> Any:  # noqa: ARG002
        return None

    def select_renderer(
        self,
        request: Request,
        renderers: Sequence[BaseRenderer],  # type: ignore[override]
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        formats = ", ".join(dict.fromkeys(renderer.format or "" for renderer in renderers))
        asked = request.query_params.getlist(FORMAT)
        if len({*asked, format_suffix} - {None}) > 1:
            raise NotAcceptable("More than one format is asked for: give one.")
        wanted = format_suffix or next(iter(asked), None)
        if wanted is None:
            return self._by_accept(request, renderers, formats)
        for renderer in renderers:
            if renderer.format == wanted:
                return _available(renderer), renderer.media_type or ""
        detail = f"There is no format {wanted[:40]!r} here. Formats: {formats}."
        raise Http404(detail) if format_suffix else NotAcceptable(detail)

    def _by_accept(
        self, request: Request, renderers: Sequence[BaseRenderer], formats: str
    ) -> tuple[BaseRenderer, str]:
        accept = request.META.get("HTTP_ACCEPT", "")
        by_media_type = {renderer.media_type or "": renderer for renderer in renderers}
        if accept in by_media_type:
            return _available(by_media_type[accept]), accept
        ranges = _ranges(accept)
        # Of what is accepted alike a program gets data: a page is for whoever names HTML.
        candidates = sorted(by_media_type, key=lambda name: by_media_type[name].format == "api")
        preferred = max(candidates, key=lambda name: _preference(name, ranges))
        if _preference(preferred, ranges) <= NOT_ACCEPTED:
            raise NotAcceptable(
                f"Nothing here is of the media types accepted. Formats: {formats} "
                f"({', '.join(by_media_type)})."
            )
        return _available(by_media_type[preferred]), preferred


def _ranges(accept: str) -> list[MediaType]:
    """Returns the media ranges of an Accept header; one that is empty accepts anything."""
    return [MediaType(text) for text in accept.split(",") if text.strip()] or [MediaType("*/*")]


def _preference(name: str, ranges: Sequence[MediaType]) -> tuple[float, int, int]:
    """Returns how much a media type is wanted: quality, how exactly it is named, and how early.

    Its quality is that of the most specific range that it is in (RFC 9110, section 12.5.1).
    Parameters but `q` are not looked at: no type here has variants that a charset would tell apart.
    """
    main = name.partition("/")[0]
    places = {name: 2, f"{main}/*": 1, "*/*": 0}
    matches = [
        (places[text], -place, of.quality)
        for place, of in enumerate(ranges)
        if (text := f"{of.main_type}/{of.sub_type}".lower()) in places
    ]
    if not matches:
        return NOT_ACCEPTED
    exactness, place, quality = max(matches)
    return (quality, exactness, place) if quality else NOT_ACCEPTED


def _available(renderer: BaseRenderer) -> BaseRenderer:
    """Returns the renderer, or raises `NotAcceptable` where it lacks what is not installed."""
    if isinstance(renderer, DrawingRenderer) and (reason := renderer.unavailable()):
        raise NotAcceptable(reason)
    return renderer
