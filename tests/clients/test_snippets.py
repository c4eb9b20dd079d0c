"""The code samples of the pages run unchanged against the service."""

import contextlib
import io
import subprocess
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import duckdb
import duckdb_extension_httpfs
import pandas as pd
import polars as pl
import pytest

HTTPFS = Path(duckdb_extension_httpfs.__file__).parent
QUESTIONS = {
    "mean": "metric=mean&column=hours_per_week&group_by=native_country,sex",
    "weighted": "metric=mean&column=age&group_by=native_country,sex&weight=fnlwgt&age__gte=30",
    "proportion": "metric=proportion&column=income&value=%3E50K&native_country=Trinadad%26Tobago",
    "quantiles": "metric=quantiles&column=age&group_by=race&q=0.1,0.9",
}


class Code(HTMLParser):
    """Collects the code samples of a page by their headings."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.inside = self.heading = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag in ("h3", "h4", "code"):
            self.inside = tag
            if tag != "code":
                self.heading = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == self.inside:
            self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "code":
            self.found[self.heading] = self.found.get(self.heading, "") + data
        elif self.inside:
            self.heading += data.strip()


@pytest.fixture(scope="module", params=QUESTIONS)
def code(service: Any, request: pytest.FixtureRequest) -> dict[str, str]:
    with urlopen(f"{service.url}/?{QUESTIONS[request.param]}&view=code") as page:
        reader = Code()
        reader.feed(page.read().decode())
    return {name: unescape(text) for name, text in reader.found.items()}


def run(*command: str) -> str:
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return found.stdout


def test_python(code: dict[str, str]) -> None:
    for name, frame in (("pandas", pd.DataFrame), ("polars", pl.LazyFrame)):
        names: dict[str, Any] = {}
        exec(code[name], names)
        assert len(names["table"]) >= 1
        assert isinstance(names["people"], frame)
        if name == "polars":
            assert names["people"].collect().height > 0


def test_duckdb(code: dict[str, str]) -> None:
    with duckdb.connect() as connection, contextlib.redirect_stdout(io.StringIO()):
        connection.load_extension(str(next(HTTPFS.rglob("httpfs.duckdb_extension"))))
        for statement in connection.extract_statements(code["DuckDB"]):
            assert connection.execute(statement).fetchall()


def test_r(code: dict[str, str]) -> None:
    assert "na.strings" in code["R"]
    assert run("Rscript", "--vanilla", "-e", code["R"])


def test_curl(code: dict[str, str]) -> None:
    assert run("sh", "-c", code["curl"]).startswith('{"metric"')


def test_javascript(code: dict[str, str]) -> None:
    script = f"{code['JavaScript']}\nconsole.log(answer.rows)"
    assert int(run("node", "--input-type=module", "--eval", script)) > 0
