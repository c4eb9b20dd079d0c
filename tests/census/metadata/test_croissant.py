"""The Croissant document is valid and has the statistics of the API."""

import json
from pathlib import Path
from typing import Any

import mlcroissant as mlc
import pytest
from django.test import Client

from census.columns import CATEGORICAL, COLUMNS, NUMERIC, WEIGHT
from census.models import Dataset

pytestmark = pytest.mark.django_db

PATH = "/v1/dataset/croissant"


@pytest.fixture
def document(client: Client) -> dict[str, Any]:
    answer = client.get(PATH)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/ld+json"
    found: dict[str, Any] = answer.json()
    return found


def fields(document: dict[str, Any], record_set: str) -> dict[str, dict[str, Any]]:
    [found] = [one for one in document["recordSet"] if one["@id"] == record_set]
    return {field["name"]: field for field in found["field"]}


def statistics(document: dict[str, Any], column: str) -> dict[str, Any]:
    annotations = fields(document, "people")[column]["annotation"]
    return {annotation["name"]: annotation["value"] for annotation in annotations}


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph:DeprecationWarning")
def test_it_validates_without_error_or_warning(document: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "croissant.json"
    path.write_text(json.dumps(document))
    issues = mlc.Dataset(str(path)).metadata.ctx.issues
    assert not issues.errors
    assert not issues.warnings


def test_it_names_the_export_and_its_digest(document: dict[str, Any]) -> None:
    loaded = Dataset.objects.get()
    [file] = document["distribution"]
    assert file["contentUrl"] == "http://testserver/v1/people.csv"
    assert file["sha256"] == loaded.sha256
    assert file["contentSize"] == f"{loaded.csv_bytes} B"
    assert document["version"] == f"1.0.0+{loaded.version}"
    assert document["@context"]["@vocab"] == "https://schema.org/"


def test_it_has_every_column(document: dict[str, Any]) -> None:
    found = fields(document, "people")
    assert list(found) == ["id", *COLUMNS]
    assert found["age"]["dataType"] == "sc:Integer"
    assert found["income"]["dataType"] == ["sc:Text", "cr:Label"]
    assert found["split"]["dataType"] == ["sc:Text", "cr:Split"]


@pytest.mark.parametrize("column", [column.name for column in NUMERIC])
def test_statistics_are_those_of_the_api(
    client: Client, document: dict[str, Any], column: str
) -> None:
    found = statistics(document, column)
    asked = {
        "Minimum": "min",
        "Maximum": "max",
        "ArithmeticMean": "mean",
        "Median": "median",
        "StandardDeviation": "std",
    }
    for name, metric in asked.items():
        value = client.get(f"/v1/computation/{metric}/{column}").json()["value"]
        assert found[name] == pytest.approx(value, rel=1e-12)
    for name in ("ArithmeticMean", "Median", "StandardDeviation"):
        if column != WEIGHT.name:
            url = f"/v1/computation/{asked[name]}/{column}?weight=fnlwgt"
            value = client.get(url).json()["value"]
            assert found[f"Weighted{name}"] == pytest.approx(value, rel=1e-12)


def test_missing_values_are_told(document: dict[str, Any]) -> None:
    assert statistics(document, "workclass") == {"ValidCases": 46043, "InvalidCases": 2799}
    assert statistics(document, "sex") == {"ValidCases": 48842, "InvalidCases": 0}


@pytest.mark.parametrize("column", [column.name for column in CATEGORICAL])
def test_categories_are_counted(client: Client, document: dict[str, Any], column: str) -> None:
    [found] = [one for one in document["recordSet"] if one["@id"] == column]
    counts = {row[f"{column}/name"]: row[f"{column}/count"] for row in found["data"]}
    weights = {row[f"{column}/name"]: row[f"{column}/weighted_count"] for row in found["data"]}
    assert list(counts) == list(COLUMNS[column].choices)
    url = f"/v1/computation/distribution/{column}?weight=fnlwgt"
    buckets = {bucket["value"]: bucket for bucket in client.get(url).json()["buckets"]}
    assert {v: n for v, n in counts.items() if n} == {v: b["count"] for v, b in buckets.items()}
    assert {v: w for v, w in weights.items() if w} == {
        v: b["weighted_count"] for v, b in buckets.items()
    }


def test_identifiers_are_unique(document: dict[str, Any]) -> None:
    found: list[str] = []

    def collect(node: Any) -> None:
        if isinstance(node, list):
            for item in node:
                collect(item)
        elif isinstance(node, dict) and node is not document["@context"]:
            if "@type" in node and node["@type"] != "sc:DefinedTerm" and "@id" in node:
                found.append(node["@id"])
            for value in node.values():
                collect(value)

    collect(document)
    assert len(found) == len(set(found)) > 100


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [("*/*", "application/ld+json"), ("application/json", "application/json")],
)
def test_its_media_types(client: Client, accept: str, media_type: str) -> None:
    answer = client.get(PATH, headers={"Accept": accept})
    assert answer.headers["Content-Type"] == media_type


def test_parameters_are_refused(client: Client) -> None:
    for path in (PATH, "/v1/dataset/datapackage"):
        assert client.get(f"{path}?sex=Male").status_code == 400


def test_without_a_dataset(client: Client) -> None:
    Dataset.objects.all().delete()
    for path in (PATH, "/v1/dataset/datapackage"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert answer.json()["type"] == "/problems/dataset-missing"
