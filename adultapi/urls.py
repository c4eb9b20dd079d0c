from urllib.parse import urlencode

from csp.decorators import csp_update
from django.db.transaction import non_atomic_requests
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import include, path
from django.views.decorators.cache import cache_control, cache_page
from drf_spectacular.views import (
    SpectacularAPIView,
    SpectacularRedocView,
    SpectacularSwaggerSplitView,
)

from adultapi import problems
from adultapi.caching import CODE

# The description takes a second to make.
_openapi = cache_page(24 * 60 * 60, key_prefix=CODE)(
    cache_control(public=True, max_age=60)(SpectacularAPIView.as_view())
)


def schema(request: HttpRequest) -> HttpResponseBase:
    """Serves the OpenAPI description. It depends only on the code and on `format`."""
    format_name = request.GET.get("format")
    vars(request).pop("GET")  # a cached property
    request.META["QUERY_STRING"] = urlencode({"format": format_name}) if format_name else ""
    return _openapi(request)


swagger = SpectacularSwaggerSplitView.as_view(url_name="schema")
# Redoc's search runs in a web worker that it makes from a blob.
redoc = csp_update({"worker-src": ["blob:"]})(SpectacularRedocView.as_view(url_name="schema"))

urlpatterns = [
    path("", include("census.pages.urls")),
    path("", include("census.api.urls")),
    path("schema", non_atomic_requests(schema), name="schema"),
    path("docs", non_atomic_requests(swagger), name="docs"),
    path("redoc", non_atomic_requests(redoc), name="redoc"),
]

handler400 = problems.handler400
handler404 = problems.handler404
handler500 = problems.handler500
