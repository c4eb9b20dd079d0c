"""Internal requests: a page shows the API's answer at an address, from the same process."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.http import HttpRequest, QueryDict
from django.urls import get_script_prefix, resolve

from census.api.renderers import CSVRenderer, SVGRenderer


@dataclass(frozen=True)
class Answer:
    """The API's answer at `path` with `query`: data, or a problem document."""

    path: str
    query: str
    status: int
    data: Any
    view: Any

    @property
    def ok(self) -> bool:
        return self.status == 200

    @property
    def drawable(self) -> bool:
        """Whether it has a picture."""
        return self.ok and SVGRenderer in getattr(self.view, "renderer_classes", ())

    def address(self, suffix: str = "") -> str:
        """Returns the address of the answer; `suffix` names a format."""
        path = f"{self.path}.{suffix}" if suffix else self.path
        return f"{path}?{self.query}" if self.query else path

    def csv(self) -> str:
        return CSVRenderer().text(self.view.table(self.data))


def ask(request: HttpRequest, path: str, query: str = "") -> Answer:
    """Returns the API's answer to a GET request, made in the same process.

    Raises `Http404` if there is no such route, and any exception that the API does not turn into
    a problem document.
    """
    inner = HttpRequest()
    inner.method = "GET"
    inner.path = path
    inner.path_info = "/" + path.removeprefix(get_script_prefix())
    inner.META = request.META | {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": inner.path_info,
        "QUERY_STRING": query,
        "HTTP_ACCEPT": "application/json",
    }
    inner.GET = QueryDict(query)
    match = resolve(inner.path_info)
    with transaction.atomic():  # a refusal rolls back, and the page may have more to ask
        response: Any = match.func(inner, *match.args, **match.kwargs)
    view = response.renderer_context["view"]
    return Answer(path, query, response.status_code, response.data, view)
