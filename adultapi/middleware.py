"""What every answer has, and every request goes through."""

import logging
import re
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

from csp.middleware import CSPMiddleware
from django.conf import settings
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from adultapi import logs
from adultapi.observability import healthz, readyz
from adultapi.security import HEADERS

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]

_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}", re.ASCII)


def identifier(meta: Mapping[str, Any]) -> str:
    """Return the id of a request: the `X-Request-ID` sent, where it is sane, or a new one."""
    sent = meta.get("HTTP_X_REQUEST_ID", "")
    return sent if _SANE_REQUEST_ID.fullmatch(sent) else secrets.token_hex(16)


def request_id(get_response: GetResponse) -> GetResponse:
    """Give each request an id, as `META["REQUEST_ID"]` and in its answer."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.META["REQUEST_ID"] = identifier(request.META)
        response = get_response(request)
        response["X-Request-ID"] = request.META["REQUEST_ID"]
        return response

    return middleware


def health(get_response: GetResponse) -> GetResponse:
    """Answer health checks before anything looks at the host or the protocol.

    A load balancer asks by the instance's address, which is in no `ALLOWED_HOSTS`.
    """
    views = {"/healthz": healthz, "/readyz": readyz}

    def middleware(request: HttpRequest) -> HttpResponse:
        view = views.get(request.path_info)
        return view(request) if view else get_response(request)

    return middleware


class _Stopwatch:
    """Sums the seconds that the statements of a request take, and notes the slow ones."""

    def __init__(self, request_id: str | None) -> None:
        self.seconds = 0.0
        self._request_id = request_id

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        start = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            seconds = time.perf_counter() - start
            self.seconds += seconds
            slow = seconds >= settings.SLOW_QUERY_SECONDS
            if slow and logger.isEnabledFor(logging.WARNING):
                self._note(sql, seconds)

    def _note(self, sql: str, seconds: float) -> None:
        """Write the statement, with places for its values, so that its plan can be looked at."""
        fields = {
            "milliseconds": round(seconds * 1000, 2),
            "sql": sql[:2000],
            "request_id": self._request_id,
        }
        logs.write(logger, logging.WARNING, "slow query", fields)


def server_timing(get_response: GetResponse) -> GetResponse:
    """Tell in `Server-Timing` how long the database and the whole answer took.

    What the cache had to do with it stands before.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        start = time.perf_counter()
        stopwatch = _Stopwatch(request.META.get("REQUEST_ID"))
        with ExitStack() as stack:
            for connection in connections.all():
                stack.enter_context(connection.execute_wrapper(stopwatch))
            response = get_response(request)
        total = time.perf_counter() - start
        timing = f"db;dur={stopwatch.seconds * 1000:.2f}, total;dur={total * 1000:.2f}"
        cache = response.get("Server-Timing")
        response["Server-Timing"] = f"{cache}, {timing}" if cache else timing
        return response

    return middleware


class SecurityHeaders(CSPMiddleware):
    """Sets `security.HEADERS`; django-csp makes the policy of the pages that have one of their own.

    It takes longer to than to look an answer up.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if any(name.startswith("_csp") for name in vars(response)):
            response = super().process_response(request, response)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response


def canonical_path(get_response: GetResponse) -> GetResponse:
    """Take a path with a trailing slash as the same path without it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if len(path) > 1 and path.endswith("/"):
            request.path_info = path[:-1]
            request.path = request.path.removesuffix("/")
        return get_response(request)

    return middleware
