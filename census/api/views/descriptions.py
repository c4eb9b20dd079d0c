"""The routes of Croissant and Data Package, which describe the dataset."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from census.api.renderers import BrowsableAPIRenderer, JSONRenderer
from census.api.views.base import CensusViewSet
from census.columns import WEIGHT
from census.metadata import croissant, datapackage
from census.models import Dataset
from census.statistics.analyses.profile import Statistics
from census.statistics.selection import Selection


class JSONLDRenderer(JSONRenderer):
    media_type = "application/ld+json"
    format = "jsonld"


class DescriptionViewSet(CensusViewSet):
    """The base class of descriptions of the dataset that refer to its CSV export."""

    absolute = True

    def list(self, _request: Request, **_kwargs: Any) -> Response:
        self.values()
        csv_url = self.request.build_absolute_uri(f"{reverse('person-list')}.csv")
        return Response(self.document(csv_url))

    def document(self, csv_url: str) -> Mapping[str, Any]:
        raise NotImplementedError


class CroissantViewSet(DescriptionViewSet):
    """The dataset as MLCommons Croissant 1.1, with statistics of its columns."""

    renderer_classes = (JSONLDRenderer, JSONRenderer, BrowsableAPIRenderer)
    summary = "Croissant"

    def document(self, csv_url: str) -> Mapping[str, Any]:
        plain, weighted = _by_column(Selection()), _by_column(Selection(weight=WEIGHT))
        return croissant.document(Dataset.objects.loaded(), plain, weighted, csv_url)


class DatapackageViewSet(DescriptionViewSet):
    """The dataset as a Data Package 2.0 with a Table Schema."""

    summary = "Data Package"

    def document(self, csv_url: str) -> Mapping[str, Any]:
        return datapackage.document(Dataset.objects.loaded(), csv_url)


def _by_column(selection: Selection) -> dict[str, Mapping[str, Any]]:
    statistics = Statistics(selection).compute()["statistics"]
    return {column["column_name"]: column["column_statistics"] for column in statistics}
