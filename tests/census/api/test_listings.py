"""Addresses that end too early list what may come next."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from census.api import urls
from census.api.openapi.examples import PATHS
from census.api.problems import PROBLEMS
from census.api.views.listing import ListingViewSet
from tests.census.api.test_http import BROWSER

pytestmark = pytest.mark.django_db

SAMPLES = {"<name:metric>": "average", "<name:row>": "race"}


def beginnings() -> Iterator[str]:
    """Yield the address of each route that is a listing."""
    for route in urls.urlpatterns:
        cls = getattr(route.callback, "cls", None)
        if cls is ListingViewSet and "drf_format_suffix" not in str(route.pattern):
            yield "/" + "/".join(SAMPLES.get(part, part) for part in str(route.pattern).split("/"))


@pytest.mark.parametrize("path", sorted({path.partition("?")[0] for path in PATHS.values()}))
def test_every_beginning_of_an_address_answers(client: Client, path: str) -> None:
    parts = path.split("/")
    for end in range(2, len(parts)):
        address = "/".join(parts[:end])
        assert client.get(address).status_code == 200, address
        page = client.get(address, headers={"accept": BROWSER})
        assert page.status_code == 200, address
        assert "<table" in page.content.decode(), address


@pytest.mark.parametrize("path", [*beginnings()])
def test_every_link_of_a_listing_leads_to_an_answer(client: Client, path: str) -> None:
    answer = client.get(path).json()
    assert answer["title"]
    assert answer["choices"]
    page = client.get(path, headers={"accept": BROWSER}).content.decode()
    for choice in answer["choices"]:
        assert choice.keys() == {"name", "label", "description", "link"}
        assert client.get(choice["link"]).status_code == 200, choice["link"]
        assert f'href="{choice["link"].replace("&", "&amp;")}"' in page


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/v1/computation/skewness", ["age", "fnlwgt", "education_num", "capital_gain",
                                      "capital_loss", "hours_per_week"]),
        ("/v1/regression", ["linear", "logistic"]),
    ],
)  # fmt: skip
def test_only_what_fits_is_listed(client: Client, path: str, names: list[str]) -> None:
    assert [choice["name"] for choice in client.get(path).json()["choices"]] == names


def test_the_target_is_no_protected_column(client: Client) -> None:
    names = {choice["name"] for choice in client.get("/v1/fairness").json()["choices"]}
    assert "sex" in names
    assert "income" not in names


def test_a_listing_is_a_table(client: Client) -> None:
    lines = client.get("/v1/comparison.csv").content.decode().splitlines()
    assert lines[0] == "name,label,description,link"
    assert len(lines) == 17


@pytest.mark.parametrize(
    ("path", "parameter", "meant"),
    [("/v1/computation/meen", "metric", "mean"), ("/v1/crosstab/sexx", "row", "sex")],
)
def test_an_unknown_part_is_an_error_that_names_those_there_are(
    client: Client, path: str, parameter: str, meant: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    (error,) = answer.json()["errors"]
    assert (error["parameter"], error["did_you_mean"]) == (parameter, meant)
    assert meant in error["allowed"]
    page = client.get(path, headers={"accept": BROWSER}).content.decode()
    assert f'href="{path.rpartition("/")[0]}/{meant}"' in page


def test_a_listing_takes_no_parameters(client: Client) -> None:
    assert client.get("/v1/crosstab?sex=Male").status_code == 400


def test_the_kinds_of_errors_are_listed(client: Client) -> None:
    found: list[dict[str, Any]] = client.get("/problems").json()["problems"]
    assert [one["type"] for one in found] == [f"/problems/{slug}" for slug in PROBLEMS]
    assert [client.get(one["type"]).json() for one in found] == found
    page = client.get("/problems", headers={"accept": BROWSER}).content.decode()
    assert all(f'href="{one["type"]}"' in page for one in found)
    assert "/problems" in client.get("/problems/nope").json()["detail"]
