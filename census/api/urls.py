"""The routes below /v1. A suffix names a format: `/v1/fields.csv`."""

from typing import Any

from django.urls import path, register_converter
from django.urls.converters import StringConverter
from rest_framework.urlpatterns import format_suffix_patterns

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
from census.statistics.metrics import METRICS


class NameConverter(StringConverter):
    """A segment of the path up to the suffix that names a format."""

    regex = "[^/.]+"


register_converter(NameConverter, "name")

_LIST: dict[str, Any] = {"get": "list"}
_RETRIEVE: dict[str, Any] = {"get": "retrieve"}

urlpatterns = format_suffix_patterns(
    [
        path("v1", about.RootViewSet.as_view(_LIST), name="root"),
        path("v1/dataset", about.DatasetViewSet.as_view(_LIST), name="dataset"),
        path(
            "v1/dataset/croissant", descriptions.CroissantViewSet.as_view(_LIST), name="croissant"
        ),
        path(
            "v1/dataset/datapackage",
            descriptions.DatapackageViewSet.as_view(_LIST),
            name="datapackage",
        ),
        path("v1/fields", about.FieldsViewSet.as_view(_LIST), name="field-list"),
        path("v1/fields/<name:column>", about.FieldViewSet.as_view(_RETRIEVE), name="field-detail"),
        path("v1/people", people.PeopleViewSet.as_view(_LIST), name="person-list"),
        path("v1/people/<name:id>", people.PersonViewSet.as_view(_RETRIEVE), name="person-detail"),
        path("v1/computation", about.CatalogueViewSet.as_view(_LIST), name="computation-list"),
        # A route for each metric, so that OpenAPI tells the parameters and results of each.
        *(
            path(
                f"v1/computation/{metric.name}/<name:column>",
                computations.metric_view(metric).as_view(_RETRIEVE),
            )
            for metric in METRICS.values()
        ),
        # Aliases, and names that there are not.
        path(
            "v1/computation/<name:metric>/<name:column>",
            computations.ComputationViewSet.as_view(_RETRIEVE),
            name="computation",
        ),
        path("v1/statistics", analyses.StatisticsViewSet.as_view(_LIST), name="statistics"),
        path("v1/correlation", analyses.CorrelationViewSet.as_view(_LIST), name="correlation"),
        path(
            "v1/crosstab/<name:row>/<name:column>",
            analyses.CrosstabViewSet.as_view(_RETRIEVE),
            name="crosstab",
        ),
        path(
            "v1/comparison/<name:column>",
            comparisons.ComparisonViewSet.as_view(_RETRIEVE),
            name="comparison",
        ),
        path(
            "v1/regression/linear/<name:column>",
            regressions.LinearRegressionViewSet.as_view(_RETRIEVE),
            name="linear-regression",
        ),
        path(
            "v1/regression/logistic/<name:column>",
            regressions.LogisticRegressionViewSet.as_view(_RETRIEVE),
            name="logistic-regression",
        ),
        path(
            "v1/decomposition/<name:column>",
            decompositions.DecompositionViewSet.as_view(_RETRIEVE),
            name="decomposition",
        ),
        path(
            "v1/decomposition/oaxaca/<name:column>",
            decompositions.OaxacaViewSet.as_view(_RETRIEVE),
            name="oaxaca",
        ),
        path(
            "v1/fairness/<name:column>",
            analyses.FairnessViewSet.as_view(_RETRIEVE),
            name="fairness",
        ),
    ]
)
