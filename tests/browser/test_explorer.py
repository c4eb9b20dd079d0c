"""The page at / from start to shared link."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


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
    expect(page).to_have_title(f"{title} – Adult (Census Income) API")


def test_from_the_start_to_a_shared_link(visitor: Visitor) -> None:
    page = visitor.page("/")
    expect_title(page, "Proportion of income “Over 50,000 dollars a year” by education")

    page.get_by_label("Metric").select_option("Mean")
    expect_title(page, "Mean of age by education")
    page.get_by_label("of the column").select_option("Hours per week")
    expect_title(page, "Mean of hours per week by education")
    page.get_by_label("Group by").select_option("Sex")
    expect_title(page, "Mean of hours per week by sex")
    page.get_by_label("and by").first.select_option("Income")
    page.get_by_label("Weight to the population").check()
    expect_title(page, "Mean of hours per week by sex and income")
    expect(page.locator("#chart")).to_contain_text("Weighted by survey weight")

    assert state(page) == {
        "metric": "mean",
        "column": "hours_per_week",
        "group_by": "sex,income",
        "weight": "fnlwgt",
    }
    expect(page.locator("#status")).to_contain_text("Mean of hours per week by sex and income")

    shared = visitor.page(page.url)
    expect_title(shared, "Mean of hours per week by sex and income")
    expect(shared.get_by_label("Weight to the population")).to_be_checked()
    expect(shared.get_by_label("Group by")).to_have_value("sex")
    assert shared.locator("table").inner_text() == page.locator("table").inner_text()


def test_back_and_forward(visitor: Visitor) -> None:
    page = visitor.page("/?metric=mean&column=age")
    expect_title(page, "Mean of age")
    page.get_by_label("Metric").select_option("Median")
    expect_title(page, "Median of age")
    page.get_by_label("Group by").select_option("Sex")
    expect_title(page, "Median of age by sex")
    page.go_back()
    expect_title(page, "Median of age")
    expect(page.get_by_label("Group by")).to_have_value("")
    page.go_back()
    expect_title(page, "Mean of age")
    expect(page.get_by_label("Metric")).to_have_value("mean")
    page.go_forward()
    expect_title(page, "Median of age")


def test_a_filter(visitor: Visitor) -> None:
    page = visitor.page("/?metric=mean&column=age")
    page.get_by_label("Add a filter").select_option("Class of worker is")
    value = page.get_by_label("Class of worker is", exact=True)
    expect(value).to_be_focused()
    value.select_option("Never worked")
    expect_drawn(page, "10 people with class of worker Never worked")

    page.get_by_label("and whose …").select_option("Race is one of")
    page.get_by_label("Race is one of", exact=True).select_option(["White", "Black"])
    expect_drawn(page, "race one of Black, White")

    page.get_by_label("and whose …").select_option("Age is at least")
    page.get_by_label("Age is at least", exact=True).fill("20")
    page.get_by_label("Age is at least", exact=True).press("Enter")
    expect_drawn(page, "age at least 20")
    assert state(page) == {
        "metric": "mean",
        "column": "age",
        "workclass": "Never-worked",
        "race__in": "Black,White",
        "age__gte": "20",
    }

    page.get_by_label("Remove the filter: Class of worker is").click()
    expect(page.get_by_label("Class of worker is", exact=True)).to_have_count(0)
    assert "workclass" not in state(page)


def test_parameters_of_the_metric(visitor: Visitor) -> None:
    page = visitor.page("/?metric=distribution&column=age")
    page.get_by_label("Bins").fill("30")
    page.get_by_label("Bins").press("Tab")
    page.wait_for_url("**/?*bins=30*")
    expect(page.locator("tbody tr")).to_have_count(30)
    page.get_by_label("Metric").select_option("Skewness")
    expect_title(page, "Skewness of age")  # which takes no bins
    assert state(page) == {"metric": "skewness", "column": "age"}
    expect(page.get_by_label("Weight to the population")).to_be_disabled()


def test_an_error_is_shown_with_a_way_out(visitor: Visitor) -> None:
    visitor.may_refuse = True
    page = visitor.page("/?metric=mean&column=age&sexx=Male&age__gt=old")
    problem = page.get_by_role("region", name="A parameter cannot be taken")
    expect(problem).to_contain_text("There is no parameter 'sexx' here")
    expect(problem).to_contain_text("'old' is not a whole number")
    problem.get_by_role("link", name="sex=Male").click()
    expect(problem.get_by_text("sexx")).to_have_count(0)
    problem.get_by_role("link", name="leave age__gt out").click()
    expect_title(page, "Mean of age")
    assert state(page) == {"metric": "mean", "column": "age", "sex": "Male"}


def test_a_metric_that_does_not_apply_names_columns_of_which_it_is(visitor: Visitor) -> None:
    visitor.may_refuse = True
    page = visitor.page("/?metric=mean&column=sex")
    page.locator(".problem").get_by_role("link", name="age", exact=True).click()
    expect_title(page, "Mean of age")


def test_the_links_lead_to_the_answer(visitor: Visitor) -> None:
    page = visitor.page("/?metric=mean&column=age&group_by=sex")
    address = page.locator("pre code").first.inner_text()
    assert address == f"{visitor.service}/v1/computation/mean/age?group_by=sex"
    for name, media_type in {
        "JSON": "application/json",
        "CSV": "text/csv",
        "SVG": "image/svg+xml",
        "PNG": "image/png",
        "Vega-Lite": "application/vnd.vegalite.v6+json",
    }.items():
        href = page.get_by_role("link", name=name, exact=True).get_attribute("href")
        response = page.request.get(str(href), headers={"Accept": "*/*"})
        assert response.status == 200
        assert response.headers["content-type"].startswith(media_type)


def test_snippets_are_copied(visitor: Visitor) -> None:
    page = visitor.page(
        "/?metric=mean&column=age", permissions=["clipboard-read", "clipboard-write"]
    )
    page.locator("summary", has_text="pandas").click()
    page.locator("details", has_text="pandas").get_by_role("button").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == (
        "import pandas as pd\n\n"
        f'table = pd.read_csv("{visitor.service}/v1/computation/mean/age.csv")'
    )
    expect(page.locator("#status")).to_have_text("Copied")


def test_the_picture_tells_its_numbers_under_the_mouse(visitor: Visitor) -> None:
    page = visitor.page("/?metric=mean&column=age&group_by=sex")
    page.locator("#chart .mark-rect path").first.hover()
    tooltip = page.locator("#vg-tooltip-element")
    expect(tooltip).to_be_visible()
    expect(tooltip).to_contain_text("36.92")


def test_without_scripts_form_image_and_table_do(visitor: Visitor) -> None:
    page = visitor.page("/", java_script_enabled=False)
    page.get_by_label("Metric").select_option("Mean")
    page.get_by_label("Group by").select_option("Sex")
    page.get_by_label("Add a filter").select_option("Age is under")
    page.get_by_label("Value of the new filter").fill("30")
    page.get_by_role("button", name="Show").click()
    assert state(page) == {
        "metric": "mean",
        "column": "age",
        "group_by": "sex",
        "age__lt": "30",
    }
    image = page.get_by_role("img", name=re.compile("^Mean of age by sex"))
    expect(image).to_be_visible()
    assert image.evaluate("image => image.complete && image.naturalWidth") > 300
    expect(page.locator("tbody tr")).to_have_count(2)


def test_on_a_phone_nothing_is_wider_than_the_screen(visitor: Visitor) -> None:
    page = visitor.page("/?metric=distribution&column=education&group_by=occupation", **PHONE)
    expect(page.locator("#chart svg")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_label("Metric").select_option("Mode")
    expect_title(page, "Mode of education by occupation")
    for control in page.locator("select:visible, input:visible, a.remove:visible").all():
        box = control.bounding_box()
        assert box is not None
        assert box["height"] >= 17


def test_by_keyboard_alone(visitor: Visitor) -> None:
    page = visitor.page("/?metric=mean&column=age")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    while page.evaluate("document.activeElement.id") != "metric":
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")  # from the mean to the sum
    expect_title(page, "Sum of age")
    expect(page.get_by_label("Metric")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("of the column")).to_be_focused()


def test_everything_to_fill_in_has_a_name(visitor: Visitor) -> None:
    page = visitor.page("/?metric=distribution&column=age&sex=Male&race__in=White")
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("#question :is(input, select):not([type=hidden])")]
        .filter((field) => !field.labels.length && !field.ariaLabel).map((field) => field.name)"""
    )
    assert unnamed == []
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((element) => element.id)")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out(visitor: Visitor, scheme: str) -> None:
    """WCAG's contrast of 4.5 between text and the page, in either scheme."""
    page = visitor.page("/", color_scheme=scheme)
    contrast = page.evaluate(
        """() => {
          const light = (name) => {
            const probe = document.body.appendChild(document.createElement("i"));
            probe.style.color = `var(${name})`;
            const [r, g, b] = getComputedStyle(probe).color.match(/[0-9.]+/g).map((part) => {
              const c = part / 255;
              return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
            });
            probe.remove();
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const pairs = [["--ink", "--paper"], ["--ink", "--panel"], ["--soft", "--paper"],
            ["--soft", "--panel"], ["--link", "--paper"], ["--link", "--panel"],
            ["--on-accent", "--accent"], ["--warn", "--warn-paper"], ["--link", "--warn-paper"]];
          return Math.min(...pairs.map(([one, other]) => {
            const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
            return (high + 0.05) / (low + 0.05);
          }));
        }"""
    )
    assert contrast >= 4.5
