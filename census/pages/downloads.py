"""The downloads of an answer: pictures, tables, the selected people, and a zip of everything."""

import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from census.api import parquet
from census.api.charts import drawing
from census.api.charts.words import value as label
from census.columns import COLUMNS, canonical_name
from census.metadata import about
from census.pages import citing
from census.pages.asking import Answer, ask
from census.pages.explorer import states
from census.statistics.selection import COMPLETE, FILTERS

WORDS = {"proportion": "share", "crosstab": "table", "regression": "model"}
LONGEST_NAME = 120
EPOCH = (1996, 5, 1, 0, 0, 0)  # of the files in a zip, whose bytes are then always the same


@dataclass(frozen=True)
class Link:
    """A download: its label, its address and its file name."""

    text: str
    href: str
    name: str


def links(answer: Answer, state: QueryDict) -> list[tuple[str, list[Link]]]:
    """Returns the downloads of an answer by heading."""
    name = file_name(state)
    pictures = []
    if answer.drawable:
        if drawing.available():
            pictures += [
                Link("PNG, twice its size", answer.address("png"), f"{name}.png"),
                Link("SVG", answer.address("svg"), f"{name}.svg"),
            ]
        pictures.append(Link("Vega-Lite definition", answer.address("vega"), f"{name}.vega.json"))
    numbers = [
        Link("CSV", answer.address("csv"), f"{name}.csv"),
        Link("JSON", answer.address("json"), f"{name}.json"),
    ]
    everything = [
        Link(
            "Zip of data, picture, metadata and citation",
            f"{reverse('bundle')}?{state.urlencode(safe=',')}",
            f"{name}.zip",
        )
    ]
    found = [
        ("The picture", pictures),
        ("The table", numbers),
        ("The people selected", people(state)),
        ("Everything", everything),
    ]
    return [(title, each) for title, each in found if each]


def people(state: QueryDict) -> list[Link]:
    """Returns the downloads of the people that the filters of a state select."""
    query = filters(state).urlencode(safe=",")
    tail = f"?{query}" if query else ""
    name = "-".join(filter(None, ["adult-people", slugify(query)[:60]]))
    formats = {"csv": "CSV", "ndjson": "NDJSON"}
    if parquet.available():
        formats["parquet"] = "Parquet"
    path = reverse("person-list")
    return [Link(text, f"{path}.{f}{tail}", f"{name}.{f}") for f, text in formats.items()]


def filters(state: QueryDict) -> QueryDict:
    """Returns the parameters of a state that select people."""
    kept = QueryDict(mutable=True)
    for name, text in states.pairs(state):
        if canonical_name(name) in FILTERS or name == COMPLETE.name:
            kept[name] = text
    return kept


def file_name(state: QueryDict) -> str:
    """Returns a descriptive file name: `adult-share-income-…-by-education-sex`."""
    metric = state.get(states.METRIC, "")
    column = states.column_of(state)
    parts = [WORDS.get(metric, metric), state.get(states.ROW, ""), column.name if column else ""]
    if column and (value := state.get(states.VALUE)):
        parts.append(label(column, value))
    if groups := states.groupings(state):
        parts += ["by", *groups]
    if on := state.get(states.ON):
        parts += ["on", *on.split(",")]
    if chosen := filters(state):
        parts += ["only", *(f"{name} {text}" for name, text in states.pairs(chosen))]
    parts += ["compared"] if states.comparing(state) else []
    parts += ["weighted"] if state.get("weight") else []
    name = "-".join(["adult", *(slugify(p.replace("_", " ").replace(">", "")) for p in parts if p)])
    return name[:LONGEST_NAME].rstrip("-")


@require_safe
def bundle(request: HttpRequest) -> HttpResponse:
    """Returns a zip of an answer: numbers, picture, metadata, citation and address."""
    state = states.read(request.GET)
    path, query = states.request(state, compare=states.comparing(state))
    answer = ask(request, path, query)
    if not answer.ok:
        refusal = HttpResponse(str(answer.data.get("detail", "")), content_type="text/plain")
        refusal.status_code = answer.status
        return refusal
    package = ask(request, reverse("datapackage")).data
    name = file_name(state)
    response = HttpResponse(_zipped(request, answer, package, name), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{name}.zip"'
    return response


def _zipped(request: HttpRequest, answer: Answer, package: Any, name: str) -> bytes:
    files = {
        f"{name}.csv": answer.csv(),
        f"{name}.json": _json(answer.data),
        "datapackage.json": _json(package),
        "README.txt": _readme(request, answer, name),
        "CITATION.txt": "\n\n".join(
            text for _, text in citing.citations(answer.data["dataset"], _address(request, answer))
        ),
    }
    if answer.drawable and drawing.available():
        files[f"{name}.svg"] = drawing.svg(answer.view.chart(answer.data))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for each in sorted(files):
            zipped.writestr(zipfile.ZipInfo(each, EPOCH), files[each], zipfile.ZIP_DEFLATED)
    return archive.getvalue()


def _address(request: HttpRequest, answer: Answer) -> str:
    return request.build_absolute_uri(answer.address())


def _json(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False, default=str)


def _readme(request: HttpRequest, answer: Answer, name: str) -> str:
    columns = "\n".join(
        f"  {name}: {COLUMNS[name].description if name in COLUMNS else name.replace('_', ' ')}"
        for name in answer.view.table(answer.data).header
    )
    caveats = "\n".join(f"- {text}" for text in about.CAVEATS)
    return (
        f"{about.TITLE}, version {answer.data['dataset']}\n\n"
        f"Address of this answer: {_address(request, answer)}\n"
        f"Method: {answer.data.get('method', '')}\n\n"
        f"Columns of {name}.csv:\n{columns}\n\n"
        f"What to keep in mind:\n{caveats}\n\n"
        f"Licence: {about.LICENSE['title']}, {about.LICENSE['url']}\n"
    )
