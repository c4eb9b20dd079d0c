"""The usual answers, computed before somebody asks for them."""

import io
import threading
from collections.abc import Iterable, Iterator
from typing import Any, cast

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections
from django.http import HttpResponse

from adultapi.loaded import watch
from census.columns import CATEGORICAL, NUMERIC


def usual() -> Iterator[str]:
    """Yield the paths of what is asked for first and most."""
    yield from ("/v1", "/v1/dataset", "/v1/fields", "/v1/computation", "/v1/statistics")
    for column in NUMERIC:
        for metric in ("mean", "median", "std", "distribution"):
            yield f"/v1/computation/{metric}/{column.name}"
    for column in CATEGORICAL:
        yield f"/v1/computation/distribution/{column.name}"


def keep_warm(handler: WSGIHandler) -> None:
    """Have this process ask itself for the usual answers, now and after each load.

    Call it after the fork: it starts a thread.
    """

    def ask(paths: Iterable[str]) -> None:
        for path in paths:
            cast("HttpResponse", handler(_environ(path), _nobody)).close()
        connections.close_all()  # this thread's

    def start(*paths: str) -> None:
        threading.Thread(target=ask, args=[paths], name="warming", daemon=True).start()

    watch.on_change = lambda: start(*usual())
    start("/v1")  # whereupon it is looked for a dataset


def _nobody(*_: Any) -> Any:
    """Take the start of an answer that nobody waits for."""


def _environ(path: str) -> dict[str, Any]:
    """Return a request of this process to itself."""
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
    }
