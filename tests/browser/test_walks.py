"""Three walks from end to end: a student of sociology, a data scientist, an API developer.

`make screenshots` keeps pictures of what they saw.
"""

import csv
import io
import os
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE, Visitor

START = "/?metric=proportion&column=income&value=%3E50K&weight=fnlwgt"


def keep(page: Page, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"walk-{name}.png")


def test_a_student_compares_women_and_men_by_age(visitor: Visitor) -> None:
    """Share over 50K by age band and sex, weighted, with the difference and its test.

    As a picture, a table and a CSV, in five actions.
    """
    page = visitor.page(START)
    page.get_by_label("by", exact=True).select_option("Age")  # 1
    expect(page.get_by_label("Age in bands")).to_have_value("25,35,45,55,65")
    page.locator("#id_group_by_2").select_option("Sex")  # 2
    expect(page.locator("#chart svg")).to_contain_text("Female")
    expect(page.locator("#chart svg")).to_contain_text("65 and over")
    keep(page, "student-chart")
    page.get_by_role("link", name="Compare", exact=True).click()  # 3
    expect(page.locator("#tab_Compare")).to_have_attribute("aria-current", "true")
    row = page.locator("table.for-people tbody tr", has_text="45–54")
    expect(row).to_contain_text("16.9 15.4–18.6")
    expect(row).to_contain_text("\u221232.4 \u221234.5 to \u221230.2")
    expect(row).to_contain_text("p < 0.001")
    expect(page.locator(".sentence")).to_contain_text("All 6 differences are significant")
    expect(page.locator(".caveats")).to_contain_text("1/100 persons")
    expect(page.locator(".caveats")).to_contain_text("strata")
    expect(page.locator("#chart svg")).to_contain_text("difference from Male")
    keep(page, "student-compare")
    page.locator("summary", has_text="Download").click()  # 4
    with page.expect_download() as download:
        page.locator("#download").get_by_role("link", name="CSV", exact=True).first.click()  # 5
    assert download.value.suggested_filename == (
        "adult-share-income-over-50000-dollars-a-year-by-age-sex-compared-weighted.csv"
    )
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    found = {(one["sex"], one["age"]): one for one in rows}
    assert round(float(found["Female", "45-54"]["difference"]), 3) == -0.324


def test_a_data_scientist_finds_a_slice_and_takes_it(visitor: Visitor) -> None:
    page = visitor.page("/columns")
    page.locator("#sex").get_by_role("link", name="Female").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("16,192 people of 48,842")
    page.locator("summary", has_text="Class of worker").scroll_into_view_if_needed()
    page.get_by_label("Without pay").check()
    page.get_by_role("button", name="Show").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("7 people of 48,842")
    keep(page, "data-scientist-people")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV", exact=True).click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    assert len(rows) == 7
    assert {row["sex"] for row in rows} == {"Female"}


def test_a_developer_tries_an_endpoint_with_two_parameters(visitor: Visitor) -> None:
    page = visitor.page("/docs")
    page.set_default_timeout(PATIENCE * 1000)  # Swagger draws for long
    operation = page.locator("#operations-computation-mean")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.locator("tr[data-param-name=column] select").select_option("age")
    complete = operation.locator("tr[data-param-name=complete] select")
    complete.select_option("true")
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table")
    expect(answer).to_contain_text('"rows": 45222')
    assert "complete=true" in operation.locator(".request-url").inner_text()
    keep(page, "developer-docs")
