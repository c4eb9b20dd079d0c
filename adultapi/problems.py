"""Turns exceptions into problem documents (RFC 9457)."""

import logging
import sys
from collections.abc import Callable
from typing import Any

from django.core.exceptions import DisallowedHost, PermissionDenied, SuspiciousOperation
from django.db import DatabaseError, InterfaceError, OperationalError, ProgrammingError
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    JsonResponse,
)
from django.shortcuts import render
from django.urls import reverse
from psycopg.errors import LockNotAvailable, QueryCanceled, UndefinedTable
from rest_framework.exceptions import APIException, MethodNotAllowed, NotAcceptable
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import set_rollback

from census.api.problems import PROBLEMS, Problem
from census.models import DatasetMissing
from census.statistics.metrics.base import InvalidCombination

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5


def requested_url(request: HttpRequest | Request) -> str:
    """Returns the path and query as the client sent them."""
    return str(request.META.get("REQUESTED_URL") or request.get_full_path())


def document(problem: Problem, instance: str, detail: str, **extra: Any) -> dict[str, Any]:
    """Returns the members of a problem document, in the order of RFC 9457."""
    return {
        "type": reverse("problem", args=[problem.slug]),
        "title": problem.title,
        "status": problem.status,
        "detail": detail,
        "instance": instance,
        **extra,
    }


class ProblemRenderer(JSONRenderer):
    media_type = MEDIA_TYPE
    charset = None


def classify(error: Exception) -> tuple[Problem, str] | None:
    """Returns the problem type and the detail of an exception; None for an internal error."""
    slug, detail = _request_problem(error) or _database_problem(error) or (None, "")
    return (PROBLEMS[slug], detail) if slug else None


def _request_problem(error: Exception) -> tuple[str, str] | None:
    match error:
        case Http404():
            return "not-found", str(error.args[0]) if error.args else "There is nothing here."
        case MethodNotAllowed():
            return "method-not-allowed", f"{error.detail} The data is read-only."
        case NotAcceptable():
            return "not-acceptable", str(error.detail)
        case APIException():
            slug = error.default_code if error.default_code in PROBLEMS else "bad-request"
            return slug, str(error.detail)
        case PermissionDenied() | SuspiciousOperation():
            return "bad-request", "The request could not be read."
        case InvalidCombination():
            return "bad-parameter", str(error)
        case _:
            return None


def _database_problem(error: Exception) -> tuple[str, str] | None:
    match error:
        case DatasetMissing():
            return "dataset-missing", str(error)
        case ProgrammingError() if isinstance(error.__cause__, UndefinedTable):
            detail = "The database has no tables: run `manage.py migrate`, then `load_adult`."
            return "dataset-missing", detail
        case OperationalError() if isinstance(error.__cause__, QueryCanceled | LockNotAvailable):
            return "timeout", "The database stopped the statement at its time limit."
        case OperationalError() | InterfaceError():
            return "database-unavailable", "The database does not answer."
        case _:
            return None


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Returns the response to an exception of a view. This is DRF's `EXCEPTION_HANDLER`.

    The problem is JSON whatever format the request names, except on a browsable page.
    """
    classified = classify(error)
    if classified is None:
        return None
    problem, detail = classified
    set_rollback()
    _log_database_error(problem, error)
    request = context["request"]
    renderer = getattr(request, "accepted_renderer", None)
    if renderer is None:  # there is no such format
        return response(request, problem.slug, detail, **_errors(error))  # type: ignore[return-value]
    if renderer.format != "api":
        request.accepted_renderer, request.accepted_media_type = ProblemRenderer(), MEDIA_TYPE
    body = document(problem, requested_url(request), detail, **_errors(error))
    return Response(body, status=problem.status, headers=_headers(problem))


class Problems:
    """Middleware that answers exceptions outside of DRF's views, such as a failed BEGIN."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        original = self._get_response(request)
        if not isinstance(original, HttpResponseNotAllowed):
            return original
        detail = f'Method "{request.method}" not allowed. The data is read-only.'
        refusal = response(request, "method-not-allowed", detail)
        refusal["Allow"] = original["Allow"]
        return refusal

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return error_response(request, error) if classify(error) else None


def error_response(request: HttpRequest, error: Exception) -> HttpResponse:
    """Returns the response to an exception outside of a view; raises an internal error again."""
    classified = classify(error)
    if classified is None:
        raise error
    problem, detail = classified
    _log_database_error(problem, error)
    return response(request, problem.slug, detail, **_errors(error))


def response(request: HttpRequest, slug: str, detail: str, **extra: Any) -> HttpResponse:
    """Returns a problem as a page for a browser, or as a problem document for a program."""
    problem = PROBLEMS[slug]
    body = document(problem, requested_url(request), detail, **extra)
    if request.get_preferred_type([MEDIA_TYPE, "text/html"]) == "text/html":
        answer = render(request, "problem.html", {"problem": problem, "body": body})
        answer.status_code = problem.status
    else:
        answer = JsonResponse(body, status=problem.status, content_type=MEDIA_TYPE)
    for name, value in _headers(problem).items():
        answer[name] = value
    return answer


def _errors(error: Exception) -> dict[str, Any]:
    return {"errors": error.errors} if hasattr(error, "errors") else {}


def _headers(problem: Problem) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if problem.status == 503:
        headers["Retry-After"] = str(RETRY_SECONDS)
    return headers


def _log_database_error(problem: Problem, error: Exception) -> None:
    if isinstance(error, DatabaseError | InterfaceError):
        logger.warning("%s: %s", problem.title, str(error).strip())


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    detail = "The request could not be read."
    if isinstance(exception, DisallowedHost):
        host = request.META.get("HTTP_HOST", "")[:200]
        detail = f"The host {host!r} is not allowed: it is not in ALLOWED_HOSTS."
        logger.warning("%s", detail)
    return response(request, "bad-request", detail)


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    detail = f"There is nothing at {request.path[:200]}. The API begins at /v1, its docs at /docs."
    return response(request, "not-found", detail)


def handler500(request: HttpRequest) -> HttpResponse:
    """Logs an internal error and returns the response. Django calls it in its `except` block."""
    fields = {
        "url": requested_url(request)[:1000],
        "request_id": request.META.get("REQUEST_ID"),
    }
    logger.error("Internal error", exc_info=sys.exc_info(), extra=fields)
    return response(request, "internal-error", "The service failed; the error was logged.")
