"""Narrow screens: nothing is wider than them, the answer comes first, pictures are legible."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.browser.test_accessible import FINDINGS, PAGES
from tests.browser.test_explorer import PHONE, expect_title

# Rows with fewer or more visible cells than the head has, and numbers whose heading is not above.
SHIFTED = """
() => [...document.querySelectorAll("table.for-people")].flatMap((table) => {
  const seen = (row) => [...row.cells].filter((cell) => cell.getBoundingClientRect().width);
  const head = table.tHead && seen(table.tHead.rows[0]);
  return !head ? [] : [...table.tBodies[0].rows].filter((row) => !row.querySelector("[colspan]"))
    .filter((row) => {
      const cells = seen(row);
      return cells.length !== head.length || cells.some((cell, i) => cell.textContent.trim()
        && getComputedStyle(cell).textAlign !== getComputedStyle(head[i]).textAlign);
    }).map((row) => row.textContent.trim());
})
"""

# Tables of answers that have to be moved sideways.
CUT = """
() => [...document.querySelectorAll(".scroll:not(.records):has(> table.for-people)")]
  .filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.ariaLabel)
"""


@pytest.mark.parametrize("name", ["table", "comparison", "model", "decomposition"])
def test_tables_fit_on_a_tablet(visitor: Visitor, name: str) -> None:
    page = visitor.page(PAGES[name], viewport={"width": 720, "height": 1024})
    assert page.locator("table.for-people").count()
    assert page.evaluate(CUT) == []


@pytest.mark.parametrize("name", PAGES)
def test_phones_and_tablets(visitor: Visitor, axe: str, name: str) -> None:
    """Nothing is wider than the screen, and nothing bars anybody."""
    visitor.may_refuse = True
    page = visitor.page(PAGES[name], **PHONE)
    page.evaluate(axe)
    assert page.evaluate(FINDINGS) == []
    for width in (390, 720):
        if width != page.viewport_size["width"]:
            page.set_viewport_size({"width": width, "height": 844})
            page.reload(wait_until="networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("innerWidth") == width  # it is not laid out wider and made smaller
        assert page.evaluate(SHIFTED) == []


@pytest.mark.parametrize("name", ["table", "distribution", "compare", "correlation", "fairness"])
def test_headings_are_above_their_numbers(visitor: Visitor, name: str) -> None:
    """Also on paper, where what is drawn in a table is left out."""
    page = visitor.page(PAGES[name])
    assert page.locator("tbody td.number").count()
    assert page.evaluate(SHIFTED) == []
    page.emulate_media(media="print")
    assert page.evaluate(SHIFTED) == []


def test_the_answer_comes_before_the_question(visitor: Visitor) -> None:
    page = visitor.page("/?metric=distribution&column=education&group_by=occupation", **PHONE)
    expect(page.locator("#chart svg")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    # The answer comes first, and the question is a press away.
    expect(page.get_by_label("Show")).to_be_hidden()
    top = page.locator("#chart").bounding_box()
    assert top is not None
    assert top["y"] < 700
    page.get_by_text("Change the question").tap()
    page.get_by_label("Show").select_option("Mode")
    expect_title(page, "Mode of education by occupation")
    for control in page.locator("select:visible, input:visible, a.chip:visible").all():
        box = control.bounding_box()
        assert box is not None
        assert box["height"] >= 17


@pytest.mark.parametrize("width", [720, 390])
def test_records_come_before_their_filters(visitor: Visitor, width: int) -> None:
    page = visitor.page("/people?sex=Female", viewport={"width": width, "height": 844})
    top = page.locator(".records tbody tr").first.bounding_box()
    assert top is not None
    assert top["y"] < 500
    expect(page.get_by_label("Order", exact=True)).to_be_hidden()
    page.get_by_text("Filters and order").click()
    page.get_by_label("Without pay").check()
    page.get_by_role("button", name="Show").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("7 people of 48,842")
    page.get_by_role("link", name="Remove the filter: sex Female").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("21 people of 48,842")
    assert page.url.endswith("/people?workclass=Without-pay")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/correlation",
        "/v1/crosstab/education/marital_status",
        "/v1/computation/mean/age?group_by=workclass,sex",
        "/v1/regression/linear/hours_per_week?on=age,sex",
    ],
)
def test_pictures_are_drawn_for_the_width_of_a_phone(visitor: Visitor, path: str) -> None:
    page = visitor.page(path, **PHONE)
    picture = page.locator("figure.chart img")
    expect(picture).to_be_visible()
    picture.evaluate("image => image.decode()")
    # A pixel of the drawing, whose least type has 10, is about one of the screen.
    assert picture.evaluate("image => image.width / image.naturalWidth") > 0.9
    height = picture.evaluate("image => image.naturalHeight * image.width / image.naturalWidth")
    assert abs(picture.evaluate("image => image.height") - height) < 2


def _brightness(page: Page) -> float:
    """Return the mean brightness of the picture as it is seen, from 0 to 255."""
    shot = page.locator("figure.chart, #chart").first.screenshot(type="png")
    page.goto("about:blank")
    seen: float = page.evaluate(
        """async (bytes) => {
          const image = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
          const canvas = new OffscreenCanvas(image.width, image.height);
          const context = canvas.getContext("2d");
          context.drawImage(image, 0, 0);
          const {data} = context.getImageData(0, 0, image.width, image.height);
          let sum = 0;
          for (let i = 0; i < data.length; i += 4) sum += data[i] + data[i + 1] + data[i + 2];
          return sum / (data.length / 4) / 3;
        }""",
        list(shot),
    )
    return seen


@pytest.mark.parametrize("path", ["/?metric=mean&column=age&group_by=race", "/v1/fairness/sex"])
def test_pictures_are_dark_where_the_page_is(visitor: Visitor, path: str) -> None:
    light, dark = (visitor.page(path, color_scheme=scheme) for scheme in ("light", "dark"))
    for page in (light, dark):
        expect(page.locator("#chart svg, figure.chart img")).to_be_visible()
    assert _brightness(light) > 200
    assert _brightness(dark) < 80
    printed = visitor.page(path, color_scheme="dark")
    printed.emulate_media(media="print", color_scheme="dark")
    assert _brightness(printed) > 200
