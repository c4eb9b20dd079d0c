"""The usual answers, computed before somebody asks for them."""

import io
import threading
import time
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any, cast

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections
from django.http import HttpResponse

from adultapi.caching import LOAD
from adultapi.loaded import Load, watch
from census.columns import CATEGORICAL, NUMERIC

_LONGEST_PAUSE = 0.05  # seconds


def usual() -> Iterator[str]:
    """Yield the paths of what is asked for first and most; what takes longest is last."""
    for column in NUMERIC:
        for metric in ("mean", "median", "std", "distribution"):
            yield f"/v1/computation/{metric}/{column.name}"
    for column in CATEGORICAL:
        yield f"/v1/computation/distribution/{column.name}"
    yield from ("/v1", "/v1/dataset", "/v1/computation", "/v1/fields", "/v1/statistics")


def keep_warm(handler: WSGIHandler) -> None:
    """Have this process ask itself for the usual answers, now and of each load before it holds.

    Call it after the fork: it starts threads.
    """

    def ask(paths: Iterable[str], load: Load | None, before: Load | None) -> None:
        for path in paths:
            if load is not watch.latest:  # it was replaced, too
                break
            begun = time.monotonic()
            answer = cast("HttpResponse", handler(_environ(path, load), _nobody))
            answer.close()
            if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
                break  # as the others would be, and each would warn of it
            if before:  # as long again for those who wait for the processor
                time.sleep(min(time.monotonic() - begun, _LONGEST_PAUSE))
        connections.close_all()  # this thread's

    watch.prepare = lambda load, before: ask(usual(), load, before)
    # Whereupon it is looked for a dataset.
    threading.Thread(target=ask, args=[["/v1"], None, None], daemon=True).start()


def _nobody(*_: Any) -> Any:
    """Take the start of an answer that nobody waits for."""


def _environ(path: str, load: Load | None) -> dict[str, Any]:
    """Return a request of this process to itself, for an answer of that load."""
    host = next(iter(settings.ALLOWED_HOSTS), "localhost").lstrip(".").replace("*", "localhost")
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "HTTP_ACCEPT": "application/json",
        "HTTP_HOST": host,
        "SERVER_NAME": host,
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        LOAD: load,
    }
