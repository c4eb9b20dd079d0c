"""Answers that repeat cost next to nothing.

An answer is a pure function of the loaded dataset, the code and the canonical request. So a
finished one is kept under a digest of the three, which is its ETag too, and never goes stale:
another dataset or other code makes other digests. It is kept only if it says itself that it is
of the dataset it would be kept under, or if no load came while it was computed.
"""

import gzip
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import cast

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.middleware.gzip import GZipMiddleware
from django.utils.http import http_date, parse_etags, parse_http_date_safe

from adultapi.loaded import Load, watch
from adultapi.memory import Headers, Kept, Memory, Variant
from adultapi.security import HEADERS, complete
from adultapi.shared import Shared
from census.api.canonical import LONGEST_REMEMBERED, Canonical, canonical

GetResponse = Callable[[HttpRequest], HttpResponse]

# The load of which a request of the service to itself is; clients' headers have other names.
LOAD = "adultapi.load"
METHODS = frozenset({"GET", "HEAD"})
# A browser or CDN asks again after a minute, and shows what it has while it does.
CACHE_CONTROL = "public, max-age=60, stale-while-revalidate=600"
VARY = "Accept, Accept-Encoding"

_CAPACITY = 64 * 1024 * 1024  # bytes of answers in the memory of a process
_LARGEST = 512 * 1024  # bytes of a body that is kept
_SMALLEST_COMPRESSED = 200
_COMPRESSIBLE = re.compile(r"text/|image/svg|application/([\w.+-]*json|vnd\.oai|javascript)")
_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))")
_VERSION = re.compile(r"[0-9a-f]{12}")


def _digest_of_code() -> str:
    """Return a digest of the source, by which answers are made."""
    digest = blake2b(digest_size=8)
    for package in ("adultapi", "census"):
        for path in sorted((Path(settings.BASE_DIR) / package).rglob("*")):
            if path.suffix in {".py", ".html"}:
                digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


memory = Memory(_CAPACITY)
_code = _digest_of_code()


def entity_tag(form: Canonical, load: Load, origin: str = "") -> str:
    """Return the strong ETag of what `form` asks for; `origin` where links name the host."""
    short = len(form.query) + len(form.path) + len(origin) <= LONGEST_REMEMBERED
    return (_remembered_tag if short else _tag)(form, load, origin)


def _tag(form: Canonical, load: Load, origin: str) -> str:
    what = "\n".join((_code, load.version, load.loaded_at.isoformat(), origin, *map(str, form)))
    return f'"{blake2b(what.encode(), digest_size=16).hexdigest()}"'


_remembered_tag = lru_cache(4096)(_tag)


def matching(sent: str, tag: str) -> str | None:
    """Return the one of the tags `sent` in If-None-Match that is `tag`, be it weak."""
    if sent in (tag, f"W/{tag}"):
        return sent
    return next((one for one in parse_etags(sent) if one.removeprefix("W/") == tag), None)


@lru_cache(64)
def last_modified(load: Load) -> str:
    return http_date(load.loaded_at.timestamp())


def not_modified_headers(tag: str, load: Load) -> Headers:
    """Return the headers of a 304 that a cache has use for, and a page of another origin."""
    return (
        *HEADERS.items(),
        ("ETag", tag),
        ("Last-Modified", last_modified(load)),
        ("Cache-Control", CACHE_CONTROL),
        ("Vary", VARY),
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Expose-Headers", "ETag, X-Request-ID, Server-Timing"),
    )


def variant(kept: Kept, accepted: str) -> Variant:
    """Return the form of the answer for an Accept-Encoding header."""
    plain, compressed = kept
    return compressed if compressed and accepted and _GZIP.search(accepted) else plain


class Caching:
    """Answer what was answered before, or is at the client already; keep what is new."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response
        self._gzip = GZipMiddleware(get_response)
        self._shared = Shared(caches["default"]) if settings.CACHE_URL else None
        self._at_work: dict[str, threading.Event] = {}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        form = _form(request)
        load = (request.META.get(LOAD) or watch.load()) if form else None
        if form is None or load is None:
            if form:
                form.impose(request)
            return self._uncached(request)
        host = request.get_host()  # an error where that is not allowed
        origin = f"{request.scheme}://{host}" if form.absolute else ""
        tag = entity_tag(form, load, origin)
        sent = request.META.get("HTTP_IF_NONE_MATCH")
        if sent and (echoed := matching(sent, tag)):
            return _not_modified(echoed, load)
        if kept := self._find(tag):
            return _sent(request, kept, load, "hit")
        with self._alone(tag):
            if kept := self._find(tag):
                return _sent(request, kept, load, "hit")
            form.impose(request)
            # Headers for other origins come by an origin: the answer is kept for all of them.
            request.META.setdefault("HTTP_ORIGIN", "null")
            return self._compute(request, form, load, origin)

    def _uncached(self, request: HttpRequest) -> HttpResponse:
        return self._compressed(request, self._get_response(request))

    def _compressed(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if not _COMPRESSIBLE.match(response.get("Content-Type", "")):
            return response
        return cast("HttpResponse", self._gzip.process_response(request, response))

    def _find(self, tag: str) -> Kept | None:
        kept = memory.get(tag)
        if kept is None and self._shared and (found := self._shared.get(tag)):
            kept = Kept(*(part and Variant(*part) for part in found))
            memory.set(tag, kept)
        return kept

    def _compute(
        self, request: HttpRequest, form: Canonical, load: Load, origin: str
    ) -> HttpResponse:
        response = self._get_response(request)
        if response.status_code != 200 or response.has_header("Cache-Control"):
            return self._compressed(request, response)
        confirmed = _confirmed(response, load)
        if confirmed is None:
            response["Cache-Control"] = "no-store"
            return self._compressed(request, response)
        if confirmed != load:
            watch.tell(confirmed)
        tag = entity_tag(form, confirmed, origin)
        response["ETag"] = tag
        response["Last-Modified"] = last_modified(confirmed)
        response["Cache-Control"] = CACHE_CONTROL
        response["Vary"] = VARY
        if response.streaming or len(response.content) > _LARGEST:
            response["Server-Timing"] = "cache;desc=miss"
            return self._compressed(request, response)
        kept = _kept(response)
        memory.set(tag, kept)
        if self._shared:
            self._shared.set(tag, tuple(part and tuple(part) for part in kept))
        return _sent(request, kept, confirmed, "miss", response)

    @contextmanager
    def _alone(self, tag: str) -> Iterator[None]:
        """Let the first do the work; the others wait until it is done, however it went."""
        mine = threading.Event()
        first = self._at_work.setdefault(tag, mine)
        if first is not mine:
            first.wait()
            yield
            return
        try:
            with self._shared.alone(tag) if self._shared else nullcontext():
                yield
        finally:
            del self._at_work[tag]
            mine.set()


def _form(request: HttpRequest) -> Canonical | None:
    if request.method not in METHODS:
        return None
    meta = request.META
    return canonical(
        request.path_info, meta.get("QUERY_STRING", ""), meta.get("HTTP_ACCEPT", "*/*")
    )


def _confirmed(response: HttpResponse, load: Load) -> Load | None:
    """Return the load that an answer is of, if it is `load` or the one that came meanwhile."""
    stated = getattr(response, "dataset", None)
    if stated is None and isinstance(data := getattr(response, "data", None), Mapping):
        stated = data.get("dataset")
    # The API's root has a link of that name.
    if isinstance(stated, str) and _VERSION.fullmatch(stated):
        if stated == load.version:
            return load
        latest = watch.ask()
        return latest if latest and latest.version == stated else None
    return load if watch.ask() == load else None


def _kept(response: HttpResponse) -> Kept:
    body = response.content
    response["Content-Length"] = str(len(body))
    plain = Variant(tuple(complete(response.items())), body)
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


def _sent(
    request: HttpRequest,
    kept: Kept,
    load: Load,
    outcome: str,
    plain: HttpResponse | None = None,
) -> HttpResponse:
    """Return what is kept in the form the client takes; `plain` is that as it was made, if so."""
    chosen = variant(kept, request.META.get("HTTP_ACCEPT_ENCODING", ""))
    if _unchanged(request, load):
        return _not_modified(dict(chosen.headers)["ETag"], load)
    response = plain if chosen is kept.plain else None
    if response is None:
        response = HttpResponse(chosen.body, headers=dict(chosen.headers))
    if request.method == "HEAD":
        response.content = b""
    response["Server-Timing"] = f"cache;desc={outcome}"
    return response


def _unchanged(request: HttpRequest, load: Load) -> bool:
    """Judge what the tags have left open: `If-None-Match: *`, or a date in its place."""
    tags, since = (request.META.get(f"HTTP_IF_{name}") for name in ("NONE_MATCH", "MODIFIED_SINCE"))
    if tags:
        return tags.strip() == "*"
    date = parse_http_date_safe(since) if since else None
    return date is not None and int(load.loaded_at.timestamp()) <= date


def _not_modified(tag: str, load: Load) -> HttpResponse:
    response = HttpResponse(status=304, headers=dict(not_modified_headers(tag, load)))
    del response["Content-Type"]
    response["Server-Timing"] = "cache;desc=hit"
    return response
