"""Loads that commit between the statements of an answer."""

import gzip
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client
from django.utils import timezone
from psycopg import IsolationLevel

from census.models import Dataset
from tests.census import oracle

pytestmark = pytest.mark.django_db

PATHS = [
    *("/v1/fields", "/v1/fields/workclass", "/v1/computation/mean/age?group_by=sex"),
    *("/v1/computation/mean/age", "/v1/computation/std/age?weight=fnlwgt&group_by=race,sex"),
    *("/v1/computation/median/age?group_by=education", "/v1/computation/mode/fnlwgt"),
    "/v1/computation/quantiles/fnlwgt?weight=fnlwgt&group_by=sex",
    *("/v1/computation/distribution/age?group_by=sex", "/v1/computation/distribution/education"),
    "/v1/computation/distribution/fnlwgt?bins=7&weight=fnlwgt",
    "/v1/computation/proportion/income?value=%3E50K&group_by=workclass",
    *("/v1/computation/count/age?age__lt=17&group_by=sex", "/v1/computation/mode/age?age__lt=17"),
    *("/v1/statistics?weight=fnlwgt", "/v1/correlation", "/v1/crosstab/sex/income"),
    *("/v1/fairness/sex,race", "/v1/fairness/sex?age__lt=17", "/v1/people?page_size=5"),
]


def excerpt(folder: Path, train: int, test: int) -> Path:
    """Writes files with the first lines of the bundled files."""
    folder.mkdir()
    for name, lines in (("adult.data", train), ("adult.test", test + 1)):
        packed = (oracle.DATA / f"{name}.gz").read_bytes()
        content = gzip.decompress(packed).splitlines(keepends=True)
        (folder / name).write_bytes(b"".join(content[:lines]))
    return folder


@pytest.fixture
def versions(tmp_path: Path, scratch_database: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two contents of different size, as sources of `load_adult`; the first is loaded.

    Requests see one state of the data, as when the service serves.
    """
    database = connection.settings_dict
    monkeypatch.setitem(database, "ATOMIC_REQUESTS", value=True)
    monkeypatch.setitem(database["OPTIONS"], "isolation_level", IsolationLevel.REPEATABLE_READ)
    connection.close()
    call_command("migrate", verbosity=0)
    found = [
        str(excerpt(tmp_path / "one", train=1500, test=400)),
        str(excerpt(tmp_path / "other", train=1200, test=650)),
    ]
    load(found[0])
    return found


def load(source: str) -> None:
    call_command("load_adult", source=[source], force=True, verbosity=0, stdout=StringIO())


def load_aside(source: str) -> None:
    """Loads by another connection, to the end."""

    def work() -> None:
        try:
            load(source)
        finally:
            connections["default"].close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def version() -> str:
    return Dataset.objects.get().version


def asked(client: Client, path: str) -> Any:
    response = client.get(path)
    assert response.status_code == 200, (path, response.content[:300])
    return response.json()


def reference(client: Client, sources: list[str]) -> dict[str, dict[str, Any]]:
    """Returns the answers of each version, read while nothing happens."""
    found = {}
    for source in sources:
        load(source)
        found[version()] = {path: asked(client, path) for path in PATHS}
    assert len(found) == len(sources)
    return found


class LoadInBetween:
    """Loads a version after the first statement of an answer that reads rows or the dataset."""

    def __init__(self, source: str) -> None:
        self.source: str | None = source

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        source, self.source = self.source, None
        if source:
            load_aside(source)
        return result


@pytest.mark.parametrize("first", [0, 1])
def test_a_load_between_two_statements(client: Client, versions: list[str], first: int) -> None:
    answers = reference(client, versions)
    for path in PATHS:
        load(versions[first])
        before = version()
        with connection.execute_wrapper(LoadInBetween(versions[1 - first])):
            found = asked(client, path)
        assert version() != before
        # It is of one version or of the other, and says of which.
        assert found == answers[found["dataset"]][path], path


def test_numbers_are_of_the_version_named(
    client: Client, versions: list[str], adult: pd.DataFrame
) -> None:
    for source, (train, test) in zip(versions, ((1500, 400), (1200, 650)), strict=True):
        load(source)
        rows = pd.concat([adult.iloc[:train], adult.iloc[32561 : 32561 + test]])
        answer = asked(client, "/v1/computation/mean/age")
        assert answer["dataset"] == version()
        assert answer["rows"] == train + test
        assert answer["value"] == pytest.approx(rows.age.mean(), rel=1e-12)


@pytest.fixture
def reloading(versions: list[str]) -> Iterator[None]:
    """Loads one version after the other, over and over."""
    stop = threading.Event()
    failures: list[Exception] = []

    def work() -> None:
        try:
            while not stop.is_set():
                for source in versions:
                    load(source)
        except Exception as failure:
            failures.append(failure)
        finally:
            connections["default"].close()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stop.set()
    thread.join()
    assert not failures


def test_a_reader_never_sees_a_mixture(
    client: Client, versions: list[str], request: pytest.FixtureRequest
) -> None:
    answers = reference(client, versions)
    request.getfixturevalue("reloading")
    seen: list[str] = []
    deadline = time.monotonic() + 8
    while time.monotonic() < deadline:
        for path in PATHS:
            found = asked(client, path)
            assert found == answers[found["dataset"]][path], path
            seen.append(found["dataset"])
    assert set(seen) == set(answers)
    changes = sum(one != other for one, other in pairwise(seen))
    assert changes >= 3


def test_a_load_is_seen_by_its_date_though_the_clock_was_set_back(
    client: Client, versions: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And at once, though dates are told to the second."""
    before = client.get("/v1/computation/mean/age")["Last-Modified"]
    for back in (timedelta(0), timedelta(days=1)):
        now = timezone.now() - back
        monkeypatch.setattr("census.ingest.writer.timezone.now", lambda now=now: now)
        for source in reversed(versions):
            load(source)
            asked_since = {"if-modified-since": before}
            answer = client.get("/v1/computation/mean/age", headers=asked_since)
            assert answer.status_code == 200
            before = answer["Last-Modified"]
            unchanged = client.get(
                "/v1/computation/mean/age", headers={"if-modified-since": before}
            )
            assert unchanged.status_code == 304
