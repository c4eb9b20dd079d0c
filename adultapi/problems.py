"""Errors as RFC 9457 problem documents, and the pages that explain them."""

import logging
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import DatabaseError, InterfaceError, OperationalError, ProgrammingError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from psycopg.errors import LockNotAvailable, QueryCanceled, UndefinedTable
from rest_framework.exceptions import APIException, MethodNotAllowed, NotAcceptable, Throttled
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from census.statistics.metrics.base import Unfit
from census.statistics.snapshot import DatasetChanged, DatasetMissing

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5


@dataclass(frozen=True)
class Problem:
    """A kind of error: its slug is the last part of its `type`."""

    slug: str
    status: int
    title: str
    explanation: str


PROBLEMS: Mapping[str, Problem] = {
    problem.slug: problem
    for problem in (
        Problem(
            "bad-parameter",
            400,
            "A parameter cannot be taken",
            "A query parameter is unknown, is given twice, or has a value that it does not take; "
            "or the metric does not apply to the column. Nothing was computed: ignoring what is "
            "not understood would give a wrong number. `errors` names each culprit, what is "
            "allowed in its place, and what was likely meant.",
        ),
        Problem(
            "bad-request",
            400,
            "The request is malformed",
            "The request as a whole could not be read: its URL, its host or its headers.",
        ),
        Problem(
            "not-found",
            404,
            "There is nothing at this address",
            "The path names a metric, a column, a record or a page that does not exist. For "
            "metrics and columns `errors` names those there are.",
        ),
        Problem(
            "method-not-allowed",
            405,
            "The method is not allowed",
            "The data is read-only: use GET, HEAD or OPTIONS.",
        ),
        Problem(
            "not-acceptable",
            406,
            "The representation does not exist",
            "What the Accept header or `?format=` asks for is not offered at this address; "
            "`detail` lists the formats that are.",
        ),
        Problem(
            "uri-too-long",
            414,
            "The URL is too long",
            "The request line is longer than 8,190 bytes. A list of values can be shorter as its "
            "opposite: `__not_in` for `__in`.",
        ),
        Problem(
            "too-many-requests",
            429,
            "Too many requests",
            "The limit of requests for one client is reached; Retry-After says in how many "
            "seconds the next will be answered.",
        ),
        Problem(
            "headers-too-large",
            431,
            "The headers are too large",
            "There are more than 100 header fields, one is longer than 8,190 bytes, or all "
            "together are longer than 64 KiB.",
        ),
        Problem(
            "internal-error",
            500,
            "The service failed",
            "This is a fault of the service. It was logged under the X-Request-ID of the answer; "
            "please report it with that.",
        ),
        Problem(
            "database-unavailable",
            503,
            "The database is away",
            "The service cannot reach its database. Try again after Retry-After seconds.",
        ),
        Problem(
            "dataset-missing",
            503,
            "No dataset is loaded",
            "The database is there and empty. Whoever runs the service loads the dataset with "
            "`manage.py load_adult`.",
        ),
        Problem(
            "overloaded",
            503,
            "There is too much to do",
            "No thread came round to the request for as long as the service lets one wait: there "
            "are more requests than it can answer. Nothing was computed. Try again after "
            "Retry-After seconds.",
        ),
        Problem(
            "too-many-downloads",
            503,
            "Too many files are being downloaded",
            "As many files of records are sent as the service sends at once. Try again after "
            "Retry-After seconds.",
        ),
        Problem(
            "timeout",
            503,
            "The computation took too long",
            "The statement was stopped at the service's time limit. Ask for fewer rows or groups, "
            "or try again after Retry-After seconds.",
        ),
    )
}


def asked_url(request: HttpRequest | Request) -> str:
    """Return the path and query as they were sent, whatever was made of them since."""
    return str(request.META.get("ASKED_URL") or request.get_full_path())


def document(problem: Problem, instance: str, detail: str, **extra: Any) -> dict[str, Any]:
    """Return the members of a problem document, in the order of RFC 9457."""
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
    """Return the problem that an exception is, and its detail; None for a fault of our own."""
    found = _of_request(error) or _of_database(error)
    return (PROBLEMS[found[0]], found[1]) if found else None


def _of_request(error: Exception) -> tuple[str, str] | None:
    match error:
        case Http404():
            return "not-found", str(error.args[0]) if error.args else "There is nothing here."
        case MethodNotAllowed():
            return "method-not-allowed", f"{error.detail} The data is read-only."
        case NotAcceptable():
            return "not-acceptable", str(error.detail)
        case Throttled():
            return "too-many-requests", str(error.detail)
        case APIException():
            slug = error.default_code if error.default_code in PROBLEMS else "bad-request"
            return slug, str(error.detail)
        case PermissionDenied() | SuspiciousOperation():
            return "bad-request", "The request could not be read."
        case Unfit():
            return "bad-parameter", str(error)
        case _:
            return None


def _of_database(error: Exception) -> tuple[str, str] | None:
    match error:
        case DatasetMissing():
            return "dataset-missing", "No dataset is loaded: run `manage.py load_adult`."
        case ProgrammingError() if isinstance(error.__cause__, UndefinedTable):
            detail = "The database has no tables: run `manage.py migrate`, then `load_adult`."
            return "dataset-missing", detail
        case OperationalError() if isinstance(error.__cause__, QueryCanceled | LockNotAvailable):
            return "timeout", "The database stopped the statement at its time limit."
        case OperationalError() | InterfaceError() | DatasetChanged():
            return "database-unavailable", "The database does not answer."
        case _:
            return None


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an exception of a view: DRF's `EXCEPTION_HANDLER`.

    The problem is rendered as JSON whatever was asked for, except on a browsable page.
    """
    found = classify(error)
    if found is None:
        return None
    problem, detail = found
    request = context["request"]
    if isinstance(error, DatabaseError):
        logger.warning("%s: %s", problem.title, error)
    extra = {"errors": error.errors} if hasattr(error, "errors") else {}
    headers = _headers(problem, error)
    renderer = getattr(request, "accepted_renderer", None)
    if renderer is None or renderer.format != "api":
        request.accepted_renderer, request.accepted_media_type = ProblemRenderer(), MEDIA_TYPE
    body = document(problem, asked_url(request), detail, **extra)
    return Response(body, status=problem.status, headers=headers)


def _headers(problem: Problem, error: Exception) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if problem.status == 503:
        headers["Retry-After"] = str(RETRY_SECONDS)
    if wait := getattr(error, "wait", None):  # of Throttled
        headers["Retry-After"] = str(math.ceil(wait))
    return headers


def response(request: HttpRequest, slug: str, detail: str) -> HttpResponse:
    """Answer outside of a view: a page for a browser, a problem document for a program."""
    problem = PROBLEMS[slug]
    body = document(problem, asked_url(request), detail)
    if request.get_preferred_type([MEDIA_TYPE, "text/html"]) == "text/html":
        answer = render(request, "problem.html", {"problem": problem, "body": body})
        answer.status_code = problem.status
    else:
        answer = JsonResponse(body, status=problem.status, content_type=MEDIA_TYPE)
    answer["Cache-Control"] = "no-store"
    return answer


def read_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Refuse every method but GET and HEAD by a problem document, as DRF's views do."""

    @wraps(view)
    def safe(request: HttpRequest, *arguments: Any, **names: Any) -> HttpResponse:
        if request.method in {"GET", "HEAD"}:
            return view(request, *arguments, **names)
        detail = f'Method "{request.method}" not allowed. Nothing can be changed here.'
        answer = response(request, "method-not-allowed", detail)
        answer["Allow"] = "GET, HEAD"
        return answer

    return safe


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    return response(request, "bad-request", "The request could not be read.")


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    detail = f"There is nothing at {request.path[:200]}. The API begins at /v1, its docs at /docs."
    return response(request, "not-found", detail)


def handler500(request: HttpRequest) -> HttpResponse:
    """Answer a fault of our own, and log it: Django calls this while it handles the exception."""
    about = {"url": asked_url(request)[:1000], "request_id": request.META.get("REQUEST_ID")}
    logger.error("A fault of the service", exc_info=sys.exc_info(), extra=about)
    return response(request, "internal-error", "The service failed; the fault was logged.")


@read_only
def explain(request: HttpRequest, slug: str) -> HttpResponse:
    """Serve `/problems/{slug}`: what a kind of error means."""
    if slug not in PROBLEMS:
        raise Http404
    problem = PROBLEMS[slug]
    if request.get_preferred_type(["application/json", "text/html"]) != "text/html":
        return JsonResponse(
            {
                "type": request.path,
                "title": problem.title,
                "status": problem.status,
                "explanation": problem.explanation,
            }
        )
    return render(request, "problem.html", {"problem": problem})
