"""Answers that repeat cost little: conditional requests, and finished answers kept by ETag.

An answer is a pure function of the loaded dataset, the code and the canonical request. Their
digest is its ETag and the key under which it is kept, so nothing kept ever becomes wrong.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.core.cache import cache
from django.db import Error, ProgrammingError
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_vary_headers, set_response_etag
from django.utils.http import http_date
from redis.exceptions import RedisError
from whitenoise.responders import MissingFileError

from adultapi import files, problems
from census.api.canonical import Canonical, canonical
from census.api.exports import StorageUnavailable
from census.models import Dataset

logger = logging.getLogger(__name__)

# Shared caches ask again after two seconds in the background, and serve what they have while
# the service is away.
CACHE_CONTROL = "public, max-age=60, s-maxage=2, stale-while-revalidate=600, stale-if-error=86400"
VARY = "Accept, Accept-Encoding"
# nginx counts whole seconds, and would keep an answer for up to one more than s-maxage says.
NGINX_SECONDS = "1"
_LARGEST = 64 * 1024  # bytes of a body that the cache keeps


def _digest_of_code() -> str:
    """Returns a digest of the source that makes the answers."""
    digest = blake2b(digest_size=8)
    for package in ("adultapi", "census"):
        for path in sorted((Path(settings.BASE_DIR) / package).rglob("*")):
            if path.suffix in {".py", ".html"}:
                digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


CODE = _digest_of_code()


class Loaded(NamedTuple):
    """The dataset that is loaded: its version, and when it was loaded."""

    version: str
    loaded_at: datetime

    @classmethod
    def now(cls) -> "Loaded | None":
        # There is one row at most. `first` would take twice the time, for every request.
        rows = Dataset.objects.values_list("version", "loaded_at")
        return next((cls(*row) for row in rows), None)

    @property
    def timestamp(self) -> int:
        return int(self.loaded_at.timestamp())


def _key(request: HttpRequest, question: Canonical, dataset: Loaded) -> str:
    """Returns the digest of all that an answer depends on."""
    # Few answers name the host.
    origin = f"{request.scheme}://{request.get_host()}" if question.absolute else ""
    parts = (CODE, *dataset, settings.FORCE_SCRIPT_NAME, origin, *question)
    return blake2b("\n".join(map(str, parts)).encode(), digest_size=16).hexdigest()


class AnswerCache:
    """Middleware: answers 304 and 412, sends what is kept, and keeps what is new."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        question = _question(request)
        if question is None:
            return _page(request, self._get_response(request))
        try:
            dataset = Loaded.now()
        except ProgrammingError:  # there are no tables, which not every answer needs
            dataset = None
        except Error as error:
            return problems.of_error(request, error)
        if dataset is None:
            question.impose(request)
            return self._get_response(request)
        key = _key(request, question, dataset)
        headers = {
            "ETag": f'"{key}"',
            "Last-Modified": http_date(dataset.timestamp),
            "Cache-Control": CACHE_CONTROL,
            "Vary": VARY,
            "X-Accel-Expires": NGINX_SECONDS,
        }
        found = _conditional(request, headers, dataset) or _kept(request, question, key, headers)
        if found:
            found.cache_result = "hit"
            return found
        question.impose(request)
        response = self._get_response(request)
        if response.status_code != 200 or response.has_header("Cache-Control"):
            return response
        if _changed(dataset):  # the answer is right, but may be of either version
            response["Cache-Control"] = "no-store"
            return response
        response = _keep(request, key, headers, response)
        response.cache_result = "miss"
        return response


def _question(request: HttpRequest) -> Canonical | None:
    """Returns the canonical form of a request for data; None for all others."""
    if request.method not in {"GET", "HEAD"}:
        return None
    meta = request.META
    return canonical(
        request.path_info, meta.get("QUERY_STRING", ""), meta.get("HTTP_ACCEPT", "*/*")
    )


def _page(request: HttpRequest, response: Any) -> Any:
    """Returns a page that caches ask about each time, or 304 if it is the one they have."""
    response.headers.setdefault("Cache-Control", "no-cache")
    if response.status_code != 200 or response.streaming or response.has_header("ETag"):
        return response
    set_response_etag(response)
    patch_vary_headers(response, ["Accept-Encoding"])  # on the 304, too
    found: Any = get_conditional_response(request, response.get("ETag"), response=response)
    found["Vary"] = response["Vary"]
    return found


def _changed(dataset: Loaded) -> bool:
    try:
        return Loaded.now() != dataset
    except Error:
        return True


def _conditional(request: HttpRequest, headers: Mapping[str, str], dataset: Loaded) -> Any:
    """Returns the 304 or 412 that the request's conditions ask for; None if they ask for 200."""
    response = get_conditional_response(request, headers["ETag"], dataset.timestamp)
    if response is None:
        return None
    if response.status_code == 412:
        detail = "The dataset or the service has changed since: ask again without the condition."
        return problems.response(request, "precondition-failed", detail)
    return _with_headers(response, headers)


def _kept(request: HttpRequest, question: Canonical, key: str, headers: Mapping[str, str]) -> Any:
    """Returns the answer kept under `key`; None if there is none."""
    if files.is_file(question.media_type):
        with suppress(FileNotFoundError, MissingFileError):  # files are removed to make room
            return files.respond(request, key, headers)
        return None
    with _cache_may_be_away():
        if kept := cache.get(key):
            return HttpResponse(kept[0], headers=kept[1])
    return None


def _keep(request: HttpRequest, key: str, headers: Mapping[str, str], response: Any) -> Any:
    """Keeps an answer under `key` and returns it, with the headers."""
    _with_headers(response, headers)
    if files.is_file(response["Content-Type"]):
        try:
            files.keep(key, response)
            return files.respond(request, key, headers)
        except OSError as error:
            return problems.of_error(request, StorageUnavailable(str(error)))
    with _cache_may_be_away():
        if len(response.content) <= _LARGEST:
            cache.set(key, (response.content, dict(response.items())))
    return response


def _with_headers(response: Any, headers: Mapping[str, str]) -> Any:
    for name, value in headers.items():
        response[name] = value
    return response


@contextmanager
def _cache_may_be_away() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        logger.warning("The cache is away: %s", error)
