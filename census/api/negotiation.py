"""Content negotiation: by the suffix of the path, `?format=` or else the Accept header."""

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
    """DRF's content negotiation with quality values, and errors that list the formats."""

    def select_parser(self, request: Request, parsers: Iterable[Any]) -> Any:  # noqa: ARG002
        return None

    def select_renderer(
        self,
        request: Request,
        renderers: Sequence[BaseRenderer],  # type: ignore[override]
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        formats = ", ".join(dict.fromkeys(renderer.format or "" for renderer in renderers))
        in_query = request.query_params.getlist(FORMAT)
        if len({*in_query, format_suffix} - {None}) > 1:
            raise NotAcceptable("The request names more than one format: name one.")
        name = format_suffix or next(iter(in_query), None)
        if name is None:
            return self._by_accept(request, renderers, formats)
        for renderer in renderers:
            if renderer.format == name:
                return _available(renderer), renderer.media_type or ""
        detail = f"There is no format {name[:40]!r} here. Formats: {formats}."
        raise Http404(detail) if format_suffix else NotAcceptable(detail)

    def _by_accept(
        self, request: Request, renderers: Sequence[BaseRenderer], formats: str
    ) -> tuple[BaseRenderer, str]:
        accept = request.META.get("HTTP_ACCEPT", "")
        by_media_type = {renderer.media_type or "": renderer for renderer in renderers}
        if accept in by_media_type:
            return _available(by_media_type[accept]), accept
        ranges = _ranges(accept)
        # Among equally preferred types the page comes last: a program gets data.
        candidates = sorted(by_media_type, key=lambda name: by_media_type[name].format == "api")
        preferred = max(candidates, key=lambda name: _preference(name, ranges))
        if _preference(preferred, ranges) <= NOT_ACCEPTED:
            raise NotAcceptable(
                f"No format here matches the Accept header. Formats: {formats} "
                f"({', '.join(by_media_type)})."
            )
        return _available(by_media_type[preferred]), preferred


def _ranges(accept: str) -> list[MediaType]:
    """Returns the media ranges of an Accept header. An empty header accepts everything."""
    return [MediaType(text) for text in accept.split(",") if text.strip()] or [MediaType("*/*")]


def _preference(name: str, ranges: Sequence[MediaType]) -> tuple[float, int, int]:
    """Returns the preference for a media type: its quality, specificity and early position.

    The quality is that of the most specific range that contains it (RFC 9110, section 12.5.1).
    Parameters other than `q` are ignored: no type here has variants.
    """
    main = name.partition("/")[0]
    specificities = {name: 2, f"{main}/*": 1, "*/*": 0}
    matches = [
        (specificities[text], -position, media_range.quality)
        for position, media_range in enumerate(ranges)
        if (text := f"{media_range.main_type}/{media_range.sub_type}".lower()) in specificities
    ]
    if not matches:
        return NOT_ACCEPTED
    specificity, position, quality = max(matches)
    return (quality, specificity, position) if quality else NOT_ACCEPTED


def _available(renderer: BaseRenderer) -> BaseRenderer:
    """Returns the renderer; raises `NotAcceptable` if a library that it needs is not installed."""
    if isinstance(renderer, DrawingRenderer) and (reason := renderer.unavailable()):
        raise NotAcceptable(reason)
    return renderer
