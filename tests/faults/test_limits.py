"""Limits of one client, and the identification of clients."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.service import Proxy, Service

MEAN = "/v1/computation/mean/age"
Before = Callable[..., Proxy]
FEW = {"RATE_LIMIT": "1r/m", "RATE_BURST": "3"}
PREFLIGHT = {"Origin": "https://other.example", "Access-Control-Request-Method": "GET"}


@pytest.fixture
def limited(standing: Service, before: Before) -> Proxy:
    return before(standing, **FEW)


def test_more_than_the_limit_is_refused(limited: Proxy) -> None:
    answers = [limited.get(MEAN, Origin="https://other.example") for _ in range(6)]
    assert [answer.status for answer in answers] == [200] * 4 + [429] * 2
    refused = answers[-1]
    assert refused.problem == "too-many-requests"
    assert int(refused.headers["retry-after"]) > 0
    assert refused.headers["access-control-allow-origin"] == "*"
    assert "Retry-After" in refused.headers["access-control-expose-headers"]
    assert "1 requests a minute" in refused.json()["detail"]


def test_preflights_are_neither_counted_nor_refused(limited: Proxy) -> None:
    headers = PREFLIGHT | {"Access-Control-Request-Headers": "x-mine, if-none-match"}
    for _ in range(20):
        answer = limited.get(MEAN, method="OPTIONS", **headers)
        assert (answer.status, answer.body) == (204, b"")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["access-control-allow-headers"] == "x-mine, if-none-match"
        assert answer.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
        assert answer.headers["access-control-max-age"] == "86400"
    assert Counter(limited.get(MEAN).status for _ in range(6)) == {200: 4, 429: 2}
    assert limited.get(MEAN, method="OPTIONS", **headers).status == 204


def test_a_forged_address_does_not_help(limited: Proxy) -> None:
    statuses = [
        limited.get(MEAN, **{"X-Forwarded-For": f"192.0.2.{number}"}).status for number in range(6)
    ]
    assert statuses == [200] * 4 + [429] * 2


def test_the_client_is_the_one_before_trusted_proxies(standing: Service, before: Before) -> None:
    proxy = before(standing, TRUSTED_PROXIES="127.0.0.1,10.0.0.0/8", **FEW)

    def statuses(forwarded: str) -> dict[int, int]:
        headers = {"X-Forwarded-For": forwarded}
        return dict(Counter(proxy.get(MEAN, **headers).status for _ in range(5)))

    once = {200: 4, 429: 1}
    assert statuses("192.0.2.1, 10.0.0.7") == once
    assert statuses("198.51.100.9, 192.0.2.1, 10.0.0.8") == {429: 5}, "what is before is not known"
    assert statuses("192.0.2.2") == once
    assert statuses("2001:db8:1:2::3") == once
    assert statuses("2001:db8:1:2:ffff::4") == {429: 5}, "the same network"
    assert statuses("2001:db8:1:3::3") == once
    assert statuses("2001:db8::1") == once
    assert statuses("2001:db8::2") == {429: 5}


def test_https_is_trusted_only_from_trusted_proxies(standing_url: str, before: Before) -> None:
    https = {"X-Forwarded-Proto": "https"}
    secure = {"DATABASE_URL": standing_url, "SECURE_PROXY": "true"}
    with Service(secure) as service:
        trusted = before(service, TRUSTED_PROXIES="127.0.0.0/8")
        for path in (MEAN, "/v1/people?page_size=1", "/nope", "/metrics"):
            answer = trusted.get(path, **https)
            assert answer.status in {200, 404}
            assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
            assert b"http://" not in answer.body
        plain = trusted.get("/v1/fields")
        assert plain.status == 301
        assert plain.headers["location"].startswith("https://")
        assert trusted.get("/v1/fields", **https).status == 200, "each scheme is kept for itself"
        assert trusted.get("/v1/fields").status == 301
        assert trusted.get("/healthz").status == 200
        other = before(service)
        assert other.get("/v1/fields", **https).status == 301
        named = before(
            service, TRUSTED_PROXIES="127.0.0.1", SECURE_PROXY_HEADER="CloudFront-Forwarded-Proto"
        )
        assert named.get("/v1/fields", **https).status == 301
        assert named.get("/v1/fields", **{"CloudFront-Forwarded-Proto": "https"}).status == 200


def test_requests_under_way_are_limited_too(standing: Service, before: Before) -> None:
    proxy = before(standing, CONNECTION_LIMIT="2")
    with ThreadPoolExecutor(20) as pool:
        paths = [f"{MEAN}?group_by=education,occupation&age__gte={number}" for number in range(60)]
        statuses = Counter(answer.status for answer in pool.map(proxy.get, paths))
    assert set(statuses) == {200, 429}


def test_eight_small_downloads_at_once_are_all_answered(stack: Proxy) -> None:
    with ThreadPoolExecutor(8) as pool:
        paths = [f"/v1/people.csv?age={age}" for age in range(40, 56)]
        assert {answer.status for answer in pool.map(stack.get, paths)} == {200}
