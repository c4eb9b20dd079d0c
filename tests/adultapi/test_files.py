"""Downloads: lengths, ranges, and the space that they take."""

import os
import time
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

FILES = [
    "/v1/people.csv?age=90",
    "/v1/people.ndjson?age=90",
    "/v1/people.parquet?age=90",
    "/v1/people/7.csv",
    "/v1/fields.csv",
    "/v1/computation/mean/age.csv?group_by=sex",
    "/v1/computation/mean/age.ndjson",
    "/v1/computation/mean/age.png",
    "/v1/crosstab/sex/income.svg",
]


def body(answer: Any) -> bytes:
    return bytes(answer.content)


@pytest.mark.parametrize("url", FILES)
@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-9", 0, 9),
        ("bytes=0-0", 0, 0),
        ("bytes=5-5", 5, 5),
        ("bytes=10-", 10, None),
        ("bytes=-7", -7, None),
        ("bytes=-1", -1, None),
        ("bytes=3-99999999", 3, None),
        ("bytes=-99999999", 0, None),
    ],
)
def test_ranges(client: Client, url: str, asked: str, first: int, last: int | None) -> None:
    whole = client.get(url)
    content = body(whole)
    assert whole["Accept-Ranges"] == "bytes"
    part = client.get(url, headers={"Range": asked})
    expected = content[first : None if last is None else last + 1]
    assert (part.status_code, body(part)) == (206, expected)
    begin = first % len(content)
    end = begin + len(expected) - 1
    assert part["Content-Range"] == f"bytes {begin}-{end}/{len(content)}"
    assert part["Content-Length"] == str(len(expected))
    for name in ("ETag", "Last-Modified", "Cache-Control", "Content-Type", "Vary"):
        assert part[name] == whole[name]


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=99999999-999999999", "bytes=-0"])
def test_a_range_outside_the_file(client: Client, asked: str) -> None:
    size = len(body(client.get(FILES[0])))
    answer = client.get(FILES[0], headers={"Range": asked})
    assert answer.status_code == 416
    assert answer["Content-Range"] == f"bytes */{size}"
    assert answer.json()["type"] == "/problems/range-not-satisfiable"


@pytest.mark.parametrize(
    "asked", ["bytes=9-2", "lines=0-9", "bytes=a-b", "bytes=0-1,4-5", "bytes", "bytes=-"]
)
def test_a_range_that_cannot_be_read_is_ignored(client: Client, asked: str) -> None:
    whole = body(client.get(FILES[0]))
    answer = client.get(FILES[0], headers={"Range": asked})
    assert (answer.status_code, body(answer)) == (200, whole)


def test_if_range(client: Client) -> None:
    whole = client.get(FILES[0])
    for version, status in [
        (whole["ETag"], 206),
        (whole["Last-Modified"], 206),
        (f"W/{whole['ETag']}", 200),
        ('"another"', 200),
        ("Mon, 01 Jan 1990 00:00:00 GMT", 200),
    ]:
        answer = client.get(FILES[0], headers={"Range": "bytes=0-4", "If-Range": version})
        assert answer.status_code == status, version


def test_json_has_no_ranges(client: Client) -> None:
    answer = client.get("/v1/computation/mean/age", headers={"Range": "bytes=0-4"})
    assert answer.status_code == 200
    assert not answer.has_header("Accept-Ranges")


@pytest.mark.parametrize("url", FILES)
def test_a_file_is_not_compressed(client: Client, url: str) -> None:
    answer = client.get(url, headers={"Accept-Encoding": "gzip"})
    assert not answer.has_header("Content-Encoding")
    assert answer["Content-Length"] == str(len(body(answer)))


def test_the_oldest_files_make_room(client: Client, settings: Any) -> None:
    settings.EXPORT_SPACE = 1 << 20
    folder = Path(settings.EXPORT_DIR)
    wanted = [f"/v1/people.csv?hours_per_week={hours}" for hours in (60, 50, 45, 35)]
    for age, url in enumerate(wanted):
        assert client.get(url).status_code == 200
        for path in folder.iterdir():
            status = path.stat()
            os.utime(path, (status.st_atime, status.st_mtime - 10))
        assert sum(path.stat().st_size for path in folder.iterdir()) <= settings.EXPORT_SPACE, age
    assert "hit" in client.get(wanted[-1])["Server-Timing"]
    assert "miss" in client.get(wanted[0])["Server-Timing"]


def test_files_being_written_are_not_removed(client: Client, settings: Any) -> None:
    settings.EXPORT_SPACE = 1 << 20
    folder = Path(settings.EXPORT_DIR)
    folder.mkdir()
    with NamedTemporaryFile(dir=folder) as other, NamedTemporaryFile(dir=folder) as left_over:
        for file, age in ((other, 60), (left_over, 7200)):
            file.write(bytes(1 << 20))
            file.flush()
            os.utime(file.name, (time.time() - age,) * 2)
        assert client.get("/v1/people.csv?age=90").status_code == 200
        assert Path(other.name).exists()
        assert not Path(left_over.name).exists()
        Path(left_over.name).touch()  # which is to be removed


@pytest.mark.parametrize("suffix", ["csv", "ndjson", "parquet"])
def test_a_file_larger_than_all_space(client: Client, settings: Any, suffix: str) -> None:
    settings.EXPORT_SPACE = 1 << 20
    answer = client.get(f"/v1/people.{suffix}")
    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/file-too-large"
    assert "EXPORT_SPACE" in answer.json()["detail"]
    assert list(Path(settings.EXPORT_DIR).iterdir()) == []


@pytest.mark.parametrize("url", FILES[:3])
def test_a_file_while_debugging(client: Client, settings: Any, url: str) -> None:
    settings.DEBUG = True
    assert client.get(url).status_code == 200


def test_a_folder_that_cannot_be_written(client: Client, settings: Any) -> None:
    settings.EXPORT_DIR = "/proc/nothing"
    for url in ("/v1/people.csv", "/v1/computation/mean/age.csv"):
        answer = client.get(url)
        assert answer.status_code == 503
        assert answer.json()["type"] == "/problems/storage-unavailable"
    assert client.get("/v1/computation/mean/age").status_code == 200
