"""The way in: what is known goes out before Django makes a request of it."""

import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from adultapi import caching, throttling
from adultapi.loaded import watch
from adultapi.middleware import identifier
from adultapi.security import Application, strict
from census.api.canonical import canonical

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
StartResponse = Callable[..., Callable[[bytes], object]]
Known = tuple[str, Headers, bytes]
_FOUND = "adultapi.found"


class Front:
    """WSGI: answers as `caching.Caching` would, for a third of the time, or asks `handler`.

    It takes only what is beyond doubt: the dataset was looked at lately, the host is allowed,
    the answer is in this process's memory or, by its ETag, at the client.
    """

    def __init__(self, handler: Application) -> None:
        self._handler = handler

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start = time.perf_counter()
        found: Known | None = environ.pop(_FOUND, None) or _known(environ)
        if found is None:
            return self._handler(environ, start_response)
        status, headers, body = found
        if verdict := throttling.judge(environ):
            if verdict.wait:
                return self._handler(environ | {throttling.VERDICT: verdict}, start_response)
            headers += verdict.headers
        total = (time.perf_counter() - start) * 1000
        headers.append(("X-Request-ID", identifier(environ)))
        headers.append(("Server-Timing", f"cache;desc=hit, db;dur=0, total;dur={total:.2f}"))
        start_response(status, headers + strict(environ))
        return () if environ["REQUEST_METHOD"] == "HEAD" else (body,)


def prepare(environ: Environ) -> bool:
    """Look for the answer; return whether it can be given without waiting for anything."""
    waits = settings.RATE_LIMIT and settings.CACHE_URL  # for the count of all processes
    found = None if waits else _known(environ)
    environ[_FOUND] = found
    return found is not None


def _known(environ: Environ) -> Known | None:
    path = environ["PATH_INFO"]
    load = watch.fresh()
    if (
        load is None
        or environ["REQUEST_METHOD"] not in caching.METHODS
        or not path.isascii()  # Django has its own way with others
        or not _allowed(environ.get("HTTP_HOST", ""))
        or (settings.SECURE_PROXY and not strict(environ))  # which is redirected
    ):
        return None
    form = canonical(path, environ["QUERY_STRING"], environ.get("HTTP_ACCEPT", "*/*"))
    if form is None or form.absolute:
        return None
    tag = caching.entity_tag(form, load)
    if (sent := environ.get("HTTP_IF_NONE_MATCH")) and (echoed := caching.matching(sent, tag)):
        return "304 Not Modified", [*caching.not_modified_headers(echoed, load)], b""
    kept = caching.memory.get(tag)
    if kept is None or sent == "*" or "HTTP_IF_MODIFIED_SINCE" in environ:
        return None
    headers, body = caching.variant(kept, environ.get("HTTP_ACCEPT_ENCODING", ""))
    return "200 OK", [*headers], body


@lru_cache(256)
def _allowed(host: str) -> bool:
    domain, _port = split_domain_port(host)
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)
