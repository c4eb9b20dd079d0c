from csp.decorators import csp_update
from django.db.transaction import non_atomic_requests
from django.urls import include, path
from django.views.decorators.cache import cache_control, cache_page
from drf_spectacular.views import (
    SpectacularAPIView,
    SpectacularRedocView,
    SpectacularSwaggerSplitView,
)

from adultapi import problems
from adultapi.caching import CODE
from census.api.problems import explain

_DAY = 24 * 60 * 60

# The description depends on the code alone, and takes a second to make.
schema = cache_page(_DAY, key_prefix=CODE)(
    cache_control(public=True, max_age=60)(SpectacularAPIView.as_view())
)
swagger = SpectacularSwaggerSplitView.as_view(url_name="schema")
# Redoc's search works in a worker made of a blob.
redoc = csp_update({"worker-src": ["blob:"]})(SpectacularRedocView.as_view(url_name="schema"))

urlpatterns = [
    path("", include("census.pages.urls")),
    path("", include("census.api.urls")),
    path("schema", non_atomic_requests(schema), name="schema"),
    path("docs", non_atomic_requests(swagger), name="docs"),
    path("redoc", non_atomic_requests(redoc), name="redoc"),
    path("problems/<slug:slug>", non_atomic_requests(explain), name="problem"),
]

handler400 = problems.handler400
handler404 = problems.handler404
handler500 = problems.handler500
