"""The first visit over a slow line: few bytes, and nothing that jumps."""

import pytest

from tests.browser.conftest import Visitor

WATCH = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) shifted += entry.value;
}).observe({type: "layout-shift", buffered: true});
"""
SIZE = """
["resource", "navigation"].flatMap((kind) => performance.getEntriesByType(kind))
  .reduce((sum, entry) => sum + entry.transferSize, 0)
"""
LINE = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 90_000}


@pytest.mark.parametrize("path", ["/", "/?metric=crosstab&row=education&column=income"])
def test_a_first_visit(visitor: Visitor, path: str) -> None:
    page = visitor.page("/problems/timeout")
    page.add_init_script(WATCH)
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", LINE)
    page.goto(path, wait_until="networkidle")
    page.wait_for_timeout(1000)
    assert page.evaluate("shifted") < 0.05
    assert page.evaluate(SIZE) <= 350_000
