"""The page at / from start to shared link."""

import re
import zipfile
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


SLOWLY = """
() => {
  const soon = window.fetch;
  window.fetch = async (...request) => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    return soon(...request);
  };
}
"""


def state(page: Page) -> dict[str, str]:
    """Return the state in the address."""
    query = parse_qs(urlsplit(page.url).query, keep_blank_values=True)
    return {name: values[0] for name, values in query.items()}


def expect_drawn(page: Page, words: str) -> None:
    """Wait for a picture drawn in the page that says `words`; its lines break without a space."""
    broken = r"\s*".join(map(re.escape, words.split()))
    expect(page.locator("#chart svg")).to_contain_text(re.compile(broken))


def expect_title(page: Page, title: str) -> None:
    """Wait for the drawn picture of that title; it is no image any more but drawn in the page."""
    expect_drawn(page, title)
    expect(page).to_have_title(f"{title} – Adult (Census Income)")


def test_from_the_start_to_a_shared_link(visitor: Visitor) -> None:
    page = visitor.page("/")
    page.get_by_label("Show").select_option("Average")
    expect(page.locator(".misfit")).to_contain_text("“Average” is of numbers")
    page.locator(".misfit").get_by_role("link", name="Hours per week").click()
    expect_title(page, "Mean of hours per week by education and sex")
    page.get_by_label("by", exact=True).select_option("Race")
    expect_title(page, "Mean of hours per week by race and sex")
    page.get_by_role("checkbox", name="Weighted").uncheck()
    expect(page.locator(".caveats")).to_have_count(0)

    assert state(page) == {
        "metric": "mean",
        "column": "hours_per_week",
        "group_by": "race,sex",
    }
    expect(page.locator("#status")).to_contain_text("hours per week by race and sex. Highest")

    shared = visitor.page(page.url)
    expect_title(shared, "Mean of hours per week by race and sex")
    expect(shared.get_by_role("checkbox", name="Weighted")).not_to_be_checked()
    expect(shared.get_by_label("by", exact=True)).to_have_value("race")
    assert shared.locator("table").first.inner_text() == page.locator("table").first.inner_text()


def test_going_back_to_a_question_finds_it_as_it_was(visitor: Visitor) -> None:
    """Neither the column nor the category is replaced."""
    page = visitor.page("/?metric=proportion&column=income&value=%3E50K")
    page.get_by_label("Show").select_option("Average")
    expect(page.locator(".misfit")).to_be_visible()
    expect(page.get_by_label("of", exact=True)).to_have_value("income")
    page.get_by_label("Show").select_option("Share of …")
    expect(page.locator("#chart svg")).to_be_visible()
    assert state(page) == {"metric": "proportion", "column": "income", "value": ">50K"}
    page.get_by_label("Show").select_option("Average")
    unfit = page.locator("#id_column option", has_text="Race (a category)")
    expect(unfit).to_be_disabled()


def test_back_and_forward(visitor: Visitor) -> None:
    page = visitor.page("/?metric=mean&column=age")
    expect_title(page, "Mean of age")
    page.get_by_label("Show").select_option("Median")
    expect_title(page, "Median of age")
    page.get_by_label("by", exact=True).select_option("Sex")
    expect_title(page, "Median of age by sex")
    page.go_back()
    expect_title(page, "Median of age")
    expect(page.get_by_label("by", exact=True)).to_have_value("")
    page.go_back()
    expect_title(page, "Mean of age")
    expect(page.get_by_label("Show")).to_have_value("mean")
    page.go_forward()
    expect_title(page, "Median of age")


def test_keys_on_a_closed_list_leave_few_entries_of_history(visitor: Visitor) -> None:
    """Twelve steps down and twelve up."""
    page = visitor.page("/?metric=mean&column=hours_per_week")
    entries = page.evaluate("history.length")
    page.get_by_label("Show").focus()
    for key in ("ArrowDown", "ArrowUp"):
        for _ in range(12):
            page.keyboard.press(key)
    page.wait_for_timeout(1200)
    expect(page.get_by_label("Show")).to_be_focused()
    assert page.evaluate("history.length") - entries <= 2
    assert state(page)["column"] == "hours_per_week"


def test_a_filter(visitor: Visitor) -> None:
    page = visitor.page("/?metric=mean&column=age")
    page.get_by_label("Add a filter").select_option("Class of worker")
    first = page.get_by_role("group", name="Class of worker").get_by_role("checkbox").first
    expect(first).to_be_focused()
    never = page.get_by_label("Never worked 10", exact=True)
    never.check()
    expect_drawn(page, "10 people with class of worker Never worked")

    page.get_by_label("Add a filter").select_option("Race")
    races = page.get_by_role("group", name="Race")
    races.get_by_label("White 41,762").check()
    page.wait_for_url("**race=White*")
    races.get_by_label("Black 4,685").check()
    expect_drawn(page, "race one of White, Black")

    page.get_by_label("Add a filter").select_option("Age")
    page.get_by_label("Age from").fill("17")
    page.get_by_label("Age from").press("Tab")
    page.wait_for_url("**age__gte=17*")
    page.get_by_label("Age to").fill("24")
    page.get_by_label("Age to").press("Enter")
    expect_drawn(page, "age from 17 to 24")
    assert state(page) == {
        "metric": "mean",
        "column": "age",
        "workclass": "Never-worked",
        "race__in": "White,Black",
        "age__range": "17,24",
    }

    page.get_by_label("Remove the filter: class of worker Never worked").click()
    expect(page.get_by_role("group", name="Class of worker")).to_have_count(0)
    assert "workclass" not in state(page)
    # The focus does not fall to the body.
    expect(page.locator(".chip").first).to_be_focused()


def test_values_are_searched(visitor: Visitor) -> None:
    page = visitor.page("/?metric=mean&column=age&where=native_country")
    page.get_by_label("Search the values of Native country").fill("kong")
    expect(page.locator(".editors label:visible")).to_have_count(1)
    page.get_by_label("Hong Kong 30").check()
    page.wait_for_url("**native_country=Hong*")


def test_enter_asks_once(visitor: Visitor) -> None:
    page = visitor.page("/?metric=distribution&column=age")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_label("Bins").fill("30")
    page.get_by_label("Bins").press("Enter")
    page.wait_for_url("**bins=30*")
    page.wait_for_timeout(700)
    assert len([url for url in asked if "explore=1" in url]) == 1


def test_a_failed_request_keeps_the_page(visitor: Visitor) -> None:
    page = visitor.page("/?metric=mean&column=age")
    visitor.may_fail = True
    page.context.set_offline(True)
    page.get_by_label("by", exact=True).select_option("Sex")
    problem = page.locator(".offline")
    expect(problem).to_contain_text("cannot be reached")
    expect(page.locator("#status")).to_contain_text("cannot be reached")
    expect(page.get_by_label("by", exact=True)).to_have_value("sex")
    page.context.set_offline(False)
    problem.get_by_role("button", name="Try again").click()
    expect_title(page, "Mean of age by sex")


def test_parameters_of_the_metric(visitor: Visitor) -> None:
    page = visitor.page("/?metric=distribution&column=age")
    page.get_by_label("Bins").fill("30")
    page.get_by_label("Bins").press("Tab")
    page.wait_for_url("**/?*bins=30*")
    expect(page.locator("table.for-people tbody tr")).to_have_count(31)
    page.get_by_label("Show").select_option("Standard deviation")
    expect_title(page, "Standard deviation of age")  # which takes no bins
    assert state(page) == {"metric": "std", "column": "age"}


def test_an_error_is_shown_with_a_way_out(visitor: Visitor) -> None:
    visitor.may_refuse = True
    page = visitor.page("/?metric=mean&column=age&sexx=Male&age__gt=old")
    problem = page.locator(".problem")
    expect(problem).to_contain_text("There is no parameter 'sexx' here")
    expect(problem).to_contain_text("'old' is not a whole number")
    problem.get_by_role("link", name="sex=Male").click()
    expect(problem.get_by_text("sexx")).to_have_count(0)
    expect(page.locator("#answer")).to_be_focused()
    problem.get_by_role("link", name="leave age__gt out").click()
    expect_title(page, "Mean of age")
    assert state(page) == {"metric": "mean", "column": "age", "sex": "Male"}


def test_every_view_is_a_state_of_the_address(visitor: Visitor) -> None:
    page = visitor.page("/?metric=mean&column=age&group_by=sex")
    page.get_by_role("link", name="Table", exact=True).click()
    expect(page.locator("#chart")).to_have_count(0)
    assert state(page)["view"] == "table"
    expect(page.get_by_role("link", name="Table", exact=True)).to_be_focused()
    page.get_by_role("link", name="Code", exact=True).click()
    expect(page.get_by_role("heading", name="DuckDB")).to_be_visible()
    page.get_by_role("link", name="Chart", exact=True).click()
    expect(page.locator("#chart svg")).to_be_visible()
    assert "view" not in state(page)


@pytest.mark.parametrize("way", ["mouse", "keyboard", "typed"])
@pytest.mark.parametrize("link", ["Table", "Sex"])
def test_a_choice_is_not_lost_by_a_link_chosen_at_once(
    visitor: Visitor, way: str, link: str
) -> None:
    """Neither by one whose state is on its way, nor by one that waits for more key presses."""
    page = visitor.page("/?metric=distribution&column=age&sex=Male")
    page.evaluate(SLOWLY)
    if way == "mouse":
        page.get_by_label("by", exact=True).select_option("Race")
    elif way == "keyboard":
        page.get_by_label("by", exact=True).focus()
        page.keyboard.press("R")
    else:
        page.get_by_label("Bins").click()
        page.keyboard.type("30")
    if link == "Table":
        page.get_by_role("link", name="Table", exact=True).click()
        page.wait_for_url("**view=table*")
        expect(page.locator("#tab_Table")).to_have_attribute("aria-current", "true")
    else:
        page.get_by_label("Remove the filter: sex Male").click()
        expect(page.locator(".chip")).to_have_count(0)
    chosen = {"bins": "30"} if way == "typed" else {"group_by": state(page).get("group_by", "")}
    left = {"sex": "Male", "view": "table"} if link == "Table" else {}
    assert all(chosen.values())
    assert state(page) == {"metric": "distribution", "column": "age", **chosen, **left}
    if way != "typed":
        assert state(page)["group_by"] in ("race", "relationship")  # both begin with R


def test_start_over_leaves_everything_out(visitor: Visitor) -> None:
    page = visitor.page("/?metric=mean&column=age&sex=Male&weight=fnlwgt&view=table")
    page.get_by_role("link", name="Start over").click()
    expect(page.locator(".everybody")).to_be_visible()
    assert page.url == f"{visitor.service}/"
    expect(page.locator("#chart svg")).to_be_visible()


def test_a_header_sorts(visitor: Visitor) -> None:
    page = visitor.page("/?metric=mean&column=age&group_by=race&view=table")
    page.get_by_role("link", name="Mean, years").click()
    page.wait_for_url("**order_by=-value*")
    header = page.get_by_role("columnheader", name="Mean, years")
    expect(header).to_have_attribute("aria-sort", "descending")
    expect(header.get_by_role("link")).to_be_focused()
    expect(page.locator("tbody th").first).to_have_text("White")


def test_downloads_have_telling_names(visitor: Visitor) -> None:
    page = visitor.page(
        "/?metric=proportion&column=income&value=%3E50K&group_by=education,sex&weight=fnlwgt"
        "&age__gte=25"
    )
    name = "adult-share-income-over-50000-dollars-a-year-by-education-sex-only-age-gte-25-weighted"
    page.locator("summary", has_text="Download").click()
    suffixes = {"CSV": "csv", "JSON": "json", "SVG": "svg", "PNG, twice its size": "png"}
    for link, suffix in suffixes.items():
        with page.expect_download() as download:
            page.locator("#download").get_by_role("link", name=link, exact=True).first.click()
        assert download.value.suggested_filename == f"{name}.{suffix}"
    with page.expect_download() as download:
        page.get_by_role("link", name="Zip of data, picture, metadata and citation").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        expected = {f"{name}.csv", f"{name}.svg", "CITATION.txt", "README.txt", "datapackage.json"}
        assert expected <= {*archive.namelist()}
    assert page.url.endswith("age__gte=25")  # it is still the page
    page.keyboard.press("Escape")


def test_code_is_copied(visitor: Visitor) -> None:
    page = visitor.page(
        "/?metric=mean&column=age&view=code", permissions=["clipboard-read", "clipboard-write"]
    )
    page.get_by_role("button", name=re.compile("^Copy: curl")).click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"curl -fsS '{visitor.service}/v1/computation/mean/age'"
    expect(page.locator("#status")).to_have_text("Copied")
    page.get_by_role("button", name="Copy link").click()
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_the_picture_tells_its_numbers_under_the_mouse(visitor: Visitor) -> None:
    page = visitor.page("/?metric=mean&column=age&group_by=sex")
    page.locator("#chart .mark-symbol.role-mark path").last.hover()
    tooltip = page.locator("#vg-tooltip-element")
    expect(tooltip).to_be_visible()
    expect(tooltip).to_have_text("Female: 36.93 (36.71–37.15) years, 16,192 people")


def test_the_picture_is_one_image_with_one_text(visitor: Visitor) -> None:
    page = visitor.page("/?metric=mean&column=age&group_by=sex")
    picture = page.get_by_role("img", name=re.compile("^Mean of age by sex.*Highest: Male"))
    expect(picture).to_be_visible()
    expect(page.locator("#chart svg")).to_be_visible()


def test_without_scripts_form_image_and_table_do(visitor: Visitor) -> None:
    page = visitor.page("/?metric=mean&column=age", java_script_enabled=False)
    page.get_by_label("by", exact=True).select_option("Sex")
    page.get_by_label("Add a filter").select_option("Age")
    page.get_by_role("button", name="Show").click()
    page.get_by_label("Age to").fill("29")
    page.get_by_role("button", name="Show").click()
    assert state(page) == {
        "metric": "mean",
        "column": "age",
        "group_by": "sex",
        "age__lte": "29",
    }
    image = page.get_by_role("img", name=re.compile("^Mean of age by sex"))
    expect(image).to_be_visible()
    image.evaluate("image => image.decode()")
    assert image.evaluate("image => image.naturalWidth") > 300
    expect(page.locator("table.for-people tbody tr")).to_have_count(3)


def test_by_keyboard_alone(visitor: Visitor) -> None:
    page = visitor.page("/?metric=mean&column=age")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the answer")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_be_focused()
    page.get_by_label("Show").focus()
    page.keyboard.press("ArrowDown")  # from the average to the spread
    expect_title(page, "Quantiles of age")
    expect(page.get_by_label("Show")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("of", exact=True)).to_be_focused()
