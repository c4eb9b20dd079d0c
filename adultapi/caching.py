"""Answers that repeat cost next to nothing.

An answer is a pure function of the loaded dataset, the code and the canonical request. So a
finished one is kept under a digest of the three, which is its ETag too, and never goes stale:
another dataset or other code makes other digests. It is kept only if it says itself that it is
of the dataset it would be kept under, or if no load came while it was computed.
"""

import gzip
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.middleware.gzip import GZipMiddleware
from django.utils.http import http_date, parse_etags, parse_http_date_safe

from adultapi.loaded import Load, watch
from adultapi.shared import Shared
from census.api.canonical import Canonical, canonical

GetResponse = Callable[[HttpRequest], HttpResponse]
Headers = tuple[tuple[str, str], ...]

# A browser or CDN asks again after a minute, and shows what it has while it does.
CACHE_CONTROL = "public, max-age=60, stale-while-revalidate=600"
VARY = "Accept, Accept-Encoding"
_LARGEST = 256 * 1024  # bytes of a body that is kept
_SMALLEST_COMPRESSED = 200
_COMPRESSIBLE = re.compile(r"text/|image/svg|application/([\w.+-]*json|vnd\.oai|javascript)")
_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))")
_VERSION = re.compile(r"[0-9a-f]{12}")
_NOT_MODIFIED = (
    "Last-Modified",
    "Access-Control-Allow-Origin",
    "Access-Control-Expose-Headers",
)


class Variant(NamedTuple):
    """A body as it is sent, and its headers."""

    headers: Headers
    body: bytes


class Kept(NamedTuple):
    """A finished answer, plain and (where that is shorter) compressed."""

    plain: Variant
    compressed: Variant | None


def _digest_of_code() -> str:
    """Return a digest of the source: what answers are made by."""
    digest = blake2b(digest_size=8)
    for package in ("adultapi", "census"):
        for path in sorted((Path(settings.BASE_DIR) / package).rglob("*")):
            if path.suffix in {".py", ".html"}:
                digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


CODE = _digest_of_code()


@lru_cache(4096)
def entity_tag(form: Canonical, load: Load) -> str:
    """Return the strong ETag of what `form` asks for."""
    what = "\n".join((CODE, load.version, load.loaded_at.isoformat(), *form))
    return f'"{blake2b(what.encode(), digest_size=16).hexdigest()}"'


class Caching:
    """Answer what was answered before, or is at the client already; keep what is new."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response
        self._gzip = GZipMiddleware(get_response)
        # Both stores may be used by any thread. What is in them is never changed.
        self._near = caches["answers"]
        self._far = Shared(caches["default"]) if settings.CACHE_URL else None
        self._flights: dict[str, threading.Event] = {}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in {"GET", "HEAD"}:
            return self._get_response(request)
        meta = request.META
        form = canonical(
            request.path_info, meta.get("QUERY_STRING", ""), meta.get("HTTP_ACCEPT", "*/*")
        )
        if form is None:
            return self._compressed(request, self._get_response(request))
        load = watch.load()
        if load is None:
            form.impose(request)
            return self._compressed(request, self._get_response(request))
        tag = entity_tag(form, load)
        sent = meta.get("HTTP_IF_NONE_MATCH")
        if sent and (echoed := _matching(sent, tag)):
            return _not_modified(echoed, load)
        kept = self._find(tag)
        if kept is None:
            return self._compute(request, form, load, tag)
        return _sent(request, kept, "hit")

    def _find(self, tag: str) -> Kept | None:
        kept = self._near.get(tag)
        if kept is None and self._far:
            kept = self._far.get(tag)
            if kept is not None:
                self._near.set(tag, kept)
        return kept

    def _compute(
        self, request: HttpRequest, form: Canonical, load: Load, tag: str
    ) -> HttpResponse:
        with self._alone(tag):
            if kept := self._find(tag):  # another was at it
                return _sent(request, kept, "hit")
            form.impose(request)
            # Cross-origin headers come by an origin: the answer is kept for all of them.
            request.META.setdefault("HTTP_ORIGIN", "null")
            response = self._get_response(request)
            if response.status_code != 200 or "no-store" in response.get("Cache-Control", ""):
                return self._compressed(request, response)
            confirmed = _confirmed(response, load)
            if confirmed is None:
                response["Cache-Control"] = "no-store"
                return self._compressed(request, response)
            tag = entity_tag(form, confirmed)
            response["ETag"] = tag
            response["Last-Modified"] = http_date(confirmed.loaded_at.timestamp())
            response["Cache-Control"] = CACHE_CONTROL
            response["Vary"] = VARY
            if response.streaming or len(response.content) > _LARGEST:
                response["Server-Timing"] = "cache;desc=miss"
                return self._compressed(request, response)
            kept = _kept(response)
            self._near.set(tag, kept)
            if self._far:
                self._far.set(tag, kept)
        return _sent(request, kept, "miss")

    @contextmanager
    def _alone(self, tag: str) -> Iterator[None]:
        """Let the first do the work; the others wait until it is done, however it went."""
        mine = threading.Event()
        first = self._flights.setdefault(tag, mine)
        if first is not mine:
            first.wait()
            yield
            return
        try:
            if self._far:
                with self._far.alone(tag):
                    yield
            else:
                yield
        finally:
            del self._flights[tag]
            mine.set()

    def _compressed(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if not _COMPRESSIBLE.match(response.get("Content-Type", "")):
            return response
        return self._gzip.process_response(request, response)  # type: ignore[return-value]


def _confirmed(response: HttpResponse, load: Load) -> Load | None:
    """Return the load that an answer is of, if it is `load` or the one that came meanwhile."""
    data = getattr(response, "data", None)
    stated = data.get("dataset") if isinstance(data, Mapping) else None
    if isinstance(stated, str) and _VERSION.fullmatch(stated):
        if stated == load.version:
            return load
        latest = watch.ask()
        return latest if latest and latest.version == stated else None
    return load if watch.ask() == load else None


def _kept(response: HttpResponse) -> Kept:
    body = response.content
    response["Content-Length"] = str(len(body))
    plain = Variant(tuple(response.items()), body)
    if len(body) < _SMALLEST_COMPRESSED or not _COMPRESSIBLE.match(response["Content-Type"]):
        return Kept(plain, None)
    smaller = gzip.compress(body, 6, mtime=0)
    if len(smaller) >= len(body):
        return Kept(plain, None)
    headers = dict(plain.headers) | {
        "ETag": f"W/{response['ETag']}",
        "Content-Encoding": "gzip",
        "Content-Length": str(len(smaller)),
    }
    return Kept(plain, Variant(tuple(headers.items()), smaller))


def _sent(request: HttpRequest, kept: Kept, outcome: str) -> HttpResponse:
    accepted = request.META.get("HTTP_ACCEPT_ENCODING", "")
    variant = kept[0]
    if kept[1] is not None and accepted and _GZIP.search(accepted):
        variant = kept[1]
    headers, body = variant
    response = HttpResponse(b"" if request.method == "HEAD" else body)
    for name, value in headers:
        response.headers[name] = value
    response.headers["Server-Timing"] = f"cache;desc={outcome}"
    return response


def _matching(sent: str, tag: str) -> str | None:
    """Return the tag among those `sent` that is `tag`, strong or weak."""
    if sent in (tag, f"W/{tag}"):
        return sent
    return next((one for one in parse_etags(sent) if one.removeprefix("W/") == tag), None)


def _not_modified(tag: str, load: Load) -> HttpResponse:
    response = HttpResponse(status=304)
    del response.headers["Content-Type"]
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = CACHE_CONTROL
    response.headers["Vary"] = VARY
    response.headers["Last-Modified"] = http_date(load.loaded_at.timestamp())
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Server-Timing"] = "cache;desc=hit"
    return response
