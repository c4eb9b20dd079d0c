"""Middleware for all requests and responses."""

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
    """Sets `META["REQUEST_ID"]` of each request and `X-Request-ID` of its response.

    The id is the client's, if it sent a valid one, else a random one.
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
    """Removes a trailing slash, and the prefix `SCRIPT_NAME` if the proxy has not stripped it."""
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
    """Sends the same CORS headers to all clients, so that caches keep one copy of an answer.

    django-cors-headers sends them only if the request has an Origin, and adds `Vary: Origin`.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        request.META["HTTP_ORIGIN"] = "null"
        response = get_response(request)
        names = [name.strip() for name in response.get("Vary", "").split(",")]
        vary = ", ".join(name for name in names if name and name.lower() != "origin")
        if vary:
            response["Vary"] = vary
        else:
            del response["Vary"]
        return response

    return middleware


def permissions_policy(get_response: GetResponse) -> GetResponse:
    """Sets the header `Permissions-Policy`."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response["Permissions-Policy"] = settings.PERMISSIONS_POLICY
        return response

    return middleware


def operations(get_response: GetResponse) -> GetResponse:
    """Answers health checks and `/metrics` before the host and the scheme are checked.

    Load balancers and Prometheus use the IP address, which is not in ALLOWED_HOSTS.
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
    """Sets `Content-Length`, and removes the body of a response to `HEAD`."""

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
    """Compresses responses, except those served in ranges: ranges count uncompressed bytes."""

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        if response.has_header("Accept-Ranges"):
            return response
        return super().process_response(request, response)
