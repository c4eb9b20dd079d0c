"""A page of another origin can read everything, in a real Chromium."""

import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")

FETCH = """async ([url, options, name]) => {
  const response = await fetch(url, options);
  return [response.status, response.headers.get(name), (await response.text()).length];
}"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page whose origin is not the service's."""
    folder = tmp_path_factory.mktemp("origin")
    (folder / "index.html").write_text("<!doctype html><title>Another origin</title>")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    chromium = next(filter(None, map(shutil.which, CHROMIUMS)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        found = browser.new_page()
        found.goto(f"http://127.0.0.1:{server.server_port}/")
        yield found
        browser.close()
    server.shutdown()
    server.server_close()


def fetched(page: Page, url: str, header: str = "ETag", **options: Any) -> list[Any]:
    """Returns the status, a header and the length of the body, read by a script of the page."""
    found: list[Any] = page.evaluate(FETCH, [url, options, header])
    return found


def test_a_header_is_readable_each_time(page: Page, service: Any) -> None:
    url = f"{service.url}/v1/people?page_size=2"
    first = fetched(page, url, "Link")
    assert first[0] == 200
    assert 'rel="next"' in first[1]
    # The browser asks again and gets a 304, whose headers take the place of those it has.
    for cache in ("no-cache", "no-cache", "default", "force-cache"):
        assert fetched(page, url, "Link", cache=cache) == first


@pytest.mark.parametrize(
    "headers",
    [
        {"If-None-Match": '"x"'},
        {"X-Request-ID": "abc"},
        {"Range": "bytes=0-9"},
        {"Authorization": "Bearer x"},
        {"X-Anything": "1", "Cache-Control": "no-cache"},
    ],
)
def test_any_header_may_be_sent(page: Page, service: Any, headers: dict[str, str]) -> None:
    status, _, _ = fetched(page, f"{service.url}/v1/computation/mean/age", headers=headers)
    assert status in (200, 206)


@pytest.mark.parametrize(
    ("path", "status", "options"),
    [
        ("/v1/computation/mean/age", 200, {}),
        ("/v1/people.csv?age=90", 206, {"headers": {"Range": "bytes=0-9"}}),
        ("/v1/people.csv?age=90", 416, {"headers": {"Range": "bytes=999999-"}}),
        ("/v1/computation/mean/age?nonsense=1", 400, {}),
        ("/v1/computation/mean/age", 412, {"headers": {"If-Match": '"x"'}}),
        ("/nowhere", 404, {}),
        ("/v1/people", 405, {"method": "POST"}),
    ],
)
def test_every_answer_has_readable_headers(
    page: Page, service: Any, path: str, status: int, options: dict[str, Any]
) -> None:
    found = fetched(page, f"{service.url}{path}", "X-Request-ID", **options)
    assert found[0] == status
    assert found[1]
