from csp.decorators import csp_update
from django.urls import include, path
from drf_spectacular.views import (
    SpectacularRedocView,
    SpectacularSwaggerSplitView,
)

from adultapi import observability, problems, telemetry
from adultapi.description import DescriptionView

# Its search works in a worker made of a blob.
redoc = csp_update({"worker-src": ["blob:"]})(SpectacularRedocView.as_view(url_name="schema"))

urlpatterns = [
    path("", include("census.pages.urls")),
    path("", include("census.api.urls")),
    path("schema", DescriptionView.as_view(), name="schema"),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("redoc", redoc, name="redoc"),
    path("healthz", observability.healthz),
    path("readyz", observability.readyz),
    path("metrics", telemetry.exposition, name="metrics"),
    path("problems/<slug:slug>", problems.explain, name="problem"),
]

handler400 = problems.handler400
handler404 = problems.handler404
handler500 = problems.handler500
