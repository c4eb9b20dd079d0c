"""Bad input: each request is refused quickly with a problem document."""

import itertools
import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

from tests.faults.service import Answer, Proxy

MEAN = "/v1/computation/mean/age"
SECONDS = 3.0
CLIENTS = 4
PROBLEM = "application/problem+json"

# Texts that have broken something somewhere.
TEXTS = (
    *("", " ", "\t", "\r\n", "\x00", "\x00Male", "Male\x00", "\x01", "\x1b[31m", "\x7f", "\x85"),
    *("'", '"', "''", "`", ";", "--", "/*", "*/", "#", "\\", "%", "_", "%%", "%s", "%(a)s", "$1"),
    *("' OR '1'='1", "'; DROP TABLE census_person; --", "1; SELECT pg_sleep(9)", "1 OR 1=1"),
    *("') UNION SELECT version()--", "Male'||'", "E'\\x00'", "$$a$$", "::int", "(SELECT 1)"),
    *("{{7*7}}", "${7*7}", "<script>alert(1)</script>", "<!--", "]]>", "javascript:alert(1)"),
    *("../../etc/passwd", "..\\..", "file:///etc/passwd", "/etc/passwd", "|id", "$(id)", "`id`"),
    *("null", "None", "undefined", "nil", "NaN", "Infinity", "-inf", "true", "[]", "{}", "[[[["),
    *("0", "-0", "+1", "01", "1.0", "1e3", "1e309", "1e-309", "0x1F", "0b1", "1_000", "1,000"),
    *("9" * 18, "9" * 19, "9" * 300, "-" + "9" * 300, "2147483648", "9223372036854775808"),
    *("٣", "１２", "½", "Ⅷ", "Ａ", "İ", "ß", "ﬁ", "é", "e\u0301", "😀", "👩‍👩‍👧", "\u202eelaM"),
    *("\u200b", "\ufeff", "\ufffd", "\U0010ffff", "a" * 1000, "é" * 500, ",", ",,,", "a," * 200),
    *("1," * 1000, "sex," * 300, "%00", "%2500", "%25252e", "%u0041", "%", "%zz", "%c0%ae"),
)
NAMES = (
    *("sex", "age", "age__in", "age__range", "education__gte", "native_country__in", "complete"),
    *("group_by", "weight", "confidence", "order_by", "limit", "format", "workclass__isnull"),
    *("hours-per-week", "q", "nope", "__class__", "sex__sex__sex", "sex[]", "pk", "id"),
)
ROUTES = (
    *("/v1/computation/distribution/age", "/v1/computation/quantiles/fnlwgt", "/v1/people"),
    *("/v1/statistics", "/v1/correlation", "/v1/crosstab/sex/race", "/v1/fairness/sex"),
)
OWN = ("bins", "range", "q", "fields", "ordering", "page_size", "cursor", "columns", "outcome")
PATHS = (
    *("/v1/computation/mean/{}", "/v1/computation/{}/age", "/v1/fields/{}", "/v1/people/{}"),
    *("/v1/crosstab/{}/sex", "/v1/fairness/{}", "/problems/{}", "/{}", "/v1/{}", "/static/{}"),
    "/v1/computation/mean/age.{}",
)


def urls() -> Iterator[str]:
    for name, text in itertools.product(NAMES, TEXTS):
        yield f"{MEAN}?{name}={quote(text)}"
    for route, name, text in itertools.product(ROUTES, OWN, TEXTS):
        yield f"{route}?{name}={quote(text)}"
    for path, text in itertools.product(PATHS, TEXTS):
        yield path.format(quote(text, safe=""))
    for text in TEXTS:
        yield f"{MEAN}?{quote(text)}=1"
        yield f"{MEAN}?{quote(quote(text))}={quote(quote(quote(text)))}"
        yield f"{MEAN}?sex=Male&sex={quote(text)}"
    for number in (150, 500, 1500):
        yield f"{MEAN}?" + "&".join(["sex=Male"] * number)
        yield f"{MEAN}?" + "&".join(f"x{n}=" for n in range(number))
        yield f"{MEAN}?" + "&" * number
        yield f"{MEAN}?age__in=" + ",".join(map(str, range(number)))
        yield f"{MEAN}?group_by=" + ",".join(["sex"] * number)
        yield "/v1" + "/a" * number
        yield "/" * number
    for size in (4000, 8000, 8190, 9000, 60_000, 100_000, 1_000_000):
        yield f"{MEAN}?sex=" + "a" * size
        yield "/" + "a" * size


# Requests that no library makes, after the head of what asks for the mean.
HEAD = f"GET {MEAN} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n".encode()
RAW = (
    *(b"\r\n\r\n\r\n\r\n", b"GET\r\n\r\n", b"\x00\x01\x02\r\n\r\n"),
    *(b"GET / HTTP/9.9\r\n\r\n", b"get / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\xff" * 99_999),
    *(b"GET /\x00 HTTP/1.1\r\n\r\n", b"GET /\x07\x1b HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\n"),
    *(b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",),
    *(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"GET http:// HTTP/1.1\r\n\r\n"),
    *(HEAD + b"Name\r\n\r\n", HEAD + b": x\r\n\r\n", HEAD + b"A b: x\r\n\r\n"),
    *(HEAD + b"X: a\x00b\r\n\r\n", HEAD + b"X: a\x07b\r\n\r\n", HEAD + b"X: \xff\xfe\r\n\r\n"),
    *(HEAD + b"X: a\r\n folded\r\n\r\n", HEAD + b"X: " + b"a" * 20_000 + b"\r\n\r\n"),
    *(HEAD + b"X: a\r\n" * 500 + b"\r\n", HEAD + b"Content-Length: -1\r\n\r\n"),
    *(HEAD + b"Content-Length: x\r\n\r\n", HEAD + b"Content-Length: 1\r\n" * 2 + b"\r\na"),
    HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    *(HEAD + b"Transfer-Encoding: x\r\n\r\n", HEAD + b"Expect: 200-maybe\r\n\r\n"),
    *(HEAD + b"Host: other\r\n\r\n", HEAD + b"Host: \r\n\r\n"),
)
HEADERS = ("Accept", "Accept-Encoding", "If-None-Match", "If-Modified-Since", "X-Request-ID")
FORGED = ("Host", "Origin", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Cookie")


def refused_rightly(answer: Answer) -> bool:
    if answer.status < 400:
        return True
    known = answer.headers.get("content-type", "").startswith(PROBLEM)
    return known and json.loads(answer.body)["status"] == answer.status < 500


class Tried:
    """Counts requests by outcome, and records those with a wrong outcome."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.faults: list[Any] = []
        self.slowest = 0.0

    def __call__(self, what: Any, status: int, right: bool, seconds: float) -> None:
        self.outcomes[str(status)] += 1
        self.slowest = max(self.slowest, seconds)
        if not right:
            self.faults.append((str(what)[:200], status, round(seconds, 2)))

    def figures(self) -> dict[str, Any]:
        return {
            "requests": self.outcomes.total(),
            "wrong": len(self.faults),
            "errors": dict(sorted(self.outcomes.items())),
            "slowest_seconds": round(self.slowest, 2),
        }


def within_time(ask: Any) -> tuple[Any, float]:
    """Returns the answer and the shortest of several times, as the machine may be busy."""
    least = float("inf")
    for _ in range(4):
        start = time.monotonic()
        answer = ask()
        least = min(least, time.monotonic() - start)
        if least < SECONDS:
            break
    return answer, least


def test_urls_and_headers(stack: Proxy, record: Any) -> None:
    tried = Tried()
    with ThreadPoolExecutor(CLIENTS) as clients:
        found = clients.map(lambda url: (url, *within_time(lambda: stack.get(url))), urls())
        for url, answer, seconds in found:
            tried(url, answer.status, refused_rightly(answer) and seconds < SECONDS, seconds)
    for name, text in itertools.product((*HEADERS, *FORGED), TEXTS):
        value = text.encode().replace(b"\r\n", b" ").replace(b"\x00", b" ")
        content = HEAD + name.encode() + b": " + value + b"\r\n\r\n"
        if name == "Host":
            content = content.replace(b"Host: localhost\r\n", b"")
        received, seconds = within_time(lambda content=content: stack.send(content))
        tried((name, text), *judged(received, seconds), seconds)
    record("bad URLs and headers", **tried.figures(), faults=tried.faults)
    assert not tried.faults, tried.faults[:20]


def test_what_is_no_request(stack: Proxy, record: Any) -> None:
    tried = Tried()
    for content in RAW:
        found, seconds = within_time(lambda content=content: stack.send(content))
        tried(content, *judged(found, seconds), seconds)
    record("what is no request", **tried.figures(), faults=tried.faults)
    assert not tried.faults, tried.faults
    assert stack.get(MEAN).status == 200


def judged(answer: Answer | None, seconds: float) -> tuple[int, bool]:
    """Returns the status and whether it is correct; some requests may get no answer."""
    if answer is None:
        return 0, seconds < SECONDS
    return answer.status, refused_rightly(answer) and seconds < SECONDS
