"""Conditional requests, and a cache of finished answers with the ETag as its key.

An answer is a pure function of the loaded dataset, the code and the canonical request. The ETag
is a digest of these three, so a cached answer never becomes wrong.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

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
from census.models import Dataset, DatasetMissing, Loaded

logger = logging.getLogger(__name__)

# After two seconds shared caches revalidate in the background. They serve stale answers while
# the service is down.
CACHE_CONTROL = "public, max-age=60, s-maxage=2, stale-while-revalidate=600, stale-if-error=86400"
VARY = "Accept, Accept-Encoding"
# nginx counts whole seconds, so it can keep an answer one second longer than s-maxage.
NGINX_SECONDS = "1"
_MAX_BODY = 64 * 1024  # bytes; a larger body is not cached


def _digest_of_code() -> str:
    """Returns a digest of the source code and templates."""
    digest = blake2b(digest_size=8)
    for package in ("adultapi", "census"):
        for path in sorted((Path(settings.BASE_DIR) / package).rglob("*")):
            if path.suffix in {".py", ".html"}:
                digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


CODE = _digest_of_code()


def _etag(request: HttpRequest, form: Canonical, dataset: Loaded) -> str:
    """Returns the digest of everything that an answer depends on, in hexadecimal."""
    # Few answers contain the host.
    origin = f"{request.scheme}://{request.get_host()}" if form.absolute else ""
    parts = (CODE, *dataset, settings.FORCE_SCRIPT_NAME, origin, *form)
    return blake2b("\n".join(map(str, parts)).encode(), digest_size=16).hexdigest()


class AnswerCache:
    """Middleware that answers conditional requests and caches finished answers."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        form = _canonical_request(request)
        if form is None:
            return _page_response(request, self._get_response(request))
        try:
            dataset = Dataset.objects.current()
        except (DatasetMissing, ProgrammingError):  # some answers need no dataset and no tables
            form.apply_to(request)
            return self._get_response(request)
        except Error as error:
            return problems.error_response(request, error)
        key = _etag(request, form, dataset)
        headers = {
            "ETag": f'"{key}"',
            "Last-Modified": http_date(dataset.timestamp),
            "Cache-Control": CACHE_CONTROL,
            "Vary": VARY,
            "X-Accel-Expires": NGINX_SECONDS,
        }
        response = _conditional(request, headers, dataset) or _cached(request, form, key, headers)
        if response:
            response.cache_result = "hit"
            return response
        form.apply_to(request)
        response = self._get_response(request)
        if response.status_code != 200 or response.has_header("Cache-Control"):
            return response
        if _dataset_of(response) != dataset:  # a load has committed meanwhile
            response["Cache-Control"] = "no-store"
            return response
        response = _store(request, key, headers, response)
        response.cache_result = "miss"
        return response


def _canonical_request(request: HttpRequest) -> Canonical | None:
    """Returns the canonical form of a request for data; None for any other request."""
    if request.method not in {"GET", "HEAD"}:
        return None
    meta = request.META
    return canonical(
        request.path_info, meta.get("QUERY_STRING", ""), meta.get("HTTP_ACCEPT", "*/*")
    )


def _page_response(request: HttpRequest, response: Any) -> Any:
    """Returns a page that caches revalidate each time, or 304 if the client's copy is current."""
    response.headers.setdefault("Cache-Control", "no-cache")
    if response.status_code != 200 or response.streaming or response.has_header("ETag"):
        return response
    set_response_etag(response)
    patch_vary_headers(response, ["Accept-Encoding"])
    conditional: Any = get_conditional_response(request, response.get("ETag"), response=response)
    conditional["Vary"] = response["Vary"]  # also on the 304
    return conditional


def _dataset_of(response: Any) -> Loaded | None:
    """Returns the dataset that an answer is of: the one it names, or the loaded one."""
    with suppress(Error, DatasetMissing):
        return getattr(response, "loaded", None) or Dataset.objects.current()
    return None


def _conditional(request: HttpRequest, headers: Mapping[str, str], dataset: Loaded) -> Any:
    """Returns 304 or 412 if a condition of the request calls for it; None otherwise."""
    response = get_conditional_response(request, headers["ETag"], dataset.timestamp)
    if response is None:
        return None
    if response.status_code == 412:
        detail = "The dataset or the service has changed: repeat the request without the condition."
        return problems.response(request, "precondition-failed", detail)
    return _with_headers(response, headers)


def _cached(request: HttpRequest, form: Canonical, key: str, headers: Mapping[str, str]) -> Any:
    """Returns the cached answer with this key; None if there is none."""
    if files.is_file(form.media_type):
        with suppress(FileNotFoundError, MissingFileError):  # old files are removed
            return files.respond(request, key, headers)
        return None
    with _log_cache_errors():
        if cached := cache.get(key):
            content, stored_headers = cached
            return HttpResponse(content, headers=stored_headers)
    return None


def _store(request: HttpRequest, key: str, headers: Mapping[str, str], response: Any) -> Any:
    """Stores an answer under `key` and returns it with the headers."""
    _with_headers(response, headers)
    if files.is_file(response["Content-Type"]):
        try:
            files.store(key, response)
            return files.respond(request, key, headers)
        except OSError as error:
            return problems.error_response(request, StorageUnavailable(str(error)))
    with _log_cache_errors():
        if len(response.content) <= _MAX_BODY:
            cache.set(key, (response.content, dict(response.items())))
    return response


def _with_headers(response: Any, headers: Mapping[str, str]) -> Any:
    for name, value in headers.items():
        response[name] = value
    return response


@contextmanager
def _log_cache_errors() -> Iterator[None]:
    """Logs errors of the cache: the service works without it."""
    try:
        yield
    except (RedisError, OSError) as error:
        logger.warning("The cache does not answer: %s", error)
