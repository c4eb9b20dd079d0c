"""The routes of the dataset's descriptions in the standards of others."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from census.api.renderers import BrowsableAPIRenderer, JSONRenderer
from census.api.views import CensusViewSet
from census.columns import WEIGHT
from census.metadata import croissant, datapackage
from census.models import Dataset
from census.statistics.selection import Selection
from census.statistics.snapshot import DatasetChanged, DatasetMissing, Snapshot, consistently
from census.statistics.tables import Statistics


class JSONLDRenderer(JSONRenderer):
    media_type = "application/ld+json"
    format = "jsonld"


class DescriptionViewSet(CensusViewSet):
    """A description of the dataset that names the CSV export as its data."""

    absolute = True

    def list(self, _request: Request, **_kwargs: Any) -> Response:
        self.judged()
        csv_url = self.request.build_absolute_uri(f"{reverse('person-list')}.csv")
        return Response(self.document(csv_url))

    def document(self, csv_url: str) -> Mapping[str, Any]:
        raise NotImplementedError


class CroissantViewSet(DescriptionViewSet):
    """The dataset as MLCommons Croissant 1.1, with statistics of its columns."""

    renderer_classes = (JSONLDRenderer, JSONRenderer, BrowsableAPIRenderer)
    summary = "Croissant"

    def document(self, csv_url: str) -> Mapping[str, Any]:
        def described(snapshot: Snapshot) -> Mapping[str, Any]:
            plain = _by_column(Selection(), snapshot)
            weighted = _by_column(Selection(weight=WEIGHT), snapshot)
            loaded = _loaded()
            if loaded["version"] != snapshot.version:
                raise DatasetChanged
            return croissant.document(loaded, plain, weighted, csv_url)

        return consistently(described)


class DatapackageViewSet(DescriptionViewSet):
    """The dataset as a Data Package 2.0 with a Table Schema."""

    summary = "Data Package"

    def document(self, csv_url: str) -> Mapping[str, Any]:
        return datapackage.document(_loaded(), csv_url)


def _loaded() -> Mapping[str, Any]:
    loaded = Dataset.objects.values().first()
    if loaded is None:
        raise DatasetMissing
    return loaded


def _by_column(selection: Selection, snapshot: Snapshot) -> dict[str, Mapping[str, Any]]:
    found = Statistics(selection).compute(snapshot)["statistics"]
    return {one["column_name"]: one["column_statistics"] for one in found}
