"""What pages say: titles, headings, descriptions of pictures, and nothing meant for programs."""

import re

import pytest

from tests.browser.conftest import Visitor
from tests.browser.test_accessible import PAGES

SITE = "Adult (Census Income)"
# The text outside of code and of folded JSON.
PROSE = """
() => {
  const copy = document.body.cloneNode(true);
  copy.querySelectorAll("pre, code, script, style, svg, option").forEach((one) => one.remove());
  return copy.textContent;
}
"""
HEADINGS = """
() => [...document.querySelectorAll("h1, h2, h3, h4, figure")].map((one) => one.localName)
"""
FOR_PROGRAMS = re.compile(
    r"`|\bNone\b|\bNaN\b|\bnan\b|\bundefined\b|\[object|\{\{|\{%|education_num_"
)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_speaks_to_people(visitor: Visitor, name: str) -> None:
    """Prose has no code, and the first heading is the only one of its level."""
    visitor.may_refuse = True
    page = visitor.page(PAGES[name])
    assert FOR_PROGRAMS.search(page.evaluate(PROSE)) is None
    title = page.title()
    assert title.endswith(f" – {SITE}")
    assert page.locator("html").get_attribute("lang") == "en"
    headings = page.evaluate(HEADINGS)
    assert headings[0] == "h1"
    assert headings.count("h1") == 1
    for image in page.locator("figure img, figure [role=img]").all():
        said = image.get_attribute("alt") or image.get_attribute("aria-label") or ""
        assert title.removesuffix(f" – {SITE}") in said
        assert "The numbers are in the table" in said


def test_no_two_pages_have_the_same_title(visitor: Visitor) -> None:
    visitor.may_refuse = True
    titles: dict[str, str] = {}
    for name in ("share", "average", "crosstab", "model", "people", "columns", "about", "root",
                 "computation", "fairness", "problems", "error"):  # fmt: skip
        title = re.search(r"<title>([^<]*)</title>", _page(visitor, PAGES[name]))
        assert title
        assert titles.setdefault(title[1], name) == name


def _page(visitor: Visitor, path: str) -> str:
    context = visitor.browser.new_context(base_url=visitor.service)
    text: str = context.request.get(path, headers={"accept": "text/html,*/*"}).text()
    context.close()
    return text


def test_a_weighted_share_of_nobody_says_of_how_many(visitor: Visitor) -> None:
    page = visitor.page(PAGES["table"])
    row = page.locator("table.for-people tbody tr").first
    assert re.sub(r"\s+", " ", row.inner_text()).startswith(
        "Preschool Female 0.0 0.0–14.2; 0 of 24 people"
    )
    assert row.locator("abbr.mark").get_attribute("title") == "fewer than 30 people"


def test_the_schema_is_a_file_with_a_name(visitor: Visitor) -> None:
    page = visitor.page("/about")
    answer = page.request.get("/schema", headers={"accept": "text/html,*/*;q=0.8"})
    assert re.fullmatch(r'inline; filename="[^"]+\.yaml"', answer.headers["content-disposition"])
