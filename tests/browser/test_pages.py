"""The other pages that a person sees."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visitor


@pytest.mark.parametrize(
    "path",
    [
        "/v1/computation/mean/hours_per_week?group_by=education&weight=fnlwgt",
        "/v1/computation/distribution/age?sex=Female",
        "/v1/crosstab/education/income",
        "/v1/correlation",
        "/v1/fairness/sex,race",
    ],
)
def test_a_browsable_page_shows_its_picture_above_the_answer(visitor: Visitor, path: str) -> None:
    page = visitor.page(path)
    picture = page.get_by_role("img", name="A picture of the answer below")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth") > 300
    answer = page.locator(".response-info")
    expect(answer).to_contain_text('"rows"')
    above, below = picture.bounding_box(), answer.bounding_box()
    assert above is not None
    assert below is not None
    assert above["y"] + above["height"] <= below["y"]


@pytest.mark.parametrize(
    "path", ["/v1", "/v1/fields", "/v1/fields/age", "/v1/dataset", "/v1/statistics", "/v1/people"]
)
def test_other_browsable_pages(visitor: Visitor, path: str) -> None:
    page = visitor.page(path)
    expect(page.locator(".response-info")).to_contain_text("HTTP 200 OK")
    expect(page.locator("figure.chart")).to_have_count(0)


def test_a_browsable_page_of_an_error_shows_no_picture(visitor: Visitor) -> None:
    visitor.may_refuse = True
    page = visitor.page("/v1/computation/mean/age?sex=Mal")
    expect(page.locator(".response-info")).to_contain_text('"did_you_mean": "Male"')
    expect(page.locator("figure.chart")).to_have_count(0)


def test_the_form_of_a_browsable_page_asks(visitor: Visitor) -> None:
    page = visitor.page("/v1/computation/mean/age")
    if not page.get_by_label("group_by").is_visible():
        page.get_by_text("Parameters and filters").click()
    page.get_by_label("group_by").fill("sex")
    page.get_by_role("button", name="Ask").click()
    expect(page.locator(".response-info")).to_contain_text('"sex": "Female"')
    expect(page.get_by_role("img", name="A picture of the answer below")).to_be_visible()


def test_a_call_is_tried_out_in_swagger(visitor: Visitor) -> None:
    page = visitor.page("/docs")
    operation = page.locator("#operations-computation-mean")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.locator("tr[data-param-name=column] select").select_option("age")
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table")
    expect(answer).to_contain_text('"metric": "mean"')
    expect(answer).to_contain_text("38.05862309067412")  # Swagger takes the example of weight


def test_redoc_shows_every_operation_and_searches(visitor: Visitor) -> None:
    page = visitor.page("/redoc")
    expect(page.locator("h2", has_text="Excess kurtosis")).to_be_attached()
    page.get_by_placeholder("Search...").fill("kurtosis")
    expect(page.locator("[data-role='search:results']")).to_contain_text("Excess kurtosis")


@pytest.mark.parametrize("path", ["/problems/timeout", "/nowhere"])
def test_pages_of_errors(visitor: Visitor, path: str) -> None:
    visitor.may_refuse = True
    page = visitor.page(path)
    expect(page.get_by_role("link", name="Home")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


LABELS = """
() => [...document.querySelectorAll(".role-legend-label text")].map((label) => {
  const box = label.getBoundingClientRect();
  const clear = [...document.querySelectorAll(".role-legend-symbol path")].every((path) => {
    const symbol = path.getBoundingClientRect();
    return symbol.bottom < box.top || symbol.top > box.bottom || symbol.right < box.left
      || symbol.left > box.right + 4;
  });
  return [label.textContent, box.width, box.right, clear];
})
"""


@pytest.mark.parametrize(
    "address",
    [
        "/v1/computation/mean/hours_per_week.svg?group_by=workclass,relationship",
        "/v1/computation/distribution/race.svg?group_by=sex",
        "/v1/computation/mean/age.svg?group_by=native_country,sex",
        "/v1/computation/mean/age.svg?group_by=race,relationship&relationship__ne=Other-relative",
    ],
)
def test_a_legend_has_room_for_a_wider_font(visitor: Visitor, address: str) -> None:
    """Where DejaVu alone is installed, no label touches what comes after it."""
    page = visitor.page("/")
    drawing = page.request.get(address).text()
    page.goto("about:blank")
    page.set_content(f"<style>text {{ font-family: 'DejaVu Sans' !important }}</style>{drawing}")
    labels = page.evaluate(LABELS)
    assert len(labels) > 1
    width = float(page.locator("svg").get_attribute("width") or 0)
    for text, extent, right, clear in labels:
        assert extent > 6 * len(text), "this is no wide font"
        assert clear, text
        assert right < width + 8, text
