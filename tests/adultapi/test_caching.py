"""What is kept, under which tag, and that nothing but the tag decides."""

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from django.db import connection
from django.http import HttpRequest
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve
from django.utils import timezone

from adultapi import caching, loaded
from adultapi.loaded import Load, watch
from adultapi.memory import Kept, Memory, Variant
from adultapi.shared import Shared
from census.models import Dataset

MEAN = "/v1/computation/mean/age"
POLL = 'SELECT "census_dataset"."version"'
ANSWERS = [
    MEAN,
    f"{MEAN}?group_by=sex&weight=fnlwgt",
    f"{MEAN}.csv?group_by=sex",
    f"{MEAN}?format=ndjson",
    f"{MEAN}?format=api",
    "/v1",
    "/v1/dataset",
    "/v1/fields/age",
    "/v1/people?page_size=3",
    "/v1/people/7",
]
pytestmark = pytest.mark.django_db


def computed(client: Client, url: str, **headers: str) -> tuple[Any, int]:
    """Return the answer, and how many statements it took beside the look at the dataset."""
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(url, headers=headers)
    return answer, sum(not query["sql"].startswith(POLL) for query in queries)


def outcome(answer: Any) -> str:
    return str(answer["Server-Timing"]).partition(",")[0]


@pytest.mark.parametrize("url", ANSWERS)
def test_an_answer_is_computed_once(client: Client, url: str) -> None:
    first, _ = computed(client, url)
    again, statements = computed(client, url)
    assert first.status_code == again.status_code == 200
    assert (outcome(first), outcome(again)) == ("cache;desc=miss", "cache;desc=hit")
    assert statements == 0
    assert again.content == first.content
    own = {"X-Request-ID", "Server-Timing"}
    assert {n: v for n, v in again.items() if n not in own} == {
        n: v for n, v in first.items() if n not in own
    }


@pytest.mark.parametrize("url", ANSWERS)
def test_headers_for_caches(client: Client, url: str) -> None:
    assert_headers(client.get(url))


def assert_headers(answer: Any) -> None:
    assert answer.status_code == 200
    assert answer["ETag"].startswith('"')
    assert answer["Vary"] == "Accept, Accept-Encoding"
    assert answer["Cache-Control"] == "public, max-age=60, stale-while-revalidate=600"
    assert answer["Last-Modified"].endswith(" GMT")
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("suffix", ["csv", "ndjson", "parquet"])
def test_a_file_is_not_kept_and_has_a_tag_all_the_same(
    dataset: None, client: Client, suffix: str
) -> None:
    url = f"/v1/people?age=90&format={suffix}"
    first = client.get(url)
    body = first.getvalue()
    again = client.get(url)
    assert again.getvalue() == body
    assert_headers(again)
    assert outcome(first) == outcome(again) == "cache;desc=miss"
    answer, statements = computed(client, url, **{"If-None-Match": first["ETag"]})
    assert (answer.status_code, statements) == (304, 0)


@pytest.mark.parametrize("url", ANSWERS)
@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', '"other",W/{} , "x"'])
def test_what_the_client_has_is_not_sent_again(client: Client, url: str, form: str) -> None:
    tag = client.get(url)["ETag"]
    caching.memory.clear()
    answer, statements = computed(client, url, **{"If-None-Match": form.format(tag)})
    assert answer.status_code == 304
    assert answer.content == b""
    assert statements == 0
    assert answer["ETag"].removeprefix("W/") == tag
    assert answer["Vary"] == "Accept, Accept-Encoding"
    assert answer["Cache-Control"].startswith("public")
    assert answer["X-Request-ID"]


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
    ],
)
def test_conditions(client: Client, headers: dict[str, str], status: int) -> None:
    assert client.get(MEAN, headers=headers).status_code == status  # computed
    assert client.get(MEAN, headers=headers).status_code == status  # kept
    assert client.get(f"{MEAN}?sex=Man", headers=headers).status_code == 400


@pytest.mark.parametrize("url", ANSWERS)
def test_head_is_get_without_the_body(client: Client, url: str) -> None:
    head, get, again = client.head(url), client.get(url), client.head(url)
    assert head.content == again.content == b""
    assert outcome(get) == "cache;desc=hit"
    assert head["ETag"] == get["ETag"] == again["ETag"]
    assert head["Content-Length"] == get["Content-Length"] == str(len(get.content))


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [("gzip", True), ("br, gzip;q=0.5", True), ("identity", False), ("gzip;q=0", False), ("", 0)],
)
def test_compression(client: Client, accepted: str, compressed: bool) -> None:
    plain = client.get(MEAN)
    answer = client.get(MEAN, headers={"Accept-Encoding": accepted})
    assert (answer.get("Content-Encoding") == "gzip") is bool(compressed)
    body = gzip.decompress(answer.content) if compressed else answer.content
    assert body == plain.content
    assert answer["ETag"] == (f"W/{plain['ETag']}" if compressed else plain["ETag"])
    assert answer["Content-Length"] == str(len(answer.content))


def test_spellings_share_an_answer_and_other_representations_do_not(client: Client) -> None:
    url = "/v1/computation/mean/age?sex=Male&hours_per_week__gte=40"
    first = client.get(url)
    same = client.get("/v1/computation/mean/age/?hours-per-week__gte=40&sex=Male")
    assert outcome(same) == "cache;desc=hit"
    assert same.content == first.content
    others = [client.get(f"{url}&format={name}") for name in ("csv", "ndjson", "api")]
    assert len({answer["ETag"] for answer in (first, *others)}) == 4


def test_pages_link_to_the_host_that_was_asked(client: Client, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["a.example", "b.example"]
    for host in ("a.example", "b.example"):
        link = client.get("/v1/people", headers={"Host": host}).json()["next"]
        assert link.startswith(f"http://{host}/v1/people?")


@pytest.mark.parametrize(
    "url", ["/v1/computation/mean/age?sex=Man", "/v1/computation/mean/x", "/v1/people/0", "/v1/x"]
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
    third = client.get("/v1/dataset")
    assert outcome(second) == outcome(third) == "cache;desc=miss"
    assert len({answer["ETag"] for answer in (first, second, third)}) == 3


def test_an_answer_is_kept_under_the_version_it_is_of(
    client: Client, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """A load that comes after the look at the dataset and before the computation."""
    old = client.get(MEAN)
    settings.DATASET_POLL_SECONDS = 3600.0
    watch.ask()
    Dataset.objects.update(version="b" * 12)
    caching.memory.clear()
    new = client.get(MEAN)
    assert new.json()["dataset"] == "b" * 12
    assert new["ETag"] != old["ETag"]
    assert outcome(client.get(MEAN, headers={"If-None-Match": old["ETag"]})) == "cache;desc=hit"


def test_nothing_is_kept_of_a_version_that_is_not_loaded_any_more(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As from a replica that lags behind."""
    watch.ask()
    seen = watch.load()
    assert seen
    monkeypatch.setattr(watch, "load", lambda: seen._replace(version="c" * 12))
    monkeypatch.setattr(watch, "ask", lambda: seen._replace(version="c" * 12))
    answer = client.get(MEAN)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert not answer.has_header("ETag")


def test_an_empty_database_has_no_tags(client: Client) -> None:
    Dataset.objects.all().delete()
    assert client.get(MEAN).status_code == 503
    assert client.get("/v1/computation").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_stampede_computes_once(dataset: None) -> None:
    client = Client()
    client.get("/healthz")  # from here on its middleware is there, one for all threads
    outcomes: list[str] = []
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        answer = client.get(f"{MEAN}?group_by=native_country,occupation")
        outcomes.append(outcome(answer))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["cache;desc=hit"] * 7 + ["cache;desc=miss"]


# --- The shared cache --------------------------------------------------------------------------


@pytest.fixture
def deaf() -> Iterator[int]:
    """The port of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def redis(port: int) -> BaseCache:
    impatient = {"socket_connect_timeout": 0.1, "socket_timeout": 0.1}
    return RedisCache(f"redis://127.0.0.1:{port}", {"OPTIONS": impatient})


def view(request: HttpRequest) -> Any:
    """Answer without any middleware."""
    match = resolve(request.path_info)
    return match.func(request, *match.args, **match.kwargs).render()


def caching_with(cache: BaseCache) -> caching.Caching:
    middleware = caching.Caching(view)
    middleware._shared = Shared(cache)
    return middleware


def test_a_cache_that_is_away_holds_nothing(deaf: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        refusing = closed.getsockname()[1]
    for port in (refusing, deaf):
        shared = Shared(redis(port))
        shared.set("a", 1)
        assert shared.get("a") is None
        with shared.alone("a"):
            pass


def test_what_one_process_keeps_another_finds(rf: Any) -> None:
    cache = LocMemCache("shared", {})
    cache.clear()
    first = caching_with(cache)(rf.get(MEAN))
    caching.memory.clear()
    again = caching_with(cache)(rf.get(MEAN))
    assert (outcome(first), outcome(again)) == ("cache;desc=miss", "cache;desc=hit")
    assert again.content == first.content


def test_two_processes_compute_one_after_the_other() -> None:
    cache = LocMemCache("locks", {})
    cache.clear()
    order = []

    def work(shared: Shared) -> None:
        with shared.alone("key"):
            order.append("in")
            threading.Event().wait(0.05)
            order.append("out")

    threads = [threading.Thread(target=work, args=[Shared(cache)]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert order == ["in", "out"] * 3


# --- Memory ------------------------------------------------------------------------------------


def test_memory_is_bounded_and_forgets_what_is_used_least() -> None:
    memory = Memory(100_000)
    answers = [Kept(Variant((), bytes(20_000)), None) for _ in range(5)]
    for number, kept in enumerate(answers[:4]):
        memory.set(str(number), kept)
    assert memory.get("0")
    memory.set("4", answers[4])
    assert [memory.get(str(number)) is not None for number in range(5)] == [1, 0, 1, 1, 1]
    for _ in range(100):
        memory.set("4", answers[4])
    assert memory.get("0")
    memory.clear()
    assert memory.get("4") is None


@pytest.mark.parametrize("ready", [True, False], ids=["ready", "late"])
def test_the_load_before_holds_until_the_next_is_prepared(
    ready: bool, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or for as long as a load may be withheld, should that take longer."""
    first, second = (Load(version, timezone.now()) for version in ("1" * 12, "2" * 12))
    asked, prepared = iter((first, second)), threading.Event()
    monkeypatch.setattr(loaded, "loaded", lambda: next(asked))
    settings.DATASET_POLL_SECONDS = 300
    process = loaded._Watch()
    process.prepare = lambda _load, before: before and prepared.wait(60)
    assert process.ask() == process.fresh() == first
    assert process.ask() == second
    assert process.fresh() == first
    if ready:
        prepared.set()
    deadline = time.monotonic() + 30
    while process.fresh() != second:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    prepared.set()


def test_while_one_asks_for_the_load_others_do_not_wait(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (Load(version, timezone.now()) for version in ("1" * 12, "2" * 12))
    begun, answer = threading.Event(), threading.Event()

    def slowly() -> Load:
        begun.set()
        assert answer.wait(60)
        return second

    process = loaded._Watch()
    monkeypatch.setattr(loaded, "loaded", lambda: first)
    settings.DATASET_POLL_SECONDS = 0
    assert process.load() == first
    assert process.fresh() is None  # and so is to be asked for
    monkeypatch.setattr(loaded, "loaded", slowly)
    settings.DATASET_POLL_SECONDS = 300
    asking = threading.Thread(target=process.load)
    asking.start()
    assert begun.wait(60)
    assert process.fresh() == process.load() == first
    answer.set()
    asking.join(60)
    assert process.fresh() == second
