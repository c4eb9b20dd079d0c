"""nginx's own errors: problem documents with the headers of all answers."""

import json
import re
from collections.abc import Callable

import pytest
from django.conf import settings

from adultapi.problems import PROBLEMS
from tests.faults.service import ROOT, Answer, Proxy, Service, free_port

CONFIGURATION = (ROOT / "docker" / "nginx.conf").read_text()
MEAN = "/v1/computation/mean/age"
HEAD = f"GET {MEAN} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n".encode()
LENGTH = b"Content-Length: %d\r\n\r\n"
REFUSED = {
    "a path that is for the operator": (HEAD.replace(MEAN.encode(), b"/metrics"), 404, "not-found"),
    "the same, written otherwise": (
        HEAD.replace(MEAN.encode(), b"//%6detrics/?a"),
        404,
        "not-found",
    ),
    "an address of nginx's own": (HEAD.replace(MEAN.encode(), b"/_version"), 404, "not-found"),
    "a long line": (b"GET /%b HTTP/1.1\r\n" % (b"a" * 9000), 414, "uri-too-long"),
    "a line without an end": (b"GET /%b" % (b"a" * 70_000), 414, "uri-too-long"),
    "a long header": (HEAD + b"X: " + b"a" * 9000 + b"\r\n", 431, "headers-too-large"),
    "many long headers": (HEAD + b"X: %b\r\n" % (b"a" * 8000) * 9, 431, "headers-too-large"),
    "a body": (HEAD + LENGTH % 100_000 + b"a" * 100_000, 413, "content-too-large"),
    "TRACE": (HEAD.replace(b"GET", b"TRACE"), 405, "method-not-allowed"),
    "CONNECT": (b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n", 400, "bad-request"),
    "two lengths": (HEAD + b"Content-Length: 3\r\n" * 2, 400, "bad-request"),
    "a length and chunks": (
        HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        400,
        "bad-request",
    ),
    "an unknown coding": (HEAD + b"Transfer-Encoding: x\r\n", 400, "bad-request"),
    "no host": (b"GET /v1 HTTP/1.1\r\n", 400, "bad-request"),
    "two hosts": (HEAD + b"Host: other\r\n", 400, "bad-request"),
    "another protocol": (b"\x16\x03\x01\r\n", 400, "bad-request"),
    "another version": (HEAD.replace(b"1.1", b"3.0"), 400, "bad-request"),
    "a path above the root": (HEAD.replace(b"/v1", b"/../x"), 400, "bad-request"),
    "a bad escape": (HEAD.replace(b"/v1", b"/%zz"), 400, "bad-request"),
    "a failed precondition": (HEAD + b'If-Match: "x"\r\n', 412, "precondition-failed"),
}


@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED)
def test_refusals_are_problem_documents(
    stack: Proxy, standing: Service, content: tuple[bytes, int, str]
) -> None:
    sent, status, problem = content
    answer = stack.send(sent + b"\r\n")
    assert answer
    assert answer.status == status
    assert answer.problem == problem
    assert_has_the_headers_of_the_service(answer, standing)
    assert standing.get(answer.json()["type"]).status == 200


def assert_has_the_headers_of_the_service(answer: Answer, service: Service) -> None:
    """nginx's problem documents equal those of the service."""
    own = service.get("/nope", Origin="https://other.example").headers
    for name in own.keys() - {"date", "server", "connection", "content-length", "server-timing"}:
        if name not in {"x-request-id", "vary", "transfer-encoding"}:
            assert parts(answer.headers.get(name, "")) == parts(own[name]), name
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])


def parts(header: str) -> set[str]:
    return {part.strip() for part in header.split(";")}


def test_the_exposed_headers_are_those_of_the_settings() -> None:
    lists = re.findall(r'Access-Control-Expose-Headers "([^"]*)"', CONFIGURATION)
    assert len(lists) == 2
    for exposed in lists:
        assert exposed == ", ".join(settings.CORS_EXPOSE_HEADERS)


def test_the_problems_are_those_that_the_service_explains() -> None:
    texts = re.findall(r"'(\"type\":.*\")'", CONFIGURATION)
    assert len(texts) >= 12
    for text in texts:
        document = json.loads("{" + text.replace("${SCRIPT_NAME}", "") + "}")
        problem = PROBLEMS[document["type"].removeprefix("/problems/")]
        assert (document["status"], document["title"]) == (problem.status, problem.title)


def test_an_address_that_would_break_the_document(stack: Proxy) -> None:
    for address, problem in (
        (b"/metrics?\xff", "bad-request"),
        (b'/metrics?"', "not-found"),
        (b"/metrics?\\", "not-found"),
        (b"/metrics?<>{}|^`", "not-found"),
    ):
        answer = stack.send(b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % address)
        assert answer
        assert answer.problem == problem
    assert answer.json()["instance"] == "/metrics?<>{}|^`"


def test_a_method_that_is_refused_names_the_others(stack: Proxy) -> None:
    for method in ("TRACE", "POST", "DELETE"):
        answer = stack.get(MEAN, method=method)
        assert answer.problem == "method-not-allowed"
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


def test_the_service_is_not_running(before: Callable[..., Proxy]) -> None:
    gone = Service({}, port=free_port())
    proxy = before(gone)
    for path in (MEAN, "/healthz", "/readyz", "/"):
        answer = proxy.get(path)
        assert answer.status == 503
        assert answer.problem == "service-unavailable"
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cache-control"] == "no-store"


def test_a_prefix_is_in_the_links_of_problems(before: Callable[..., Proxy]) -> None:
    gone = Service({}, port=free_port())
    proxy = before(gone, SCRIPT_NAME="/adult")
    assert proxy.get("/adult/v1").json()["type"] == "/adult/problems/service-unavailable"
    assert proxy.get("/adult/metrics").status == 404


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RATE_LIMIT", "fast"),
        ("RATE_BURST", "-1"),
        ("CACHE_SIZE", "1 GB; include /etc/passwd"),
        ("SERVICE", "web"),
        ("TRUSTED_PROXIES", "everybody"),
        ("TRUSTED_PROXIES", "1"),
        ("SCRIPT_NAME", "/adult/"),
    ],
)
def test_a_bad_setting_stops_it_with_a_sentence(
    before: Callable[..., Proxy], name: str, value: str
) -> None:
    with pytest.raises(AssertionError, match=f"Error: {name} is '{re.escape(value)}': set it to "):
        before(Service({}, port=free_port()), **{name: value})
