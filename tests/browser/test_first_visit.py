"""The first visit over a slow line, through nginx: soon a picture, few bytes, nothing jumps."""

import statistics

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Visitor

WATCH = """
window.shifted = 0;
window.painted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) shifted += entry.value;
}).observe({type: "layout-shift", buffered: true});
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (!painted && entry.element?.matches("#chart img")) painted = entry.startTime;
  }
}).observe({type: "largest-contentful-paint", buffered: true});
"""
SIZE = """
["resource", "navigation"].flatMap((kind) => performance.getEntriesByType(kind))
  .reduce((sum, entry) => sum + entry.transferSize, 0)
"""
# 1.6 Mbit/s, and 150 ms there and back.
LINE = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 90_000}
PATHS = ["/", "/?metric=crosstab&row=education&column=income"]
VISITS = 5


def visit(chromium: Browser, service: str, path: str) -> tuple[float, float, float]:
    """Return when the picture was there, in seconds; the bytes; and how far things jumped."""
    visitor = Visitor(chromium, service)
    page = visitor.page("/problems/timeout", viewport={"width": 1280, "height": 900})
    page.add_init_script(WATCH)
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.clearBrowserCache")
    session.send("Network.emulateNetworkConditions", LINE)
    page.goto(path, wait_until="networkidle")
    page.wait_for_timeout(1000)
    found = page.evaluate("painted / 1000"), page.evaluate(SIZE), page.evaluate("shifted")
    page.context.close()
    assert visitor.complaints == []
    return found


@pytest.mark.parametrize("path", PATHS)
def test_a_first_visit(chromium: Browser, proxied: str, path: str) -> None:
    visits = [visit(chromium, proxied, path) for _ in range(VISITS)]
    seconds, size, shift = (statistics.median(values) for values in zip(*visits, strict=True))
    assert 0 < seconds <= 0.6
    assert size <= 350_000
    assert shift < 0.05
