"""The routes below /v1. A suffix names the format, as in `/v1/fields.csv`."""

from typing import Any

from django.db.transaction import non_atomic_requests
from django.urls import URLPattern, path, register_converter
from django.urls.converters import StringConverter
from rest_framework.urlpatterns import format_suffix_patterns

from census.api import problems
from census.api.views import (
    about,
    analyses,
    comparisons,
    computations,
    decompositions,
    descriptions,
    people,
    regressions,
)
from census.api.views.base import CensusViewSet
from census.api.views.listing import listings
from census.statistics.metrics import METRICS


class NameConverter(StringConverter):
    """A segment of the path without the suffix of the format."""

    regex = "[^/.]+"


register_converter(NameConverter, "name")


def _route(route: str, view: type[CensusViewSet], name: str | None = None) -> URLPattern:
    """Returns the route of a view, whose action is `retrieve` if the route has arguments."""
    actions: dict[str, Any] = {"get": "retrieve" if "<" in route else "list"}
    return path(f"v1{route}", view.as_view(actions), name=name)


_ROUTES = [
    _route("", about.RootViewSet, "root"),
    _route("/dataset", about.DatasetViewSet, "dataset"),
    _route("/dataset/croissant", descriptions.CroissantViewSet, "croissant"),
    _route("/dataset/datapackage", descriptions.DatapackageViewSet, "datapackage"),
    _route("/fields", about.FieldsViewSet, "field-list"),
    _route("/fields/<name:column>", about.FieldViewSet, "field-detail"),
    _route("/people", people.PeopleViewSet, "person-list"),
    _route("/people/<name:id>", people.PersonViewSet, "person-detail"),
    _route("/computation", about.CatalogueViewSet, "computation-list"),
    # Each metric has a route, so that OpenAPI has its parameters and its answer.
    *(
        _route(f"/computation/{metric.name}/<name:column>", computations.metric_view(metric))
        for metric in METRICS.values()
    ),
    # Aliases and unknown names.
    _route(
        "/computation/<name:metric>/<name:column>",
        computations.ComputationViewSet,
        "computation",
    ),
    _route("/statistics", analyses.StatisticsViewSet, "statistics"),
    _route("/correlation", analyses.CorrelationViewSet, "correlation"),
    _route("/crosstab/<name:row>/<name:column>", analyses.CrosstabViewSet, "crosstab"),
    _route("/comparison/<name:column>", comparisons.ComparisonViewSet, "comparison"),
    _route(
        "/regression/linear/<name:column>",
        regressions.LinearRegressionViewSet,
        "linear-regression",
    ),
    _route(
        "/regression/logistic/<name:column>",
        regressions.LogisticRegressionViewSet,
        "logistic-regression",
    ),
    _route("/decomposition/<name:column>", decompositions.DecompositionViewSet, "decomposition"),
    _route("/decomposition/oaxaca/<name:column>", decompositions.OaxacaViewSet, "oaxaca"),
    _route("/fairness/<name:column>", analyses.FairnessViewSet, "fairness"),
]
# `/v1/decomposition/oaxaca` is no column, so listings come first.
urlpatterns = [
    *format_suffix_patterns([*listings(_ROUTES), *_ROUTES]),
    # They need no database.
    path("problems", non_atomic_requests(problems.kinds), name="problems"),
    path("problems/<slug:slug>", non_atomic_requests(problems.explain), name="problem"),
]
