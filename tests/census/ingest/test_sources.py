"""Sources of files: folders, zips, single files, a web server."""

import bz2
import gzip
import hashlib
import io
import lzma
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from census.choices import Split
from census.ingest import sources
from census.ingest.sources import BUNDLED_FOLDER, UCI_MD5, gather
from census.ingest.sources.names import splits_in_name
from census.ingest.sources.streams import SourceError
from tests.census.ingest.tools import BOTH, ZIP, authentic, contents, read, zipped

TRAIN, TEST = BOTH.values()
Contents = dict[str, bytes]


# --- On this machine ---------------------------------------------------------------------------


def test_bundled(tmp_path: Path) -> None:
    files = gather(["bundled"], tmp_path)
    assert [file.splits_in_name for file in files] == [{Split.TRAIN}, {Split.TEST}]
    assert [file.digest().md5 for file in files] == list(UCI_MD5.values())


def test_bundled_files_that_are_not_authentic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("adult.data", "adult.test"):
        data = authentic(name).replace(b"39", b"40", 1)
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(data))
    monkeypatch.setattr(sources, "BUNDLED_FOLDER", tmp_path)
    file, _ = gather(["bundled"], tmp_path)
    with pytest.raises(SourceError, match=r"adult.data.gz: is not UCI's file: its md5 is \w{32} "):
        file.verify(file.digest())


@pytest.mark.parametrize(
    ("names", "packs"),
    [
        (("adult.data", "adult.test"), (bytes, bytes)),
        (("adult.data.gz", "adult.test.gz"), (gzip.compress, gzip.compress)),
        (("adult.data.bz2", "adult.test.xz"), (bz2.compress, lzma.compress)),
        (("adult.data", "adult.test"), (lzma.compress, bz2.compress)),  # told by content
        (("adult.data.gz", "adult.test.gz"), (bytes, bytes)),
    ],
)
def test_a_folder(
    tmp_path: Path, names: tuple[str, str], packs: tuple[Callable[[bytes], bytes], ...]
) -> None:
    for name, pack, data in zip(names, packs, (TRAIN, TEST), strict=True):
        (tmp_path / name).write_bytes(pack(data))
    (tmp_path / "adult.names").write_text("not of interest")
    (tmp_path / "old.adult.data").write_text("neither")
    files = gather([str(tmp_path)], tmp_path)
    assert contents(files) == BOTH
    assert [file.name for file in files] == list(names)


@pytest.mark.parametrize(
    "members",
    [
        {"adult.data": TRAIN, "adult.test": TEST},
        {"x/adult.test": TEST, "x/adult.data": TRAIN, "x/adult.names": b"", "x/Index": b""},
        {"adult.data.gz": gzip.compress(TRAIN), "adult.test.bz2": bz2.compress(TEST)},
        {"adult.data": TRAIN, "adult.test": TEST, "__MACOSX/._adult.data": b"x"},
        {"ADULT.DATA": TRAIN, "Adult.Test.GZ": gzip.compress(TEST), "old.adult.data": b"x"},
        {"adult.data": TRAIN, "adult.test": TEST, "adult.csv": b"neither"},
        {"adult-training.csv": TRAIN, "adult-test.csv": TEST, "README.md": b""},
    ],
)
@pytest.mark.parametrize("name", ["a.zip", "no suffix"])
def test_a_zip(tmp_path: Path, members: Contents, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(zipped(members))
    assert contents(gather([str(path)], tmp_path)) == BOTH


@pytest.mark.parametrize(
    ("name", "splits"),
    [
        ("adult.data", {"train"}),
        ("people.2026.data", {"train"}),
        ("mine.test", {"test"}),
        ("mine.data.gz", {"train"}),
        ("ADULT.TEST.XZ", {"test"}),
        ("adult.data.csv", {"train"}),
        ("adult.data.txt", {"train"}),
        ("adult.test.csv", {"test"}),
        ("adult-training.csv", {"train"}),
        ("adult_train.txt", {"train"}),
        ("Census Test.parquet", {"test"}),
        ("test.csv.gz", {"test"}),
        ("train2.csv", {"train"}),
        ("latest.csv", set()),
        ("adult.csv", set()),
        ("adult_data.csv", set()),
        ("download", set()),
        ("train_test.csv", {"train", "test"}),
        ("test.data", {"train", "test"}),
    ],
)
def test_the_splits_that_a_name_tells(name: str, splits: set[str]) -> None:
    assert splits_in_name(name) == splits


def test_several_files(tmp_path: Path) -> None:
    (tmp_path / "a.data").write_bytes(TRAIN)
    (tmp_path / "b.test").write_bytes(TEST)
    paths = [str(tmp_path / "b.test"), str(tmp_path / "a.data")]
    assert contents(gather(paths, tmp_path)) == BOTH


def test_one_table_in_a_zip_is_read_like_a_file(tmp_path: Path) -> None:
    path = tmp_path / "archive.zip"
    for name in ("adult.csv", "x/adult.data", "adult.test", "A.PARQUET", "a.csv.gz", "adult"):
        others = dict.fromkeys(("README.md", "adult.names", "Index", "LICENSE"), b"")
        if "." in name:
            others |= {"notes.txt": b"", "metadata.json": b""}
        path.write_bytes(zipped({name: TRAIN} | others))
        (file,) = gather([str(path)], tmp_path)
        assert (file.name, read(file)) == (name.rpartition("/")[2], TRAIN)


def test_a_pipe_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = tmp_path / "a.data.gz"
    os.mkfifo(pipe)
    data = gzip.compress(authentic("adult.data"))
    writer = threading.Thread(target=pipe.write_bytes, args=(data,))
    writer.start()
    (file,) = gather([str(pipe)], tmp_path)
    writer.join()
    assert file.splits_in_name == {Split.TRAIN}
    assert [file.digest().md5 for _ in range(2)] == [UCI_MD5[Split.TRAIN]] * 2

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(authentic("adult.test"))))
    (file,) = gather(["-"], tmp_path)
    assert (file.name, file.digest().md5) == ("standard input", UCI_MD5[Split.TEST])


def test_an_endless_pipe_of_an_unknown_format_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"^/dev/zero: begins with '\\x00"):
        gather(["/dev/zero"], tmp_path)


def encrypted(data: bytes) -> bytes:
    """A zip whose members say that they are encrypted."""
    return data.replace(b"PK\x03\x04\x14\x00\x00", b"PK\x03\x04\x14\x00\x01").replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"
    )


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("none/", {}, "none: has no adult.data and adult.test, nor another table: it is empty"),
        ("other/", {"a.md": b""}, "nor another table: it has a.md"),
        ("csv/", {"a.csv": b"", "b.csv": b""}, "csv: has several tables: a.csv, b.csv; give the p"),
        ("half/", {"adult.data": b""}, "half: has no adult.test; to load one file"),
        ("two/", {"adult.data": b"", "adult.data.gz": b""}, "two: has more than one adult.data"),
        ("none.zip", zipped({"a.md": b"", "b/c.pdf": b""}), "it has a.md, b/c.pdf"),
        ("empty.zip", zipped({}), "nor another table: it is empty"),
        ("csv.zip", zipped({"a.csv": b"", "x/b.csv": b""}), "tables: a.csv, x/b.csv; unzip it"),
        ("book.xlsx", zipped({"[Content_Types].xml": b"", "xl/a": b""}), "an Excel workbook"),
        ("page.zip", b"<html>", "page.zip: is a web page or other markup"),
        ("no.zip", b"39, State-gov, 77516", "no.zip: is not a zip file"),
        ("", None, "--source: is empty: give a path"),
        ("two.zip", zipped({"a/adult.data": b"", "b/adult.data": b""}), "than one adult.data"),
        ("cut.zip", ZIP[:-30], "cut.zip: is damaged: File is not a zip file"),
        ("head.zip", ZIP[:10], "head.zip: is damaged: File is not a zip file"),
        ("locked.zip", encrypted(ZIP), "adult.data: cannot be unpacked: File 'adult.data' is enc"),
        ("crc.zip", ZIP.replace(b"\x2b\x29", b"\x2b\x28", 1), "adult.data: is damaged: "),
        ("cut.data.gz", gzip.compress(TRAIN)[:-5], "cut.data.gz: is cut off: its compressed"),
        ("missing", None, "missing: there is no such file or folder (nor is it 'bundled' or"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_used(
    tmp_path: Path, name: str, data: bytes | Contents | None, says: str
) -> None:
    path = tmp_path / name
    if isinstance(data, dict):
        path.mkdir()
        for member, content in data.items():
            (path / member).write_bytes(content)
    elif data is not None:
        path.write_bytes(data)
    with pytest.raises(SourceError) as raised:
        contents(gather([str(path) if name else name], tmp_path))
    assert says in str(raised.value)


def test_a_decompression_bomb_is_refused_in_constant_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources.streams, "MAX_BYTES", 2**20)
    (tmp_path / "bomb.data.gz").write_bytes(gzip.compress(bytes(2**22)))
    (file,) = gather([str(tmp_path / "bomb.data.gz")], tmp_path)
    with pytest.raises(SourceError, match=r"bomb.data.gz: is over 0 GiB when decompressed"):
        file.digest()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, len(ZIP) - 1), st.integers(0, 255)), max_size=4))
def test_a_zip_with_wrong_bytes_is_read_or_refused(
    tmp_path: Path, edits: list[tuple[int, int]]
) -> None:
    data = bytearray(ZIP)
    for position, byte in edits:
        data[position] = byte
    path = tmp_path / "a.data"
    path.write_bytes(data)
    try:
        read_contents = contents(gather([str(path)], tmp_path))
    except SourceError:
        return
    assert set(read_contents) <= {"train", "test"}


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_digests_are_of_what_was_decompressed(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    data = b"0123456789\n" * 100_000
    path = tmp_path / "a.data"
    path.write_bytes(pack(data))
    digest = gather([str(path)], tmp_path)[0].digest()
    assert digest.bytes == len(data)
    assert digest.sha256 == hashlib.sha256(data).hexdigest()
    assert digest.md5 == hashlib.md5(data).hexdigest()


def test_the_licence_comes_with_the_files() -> None:
    text = (BUNDLED_FOLDER / "README.md").read_text()
    for fact in ("CC BY 4.0", "https://doi.org/10.24432/C5XW20", *UCI_MD5.values()):
        assert fact in text
