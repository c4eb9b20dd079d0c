"""The OpenAPI description at `/schema`."""

from typing import Any, cast

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request


class DescriptionView(SpectacularAPIView):
    """As YAML or JSON, made once for each: it takes a second and depends on nothing else."""

    _made: dict[str, bytes] = {}  # noqa: RUF012  (of the process)

    @extend_schema(exclude=True)
    def get(self, request: Request, *_args: Any, **_kwargs: Any) -> HttpResponse:
        media_type: str = request.accepted_media_type
        if media_type not in self._made:
            generator: Any = self.generator_class()
            described = generator.get_schema(request=request, public=self.serve_public)
            rendered = request.accepted_renderer.render(described, media_type, {})
            self._made[media_type] = cast("bytes", rendered)
        return HttpResponse(
            self._made[media_type],
            content_type=media_type,
            headers={"Cache-Control": "public, max-age=60"},
        )
