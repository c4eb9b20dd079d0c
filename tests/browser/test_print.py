"""Pages on paper: whole tables, values and intervals included, without what is for a screen."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor

OVER = "/?metric=proportion&column=income&value=%3E50K&group_by=education,sex&weight=fnlwgt"
# CSS pixels of A4 within margins of 1 cm.
PAPER = {"width": 718, "height": 1046}
ACROSS = {"width": 1046, "height": 718}
# What is cut off: the text of cells that end beyond the paper or their scrolling frame.
CUT = """
(width) => [...document.querySelectorAll("table.for-people :is(th, td)")].filter((cell) => {
  const box = cell.getBoundingClientRect();
  const frame = cell.closest(".scroll").getBoundingClientRect();
  return box.width && (box.right > width + 1 || box.bottom > frame.bottom + 1);
}).map((cell) => cell.textContent)
"""
# Cells of more lines than words.
SPLIT = r"""
() => [...document.querySelectorAll(".records :is(th, td)")].filter((cell) => {
  const lines = document.createRange();
  lines.selectNodeContents((cell.querySelector("a") ?? cell).firstChild);
  return cell.textContent.trim().split(/[\s-]+/).length < lines.getClientRects().length;
}).map((cell) => cell.textContent)
"""


def printed(visitor: Visitor, path: str, paper: dict[str, int] = PAPER) -> Page:
    page = visitor.page(path, viewport=paper)
    page.emulate_media(media="print")
    return page


@pytest.mark.parametrize(
    "path",
    [
        *(f"{OVER}{view}" for view in ("", "&view=table", "&view=compare")),
        "/?metric=mean&column=hours_per_week&group_by=workclass,sex&weight=fnlwgt",
        "/?metric=crosstab&row=education&column=income",
        "/v1/computation/proportion/income?value=%3E50K&group_by=education,sex&weight=fnlwgt",
        "/v1/correlation",
        "/columns",
        "/about",
    ],
)
def test_nothing_is_cut_off_on_paper(visitor: Visitor, path: str) -> None:
    expect_whole(printed(visitor, path), PAPER["width"])


def expect_whole(page: Page, width: int) -> None:
    assert page.locator("table").count()
    assert page.evaluate(CUT, width) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("path", ["/people?sex=Female", "/v1/people"])
def test_records_fit_across_the_paper(visitor: Visitor, path: str) -> None:
    page = printed(visitor, path, ACROSS)
    expect_whole(page, ACROSS["width"])
    assert page.evaluate(SPLIT) == []
    sheets = {
        tuple(map(float, box.split()))
        for box in re.findall(rb"/MediaBox \[([^]]*)\]", page.pdf(prefer_css_page_size=True))
    }
    assert sheets
    assert all(width > height for _, _, width, height in sheets)


def test_values_and_intervals_are_on_paper(visitor: Visitor) -> None:
    """The table of education and sex used to be cut at its value and at half its rows."""
    page = printed(visitor, OVER)
    rows = page.locator("table.for-people tbody tr")
    expect(rows).to_have_count(33)
    for row in rows.all():
        expect(row).to_be_visible()
        expect(row.locator("td.number").first).to_contain_text("–")
    for screen in ("form", ".tools", ".tabs", ".top nav", ".examples", "#all_columns"):
        for one in page.locator(screen).all():
            expect(one).to_be_hidden()
    expect(page.locator("#chart")).to_be_visible()
    expect(page.locator(".caveats")).to_be_visible()


def test_dark_pages_are_printed_dark_on_white(visitor: Visitor) -> None:
    page = visitor.page(OVER, viewport=PAPER, color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    colours = page.evaluate(
        """() => [...document.querySelectorAll("body, h2, td, th, .sentence, .note, .caveats")]
        .map((one) => getComputedStyle(one))
        .map(({color, backgroundColor}) => [color, backgroundColor])"""
    )
    for ink, paper in colours:
        assert sum(_channels(ink)) < 3 * 128, ink
        assert paper == "rgba(0, 0, 0, 0)" or sum(_channels(paper)) > 3 * 200, paper


def _channels(colour: str) -> list[int]:
    return [int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")[:3]]
