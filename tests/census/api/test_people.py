"""Pages of records: order, cursors, links and errors."""

import base64
import json
import re
from collections.abc import Iterator
from functools import cmp_to_key
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from census.columns import COLUMNS
from census.models import Person

pytestmark = pytest.mark.django_db

PEOPLE = "/v1/people"


def get(client: Client, path: str) -> dict[str, Any]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def pages(client: Client, path: str, towards: str = "next") -> Iterator[dict[str, Any]]:
    following: str | None = path
    while following:
        page = get(client, following)
        yield page
        following = page[towards]


def compare(ordering: str) -> Any:
    """Returns the order of `ordering`, implemented independently."""

    def comparison(a: Any, b: Any) -> int:
        for key in [*ordering.split(","), "id"]:
            name = key.removeprefix("-")
            x, y = a[name], b[name]
            if x == y:
                continue
            if x is None or y is None:
                return 1 if x is None else -1
            if name == "education":
                x, y = a["education_num"], b["education_num"]
            return (1 if x > y else -1) * (-1 if key.startswith("-") else 1)
        return 0

    return cmp_to_key(comparison)


def test_the_first_page(client: Client) -> None:
    page = get(client, PEOPLE)
    assert list(page) == ["dataset", "count", "next", "previous", "results"]
    assert page["count"] == 48842
    assert page["previous"] is None
    assert len(page["results"]) == 50
    assert page["results"][0] == {
        "id": 1,
        "age": 39,
        "workclass": "State-gov",
        "fnlwgt": 77516,
        "education": "Bachelors",
        "education_num": 13,
        "marital_status": "Never-married",
        "occupation": "Adm-clerical",
        "relationship": "Not-in-family",
        "race": "White",
        "sex": "Male",
        "capital_gain": 2174,
        "capital_loss": 0,
        "hours_per_week": 40,
        "native_country": "United-States",
        "income": "<=50K",
        "split": "train",
    }


@pytest.mark.parametrize(
    "ordering",
    [
        "id",
        "-id",
        "-age,id",
        "workclass",
        "-workclass",
        "occupation,-workclass",
        "-native_country,-occupation,age",
        "education,-hours-per-week",
        "-education",
        "split,-id,age",
    ],
)
def test_pages_hold_every_record_once_in_order_both_ways(client: Client, ordering: str) -> None:
    # 2,809 people, many of them with missing values, on pages of uneven size.
    path = f"{PEOPLE}?occupation__isnull=true&page_size=997&ordering={ordering}"
    if "occupation" in ordering:
        path = f"{PEOPLE}?age=36&page_size=331&ordering={ordering}"
    forwards = list(pages(client, path))
    found = [record for page in forwards for record in page["results"]]
    canonical = ordering.replace("hours-per-week", "hours_per_week")

    assert len(forwards) > 2
    assert len(found) == forwards[0]["count"] == len({record["id"] for record in found})
    assert found == sorted(found, key=compare(canonical))
    last = forwards[-1]
    assert last["next"] is None
    backwards = list(pages(client, last["previous"], "previous"))
    assert [page["results"] for page in reversed(backwards)] == [
        page["results"] for page in forwards[:-1]
    ]
    assert backwards[-1]["previous"] is None
    assert get(client, backwards[0]["next"])["results"] == last["results"]


def test_fields_are_as_asked_whatever_the_order_needs(client: Client) -> None:
    page = get(client, f"{PEOPLE}?fields=sex,hours-per-week&ordering=-age&page_size=1")
    assert [list(record) for record in page["results"]] == [["sex", "hours_per_week"]]
    again = get(client, page["next"])
    assert list(again["results"][0]) == ["sex", "hours_per_week"]


def test_filters_select(client: Client) -> None:
    assert get(client, f"{PEOPLE}?native_country__ne=United-States")["count"] == 4153
    assert get(client, f"{PEOPLE}?complete=true")["count"] == 45222
    nobody = get(client, f"{PEOPLE}?age__gt=90")
    assert (nobody["count"], nobody["results"], nobody["next"]) == (0, [], None)
    nothing = get(client, f"{PEOPLE}?education__gt=Doctorate")
    assert (nothing["count"], nothing["results"]) == (0, [])
    assert len(nothing["dataset"]) == 12


def test_links_are_absolute_and_keep_the_question(client: Client) -> None:
    path = f"{PEOPLE}.json?native_country=Trinadad%26Tobago&page_size=10"
    first = client.get(path)
    links = dict(re.findall(r'<([^>]*)>; rel="(\w+)"', first.headers["Link"]))
    relations = {relation: url for url, relation in links.items()}
    assert set(relations) == {"first", "next"}
    assert relations["first"] == f"http://testserver{path}"
    assert relations["next"] == first.json()["next"]
    second = client.get(relations["next"])
    assert 'rel="prev"' in second.headers["Link"]
    assert second.json()["count"] == first.json()["count"] == 27
    assert get(client, second.json()["previous"])["results"] == first.json()["results"]


def encoded(*content: object) -> str:
    text = json.dumps(content, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def cursor(ordering: str, values: object) -> str:
    backwards = False
    return encoded(ordering, values, backwards)


def test_a_cursor_as_made_here_is_taken(client: Client) -> None:
    page = get(client, f"{PEOPLE}?ordering=workclass&cursor={cursor('workclass', [None, 48838])}")
    assert [record["id"] for record in page["results"]] == [48839]


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "%%%",
        "é",
        "A" * 4000,
        "W" * 401,
        encoded("id", [1]),
        encoded("id", [1], 1),
        encoded([1]),
        cursor("id", ["1"]),
        cursor("id", [True]),
        cursor("id", [-1]),
        cursor("id", [2**31]),
        cursor("id", [10**400]),
        cursor("id", [None]),
        cursor("id", [1.5]),
        cursor("id", [1, 2]),
        cursor("age", [1]),
        cursor("password", [1, 1]),
        cursor("age", [None, 1]),
        cursor("workclass", ["Nowhere", 1]),
        cursor("workclass", [["Private"], 1]),
        cursor("", [1]),
        base64.urlsafe_b64encode(b"[" * 3000).decode(),
    ],
)
def test_a_forged_cursor_is_refused(client: Client, text: str) -> None:
    answer = client.get(f"{PEOPLE}?cursor={quote(text)}")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert [error["code"] for error in answer.json()["errors"]] == ["invalid_cursor"]


def test_a_cursor_is_good_for_its_ordering_only(client: Client) -> None:
    following = get(client, f"{PEOPLE}?ordering=-age")["next"]
    answer = client.get(following.replace("ordering=-age", "ordering=age"))
    assert answer.status_code == 400
    assert [error["code"] for error in answer.json()["errors"]] == ["other_ordering"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("page_size=0", "out_of_range"),
        ("page_size=1001", "out_of_range"),
        ("page_size=ten", "not_integer"),
        ("fields=agee", "unknown_value"),
        ("fields=", "wrong_length"),
        ("fields=age,age", "repeated_value"),
        ("ordering=+age", "unknown_value"),
        ("ordering=--age", "unknown_value"),
        ("sexx=Male", "unknown_parameter"),
        ("group_by=sex", "unknown_parameter"),
    ],
)
def test_what_is_not_understood_is_refused(client: Client, query: str, code: str) -> None:
    answer = client.get(f"{PEOPLE}?{query}")
    assert answer.status_code == 400
    assert [error["code"] for error in answer.json()["errors"]] == [code]


def test_one_person(client: Client) -> None:
    person = get(client, f"{PEOPLE}/48842")
    assert list(person) == ["dataset", "id", *COLUMNS]
    assert (person["id"], person["split"], person["age"]) == (48842, "test", 35)
    assert get(client, f"{PEOPLE}/15?fields=native_country")["native_country"] is None
    assert client.get(f"{PEOPLE}/15.csv?fields=id,native_country").content == (
        b"id,native_country\r\n15,\r\n"
    )


@pytest.mark.parametrize(
    "identifier", ["0", "48843", "99999999999", "-1", "x", "1e3", "007", "00", "٣"]
)
def test_nobody_of_that_id(client: Client, identifier: str) -> None:
    answer = client.get(f"{PEOPLE}/{identifier}")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "1 to 48842" in answer.json()["detail"]


def test_the_browsable_page_has_the_form(client: Client) -> None:
    answer = client.get(f"{PEOPLE}?page_size=2&format=api&sex=&age=")
    page = answer.content.decode()
    assert answer.status_code == 200
    for name in ("page_size", "ordering", "fields", "sex", "age__gte"):
        assert f'name="{name}"' in page


def test_without_a_dataset(client: Client) -> None:
    from census.models import Dataset

    Dataset.objects.all().delete()
    Person.objects.all().delete()
    for path in (PEOPLE, f"{PEOPLE}/1"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert answer.json()["type"] == "/problems/dataset-missing"
