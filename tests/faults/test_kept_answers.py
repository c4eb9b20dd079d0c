"""nginx's cache: keys, headers, ranges and stale answers."""

import gzip
import itertools
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.service import Answer, Proxy, Service, wait_until

_numbers = itertools.count(1000)


def new(path: str = "/v1/computation/mean/age") -> str:
    """Returns an address that was not requested before."""
    return f"{path}{'&' if '?' in path else '?'}fnlwgt__gte={next(_numbers)}"


def kept(answer: Answer) -> bool:
    return answer.headers["server-timing"] == "cache;desc=hit"


def test_a_second_request_never_reaches_the_service(stack: Proxy) -> None:
    path = new()
    first, second = stack.get(path), stack.get(path)
    assert not kept(first)
    assert "db;dur=" in first.headers["server-timing"]
    assert kept(second)
    assert second.body == first.body
    assert second.headers["etag"] == first.headers["etag"]


def test_headers_of_one_request_are_not_cached(stack: Proxy) -> None:
    path = new()
    ids = [stack.get(path).headers["x-request-id"] for _ in range(3)]
    assert len(set(ids)) == 3
    echoed = stack.get(path, **{"X-Request-ID": "of-mine/1"})
    assert kept(echoed)
    assert echoed.headers["x-request-id"] == "of-mine/1"
    for insane in ("a b", "<script>", "a" * 129, "é"):
        answer = stack.get(path, **{"X-Request-ID": insane})
        assert len(answer.headers["x-request-id"]) == 32


def test_one_copy_serves_all_origins_and_codings(stack: Proxy) -> None:
    path = new("/v1/computation/distribution/age?bins=values")
    plain = stack.get(path)
    zipped = stack.get(path, **{"Accept-Encoding": "gzip, br"})
    other = stack.get(path, Origin="https://other.example", Cookie="a=b", Forwarded="host=evil")
    assert kept(zipped)
    assert kept(other)
    assert zipped.headers["content-encoding"] == "gzip"
    assert gzip.decompress(zipped.body) == plain.body == other.body
    for answer in (plain, zipped, other):
        assert answer.headers["access-control-allow-origin"] == "*"
        assert {"accept", "accept-encoding"} <= {
            name.strip() for name in answer.headers["vary"].lower().split(",")
        }


def test_the_service_varies_only_by_headers_that_nginx_handles(standing: Service) -> None:
    paths = ("/", "/docs", "/v1", "/v1/fields", "/v1/people?page_size=1", "/v1/people.csv?age=90")
    for path in (*paths, "/static/census/favicon.svg", "/v1/computation/mean/age?format=api"):
        names = standing.get(path, Origin="https://other.example").headers.get("vary", "")
        found = {name.strip().lower() for name in names.split(",") if name.strip()}
        assert found <= {"accept", "accept-encoding", "origin"}, path


def test_each_representation_is_kept_for_itself(stack: Proxy) -> None:
    path = new()
    types = {}
    for accept in ("application/json", "text/csv", "text/html", "image/svg+xml"):
        first, second = stack.get(path, Accept=accept), stack.get(path, Accept=accept)
        assert kept(second)
        assert first.body == second.body
        types[accept] = second.headers["content-type"].partition(";")[0]
    assert [*types] == [*types.values()]


def test_each_host_has_its_own_links(stack: Proxy) -> None:
    path = new("/v1/people?page_size=1")
    for host in ("localhost", "127.0.0.1", "localhost:1234"):
        for _ in range(2):
            answer = stack.get(path, Host=host)
            assert answer.json()["next"].startswith(f"http://{host}/")
    assert stack.get(path, Host="evil.example").status == 400
    assert stack.get(path, Host="localhost").status == 200


def test_no_header_of_a_client_changes_what_is_kept(stack: Proxy) -> None:
    forged = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Prefix": "/evil",
        "Script-Name": "/evil",
        "Forwarded": "host=evil.example;proto=https",
        "X-HTTP-Method-Override": "DELETE",
    }
    for path in (new("/v1/people?page_size=1"), "/v1/dataset/croissant"):
        poisoned, clean = stack.get(path, **forged), stack.get(path)
        assert poisoned.status == clean.status == 200
        assert poisoned.body == clean.body
        assert b"evil" not in clean.body
        assert b"https://localhost" not in clean.body


def test_an_answer_that_the_client_has_is_not_sent_again(stack: Proxy) -> None:
    path = new()
    tag = stack.get(path).headers["etag"]
    for condition in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = stack.get(path, **{"If-None-Match": condition})
        assert (answer.status, answer.body) == (304, b"")
        for name in ("etag", "cache-control", "vary", "access-control-expose-headers"):
            assert name in answer.headers, name
    assert stack.get(path, **{"If-None-Match": '"other"'}).status == 200
    links = stack.get("/v1/people?page_size=1")
    again = stack.get("/v1/people?page_size=1", **{"If-None-Match": links.headers["etag"]})
    assert again.status == 304
    assert again.headers["link"] == links.headers["link"]


@pytest.mark.parametrize(
    "path", ["/v1/people.csv", "/v1/people.parquet?age=90", "/v1/people.ndjson?age=90"]
)
def test_files_have_lengths_and_ranges(stack: Proxy, path: str) -> None:
    whole = stack.get(path)
    size = len(whole.body)
    assert whole.headers["content-length"] == str(size)
    assert whole.headers["accept-ranges"] == "bytes"
    head = stack.get(path, method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(size)
    for coding in ("identity", "gzip"):
        coded = stack.get(path, **{"Accept-Encoding": coding})
        assert coded.body == whole.body
        assert coded.headers["content-length"] == str(size)
        assert "content-encoding" not in coded.headers
        for asked, part in (
            ("0-9", whole.body[:10]),
            ("-8", whole.body[-8:]),
            (f"{size - 3}-", whole.body[-3:]),
        ):
            answer = stack.get(path, Range=f"bytes={asked}", **{"Accept-Encoding": coding})
            assert (answer.status, answer.body) == (206, part)
            assert answer.headers["content-range"].endswith(f"/{size}")
    beyond = stack.get(path, Range=f"bytes={size}-")
    assert beyond.status == 416
    assert beyond.problem == "range-not-satisfiable"
    assert beyond.headers["content-range"] == f"bytes */{size}"
    tag = whole.headers["etag"]
    assert stack.get(path, Range="bytes=0-9", **{"If-Range": tag}).status == 206
    assert stack.get(path, Range="bytes=0-9", **{"If-Range": '"other"'}).body == whole.body


def test_a_range_is_the_first_thing_asked_for(stack: Proxy) -> None:
    path = new("/v1/people.csv")
    answer = stack.get(path, Range="bytes=0-1")
    assert (answer.status, answer.body) == (206, b"id")
    assert kept(stack.get(path, Range="bytes=5-6"))


def test_the_same_question_at_once_is_computed_once(stack: Proxy, standing: Service) -> None:
    path = new()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(stack.get, [path] * 20))
    assert len({answer.body for answer in answers}) == 1
    computed = [a for a in answers if "cache;desc=miss" in a.headers["server-timing"]]
    assert len(computed) <= 1


def test_refusals_are_not_kept(stack: Proxy) -> None:
    for path in ("/v1/fields?nope=1", "/nope", "/v1/fields?format=xml"):
        assert not any(kept(stack.get(path)) for _ in range(3))


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/startupz"])
def test_health_checks_reach_the_service_whatever_the_host(stack: Proxy, path: str) -> None:
    for host in ("10.0.0.1:8080", "evil.example", "localhost"):
        answers = [stack.get(path, Host=host) for _ in range(2)]
        assert [answer.status for answer in answers] == [200, 200]
        assert not any(kept(answer) for answer in answers)


def test_static_files_are_kept_for_long(stack: Proxy) -> None:
    page = stack.get("/docs").body.decode()
    path = next(part for part in page.split('"') if part.endswith(".css"))
    answers = [stack.get(path) for _ in range(2)]
    assert kept(answers[1])
    assert "immutable" in answers[1].headers["cache-control"]


def test_stale_answers_are_served_while_nginx_revalidates(service: Service, proxy: Proxy) -> None:
    """After two seconds nginx revalidates in the background; a 304 suffices."""
    path = new()
    body = proxy.get(path).body
    time.sleep(2.1)  # nginx counts whole seconds
    old = proxy.get(path)
    assert old.headers["server-timing"] == "cache;desc=stale"
    assert old.body == body
    wait_until(lambda: kept(proxy.get(path)))
    service.signal(service.stop)
    service.process.wait()
    time.sleep(2.1)
    answers = [proxy.get(path) for _ in range(3)]
    assert {answer.status for answer in answers} == {200}
    assert {answer.body for answer in answers} == {body}
    assert proxy.get(new()).problem == "service-unavailable"


def test_a_request_is_a_line_of_json(stack: Proxy) -> None:
    path = new() + "&" + "x=%22%0a\\é".replace("é", "%C3%A9")
    name = f'a "quoted" agent\\{next(_numbers)}'
    answer = stack.get(path, **{"User-Agent": name})
    line = next(line for line in stack.requests() if line["user_agent"] == name)
    assert line["uri"] == path
    assert line["method"] == "GET"
    assert line["status"] == answer.status == 400
    assert line["request_id"] == answer.headers["x-request-id"]
    assert line["seconds"] >= 0
    assert line["bytes"] > len(answer.body)
    assert set(line) == {
        *("time", "request_id", "method", "uri", "status", "cache"),
        *("seconds", "service_seconds", "bytes", "user_agent"),
    }, "no address of a client"
    assert "127.0.0.1" not in json.dumps(line)
