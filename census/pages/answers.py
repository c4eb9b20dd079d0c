"""The page of an API answer: title, table, picture, notes, and the form of its parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from rest_framework.exceptions import APIException

from census.api import charts
from census.api.charts import drawing
from census.api.renderers import SVGRenderer
from census.pages import pictures, sentences
from census.pages.explorer import states, suggestions
from census.pages.fields import ParametersForm
from census.pages.tables import Table, table_of

FORMATS = {
    "json": "JSON",
    "csv": "CSV",
    "ndjson": "NDJSON",
    "parquet": "Parquet",
    "svg": "SVG",
    "png": "PNG",
    "vega": "Vega-Lite",
    "jsonld": "JSON-LD",
}


@dataclass
class Page:
    """What the page shows. `sort` is the query if the table can be sorted, else empty."""

    title: str
    path: str
    lead: str = ""
    table: Table | None = None
    sentences: Sequence[str] = ()
    notes: Sequence[str] = ()
    picture: str = ""
    size: tuple[int, int] = (0, 0)
    narrow: str = ""
    narrow_size: tuple[int, int] = (0, 0)
    form: ParametersForm | None = None
    explorer: str = ""
    sort: str = ""
    formats: Sequence[tuple[str, str]] = ()
    links: Sequence[tuple[str, str]] = ()
    errors: Sequence[Mapping[str, Any]] = field(default_factory=list)
    left_out: int = 0


def page(view: Any, request: Any, response: Any) -> Page:
    """Returns the page of a response of an API view."""
    data = response.data if isinstance(response.data, Mapping) else {"answer": response.data}
    path = request.path.removesuffix(f".{getattr(view, 'format_kwarg', None) or '!'}")
    query = QueryDict(request.META.get("QUERY_STRING", ""), mutable=True)
    query.pop("format", None)
    form = _form(view, query)
    if response.status_code != 200:
        return _refusal(data, path, query, form)
    text = query.urlencode(safe=",")
    of_column = "source_name" in data
    found = Page(
        title=data["label"] if of_column else view.get_view_name(),
        path=path,
        lead=" ".join((data["description"] if of_column else view.get_view_description()).split()),
        table=table_of(data, path, query.get("order_by", "")),
        notes=sentences.caveats(data),
        form=form,
        explorer=states.of_answer(data, query),
        formats=[
            (FORMATS[f], f"{path}.{f}?{text}" if text else f"{path}.{f}") for f in _formats(view)
        ],
        links=[
            (name, data[key])
            for key, name in (("previous", "Previous page"), ("next", "Next page"))
            if data.get(key)
        ],
    )
    found.sort = text or " " if "metric" in data else ""
    if SVGRenderer in view.renderer_classes:
        spec = view.chart(data)
        found.title = spec["description"]
        found.lead = " ".join(spec["title"]["subtitle"])
        if drawing.available():
            found.picture, found.size = dict(found.formats)["SVG"], pictures.size(spec)
            found.narrow = pictures.narrow("svg", path, text)
            found.narrow_size = pictures.size(charts.narrowed(spec))
    found.sentences = sentences.of_answer(data)
    return found


def _formats(view: Any) -> list[str]:
    formats = (renderer.format for renderer in view.renderer_classes)
    return [f for f in formats if f in FORMATS and (f not in ("svg", "png") or drawing.available())]


def _form(view: Any, query: QueryDict) -> ParametersForm | None:
    try:
        parameters = view.get_parameters()
    except APIException:  # the path names an unknown metric or column
        return None
    return ParametersForm(parameters, query) if parameters else None


def _refusal(
    data: Mapping[str, Any], path: str, query: QueryDict, form: ParametersForm | None
) -> Page:
    """Returns the page of an error: what is wrong and what to try."""
    shown, left_out = suggestions.explained(
        data.get("errors", []), lambda error: suggestions.of_route(error, path, query)
    )
    return Page(
        title=str(data.get("title", "This cannot be answered")),
        path=path,
        lead="" if shown else str(data.get("detail", "")).replace("`", ""),
        form=form,
        errors=shown,
        left_out=left_out,
        links=[("The routes of the API", reverse("root")), ("Documentation", reverse("docs"))],
    )
