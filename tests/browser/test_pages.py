"""The other pages that a person sees."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PATIENCE, Visitor


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
def test_an_answer_is_a_table_and_a_picture_above_its_json(visitor: Visitor, path: str) -> None:
    page = visitor.page(path)
    table, picture = page.locator("table.for-people"), page.locator("figure.chart img")
    expect(table.locator("tbody th[scope=row]").first).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth") > 300
    answer = page.locator(".response-info")
    expect(answer).to_be_hidden()
    page.locator("summary", has_text="JSON").click()
    expect(answer).to_contain_text('"rows"')


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/v1", "Correlation"),
        ("/v1/fields", "Hours usually worked per week."),
        ("/v1/fields/age", "17"),
        ("/v1/dataset", "10.24432/C5XW20"),
        ("/v1/statistics", "38.64"),
        ("/v1/people", "State government"),
    ],
)
def test_other_answers_are_tables_too(visitor: Visitor, path: str, says: str) -> None:
    page = visitor.page(path)
    expect(page.locator("table.for-people")).to_contain_text(says)
    expect(page.locator("figure.chart")).to_have_count(0)


def test_a_page_of_an_error_shows_ways_out(visitor: Visitor) -> None:
    visitor.may_refuse = True
    page = visitor.page("/v1/computation/mean/age?sex=Mal")
    expect(page.locator("figure.chart")).to_have_count(0)
    page.get_by_role("link", name="Male", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mean of age")
    assert page.url.endswith("/v1/computation/mean/age?sex=Male")


def test_the_form_of_a_page_leads_to_a_short_address(visitor: Visitor) -> None:
    """No field is left empty, and no format."""
    page = visitor.page("/v1/computation/mean/age")
    page.locator("summary", has_text="Change the parameters").click()
    page.get_by_label("Group by").select_option(["Sex", "Race"])
    page.locator(".filters summary", has_text="Hours per week").click()
    page.get_by_label("Hours per week is from … to … (both included) from").fill("35")
    page.get_by_label("Hours per week is from … to … (both included) to").fill("40")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mean of age by race and sex")
    assert page.url == (
        f"{visitor.service}/v1/computation/mean/age?group_by=race,sex&hours_per_week__range=35,40"
    )
    page.get_by_role("link", name="Open in the explorer").click()
    expect(page.locator("#chart svg")).to_be_visible()
    assert "metric=mean&column=age&group_by=race,sex" in page.url


def test_a_slice_is_found_by_facets(visitor: Visitor) -> None:
    page = visitor.page("/people")
    expect(page.get_by_role("heading", level=1)).to_have_text("48,842 people")
    page.locator("summary", has_text="Class of worker").scroll_into_view_if_needed()
    page.get_by_label("Never worked 10").check()
    page.get_by_role("button", name="Show").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("10 people of 48,842")
    assert page.url.endswith("/people?workclass=Never-worked")
    expect(page.locator("table.for-people tbody tr")).to_have_count(10)


def test_the_codebook_and_the_dataset(visitor: Visitor) -> None:
    page = visitor.page("/columns")
    expect(page.locator(".card")).to_have_count(16)
    page.locator("#age").get_by_role("link", name="Ask about this").click()
    expect(page.locator("#chart")).to_be_visible()
    page.get_by_role("link", name="About").click()
    expect(page.get_by_role("heading", name="Weights")).to_be_visible()


def test_a_call_is_tried_out_in_swagger(visitor: Visitor) -> None:
    page = visitor.page("/docs")
    page.set_default_timeout(PATIENCE * 1000)  # Swagger draws for long
    operation = page.locator("#operations-computation-mean")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    rows = operation.locator("tr[data-param-name]")
    names = rows.evaluate_all("rows => rows.map((row) => row.dataset.paramName)")
    assert names[0] == "column"  # the parameters are in the order of their use
    assert {"group_by", "weight", "confidence"} <= {*names[:8]}
    assert names.index("age__gte") > 10
    operation.locator("tr[data-param-name=column] select").select_option("age")
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table")
    expect(answer).to_contain_text('"metric": "mean"')
    expect(answer).to_contain_text("38.64358543876172")  # nothing is sent that was not chosen


def test_redoc_shows_every_operation_and_searches(visitor: Visitor) -> None:
    page = visitor.page("/redoc")
    expect(page.locator("h2", has_text="Excess kurtosis")).to_be_attached(timeout=PATIENCE * 1000)
    page.get_by_placeholder("Search...").fill("kurtosis")
    results = page.locator("[data-role='search:results']")
    expect(results).to_contain_text("Excess kurtosis", timeout=PATIENCE * 1000)


@pytest.mark.parametrize("path", ["/problems/timeout", "/nowhere"])
def test_pages_of_errors(visitor: Visitor, path: str) -> None:
    visitor.may_refuse = True
    page = visitor.page(path)
    expect(page.get_by_role("link", name="Home", exact=True)).to_be_visible()
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
