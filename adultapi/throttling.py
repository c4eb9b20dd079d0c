"""The limit of requests for one client: off unless RATE_LIMIT is set.

Answers that are in memory already cost nothing and are not counted. With CACHE_URL the count is
of all processes together, else of each by itself.
"""

from collections.abc import Callable
from math import ceil
from typing import Any

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from rest_framework.throttling import AnonRateThrottle

from adultapi import problems

GetResponse = Callable[[HttpRequest], HttpResponse]


class ClientThrottle(AnonRateThrottle):
    """A sliding window for each client address, as the trusted proxies tell it."""

    rate = settings.RATE_LIMIT or None
    num_requests: int
    duration: int

    def get_cache_key(self, request: Any, view: Any) -> str:  # noqa: ARG002
        return f"throttle:{self.get_ident(request)}"

    @property
    def remaining(self) -> int:
        return max(self.num_requests - len(self.history), 0)

    @property
    def seconds_to_reset(self) -> int:
        """Seconds until the oldest request counted falls out of the window."""
        oldest = self.history[-1] if self.history else self.now
        return ceil(self.duration - (self.now - oldest))


def rate_limit(get_response: GetResponse) -> GetResponse:
    """Answer 429 over the limit; tell on every answer below /v1 what is left of it."""
    if not settings.RATE_LIMIT:
        raise MiddlewareNotUsed

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith("/v1"):
            return get_response(request)
        throttle = ClientThrottle()
        if throttle.allow_request(request, None):  # type: ignore[arg-type]  # it needs the META
            response = get_response(request)
        else:
            wait = ceil(throttle.wait() or throttle.duration)
            detail = f"The limit is {settings.RATE_LIMIT} for one client: wait {wait} seconds."
            response = problems.response(request, "too-many-requests", detail)
            response["Retry-After"] = str(wait)
        limits = f"q={throttle.num_requests};w={throttle.duration}"
        response["RateLimit-Policy"] = f'"default";{limits}'
        response["RateLimit"] = f'"default";r={throttle.remaining};t={throttle.seconds_to_reset}'
        return response

    return middleware
