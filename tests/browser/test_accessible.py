"""Every page by axe-core: nothing bars anybody, in light and in dark."""

import pytest

from tests.browser.conftest import Visitor

OVER = "metric=proportion&column=income&value=%3E50K&group_by=education,sex&weight=fnlwgt"
PAGES = {
    "share": f"/?{OVER}",
    "table": f"/?{OVER}&view=table",
    "compare": f"/?{OVER}&view=compare",
    "code": f"/?{OVER}&view=code",
    "average": "/?metric=mean&column=hours_per_week&group_by=age&age__bands=25,35,45,55,65",
    "spread": "/?metric=quantiles&column=age&group_by=marital_status",
    "how many": "/?metric=count&column=occupation&group_by=sex",
    "distribution": "/?metric=distribution&column=education&group_by=sex",
    "model": "/?metric=regression&column=income&value=%3E50K&on=age,sex&weight=fnlwgt",
    "no question": "/?column=age",
    "filters": "/?metric=distribution&column=age&where=native_country&race=White&age__gte=20",
    "misfit": "/?metric=mean&column=sex",
    "error": "/?metric=mean&column=age&sexx=Male",
    "crosstab": "/?metric=crosstab&row=education&column=income",
    "people": "/people?sex=Female",
    "columns": "/columns",
    "about": "/about",
    "root": "/v1",
    "dataset": "/v1/dataset",
    "catalogue": "/v1/computation",
    "listing": "/v1/computation/mean",
    "no such metric": "/v1/computation/meen",
    "fields": "/v1/fields",
    "field": "/v1/fields/education",
    "computation": "/v1/computation/mean/age?group_by=sex",
    "statistics": "/v1/statistics",
    "correlation": "/v1/correlation",
    "cross-tabulation": "/v1/crosstab/education/income?cells=true",
    "fairness": "/v1/fairness/sex,race",
    "comparison": "/v1/comparison/age?group_by=race",
    "regression": "/v1/regression/linear/age?on=sex,education_num",
    "decomposition": "/v1/decomposition/hours_per_week?group_by=sex&on=marital_status",
    "refusal": "/v1/comparison/age",
    "records": "/v1/people",
    "record": "/v1/people/1",
    "problems": "/problems",
    "problem": "/problems/timeout",
    "nowhere": "/nowhere",
}
FINDINGS = """
async (rules) => (await axe.run(document, {resultTypes: ["violations"], ...rules})).violations.map(
  ({id, impact, nodes}) => `${impact} ${id}: ${nodes.slice(0, 3).map((n) => n.html.slice(0, 120))}`
)
"""


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(visitor: Visitor, axe: str, name: str) -> None:
    visitor.may_refuse = True
    page = visitor.page(PAGES[name])
    page.evaluate(axe)
    assert page.evaluate(FINDINGS) == []
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(FINDINGS) == []


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_axe_finds_nothing_critical_in_the_docs(visitor: Visitor, axe: str, path: str) -> None:
    page = visitor.page(path)
    page.wait_for_timeout(1000)
    page.evaluate(axe)
    # Contrast is never critical, and with a hundred parameters an operation its rule takes long.
    found = page.evaluate(FINDINGS, {"rules": {"color-contrast": {"enabled": False}}})
    assert [text for text in found if text.startswith("critical")] == []


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_the_docs_say_what_to_do_without_scripts(visitor: Visitor, path: str) -> None:
    page = visitor.page(path, java_script_enabled=False)
    page.get_by_role("link", name="every route of the API").click()
    assert page.url.endswith("/v1")


def test_everything_to_fill_in_has_a_name(visitor: Visitor) -> None:
    page = visitor.page("/?metric=distribution&column=age&sex=Male&race__in=White&age__gte=3")
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
