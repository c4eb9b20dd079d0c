"""The service as it is deployed, and a real Chromium that looks at it.

Every page fails its test where the browser reports an error, a breach of the content security
policy, or a request to another origin.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import psycopg
import pytest
from django.conf import settings
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from tests.faults.service import Proxy
from tools import vendor

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DESKTOP = {"width": 1280, "height": 900}
DATABASE = f"test_browser_{os.environ.get('PYTEST_XDIST_WORKER', '')}"
PATIENCE = 60
SOON = 15  # seconds in which a page shows what it is asked for
# What Chromium says of an answer with an error status, to which a page may have good reasons.
STATUS = "Failed to load resource: the server responded with a status of 4"

expect.set_options(timeout=SOON * 1000)

# Name, version and SHA-512 of the package that looks at pages for what bars people from them.
AXE = (
    "axe-core",
    "4.14.1",
    "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
)

WATCH = """
addEventListener("securitypolicyviolation", (event) => {
  console.error("policy: " + event.violatedDirective + " " + event.blockedURI);
});
"""


@pytest.fixture(scope="session")
def database(database_server: str) -> Iterator[str]:
    """The URL of a database for the service: the tests themselves ask it nothing."""

    def url(name: str) -> str:
        return urlsplit(database_server)._replace(path=f"/{name}").geturl()

    with psycopg.connect(url("postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {DATABASE}")
        yield url(DATABASE)
        connection.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


@pytest.fixture(scope="session")
def service(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of gunicorn, with the dataset loaded. `make static` collects its files before.

    TEST_SERVICE_URL names one that runs already, such as `make run` starts.
    """
    if url := os.environ.get("TEST_SERVICE_URL"):
        yield url.rstrip("/")
        return
    database = request.getfixturevalue("database")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "DATABASE_URL": database,
        "SECRET_KEY": "only-for-tests",
        "DEBUG": "false",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WEB_CONCURRENCY": "1",
        "LOG_LEVEL": "WARNING",
    }

    def run(*command: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, *command], cwd=settings.BASE_DIR, env=environment)

    for command in ("migrate -v 0", "load_adult -v 0"):
        assert run("manage.py", *command.split()).wait() == 0
    server = run("-m", "gunicorn", "-c", "python:adultapi.gunicorn")
    try:
        _wait(server, f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(PATIENCE)


@pytest.fixture(scope="session")
def proxied(service: str) -> Iterator[str]:
    """The address of nginx before the service, as it ships: it compresses and keeps answers."""
    with tempfile.TemporaryDirectory(prefix="adultapi-proxy-") as folder:
        proxy = Proxy(service=urlsplit(service).port or 80, folder=Path(folder))
        with proxy:
            yield f"http://127.0.0.1:{proxy.port}"


def _wait(server: "subprocess.Popen[bytes]", address: str) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        assert server.poll() is None, "gunicorn has ended: see above"
        try:
            urlopen(f"{address}/healthz", timeout=PATIENCE).close()
        except OSError:  # refused, or no answer in time
            assert time.monotonic() < end, "gunicorn does not answer"
            time.sleep(0.1)
        else:
            return


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The Chromium of this machine, or else the one that Playwright downloads."""
    found = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        if found is None and not Path(playwright.chromium.executable_path).exists():
            subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)
        browser = playwright.chromium.launch(
            executable_path=found,
            # Where there is none, a GPU is emulated at great cost. Chromium refuses root a sandbox.
            args=["--disable-gpu", *(["--no-sandbox"] if root else [])],
        )
        yield browser
        browser.close()


@dataclass
class Visitor:
    """Somebody with a browser; `complaints` is what the browser has reported."""

    browser: Browser
    service: str
    complaints: list[str] = field(default_factory=list)
    may_refuse: bool = False
    may_fail: bool = False  # to reach the service

    def page(self, path: str, **context: object) -> Page:
        """Open a page in a window of its own."""
        options: dict[str, object] = {"base_url": self.service, "viewport": DESKTOP, **context}
        page = self.browser.new_context(**options).new_page()  # type: ignore[arg-type]
        page.set_default_timeout(SOON * 1000)
        page.add_init_script(WATCH)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("request", self._asked)
        page.goto(path, wait_until="networkidle")
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        if self.may_fail and "net::ERR_INTERNET_DISCONNECTED" in message.text:
            return
        if not (self.may_refuse and message.text.startswith(STATUS)):
            self.complaints.append(f"{message.type}: {message.text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.service, "data:", "blob:")):
            self.complaints.append(f"request to another origin: {request.url}")


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script of axe-core, as npm fetches it."""
    package = vendor.fetch(*AXE, tmp_path_factory.mktemp("axe"))
    return vendor.member(package, "axe.min.js").decode()


@pytest.fixture
def visitor(chromium: Browser, service: str) -> Iterator[Visitor]:
    visitor = Visitor(chromium, service)
    yield visitor
    for context in chromium.contexts:
        context.close()
    assert visitor.complaints == []
