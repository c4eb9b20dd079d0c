"""The problem types of the API, and the pages that explain them.

problems.json lists them. nginx (docker/nginx.conf) uses some of them for its own errors.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe


@dataclass(frozen=True)
class Problem:
    """A problem type. The slug is the last segment of its `type`."""

    slug: str
    status: int
    title: str
    explanation: str


PROBLEMS: Mapping[str, Problem] = {
    slug: Problem(slug, **problem)
    for slug, problem in json.loads(Path(__file__).with_suffix(".json").read_text()).items()
}


@require_safe
def kinds(request: HttpRequest) -> HttpResponse:
    """Serves `/problems`: the kinds of errors."""
    if request.get_preferred_type(["application/json", "text/html"]) != "text/html":
        return JsonResponse({"problems": [_document(problem) for problem in PROBLEMS.values()]})
    return render(request, "problems.html", {"problems": PROBLEMS.values()})


@require_safe
def explain(request: HttpRequest, slug: str) -> HttpResponse:
    """Serves `/problems/{slug}`, which explains a problem type."""
    if slug not in PROBLEMS:
        raise Http404(f"There is no kind of error {slug!r}: {reverse('problems')} lists them.")
    problem = PROBLEMS[slug]
    if request.get_preferred_type(["application/json", "text/html"]) != "text/html":
        return JsonResponse(_document(problem))
    return render(request, "problem.html", {"problem": problem})


def _document(problem: Problem) -> dict[str, Any]:
    return {
        "type": reverse("problem", args=[problem.slug]),
        "title": problem.title,
        "status": problem.status,
        "explanation": problem.explanation,
    }
