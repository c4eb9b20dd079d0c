"""CSV and NDJSON of what is tabular: the same table, flat, of stable names."""

import csv
import io
import json

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

PATHS = [
    "/v1/fields",
    "/v1/fields/age",
    "/v1/fields/hours-per-week",
    "/v1/computation",
    "/v1/computation/median/age",
    "/v1/computation/median/age?group_by=sex,native_country&weight=fnlwgt",
    "/v1/computation/quantiles/age?group_by=race",
    "/v1/computation/distribution/workclass",
    "/v1/computation/distribution/age?group_by=sex",
    "/v1/computation/mode/education",
]


def cell(value: object) -> str:
    if value is None:
        return ""
    return json.dumps(value) if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("path", PATHS)
def test_csv_and_ndjson_are_the_same_table(client: Client, path: str) -> None:
    separator = "&" if "?" in path else "?"
    table = client.get(f"{path}{separator}format=csv")
    lines = client.get(path, headers={"Accept": "application/x-ndjson"})

    assert table.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert lines.headers["Content-Type"] == "application/x-ndjson"
    assert lines.content.endswith(b"\n")
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    records = [json.loads(line) for line in lines.content.splitlines()]
    assert records
    assert [{name: cell(value) for name, value in r.items()} for r in records] == rows


@pytest.mark.parametrize(
    ("path", "marked"), [("/v1/computation.csv", True), ("/v1/computation/mean/age.csv", False)]
)
def test_a_csv_beyond_ascii_has_the_mark_that_excel_needs(
    client: Client, path: str, marked: bool
) -> None:
    content = client.get(path).content
    assert content.isascii() != marked
    assert content.startswith(b"\xef\xbb\xbf") == marked


def test_a_group_without_a_key_is_null_in_ndjson_and_empty_in_csv(client: Client) -> None:
    path = "/v1/computation/count/age{}?group_by=workclass"
    last = json.loads(client.get(path.format(".ndjson")).content.splitlines()[-1])
    assert last == {
        "workclass": None,
        "rows": 2799,
        "count": 2799,
        "missing": 0,
        "value": 2799,
        "flags": "",
    }
    assert client.get(path.format(".csv")).content.splitlines()[-1] == b",2799,2799,0,2799,"


def test_values_keep_their_types_in_ndjson(client: Client) -> None:
    records = client.get("/v1/fields.ndjson").content.splitlines()
    age = json.loads(records[0])
    assert (age["ordered"], age["rows"], age["name"]) == (True, 48842, "age")
