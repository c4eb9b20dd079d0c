"""Template tags and filters of the pages."""

import re
from typing import Any
from urllib.parse import unquote, urlsplit

from django import template
from django.http import QueryDict
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from census.pages import answers, numbers
from census.pages.tables import Heading

register = template.Library()

_CODE = re.compile(r"`([^`]*)`")


@register.simple_tag
def answer_page(view: Any, request: Any, response: Any) -> answers.Page:
    """Returns the content of a page of the browsable API."""
    kept: answers.Page | None = getattr(response, "page_for_people", None)
    if kept is None:
        kept = response.page_for_people = answers.page(view, request, response)
    return kept


@register.filter
def in_words(text: str) -> SafeString:
    """Returns a text with the names between back-ticks as code."""
    return mark_safe(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S308  (escaped)


@register.filter
def last_part(address: str) -> str:
    """Returns the last part of the path of an address."""
    return unquote(urlsplit(address).path.rpartition("/")[2])


@register.filter
def number(value: Any) -> str:
    """Returns a number with separators of thousands."""
    return numbers.number(value)


@register.simple_tag
def sort_address(query: str, heading: Heading) -> str:
    """Returns the query that orders by a column, or reverses that order."""
    state = QueryDict(query, mutable=True)
    first = heading.field if heading.field == "key" else f"-{heading.field}"
    other = f"-{heading.field}" if heading.field == "key" else heading.field
    state["order_by"] = other if heading.order == first else first
    return f"?{state.urlencode(safe=',')}"


@register.simple_tag
def sorted(heading: Heading) -> str:  # noqa: A001  (as in aria-sort)
    if heading.order.lstrip("-") != heading.field:
        return "none"
    return "descending" if heading.order.startswith("-") else "ascending"


@register.simple_tag
def sort_mark(heading: Heading) -> str:
    return "\u00a0" + {"none": "↕", "descending": "↓", "ascending": "↑"}[sorted(heading)]
