"""A load with concurrent readers: they get the new version soon and never a mixture."""

import csv
import gzip
import io
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest
from arro3.io import read_parquet

from tests.faults.conftest import manage
from tests.faults.service import ROOT, Answer, Proxy, Service

SECONDS = 3.0  # after the load, until everybody sees the new version
DROPPED = 500  # people of the training file, whom the other version lacks
MEAN = "/v1/computation/mean/age"
JSON = (MEAN, "/v1/fields/age", "/v1/people?page_size=3", f"{MEAN}?group_by=sex", "/v1/dataset")
FILES = ("/v1/people.csv", "/v1/people.ndjson", "/v1/people.parquet", f"{MEAN}.csv?group_by=sex")


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """UCI's files without the first people."""
    for name, skipped in (("adult.data", DROPPED), ("adult.test", 0)):
        packed = (ROOT / "census" / "data" / f"{name}.gz").read_bytes()
        lines = gzip.decompress(packed).splitlines(keepends=True)
        (tmp_path / name).write_bytes(b"".join(lines[skipped:]))
    return tmp_path


def rows(answer: Answer, path: str) -> int:
    """Returns the number of people that a file contains or an answer counts."""
    if "people.csv" in path:
        return len(list(csv.reader(io.StringIO(answer.body.decode())))) - 1
    if ".ndjson" in path:
        return len([json.loads(line) for line in answer.body.splitlines()])
    if ".parquet" in path:
        return int(read_parquet(io.BytesIO(answer.body)).read_all().num_rows)
    groups = csv.DictReader(io.StringIO(answer.body.decode()))
    return sum(int(group["rows"]) for group in groups if group["sex"])


class Readers:
    """Clients that request all paths in turn and record the time of each answer."""

    def __init__(self, proxy: Proxy, paths: tuple[str, ...]) -> None:
        self.seen: list[tuple[str, float, float, Answer]] = []
        self._proxy = proxy
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._read, args=[path]) for path in paths]

    def _read(self, path: str) -> None:
        while not self._done.is_set():
            start = time.monotonic()
            answer = self._proxy.get(path)
            self.seen.append((path, start, time.monotonic(), answer))
            time.sleep(0.05)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()


def test_everybody_sees_the_new_version_soon(
    owner: str, service: Service, proxy: Proxy, other: Path, record: Callable[..., None]
) -> None:
    old = proxy.get(MEAN).json()
    with Readers(proxy, JSON) as readers:
        time.sleep(1)
        before = time.monotonic()
        loaded = manage(owner, "load_adult", "-v0", "--source", str(other))
        assert loaded.returncode == 0, loaded.stderr
        after = time.monotonic()
        time.sleep(SECONDS + 2)
    new = proxy.get(MEAN).json()
    assert new["dataset"] != old["dataset"]
    assert (old["rows"], new["rows"]) == (48_842, 48_842 - DROPPED)
    versions: dict[str, Any] = {old["dataset"]: old, new["dataset"]: new}
    slowest = 0.0
    for path, start, end, answer in readers.seen:
        assert answer.status == 200, answer
        body = answer.json()
        version = body.get("dataset") or body["version"]
        assert version in versions
        if end < before:
            assert version == old["dataset"]
        if version == old["dataset"]:
            slowest = max(slowest, start - after)
        if path == MEAN:
            assert body == versions[version], "numbers and name are of one version"
        if "page_size" in path:
            assert body["count"] == versions[version]["rows"]
    assert slowest < SECONDS
    record(
        "a load of other data",
        requests=len(readers.seen),
        errors={},
        recovery_seconds=max(slowest, 0),
        slowest_seconds=max(end - start for _, start, end, _ in readers.seen),
    )


def test_addresses_that_were_not_used_meanwhile_are_new_too(
    owner: str, proxy: Proxy, other: Path
) -> None:
    """The version is in nginx's cache key."""
    old = {path: proxy.get(path) for path in (*JSON, *FILES)}
    manage(owner, "load_adult", "-v0", "--source", str(other))
    time.sleep(SECONDS)
    for path, before in old.items():
        after = proxy.get(path)
        assert after.status == 200
        assert after.headers["etag"] != before.headers["etag"], path
        assert after.body != before.body, path


def test_downloads_around_a_load_are_whole_and_of_one_version(
    owner: str, service: Service, proxy: Proxy, other: Path, record: Callable[..., None]
) -> None:
    """Downloads of every format, with and without nginx."""
    bare = Proxy(service.port, proxy.folder, port=service.port)
    with Readers(proxy, FILES) as readers, Readers(bare, FILES) as direct:
        time.sleep(1)
        loaded = manage(owner, "load_adult", "-v0", "--source", str(other))
        assert loaded.returncode == 0, loaded.stderr
        time.sleep(SECONDS + 1)
    sizes = {48_842, 48_842 - DROPPED}
    answers: dict[str, dict[int, bytes]] = {path: {} for path in FILES}
    for path, _, _, answer in [*readers.seen, *direct.seen]:
        assert answer.status == 200, answer
        assert len(answer.body) == int(answer.headers["content-length"])
        if answer.body not in answers[path].values():
            size = rows(answer, path)
            assert size in sizes
            assert size not in answers[path], "two files of one version"
            answers[path][size] = answer.body
    assert all(set(found) == sizes for found in answers.values())
    record(
        "downloads around a load of other data",
        requests=len(readers.seen) + len(direct.seen),
        errors={},
        slowest_seconds=max(end - start for _, start, end, _ in readers.seen),
    )


def test_the_first_download_after_a_load_ends(
    owner: str, service: Service, proxy: Proxy, other: Path
) -> None:
    for source in ([], ["--source", str(other)]):
        manage(owner, "load_adult", "-v0", "--force", *source)
        for path in FILES:
            assert service.get(path, timeout=20).status == 200
            assert proxy.get(f"{path}{'&' if '?' in path else '?'}age=40", timeout=20).status == 200
