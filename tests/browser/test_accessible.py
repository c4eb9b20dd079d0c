"""Every page by axe-core: nothing bars anybody, in light, in dark and on a phone."""

import pytest

from tests.browser.conftest import Visitor
from tests.browser.test_explorer import PHONE

OVER = "metric=proportion&column=income&value=%3E50K&group_by=education,sex&weight=fnlwgt"
PAGES = {
    "explorer": f"/?{OVER}",
    "table": f"/?{OVER}&view=table",
    "code": f"/?{OVER}&view=code",
    "filters": "/?metric=distribution&column=age&where=native_country&race=White&age__gte=20",
    "misfit": "/?metric=mean&column=sex",
    "error": "/?metric=mean&column=age&sexx=Male",
    "crosstab": "/?metric=crosstab&row=education&column=income",
    "people": "/people?sex=Female",
    "columns": "/columns",
    "about": "/about",
    "root": "/v1",
    "fields": "/v1/fields",
    "computation": "/v1/computation/mean/age?group_by=sex",
    "correlation": "/v1/correlation",
    "records": "/v1/people",
    "problem": "/problems/timeout",
    "nowhere": "/nowhere",
}
SETTINGS = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "phone": PHONE,
}
FINDINGS = """
async () => (await axe.run(document, {resultTypes: ["violations"]})).violations.map(
  ({id, impact, nodes}) => `${impact} ${id}: ${nodes.slice(0, 3).map((n) => n.html.slice(0, 120))}`
)
"""


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(visitor: Visitor, axe: str, name: str, setting: str) -> None:
    visitor.may_refuse = True
    page = visitor.page(PAGES[name], **SETTINGS[setting])  # type: ignore[arg-type]
    page.evaluate(axe)
    assert page.evaluate(FINDINGS) == []


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_axe_finds_nothing_critical_in_the_docs(visitor: Visitor, axe: str, path: str) -> None:
    page = visitor.page(path)
    page.wait_for_timeout(1000)
    page.evaluate(axe)
    assert [text for text in page.evaluate(FINDINGS) if text.startswith("critical")] == []


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_the_docs_say_what_to_do_without_scripts(visitor: Visitor, path: str) -> None:
    page = visitor.page(path, java_script_enabled=False)
    page.get_by_role("link", name="every route of the API").click()
    assert page.url.endswith("/v1")
