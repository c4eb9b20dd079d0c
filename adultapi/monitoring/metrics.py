"""Prometheus metrics, `Server-Timing` and one log line for each request.

Each worker writes its values to files in PROMETHEUS_MULTIPROC_DIR (see `adultapi.gunicorn`);
`/metrics` sums over all workers, those that have ended included.
"""

import logging
import os
import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import lru_cache
from typing import Any

from django.db import Error, connections
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.views.decorators.http import require_safe
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from adultapi.problems import requested_url
from census.models import Dataset

logger = logging.getLogger("adultapi.request")

# Seconds: from a cached answer to the time limit of a statement.
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
REQUESTS = Counter("adultapi_requests", "Requests answered.", ["route", "method", "status"])
LATENCY = Histogram(
    "adultapi_request_seconds", "Time to make an answer.", ["route"], buckets=_BUCKETS
)
DATABASE = Histogram(
    "adultapi_database_seconds", "Time in the database, of requests that used it.", buckets=_BUCKETS
)
CACHE = Counter("adultapi_cache", "Answers by cache result.", ["result"])

_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_NOT_LOGGED = frozenset({"/healthz", "/readyz", "/startupz", "/metrics"})  # too frequent


class _Stopwatch:
    """The total seconds of a request's SQL statements, as an `execute_wrapper` of Django."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        start = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            self.seconds += time.perf_counter() - start


def observe(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Middleware that times, counts and logs each request, and sets `Server-Timing`."""

    def middleware(request: HttpRequest) -> HttpResponse:
        start = time.perf_counter()
        stopwatch = _Stopwatch()
        with ExitStack() as stack:
            for connection in connections.all():
                stack.enter_context(connection.execute_wrapper(stopwatch))
            response = get_response(request)
        _record(request, response, time.perf_counter() - start, stopwatch.seconds)
        return response

    return middleware


def _record(request: HttpRequest, response: HttpResponse, total: float, database: float) -> None:
    cache = getattr(response, "cache_result", None)
    milliseconds, database_milliseconds = (round(s * 1000, 2) for s in (total, database))
    timing = f"db;dur={database_milliseconds:.2f}, total;dur={milliseconds:.2f}"
    response["Server-Timing"] = f"cache;desc={cache}, {timing}" if cache else timing

    route_name = route(request.path_info)
    method = request.method if request.method in _METHODS else "other"
    REQUESTS.labels(route_name, method, response.status_code).inc()
    LATENCY.labels(route_name).observe(total)
    if database:
        DATABASE.observe(database)
    if cache:
        CACHE.labels(cache).inc()

    if request.path_info in _NOT_LOGGED or not logger.isEnabledFor(logging.INFO):
        return
    fields = {
        "method": request.method,
        "url": requested_url(request)[:1000],
        "route": route_name,
        "status": response.status_code,
        "milliseconds": milliseconds,
        "database_milliseconds": database_milliseconds,
        "cache": cache,
        "bytes": int(response.get("Content-Length", "0")) or None,
        "request_id": request.META["REQUEST_ID"],
    }
    logger.info("%s in %s ms", fields["url"], milliseconds, extra=fields)


@lru_cache(4096)
def route(path: str) -> str:
    """Returns the route of a path, such as `/v1/computation/{metric}/{column}`."""
    try:
        matched = resolve(path).route if len(path) <= 200 else None
    except Resolver404:
        matched = None
    if matched is None:
        return "unmatched"
    pattern = re.sub(r"<\w+:format>", "", matched)
    pattern = re.sub(r"<\w+:(\w+)>", r"{\1}", pattern)
    return "/" + re.sub(r"^v1/computation/[^/{]+/", "v1/computation/{metric}/", pattern)


@require_safe
def metrics(_request: HttpRequest) -> HttpResponse:
    """Serves `/metrics`: the values of all workers, in Prometheus' text format."""
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    text = generate_latest(registry) + generate_latest(_dataset())
    return HttpResponse(
        text, content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"}
    )


def _dataset() -> CollectorRegistry:
    """Returns the gauges of the database and the dataset; without the dataset if it is down."""
    registry = CollectorRegistry()
    up = Gauge("adultapi_database_up", "Whether the database answers.", registry=registry)
    try:
        dataset = Dataset.objects.values_list("version", "rows").first()
    except Error:
        return registry
    up.set(1)
    if dataset:
        text = "The number of rows of the loaded dataset."
        rows = Gauge("adultapi_dataset_rows", text, ["version"], registry=registry)
        rows.labels(dataset[0]).set(dataset[1])
    return registry
