"""The limit of requests for one client: off unless RATE_LIMIT is set.

Every request counts, whatever it costs, but for those of health, of figures and of static files.
They are counted by windows; what was asked in the window before counts by the share of it that
is still within one window of now. With CACHE_URL the count is of all processes together, else,
and while that cache is away, of each by itself.
"""

from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from math import ceil, floor
from time import time
from typing import Any, NamedTuple
from urllib.parse import quote

from django.conf import settings
from django.core.cache import caches
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse

from adultapi import problems
from adultapi.shared import Shared
from adultapi.telemetry import Environ, client

GetResponse = Callable[[HttpRequest], HttpResponse]

VERDICT = "adultapi.verdict"  # in the environment of a request that was judged already
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}


class Verdict(NamedTuple):
    """What is left of the limit, as headers say it; `wait` is in seconds, 0 within the limit."""

    headers: tuple[tuple[str, str], ...]
    wait: int


def judge(environ: Environ) -> Verdict | None:
    """Count a request; None where there is no limit."""
    if not settings.RATE_LIMIT or _is_free(environ.get("PATH_INFO", "")):
        return None
    who = subject(client(environ))
    if not who:  # the process itself, which warms its memory
        return None
    limit, duration = _limit(settings.RATE_LIMIT)
    window, elapsed = divmod(time(), duration)
    rest = 1 - elapsed / duration
    key = f"throttle:{who}:{int(window)}"
    before = _count(f"throttle:{who}:{int(window) - 1}", 0, duration)
    now = _count(key, 1, duration)
    used = before * rest + now
    wait, reset = 0, ceil(rest * duration)
    if used > limit:
        now = _count(key, -1, duration)
        wait = reset = max(1, ceil(_wait(limit, before, now, rest) * duration))
    headers = (
        ("RateLimit-Policy", f'"default";q={limit};w={duration}'),
        ("RateLimit", f'"default";r={max(0, floor(limit - used))};t={reset}'),
    )
    return Verdict(headers, wait)


def _wait(limit: int, before: int, now: int, rest: float) -> float:
    """Return after how many windows one more request will be within the limit."""
    if now < limit:
        return rest - (limit - now - 1) / before
    return rest + 1 - (limit - 1) / now


def subject(address: str) -> str:
    """Return who is counted: an address without a port, and of IPv6 the network of one client."""
    host = address.removeprefix("[").partition("]")[0]
    if host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        ip = ip_address(host)
    except ValueError:
        return quote(host[:64])
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped or f"{IPv6Address(int(ip) >> 64 << 64)}/64")
    return str(ip)


def _is_free(path: str) -> bool:
    return path == "/metrics" or path.startswith(settings.STATIC_URL)


@lru_cache(8)
def _limit(text: str) -> tuple[int, int]:
    """Return how many requests in how many seconds."""
    number, _, unit = text.partition("/")
    return int(number), _SECONDS[unit]


def _count(key: str, more: int, duration: int) -> int:
    """Add to a count and return it."""
    for cache in _caches():
        counted = cache.add_up(key, more, 2 * duration)
        if counted is not None:
            return counted
    return more


@lru_cache(1)
def _caches() -> tuple[Shared, ...]:
    """Return where it is counted, the first that is not away."""
    return Shared(caches["default"]), Shared(caches["own"])


def rate_limit(get_response: GetResponse) -> GetResponse:
    """Answer 429 over the limit; tell on every answer what is left of it."""
    if not settings.RATE_LIMIT:
        raise MiddlewareNotUsed

    def middleware(request: HttpRequest) -> HttpResponse:
        meta: dict[str, Any] = request.META
        verdict: Verdict | None = meta.pop(VERDICT, None) or judge(meta)
        if verdict is None:
            return get_response(request)
        if verdict.wait:
            detail = f"The limit is {settings.RATE_LIMIT} for one client: wait {verdict.wait} s."
            response = problems.response(request, "too-many-requests", detail)
            response["Retry-After"] = str(verdict.wait)
            response["Access-Control-Allow-Origin"] = "*"
            response["Access-Control-Expose-Headers"] = ", ".join(settings.CORS_EXPOSE_HEADERS)
        else:
            response = get_response(request)
        for name, value in verdict.headers:
            response[name] = value
        return response

    return middleware
