"""The explorer: the answer to a question as a picture, a table, a comparison and code."""

from typing import Any

from csp.constants import SELF
from csp.decorators import csp_replace
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    QueryDict,
)
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import Resolver404, get_script_prefix, resolve, reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from census.api import charts
from census.api.charts import drawing, words
from census.api.renderers import SVGRenderer, VegaLiteRenderer
from census.columns import COLUMNS
from census.pages import citing, downloads, pictures, sentences
from census.pages.asking import Answer, ask
from census.pages.explorer import states, suggestions
from census.pages.explorer.form import ExplorerForm
from census.pages.explorer.snippets import snippets
from census.pages.explorer.states import (
    CHART,
    CODE,
    COLUMN,
    COMPARE,
    METRIC,
    SENT,
    TABLE,
    VIEW,
    VIEWS,
)
from census.pages.fields import sent
from census.pages.tables import table_of

page_policy = csp_replace({"style-src": [SELF]})


@page_policy
@require_safe
def explorer(request: HttpRequest) -> HttpResponse:
    """Shows the state in the address. A submitted form is redirected to its short address."""
    if SENT in request.GET:
        return HttpResponseRedirect(states.address(states.tidied(request.GET)))
    state = states.read(request.GET) if request.GET else states.start().copy()
    result = _misfit(state) or _result(request, state)
    context = {
        "form": ExplorerForm(state, lambda: counts(request)),
        "everybody": everybody(request),
        "examples": [(t, states.address(QueryDict(q))) for t, q in states.EXAMPLES],
        "start_over": reverse("home"),
        "tabs": _tabs(state),
        **result,
    }
    response = render(request, "pages/explorer.html", context, status=result.get("status", 200))
    patch_vary_headers(response, ["Accept"])
    return response


@require_safe
def favicon(_request: HttpRequest) -> HttpResponse:
    """Redirects browsers that ask for the icon at its traditional address."""
    return HttpResponseRedirect(static("census/favicon.svg"))


@require_safe
def ask_route(request: HttpRequest) -> HttpResponse:
    """Redirects the submitted form of a page below /v1 to the short address of its answer."""
    path, query = _route(request)
    text = sent(query).urlencode(safe=",")
    return HttpResponseRedirect(f"{path}?{text}" if text else path)


@require_safe
def narrow(request: HttpRequest, kind: str) -> HttpResponse:
    """Returns the narrow variant of an answer's picture, for phones: as `svg` or as `vega`."""
    path, query = _route(request)
    answer = ask(request, path, query.urlencode(safe=","))
    if not answer.drawable or (kind == "svg" and not drawing.available()):
        raise Http404("There is no picture of this.")
    spec = charts.narrowed(answer.view.chart(answer.data))
    if kind == "svg":
        return HttpResponse(drawing.svg(spec), content_type=SVGRenderer.media_type)
    return JsonResponse(spec, content_type=VegaLiteRenderer.media_type)


def _route(request: HttpRequest) -> tuple[str, QueryDict]:
    """Returns the path of the API that the parameter `path` names, and the other parameters."""
    query = request.GET.copy()
    path = query.pop("path", [""])[-1]
    prefix = get_script_prefix()
    try:
        known = path.startswith(f"{prefix}v1") and resolve("/" + path.removeprefix(prefix))
    except Resolver404:
        known = False
    if not known:
        raise Http404(f"There is no route {path[:80]!r} of the API.")
    return path, query


def everybody(request: HttpRequest) -> int | None:
    """Returns how many people there are, None where that cannot be told."""
    answer = ask(request, reverse("dataset"))
    return answer.data["rows"] if answer.ok else None


def counts(request: HttpRequest) -> dict[str, dict[str, int]]:
    """Returns the number of people by value for each categorical column, over all people."""
    answer = ask(request, reverse("field-list"))
    if not answer.ok:
        return {}
    return {
        one["name"]: {c["value"]: c["count"] for c in one["categories"] or ()}
        for one in answer.data["fields"]
    }


def _tabs(state: QueryDict) -> list[tuple[str, str, bool]]:
    """Returns the label and the address of each view, and whether it is the current one."""
    now = state.get(VIEW, CHART)
    comparable = state.get(METRIC) in ("mean", "proportion")
    return [
        (text, states.address(states.changed(state, view="" if name == CHART else name)),
         name == now)
        for name, text in VIEWS.items()
        if name != COMPARE or comparable
    ]  # fmt: skip


def _misfit(state: QueryDict) -> dict[str, Any] | None:
    """Returns what the page shows if the question lacks a column or does not apply to it."""
    question, column = states.BY_NAME.get(state.get(METRIC, "")), states.column_of(state)
    if question is None:
        return None if state.get(METRIC) else _questions(state)
    if column is None and not state.get(COLUMN):
        return _choice("Of which column?", COLUMN, states.others(question), state)
    if column and not states.fits(question, column):
        kind = "numbers" if question.needs == "numeric" else "categories"
        title = f"“{question.label.rstrip(' …')}” is of {kind}"
        detail = f"{column.label} is not one of them. Choose another column, or another question."
        return _choice(title, COLUMN, states.others(question), state, detail)
    if column and _lacks_value(state, column.numeric):
        found = [(text, states.address(states.changed(state, value=value)))
                    for value, text in column.choices.items()]  # fmt: skip
        return {"misfit": f"Share of which {words.lower(column.label)}?", "suggestions": found}
    if question.name == states.CROSSTAB and not state.get(states.ROW):
        return _choice("By which column?", states.ROW, states.others(question), state)
    if question.name == states.REGRESSION and not state.get(states.ON):
        detail = "Choose the columns that explain it, under “explained by”, then show."
        return {"misfit": "Explained by what?", "detail": detail, "suggestions": []}
    if states.comparing(state) and not states.groupings(state):
        groups = [c for c in COLUMNS.values() if not c.numeric and c is not column]
        return _choice("Compare the groups of which column?", states.GROUP_BY, groups, state)
    return None


def _questions(state: QueryDict) -> dict[str, Any]:
    found = [
        (q.label, states.address(states.changed(state, metric=q.name)))
        for q in states.QUESTIONS
        if q.name != states.COMPARISON
    ]
    return {"misfit": "What do you want to know?", "suggestions": found}


def _lacks_value(state: QueryDict, numeric: bool) -> bool:
    needed = state.get(METRIC) in ("proportion", states.REGRESSION) and not numeric
    return needed and not state.get(states.VALUE)


def _choice(
    title: str, name: str, columns: Any, state: QueryDict, detail: str = ""
) -> dict[str, Any]:
    found = [(c.label, states.address(states.changed(state, **{name: c.name}))) for c in columns]
    return {"misfit": title, "detail": detail, "suggestions": found}


def _result(request: HttpRequest, state: QueryDict) -> dict[str, Any]:
    """Returns what the page shows: the answer, or the error."""
    comparing = states.comparing(state)
    path, query = states.request(state, compare=comparing)
    try:
        answer = ask(request, path, query)
    except Http404:
        errors = [{"detail": f"The API has no route {path}.", "suggestions": []}]
        return {"status": 404, "problem": "There is nothing of this kind", "errors": errors}
    if not answer.ok:
        return _refusal(answer, lambda error: suggestions.of_state(error, state))
    spec = answer.view.chart(answer.data) if answer.drawable else None
    exact = request.build_absolute_uri(answer.address())
    page_address = request.build_absolute_uri(states.address(state))
    view = state.get(VIEW, CHART)
    shown_picture = view in (CHART, COMPARE)
    # The script draws the picture itself: it fetches the page as nothing but text/html.
    draw = drawing.available() and request.headers.get("Accept") != "text/html"
    title = spec["description"] if spec else states.BY_NAME[state.get(METRIC, "")].label
    return {
        "title": title,
        "caption": " ".join(spec["title"]["subtitle"]) if spec else "",
        "sentences": sentences.of_answer(answer.data),
        "caveats": sentences.caveats(answer.data),
        "table": table_of(answer.data, answer.path, state.get("order_by", "")),
        "sort": "" if comparing or "metric" not in answer.data
        else states.without(state, states.SENT).urlencode(safe=","),
        "all_columns": _all_columns(answer) if view in (CHART, TABLE) else None,
        "spec": spec,
        "answer_svg": answer.address("svg") if drawing.available() else "",
        "image": pictures.inline(spec) if draw and spec and shown_picture else "",
        "answer_vega": answer.address("vega"),
        "answer_narrow": pictures.narrow("vega", answer.path, answer.query),
        "size": pictures.size(spec) if spec else None,
        "drawn": drawing.available() and spec is not None,
        "shown_picture": shown_picture,
        "shown": {name: view == name for name in (CHART, TABLE, COMPARE, CODE)},
        "exact": exact,
        "page_address": page_address,
        "snippets": snippets(request, answer, state) if view == CODE else (),
        "downloads": downloads.links(answer, state),
        "picture": request.build_absolute_uri(answer.address("png")),
        "method": answer.data.get("method", ""),
        "cite": citing.citations(answer.data["dataset"], page_address),
        "comparisons": _comparisons(state) if comparing else (),
    }  # fmt: skip


def _comparisons(state: QueryDict) -> list[tuple[str, str, bool]]:
    """Returns the groupings to compare: label, address, and whether it is the current one."""
    now = states.compared(state)
    return [
        (COLUMNS[name].label, states.address(states.changed(state, compare=name)), name == now)
        for name in states.groupings(state)
        if name in COLUMNS
    ]


def _all_columns(answer: Answer) -> dict[str, Any]:
    """Returns the table of the CSV, unformatted."""
    table = answer.view.table(answer.data)
    return {"header": table.header, "rows": table.rows[:100],
            "left_out": max(0, len(table.rows) - 100)}  # fmt: skip


def _refusal(answer: Answer, suggest: suggestions.Suggest) -> dict[str, Any]:
    """Returns what a page shows of an error: what is wrong and what to try."""
    problem = answer.data
    errors, left_out = suggestions.explained(problem.get("errors", []), suggest)
    return {
        "status": answer.status,
        "problem": problem["title"],
        "detail": str(problem["detail"]).replace("`", ""),
        "type": problem["type"],
        "errors": errors,
        "left_out": left_out,
    }


def refusal(request: HttpRequest, answer: Answer, state: QueryDict, path: str) -> HttpResponse:
    """Returns the page of an error that the API returned to one of the other pages."""
    found = _refusal(answer, lambda error: suggestions.of_route(error, path, state))
    return render(request, "pages/refusal.html", {**found, "path": path}, status=answer.status)
