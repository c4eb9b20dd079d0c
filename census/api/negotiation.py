"""Which representation an answer takes: a suffix, `?format=`, or else the Accept header."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import Http404
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from census.api.parameters import FORMAT
from census.api.renderers import DrawingRenderer


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
        formats = ", ".join(renderer.format or "" for renderer in renderers)
        wanted = format_suffix or request.query_params.get(FORMAT)
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
        by_media_type = {renderer.media_type: renderer for renderer in renderers}
        preferred = request._request.get_preferred_type(list(by_media_type))
        if preferred is None:
            raise NotAcceptable(
                f"Nothing here is of the media types accepted. Formats: {formats} "
                f"({', '.join(map(str, by_media_type))})."
            )
        return _available(by_media_type[preferred]), preferred


def _available(renderer: BaseRenderer) -> BaseRenderer:
    """Return the renderer, or raise `NotAcceptable` where it lacks what is not installed."""
    if isinstance(renderer, DrawingRenderer) and (reason := renderer.unavailable()):
        raise NotAcceptable(reason)
    return renderer
