"""Cached answers, their ETags, and conditional requests."""

import gzip
import re
import socket
from typing import Any

import pytest
from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from adultapi import caching
from census.models import Dataset, DatasetQuerySet

MEAN = "/v1/computation/mean/age"
CACHE_CONTROL = "public, max-age=60, s-maxage=2, stale-while-revalidate=600, stale-if-error=86400"
LOADED = 'SELECT "census_dataset"."version" AS "version", "census_dataset"."loaded_at"'
ANSWERS = [
    MEAN,
    f"{MEAN}?group_by=sex&weight=fnlwgt",
    f"{MEAN}?format=api",
    "/v1",
    "/v1/dataset",
    "/v1/dataset/croissant",
    "/v1/fields/age",
    "/v1/people?page_size=3",
    "/v1/people/7",
]
FILES = [
    f"{MEAN}.csv?group_by=sex",
    f"{MEAN}?format=ndjson",
    f"{MEAN}.svg?group_by=sex",
    "/v1/people.csv?age=90",
    "/v1/people.ndjson?age=90",
    "/v1/people.parquet?age=90",
]
pytestmark = pytest.mark.django_db


def body(answer: Any) -> bytes:
    return bytes(answer.content)


def result(answer: Any) -> str:
    return str(answer["Server-Timing"]).partition(",")[0].removeprefix("cache;desc=")


def statements(client: Client, url: str, **headers: str) -> tuple[Any, list[str]]:
    """Returns the answer and its SQL statements, except that for the loaded version."""
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(url, headers=headers)
    found = [query["sql"] for query in queries]
    assert sum(sql.startswith(LOADED) for sql in found) >= 1, found
    return answer, [sql for sql in found if not sql.startswith(LOADED)]


@pytest.mark.parametrize("url", [*ANSWERS, *FILES])
def test_an_answer_is_computed_once(client: Client, url: str) -> None:
    first = client.get(url)
    again, computed = statements(client, url)
    assert first.status_code == again.status_code == 200
    assert (result(first), result(again)) == ("miss", "hit")
    assert computed == []
    assert body(again) == body(first)
    own = {"X-Request-ID", "Server-Timing"}
    assert {n: v for n, v in again.items() if n not in own} == {
        n: v for n, v in first.items() if n not in own
    }


@pytest.mark.parametrize("url", [*ANSWERS, *FILES])
def test_headers_for_caches(client: Client, url: str) -> None:
    answer = client.get(url)
    assert answer["ETag"].startswith('"')
    assert answer["Vary"] == "Accept, Accept-Encoding"
    assert answer["Cache-Control"] == CACHE_CONTROL
    assert answer["Last-Modified"].endswith(" GMT")
    assert answer["Content-Length"] == str(len(body(answer)))


@pytest.mark.parametrize("url", [*ANSWERS, *FILES])
@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', '"other",W/{} , "x"'])
def test_a_304_computes_nothing(client: Client, url: str, form: str) -> None:
    first = client.get(url)
    caches["default"].clear()
    answer, computed = statements(client, url, **{"If-None-Match": form.format(first["ETag"])})
    assert (answer.status_code, answer.content, computed) == (304, b"", [])
    for name in ("ETag", "Vary", "Cache-Control", "Last-Modified"):
        assert answer[name] == first[name]
    assert answer["Access-Control-Expose-Headers"] == first["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("url", [MEAN, f"{MEAN}.csv"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-None-Match": '"another"'}, 200),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": "garbage"}, 200),
        ({"If-Modified-Since": "Mon, 01 Jan 1990 00:00:00 GMT"}, 200),
        ({"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}, 304),
        ({"If-Modified-Since": "yesterday"}, 200),
        ({"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT", "If-None-Match": '"a"'}, 200),
        ({"If-Match": '"another"'}, 412),
        ({"If-Match": "*"}, 200),
        ({"If-Unmodified-Since": "Mon, 01 Jan 1990 00:00:00 GMT"}, 412),
        ({"If-Unmodified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}, 200),
    ],
)
def test_conditions(client: Client, url: str, headers: dict[str, str], status: int) -> None:
    for _ in ("computed", "kept"):
        answer = client.get(url, headers=headers)
        assert answer.status_code == status
        if status == 412:
            assert answer.json()["type"] == "/problems/precondition-failed"
    assert client.get(f"{MEAN}?sex=Man", headers=headers).status_code in (400, status)


@pytest.mark.parametrize("url", [*ANSWERS, *FILES, "/", "/docs", "/healthz", "/v1/nothing"])
def test_head_is_get_without_the_body(client: Client, url: str) -> None:
    head, get, again = client.head(url), client.get(url), client.head(url)
    assert body(head) == body(again) == b""
    assert head.status_code == get.status_code
    own = {"X-Request-ID", "Server-Timing", "Content-Security-Policy"}
    expected = {n: v for n, v in get.items() if n not in own}
    assert {n: v for n, v in head.items() if n not in own} == expected
    assert {n: v for n, v in again.items() if n not in own} == expected
    assert head["Content-Length"] == str(len(body(get)))


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [("gzip", True), ("br, gzip;q=0.5", True), ("identity", False), ("", False)],
)
def test_compression(client: Client, accepted: str, compressed: bool) -> None:
    plain = client.get(MEAN)
    answer = client.get(MEAN, headers={"Accept-Encoding": accepted})
    assert (answer.get("Content-Encoding") == "gzip") is compressed
    assert (gzip.decompress(answer.content) if compressed else answer.content) == plain.content
    assert answer["ETag"] == (f"W/{plain['ETag']}" if compressed else plain["ETag"])
    assert answer["Content-Length"] == str(len(answer.content))


def test_spellings_share_an_answer_and_other_representations_do_not(client: Client) -> None:
    url = "/v1/computation/mean/age?sex=Male&hours_per_week__gte=40"
    first = client.get(url)
    same = client.get("/v1/computation/mean/age/?hours-per-week__gte=40&sex=Male")
    assert result(same) == "hit"
    assert same.content == first.content
    others = [client.get(f"{url}&format={name}") for name in ("csv", "ndjson", "api")]
    assert len({answer["ETag"] for answer in (first, *others)}) == 4


@pytest.mark.parametrize("url", ["/v1/people", "/v1/dataset/croissant", "/v1/dataset/datapackage"])
def test_answers_with_absolute_urls_are_cached_by_host(
    client: Client, settings: Any, url: str
) -> None:
    settings.ALLOWED_HOSTS = ["a.example", "b.example"]
    answers = [client.get(url, headers={"Host": f"{name}.example"}) for name in "ab"]
    for name, answer in zip("ab", answers, strict=True):
        assert f"http://{name}.example/v1/people" in answer.content.decode()
    assert answers[0]["ETag"] != answers[1]["ETag"]


def test_answers_without_absolute_urls_are_cached_for_all_hosts(
    client: Client, settings: Any
) -> None:
    settings.ALLOWED_HOSTS = ["a.example", "b.example"]
    first, second = (client.get(MEAN, headers={"Host": f"{name}.example"}) for name in "ab")
    assert first["ETag"] == second["ETag"]
    assert result(second) == "hit"


@pytest.mark.parametrize(
    "url", [f"{MEAN}?sex=Man", "/v1/computation/mean/x", "/v1/people/0", "/v1/x"]
)
def test_errors_are_not_kept(client: Client, url: str) -> None:
    for _ in range(2):
        answer = client.get(url)
        assert answer.status_code in {400, 404}
        assert answer["Cache-Control"] == "no-store"
        assert not answer.has_header("ETag")


def test_every_load_has_its_own_answers(client: Client) -> None:
    first = client.get(MEAN)
    Dataset.objects.update(version="a" * 12)
    second = client.get(MEAN)
    assert second.json()["dataset"] == "a" * 12
    Dataset.objects.update(loaded_at=timezone.now())
    third = client.get(MEAN)
    assert result(second) == result(third) == "miss"
    assert len({answer["ETag"] for answer in (first, second, third)}) == 3


@pytest.mark.parametrize("path", [MEAN, "/v1/fields", "/v1/people.csv", "/v1/dataset", "/v1"])
def test_an_answer_is_not_cached_if_a_load_commits_meanwhile(
    client: Client, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    loaded = Dataset.objects.current()
    seen = iter([loaded._replace(version="b" * 12), loaded])
    monkeypatch.setattr(DatasetQuerySet, "current", lambda _self: next(seen))
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert not answer.has_header("ETag")


@pytest.mark.parametrize("path", ["/", "/about", "/columns", "/problems/bad-parameter"])
def test_a_page_is_revalidated_each_time(client: Client, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 200
    assert re.search("no-cache|max-age=0", page["Cache-Control"])
    again = client.get(path, headers={"If-None-Match": page["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "Accept-Encoding" in again["Vary"]


def test_an_empty_database_has_no_tags(client: Client) -> None:
    Dataset.objects.all().delete()
    assert client.get(MEAN).status_code == 503
    assert client.get("/v1/computation").status_code == 200


def test_the_service_works_without_its_cache(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        refusing = closed.getsockname()[1]
    timeouts = {"socket_connect_timeout": 0.1, "socket_timeout": 0.1}
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        for port in (refusing, hanging.getsockname()[1]):
            away = RedisCache(f"redis://127.0.0.1:{port}", {"OPTIONS": timeouts})
            monkeypatch.setattr(caching, "cache", away)
            for _ in range(2):
                answer = client.get(MEAN)
                assert (answer.status_code, result(answer)) == (200, "miss")
