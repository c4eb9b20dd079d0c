"""What happens to every request and every answer."""

import re
import secrets
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.gzip import GZipMiddleware

from adultapi.monitoring.health import healthz, readyz, startupz
from adultapi.monitoring.metrics import metrics

GetResponse = Callable[[HttpRequest], HttpResponse]

_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}", re.ASCII)


def request_id(get_response: GetResponse) -> GetResponse:
    """Gives each request an id, as `META["REQUEST_ID"]` and `X-Request-ID` of its answer.

    A sane id that the client sent is kept.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        sent = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = sent if _SANE_REQUEST_ID.fullmatch(sent) else secrets.token_hex(16)
        request.META["REQUEST_ID"] = request_id
        response = get_response(request)
        response["X-Request-ID"] = request_id
        return response

    return middleware


def canonical_path(get_response: GetResponse) -> GetResponse:
    """Removes the prefix `SCRIPT_NAME`, if the proxy passes it on, and a trailing slash."""
    prefix = (settings.FORCE_SCRIPT_NAME or "").rstrip("/")

    def middleware(request: HttpRequest) -> HttpResponse:
        request.META["REQUESTED_URL"] = request.get_full_path()
        path = request.path_info
        if prefix and (path == prefix or path.startswith(f"{prefix}/")):
            path = path.removeprefix(prefix) or "/"
            request.META["REQUESTED_URL"] = request.get_full_path().removeprefix(prefix)
        if len(path) > 1 and path.endswith("/"):
            path = path[:-1]
        request.path_info = path
        request.path = f"{prefix}{path}"
        return get_response(request)

    return middleware


def any_origin(get_response: GetResponse) -> GetResponse:
    """Makes every answer the same for all origins, so that caches keep one copy.

    django-cors-headers answers only requests that have an Origin, and varies by it.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        request.META["HTTP_ORIGIN"] = "null"
        response = get_response(request)
        names = [name.strip() for name in response.get("Vary", "").split(",")]
        kept = ", ".join(name for name in names if name and name.lower() != "origin")
        if kept:
            response["Vary"] = kept
        else:
            del response["Vary"]
        return response

    return middleware


def permissions_policy(get_response: GetResponse) -> GetResponse:
    """Sets `Permissions-Policy`: the pages need none of these."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response["Permissions-Policy"] = settings.PERMISSIONS_POLICY
        return response

    return middleware


def operations(get_response: GetResponse) -> GetResponse:
    """Answers health checks and `/metrics` before anything looks at the host or the scheme.

    Load balancers and Prometheus ask by address, which is not in ALLOWED_HOSTS.
    """
    views: dict[str, Any] = {
        "/healthz": healthz,
        "/readyz": readyz,
        "/startupz": startupz,
        "/metrics": metrics,
    }

    def middleware(request: HttpRequest) -> HttpResponse:
        view = views.get(request.path_info)
        return view(request) if view else get_response(request)

    return middleware


def length(get_response: GetResponse) -> GetResponse:
    """Sets `Content-Length`, and answers `HEAD` with the headers of `GET` and no body."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code == 304:
            del response["Content-Length"]
        elif not response.streaming:
            response.headers.setdefault("Content-Length", str(len(response.content)))
        if request.method == "HEAD" and not response.streaming:
            response.content = b""
        return response

    return middleware


class Compression(GZipMiddleware):
    """Compresses answers, except those served in ranges: their length must stay as announced."""

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        if response.has_header("Accept-Ranges"):
            return response
        return super().process_response(request, response)
