"""The Data Package descriptor conforms to Data Package 2.0 and Table Schema, and is correct."""

import csv
import io
import json
import re
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from jsonschema import Draft7Validator, FormatChecker

from census.columns import COLUMNS
from census.models import Dataset

pytestmark = pytest.mark.django_db(transaction=True)

PROFILES = "https://datapackage.org/profiles/2.0/"
FIELD_TYPES = {"string", "number", "integer", "boolean", "object", "array", "list", "any"}
CONSTRAINTS = {"required", "unique", "minimum", "maximum", "enum", "pattern"}


@pytest.fixture
def package(client: Client, dataset: None) -> dict[str, Any]:
    answer = client.get("/v1/dataset/datapackage")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    found: dict[str, Any] = answer.json()
    return found


def profile(name: str) -> Draft7Validator:
    """The JSON Schema of the standard, from its Python library."""
    content = json.loads((files("dplib") / "profiles" / "2.0" / name).read_text("utf-8"))
    Draft7Validator.check_schema(content)
    return Draft7Validator(content, format_checker=FormatChecker())


def test_each_part_is_valid_by_the_profile_it_names(package: dict[str, Any]) -> None:
    resource = package["resources"][0]
    names = {
        "datapackage.json": package,
        "dataresource.json": resource,
        "tabledialect.json": resource["dialect"],
        "tableschema.json": resource["schema"],
    }
    for name, part in names.items():
        assert part["$schema"] == PROFILES + name
        assert [error.message for error in profile(name).iter_errors(part)] == []


@pytest.mark.parametrize(
    ("name", "path", "wrong"),
    [
        ("datapackage.json", ("resources",), []),
        ("datapackage.json", ("created",), "yesterday"),
        ("dataresource.json", ("resources", 0, "bytes"), "5 MB"),
        ("tabledialect.json", ("resources", 0, "dialect", "delimiter"), 1),
        ("tableschema.json", ("resources", 0, "schema", "fields", 0, "type"), "int"),
    ],
)
def test_a_profile_refuses_what_is_wrong(
    package: dict[str, Any], name: str, path: tuple[Any, ...], wrong: object
) -> None:
    part = parent = package
    for key in path[:-1]:
        parent = parent[key]
        if "$schema" in parent:
            part = parent
    parent[path[-1]] = wrong
    assert not profile(name).is_valid(part)


def test_the_package(package: dict[str, Any]) -> None:
    assert re.fullmatch(r"[a-z0-9._-]+", package["name"])
    assert all(licence.keys() & {"name", "path"} for licence in package["licenses"])
    assert all(source["title"] for source in package["sources"])
    assert all(contributor["title"] for contributor in package["contributors"])
    assert len(package["resources"]) == 1


def test_the_resource_is_the_export(client: Client, package: dict[str, Any]) -> None:
    resource, loaded = package["resources"][0], Dataset.objects.get()
    assert "data" not in resource
    assert resource["path"] == "http://testserver/v1/people.csv"
    assert (resource["bytes"], resource["hash"]) == (loaded.csv_bytes, f"sha256:{loaded.sha256}")
    answer = client.head(urlsplit(resource["path"]).path)
    assert answer.headers["Content-Type"].startswith(resource["mediatype"])


def test_the_fields_are_of_table_schema(package: dict[str, Any]) -> None:
    schema = package["resources"][0]["schema"]
    names = [field["name"] for field in schema["fields"]]
    assert names == ["id", *COLUMNS]
    assert set(schema["primaryKey"]) <= set(names)
    for field in schema["fields"]:
        assert field["type"] in FIELD_TYPES
        assert field["constraints"].keys() <= CONSTRAINTS
        if field["type"] == "integer":
            assert "enum" not in field["constraints"]
        else:
            values = [category["value"] for category in field["categories"]]
            assert values == field["constraints"]["enum"]


def test_every_record_keeps_the_constraints(client: Client, package: dict[str, Any]) -> None:
    schema = package["resources"][0]["schema"]
    content = client.get("/v1/people.csv").getvalue()
    seen: dict[str, set[str]] = {field["name"]: set() for field in schema["fields"]}
    for row in csv.DictReader(io.StringIO(content.decode())):
        for name, text in row.items():
            seen[name].add(text)
    for field in schema["fields"]:
        limits, texts = field["constraints"], seen[field["name"]]
        present = texts - set(schema["missingValues"])
        assert limits["required"] == (present == texts)
        if field["type"] == "integer":
            numbers = [int(text) for text in present]
            assert min(numbers) >= limits["minimum"]
            assert max(numbers) <= limits.get("maximum", max(numbers))
        else:
            assert present <= set(limits["enum"])
    assert len(seen["id"]) == 48842
