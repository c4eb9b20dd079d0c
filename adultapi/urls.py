from django.urls import include, path
from django.views.generic import TemplateView
from drf_spectacular.views import (
    SpectacularAPIView,
    SpectacularRedocView,
    SpectacularSwaggerSplitView,
)

from adultapi import observability, problems, telemetry

urlpatterns = [
    path("", TemplateView.as_view(template_name="home.html"), name="home"),
    path("", include("census.api.urls")),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("redoc", SpectacularRedocView.as_view(url_name="schema"), name="redoc"),
    path("healthz", observability.healthz),
    path("readyz", observability.readyz),
    path("metrics", telemetry.exposition, name="metrics"),
    path("problems/<slug:slug>", problems.explain, name="problem"),
]

handler400 = problems.handler400
handler404 = problems.handler404
handler500 = problems.handler500
