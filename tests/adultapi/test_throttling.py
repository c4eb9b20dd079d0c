"""The limit for one client, as its process counts it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings
from redis.exceptions import RedisError

from adultapi import throttling
from adultapi.throttling import subject

START = 1_000_000_020.0  # the start of a minute


class Clock:
    now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    caches["default"].clear()
    clock = Clock()
    monkeypatch.setattr(throttling, "time", clock)
    with override_settings(RATE_LIMIT="3/minute"):
        yield clock
    caches["default"].clear()


def answer(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("answer")


def ask(path: str = "/v1/fields", **environ: str) -> HttpResponse:
    return throttling.rate_limit(answer)(RequestFactory().get(path, **environ))  # type: ignore[arg-type]


def test_over_the_limit_a_problem_says_when_to_come_again() -> None:
    left = [ask()["RateLimit"].split(";")[1] for _ in range(3)]
    assert left == ["r=2", "r=1", "r=0"]
    refused = ask()
    assert refused.status_code == 429
    assert refused["Content-Type"] == "application/problem+json"
    assert refused["RateLimit-Policy"] == '"default";q=3;w=60'
    assert refused["RateLimit"] == f'"default";r=0;t={refused["Retry-After"]}'
    assert refused["Access-Control-Allow-Origin"] == "*"
    assert "Retry-After" in refused["Access-Control-Expose-Headers"]
    assert ask(REMOTE_ADDR="10.0.0.2").status_code == 200


@pytest.mark.parametrize("before", [0.0, 1.0, 29.5, 59.9])
@pytest.mark.parametrize("in_vain", [0, 20])
def test_who_comes_when_told_is_answered(clock: Clock, before: float, in_vain: int) -> None:
    """And in the long run no more are than the limit; of one minute less than twice as many."""
    clock.now = START + before
    answered = []
    for _ in range(8):
        while (response := ask()).status_code == 200:
            answered.append(clock.now)
        for _ in range(in_vain):  # which is not counted
            assert ask()["Retry-After"] == response["Retry-After"]
        assert 0 < int(response["Retry-After"]) < 120
        clock.now += int(response["Retry-After"])
        assert ask().status_code == 200
        answered.append(clock.now)
    assert max(sum(t <= other < t + 60 for other in answered) for t in answered) < 6
    assert len(answered) <= 3 * ((clock.now - START - before) / 60 + 1)


def test_many_at_once_are_no_more_than_the_limit() -> None:
    with override_settings(RATE_LIMIT="50/minute"), ThreadPoolExecutor(16) as pool:
        statuses = [f.result().status_code for f in [pool.submit(ask) for _ in range(400)]]
    assert statuses.count(200) == 50


def test_pages_count_and_what_costs_nothing_does_not() -> None:
    assert {ask("/static/a.css").status_code for _ in range(9)} == {200}
    assert {ask("/metrics").status_code for _ in range(9)} == {200}
    assert [ask("/").status_code for _ in range(4)] == [200, 200, 200, 429]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "statuses"),
    [
        # Without a trusted proxy anybody can write the header: it changes nothing.
        (0, ["1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4"], [200, 200, 200, 429]),
        # The outermost trusted proxy writes the last one: what is left of it is the client's.
        (1, ["1.1.1.1, 9.9.9.9", "2.2.2.2, 9.9.9.9", "3.3.3.3, 9.9.9.9", "4.4.4.4, 9.9.9.9"],
         [200, 200, 200, 429]),
        (1, ["9.9.9.1", "9.9.9.2", "9.9.9.3", "9.9.9.4"], [200, 200, 200, 200]),
        (2, ["1.1.1.1, 9.9.9.9, 10.0.0.1", "2.2.2.2, 9.9.9.9, 10.0.0.2"] * 2, [200, 200, 200, 429]),
        # Fewer than there are proxies: it did not come through them.
        (2, ["1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4"], [200, 200, 200, 429]),
        (1, ["9.9.9.9:1", "9.9.9.9:2", "9.9.9.9:3", "9.9.9.9:4"], [200, 200, 200, 429]),
    ],
)  # fmt: skip
def test_the_client_is_whom_the_trusted_proxy_names(
    proxies: int, forwarded: list[str], statuses: list[int]
) -> None:
    with override_settings(TRUSTED_PROXIES=proxies):
        answers = [ask(HTTP_X_FORWARDED_FOR=header).status_code for header in forwarded]
    assert answers == statuses


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:443", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        # A client of IPv6 has as many addresses as it wants.
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::9]:443", "2001:db8:1:2::/64"),
        ("un known", "un%20known"),
        ("x" * 9999, "x" * 64),
        ("", ""),
    ],
)
def test_who_is_counted(address: str, counted: str) -> None:
    assert subject(address) == counted


def test_without_the_shared_cache_each_process_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise RedisError("away")

    shared, _ = throttling._caches()
    monkeypatch.setattr(shared, "_add_up", away)
    monkeypatch.setattr(shared, "_away_until", 0.0)
    caches["own"].clear()
    assert [ask().status_code for _ in range(4)] == [200, 200, 200, 429]
    caches["own"].clear()
