"""Statistics of the API's usage, from the access log of nginx (docker/nginx.conf)."""

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.urls import Resolver404, resolve

_GZIP = b"\x1f\x8b"
_SUFFIX = re.compile(r"\.([a-z0-9]+)$")
_MAX_NAME = 64  # characters; no name of the API is longer
OTHER = "other"
DIMENSIONS = ("route", "metric", "column", "format", "weight", "group", "cache", "status")


def lines(file: BinaryIO) -> Iterator[Mapping[str, Any] | None]:
    """Yields the request of each line of an access log, compressed or not; None for other lines.

    Text before the JSON, such as the container's name of `docker compose logs`, is ignored.
    """
    head = file.peek(2) if hasattr(file, "peek") else b""
    source: Iterable[bytes] = gzip.GzipFile(fileobj=file) if head.startswith(_GZIP) else file
    for line in source:
        text = line.decode(errors="replace")
        request = None
        with suppress(ValueError):
            request = json.loads(text[max(text.find("{"), 0) :])
        is_request = isinstance(request, dict) and {"uri", "status", "seconds"} <= request.keys()
        yield request if is_request else None


@dataclass
class Figures:
    """The number, bytes and latencies of a set of requests."""

    requests: int = 0
    bytes: int = 0
    milliseconds: Counter[float] = field(default_factory=Counter)

    def add(self, size: int, seconds: float) -> None:
        self.requests += 1
        self.bytes += size
        self.milliseconds[float(f"{seconds * 1000:.2g}")] += 1

    def quantile(self, share: float) -> float:
        """Returns the smallest time, in ms, within which this share of requests was answered."""
        cumulated = 0
        for milliseconds, number in sorted(self.milliseconds.items()):
            cumulated += number
            if cumulated >= share * self.requests:
                return milliseconds
        return 0.0

    def summary(self) -> dict[str, Any]:
        return {
            "requests": self.requests,
            "bytes": self.bytes,
            "median_ms": self.quantile(0.5),
            "p95_ms": self.quantile(0.95),
            "max_ms": self.quantile(1),
        }


class Usage:
    """The figures of all requests, in total and by the values of each of `DIMENSIONS`."""

    def __init__(self) -> None:
        self.total = Figures()
        self.skipped = 0
        self.first = self.last = ""
        self._by: dict[str, dict[str, Figures]] = {name: {} for name in DIMENSIONS}

    def add(self, request: Mapping[str, Any] | None) -> None:
        """Counts a request; None is counted as a skipped line."""
        request = request or {}
        try:
            size, seconds = int(request["bytes"]), float(request["seconds"])
            status, time = int(request["status"]), str(request["time"])
        except (TypeError, KeyError, ValueError):
            self.skipped += 1
            return
        self.first = min(self.first or time, time)
        self.last = max(self.last, time)
        self.total.add(size, seconds)
        for name, values in describe(str(request["uri"]), status).items():
            for value in values:
                self._by[name].setdefault(value, Figures()).add(size, seconds)
        for name, value in (("cache", request.get("cache") or "none"), ("status", str(status))):
            self._by[name].setdefault(str(value), Figures()).add(size, seconds)

    def by(self, name: str) -> list[tuple[str, Figures]]:
        """Returns the values of a dimension with their figures, the most frequent first."""
        return sorted(self._by[name].items(), key=lambda item: (-item[1].requests, item[0]))

    def summary(self) -> dict[str, Any]:
        return {
            "from": self.first or None,
            "to": self.last or None,
            "skipped_lines": self.skipped,
            "total": self.total.summary(),
            **{name: {v: f.summary() for v, f in self.by(name)} for name in DIMENSIONS},
        }


def describe(uri: str, status: int) -> dict[str, list[str]]:
    """Returns the values of the dimensions that follow from a URI.

    After an error there is only the route: the names that clients misspell are without limit.
    """
    try:
        parts = urlsplit(uri)
        query = parse_qs(parts.query, max_num_fields=1000)
        path = parts.path.removeprefix(settings.FORCE_SCRIPT_NAME or "").rstrip("/") or "/"
        match = resolve(path)
    except (Resolver404, ValueError):
        return {"route": ["unmatched"]}
    route = "/" + re.sub(r"<\w+:format>|<drf_format_suffix\w*:format>", "", match.route)
    computed = re.fullmatch(r"/v1/computation/([^/<]+)/<\w+:column>", route)
    metric = computed[1] if computed else match.kwargs.get("metric", "")
    if metric:
        route = "/v1/computation/{metric}/{column}"
    dimensions = {"route": [re.sub(r"<\w+:(\w+)>", r"{\1}", route)]}
    if status >= 400 or not path.startswith("/v1"):
        return dimensions
    columns = [match.kwargs[name] for name in ("column", "row", "outcome") if name in match.kwargs]
    suffix = _SUFFIX.search(path)
    columns += query.get("columns", [])
    groups = [*query.get("group_by", []), *query.get("group_by[]", [])]
    return dimensions | {
        "metric": [metric] if metric else [],
        "column": _names(columns),
        "format": [suffix[1]] if suffix else _names(query.get("format", [])) or ["default"],
        "weight": _names(query.get("weight", [])) or ["none"],
        "group": _names(groups) or ["none"],
    }


def _names(values: Iterable[str]) -> list[str]:
    """Returns the names in comma-separated lists, in the spelling of the API."""
    names = [name.strip().replace("-", "_") for value in values for name in value.split(",")]
    return [name if len(name) <= _MAX_NAME else OTHER for name in names if name]
