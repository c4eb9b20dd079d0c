"""What the service tells of itself: Prometheus metrics, and one log line for each request.

With several workers the figures are summed over all that live or lived: each writes to files in
PROMETHEUS_MULTIPROC_DIR, which `adultapi.gunicorn` makes and clears.
"""

import logging
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
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

from adultapi import logs, replica
from adultapi.problems import read_only
from census.api.parameters import FORMAT
from census.columns import canonical_name
from census.models import Dataset
from census.statistics import metrics
from census.statistics.selection import FILTERS, GROUP_BY, WEIGHTED_BY

Environ = Mapping[str, Any]
Application = Callable[[Any, Any], Iterable[bytes]]

request_log = logging.getLogger("adultapi.request")

# Seconds: from an answer out of memory to the time limit of a statement.
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
REQUESTS = Counter("adultapi_requests", "Requests answered.", ["route", "method", "status"])
LATENCY = Histogram(
    "adultapi_request_seconds", "Time until an answer begins.", ["route"], buckets=_BUCKETS
)
DATABASE = Histogram(
    "adultapi_database_seconds", "Time in the database, of answers that asked it.", buckets=_BUCKETS
)
CACHE = Counter("adultapi_cache", "Answers by what the cache had to do with them.", ["outcome"])
COMPUTATIONS = Counter("adultapi_computations", "Computations answered.", ["metric", "column"])
FEATURES = Counter(
    "adultapi_features",
    "Answers that made use of groups, weights, filters, or a format asked for by name.",
    ["feature"],
)

_UNMATCHED = "unmatched"
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})


class Asked(NamedTuple):
    """What a request is about, as far as its address tells; every name is one of a few."""

    route: str
    computation: tuple[str, str] | None = None
    features: tuple[str, ...] = ()


@lru_cache(4096)
def asked(path: str, query: str) -> Asked:
    """Return what an address asks for."""
    about, suffix = _addressed(path)
    if about.route == _UNMATCHED:
        return about
    given = {canonical_name(name): values for name, values in parse_qs(query).items()}
    return about._replace(features=tuple(_features(given, suffix or given.get(FORMAT, [""])[0])))


@lru_cache(4096)
def _addressed(path: str) -> tuple[Asked, str | None]:
    """Return what a path asks for, and the format that its suffix names."""
    try:
        match = resolve(path.rstrip("/") or "/")
    except Resolver404:
        return Asked(_UNMATCHED), None
    suffix = match.kwargs.pop("format", None)
    route = re.sub(r"<\w+:(\w+)>(<\w+:format>)?|<\w+:format>", r"{\1}", match.route)
    if "column" not in match.kwargs or not match.route.startswith("v1/computation/"):
        return Asked(f"/{route.removesuffix('{}')}"), suffix
    name = match.kwargs.get("metric") or match.route.split("/")[2]
    column = canonical_name(match.kwargs["column"])
    computation = (metrics.find(name).name, column) if name in metrics.names() else None
    return Asked("/v1/computation/{metric}/{column}", computation), suffix


def _features(given: Mapping[str, list[str]], form: str) -> Iterator[str]:
    if GROUP_BY.name in given:
        yield GROUP_BY.name
    if WEIGHTED_BY.name in given:
        yield WEIGHTED_BY.name
    if not FILTERS.keys().isdisjoint(given):
        yield "filter"
    if form in _FORMATS:
        yield f"{FORMAT}={form}"


_FORMATS = frozenset({"json", "api", "csv", "ndjson", "parquet", "svg", "png", "vega"})


def observed(application: Application) -> Application:
    """Count and log every request that passes to a WSGI application, whoever answers it."""

    def observing(environ: Any, start_response: Any) -> Iterable[bytes]:
        start = time.perf_counter()
        answered: list[Any] = ["500 ", []]

        def starting(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            answered[:] = status, headers
            return start_response(status, headers, *rest)

        try:
            return application(environ, starting)
        finally:
            _record(environ, answered[0], answered[1], time.perf_counter() - start)

    return observing


def _record(environ: Environ, status: str, headers: list[tuple[str, str]], seconds: float) -> None:
    path, query = environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")
    about = asked(path[:200], query[:1000])
    code, method = status[:3], environ.get("REQUEST_METHOD", "")
    told = dict(headers)  # by the names that are ours
    timing = dict(part.split(";", 1) for part in told.get("Server-Timing", "total;").split(", "))
    database = float(timing.get("db", "dur=0").removeprefix("dur="))  # in milliseconds
    outcome = timing.get("cache", "").removeprefix("desc=")
    counters = _counters(about, method if method in _METHODS else "other", code, outcome)
    counters.latency(seconds)
    for count in counters.counts:
        count()
    if database:
        DATABASE.observe(database / 1000)
    slow = seconds >= settings.SLOW_REQUEST_SECONDS
    level = logging.WARNING if slow else logging.INFO
    if about.route not in _UNLOGGED and request_log.isEnabledFor(level):
        line = {
            "method": method,
            # As it was sent: encoded, hence on one line.
            "url": (environ.get("RAW_URI") or quote(path))[:1000],
            "route": about.route,
            "status": int(code),
            "milliseconds": round(seconds * 1000, 2),
            "database_milliseconds": database,
            "cache": outcome or None,
            "bytes": int(told.get("Content-Length", 0)) or None,
            "client": client(environ),
            "request_id": told.get("X-Request-ID"),
        }
        logs.write(request_log, level, "slow request" if slow else "request", line)


class _Counters(NamedTuple):
    """What a request is counted by: how long it took, and how often there was one like it."""

    latency: Callable[[float], None]
    counts: tuple[Callable[[], None], ...]


@lru_cache(4096)
def _counters(about: Asked, method: str, code: str, outcome: str) -> _Counters:
    """Look up the figures of requests that are alike, which takes as long as to count one."""
    counters = [REQUESTS.labels(about.route, method, code)]
    if outcome:
        counters.append(CACHE.labels(outcome))
    if code in ("200", "304"):
        if about.computation:
            counters.append(COMPUTATIONS.labels(*about.computation))
        counters += map(FEATURES.labels, about.features)
    return _Counters(
        LATENCY.labels(about.route).observe, tuple(counter.inc for counter in counters)
    )


def count_refused(status: int) -> None:
    """Count what was answered before anybody looked at what it asks for."""
    REQUESTS.labels("refused", "other", str(status)).inc()


# Asked every few seconds by machines.
_UNLOGGED = frozenset({"/healthz", "/readyz", "/metrics"})


def client(environ: Environ) -> str:
    """Return the client's address: what the outermost trusted proxy saw, if there is one."""
    forwarded = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
    trusted = settings.TRUSTED_PROXIES
    if trusted and len(forwarded) >= trusted and forwarded[-trusted].strip():
        return str(forwarded[-trusted].strip())
    return str(environ.get("REMOTE_ADDR", ""))


@read_only
def exposition(request: HttpRequest) -> HttpResponse:
    """Serve `/metrics`: the figures of all workers, in Prometheus' text format.

    They are for those within the network: not for whom a trusted proxy lets in.
    """
    if settings.TRUSTED_PROXIES and "HTTP_X_FORWARDED_FOR" in request.META:
        raise Http404
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    figures = generate_latest(registry) + generate_latest(_loaded())
    response = HttpResponse(figures, content_type=CONTENT_TYPE_LATEST)
    response["Cache-Control"] = "no-store"
    return response


def _loaded() -> CollectorRegistry:
    """Return what is known of the dataset now; nothing while the database is away."""
    registry = CollectorRegistry()
    up = Gauge("adultapi_database_up", "Whether the database answers.", registry=registry)
    if replica.configured():
        text = "Whether the replica answers and has the dataset of the database."
        used = Gauge("adultapi_replica_up", text, registry=registry)
        used.set(replica.condition() == "ok")
    try:
        loaded = Dataset.objects.using(DEFAULT_DB_ALIAS).first()
    except (DatabaseError, InterfaceError):
        return registry
    up.set(1)
    if loaded:
        text = "The dataset that is loaded, and how many rows it has."
        Gauge("adultapi_dataset_rows", text, ["version"], registry=registry).labels(
            loaded.version
        ).set(loaded.rows)
    return registry
