"""The limit for one client, as its process counts it."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings

from adultapi import throttling


@pytest.fixture(autouse=True)
def limit(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    cache.clear()
    monkeypatch.setattr(throttling.ClientThrottle, "rate", "3/minute")
    with override_settings(RATE_LIMIT="3/minute"):
        yield
    cache.clear()


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
    assert 0 < int(refused["Retry-After"]) <= 60
    assert ask(REMOTE_ADDR="10.0.0.2").status_code == 200


def test_what_is_not_the_api_is_not_counted() -> None:
    assert {ask("/docs").status_code for _ in range(9)} == {200}


@pytest.mark.parametrize(
    ("proxies", "forwarded", "statuses"),
    [
        # Without a trusted proxy anybody can write the header: it changes nothing.
        (0, ["1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4"], [200, 200, 200, 429]),
        # The outermost trusted proxy writes the last one: what is left of it is the client's.
        (1, ["1.1.1.1, 9.9.9.9", "2.2.2.2, 9.9.9.9", "3.3.3.3, 9.9.9.9", "4.4.4.4, 9.9.9.9"],
         [200, 200, 200, 429]),
        (1, ["9.9.9.1", "9.9.9.2", "9.9.9.3", "9.9.9.4"], [200, 200, 200, 200]),
    ],
)  # fmt: skip
def test_the_client_is_whom_the_trusted_proxy_names(
    monkeypatch: pytest.MonkeyPatch, proxies: int, forwarded: list[str], statuses: list[int]
) -> None:
    from rest_framework.settings import api_settings

    monkeypatch.setattr(api_settings, "NUM_PROXIES", proxies)
    answers = [ask(HTTP_X_FORWARDED_FOR=header).status_code for header in forwarded]
    assert answers == statuses
