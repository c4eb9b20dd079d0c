"""The forms in which people have the data: what is taken, compared with pandas; what is not."""

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest
from django.test import Client

from census.choices import Split
from census.columns import COLUMNS
from census.ingest import IngestError
from census.ingest.content import Content
from census.ingest.sources import gather
from tests.census.ingest.tools import MANAGE, Scratch, authentic, first_rows, load

NAMES = list(COLUMNS)[:-1]
ROWS = 300
NA = ["?", "", "NA", "NaN", "nan", "null"]
NUMBERS = [name for name in NAMES if COLUMNS[name].numeric]


def people(name: str = "adult.data", rows: int = ROWS) -> pd.DataFrame:
    """The first rows of one of UCI's files, all text, as they are there."""
    data = io.BytesIO(first_rows(name, rows))
    return pd.read_csv(data, names=NAMES, skipinitialspace=True, dtype=str, keep_default_na=False)


TRAIN, TEST = people(), people("adult.test")
BOTH = pd.concat([TRAIN.assign(split="train"), TEST.assign(split="test")], ignore_index=True)
UCI = first_rows("adult.data", ROWS)


def dots(name: str) -> str:
    return name.replace("_", ".")


def recoded(encoding: str) -> Callable[[bytes], bytes]:
    return lambda data: data.decode().encode(encoding)


def as_csv(frame: pd.DataFrame, **options: Any) -> bytes:
    return frame.to_csv(**{"index": False, "lineterminator": "\n", **options}).encode()


def as_parquet(frame: pd.DataFrame, **options: Any) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, **options)
    return buffer.getvalue()


def as_json_lines(frame: pd.DataFrame) -> bytes:
    return frame.to_json(orient="records", lines=True).encode()


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Numbers as numbers, as pandas has them after it has read a file."""
    return frame.astype(dict.fromkeys(NUMBERS, int))


def missing(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.replace("?", None)


def read(path: Path, split: Split | None = None) -> tuple[Content, pd.DataFrame]:
    """What a load of `path` writes."""
    content = Content(gather([str(path)], path.parent), split=split)
    return content, pd.read_csv(io.BytesIO(b"".join(content.csv())))


def pandas_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame of the file, in the columns, types and spelling of the service."""
    found = frame[NAMES].replace(NA, None).astype(dict.fromkeys(NUMBERS, float))
    found = found.astype(dict.fromkeys(NUMBERS, int)).reset_index(drop=True)
    return found.assign(income=found["income"].astype(str).str.removesuffix("."))


class Form(NamedTuple):
    """A file, how pandas reads it, and what the summary says of it."""

    name: str
    data: bytes
    by_pandas: Callable[[Path], pd.DataFrame]
    description: str
    left_out: tuple[str, ...] = ()


def table(
    name: str,
    frame: pd.DataFrame = TRAIN,
    called: dict[str, str] | Callable[[str], str] = str,
    change: Callable[[bytes], bytes] = bytes,
    left_out: tuple[str, ...] = (),
    write: dict[str, Any] | None = None,
    **options: Any,
) -> Form:
    """Delimited text with a header; `options` are pandas', which writes and reads it.

    `called` renames the columns, `change` is made to the bytes.
    """
    separator = options.get("sep", ",")
    renamed = frame.rename(columns=called)
    old = {new.strip(): name for name, new in zip(frame, renamed, strict=True)}
    both = {key: value for key, value in options.items() if key in {"sep", "quotechar"}}

    def by_pandas(path: Path) -> pd.DataFrame:
        found = pd.read_csv(path, dtype=str, **{"skipinitialspace": True} | options)
        return found.rename(columns=lambda name: old.get(name.strip(), name))

    words = {",": "comma", ";": "semicolon", "\t": "tab", " ": "space"}
    description = f"a table with a header, separated by {words.get(separator, separator)}"
    data = change(as_csv(renamed, **(write or {}), **both))
    return Form(name, data, by_pandas, description, left_out)


def lines(name: str, description: str, frame: pd.DataFrame = TRAIN, **options: Any) -> Form:
    """Delimited text without a header."""
    encoding = options.pop("encoding", "utf-8")
    separator = options.pop("sep", ",")
    data = as_csv(frame, header=False, sep=separator, **options).decode().encode(encoding)

    def by_pandas(path: Path) -> pd.DataFrame:
        return pd.read_csv(path, names=NAMES, dtype=str, sep=separator, encoding=encoding)

    return Form(name, data, by_pandas, description)


def parquet(frame: pd.DataFrame, left_out: tuple[str, ...] = (), **options: Any) -> Form:
    return Form("a.parquet", as_parquet(frame, **options), pd.read_parquet, "Parquet", left_out)


def json_lines(data: bytes) -> Form:
    return Form("a.ndjson", data, lambda path: pd.read_json(path, lines=True), "JSON Lines")


FLOATS = TRAIN.astype(dict.fromkeys(NUMBERS, float))
R = {
    "workclass": "type_employer",
    "hours_per_week": "hr_per_week",
    "native_country": "country",
    "marital_status": "marital",
}
FORMS = [
    *(table(name, called=dots) for name in ("adult.csv", "adult.data", "ADULT.CSV", "no suffix")),
    table("quoted.csv", called=dots, write={"quoting": csv.QUOTE_ALL}),
    table("strings.csv", typed(TRAIN), write={"quoting": csv.QUOTE_NONNUMERIC}),
    table("apostrophes.csv", quotechar="'", write={"quoting": csv.QUOTE_ALL}),
    table("gender.csv", called={"education_num": "educational-num", "sex": "gender"}),
    table("salary.csv", called={"income": "salary", "fnlwgt": "fnlgt"}),
    table("class.csv", called={"income": "class"}),
    table("over.csv", called={"income": "income>50K"}),
    table("r.csv", called=R),
    table("upper.csv", called=lambda name: f" {name.replace('_', ' ').upper()} "),
    table("camel.csv", called=lambda name: name.title().replace("_", "")),
    table("numbers.csv", called=lambda name: str(NAMES.index(name))),
    table("v.csv", called=lambda name: f"V{NAMES.index(name) + 1}"),
    table("reversed.csv", TRAIN[NAMES[::-1]]),
    table("label dots.csv", TEST),
    table("index.csv", left_out=("(unnamed)",), write={"index": True}),
    table("id.csv", left_out=("Id",), write={"index": True, "index_label": "Id"}),
    table("more.csv", TRAIN.assign(note="a, b\nc", z=1), left_out=("note", "z")),
    table("both.csv", TRAIN.assign(gender="x"), left_out=("gender",)),
    table("floats.csv", FLOATS),
    *(table("missing.csv", missing(TRAIN), write={"na_rep": mark}) for mark in NA),
    table("semicolon.csv", sep=";"),
    table("tab.tsv", sep="\t"),
    table("pipe.txt", sep="|"),
    table("pipe.txt", sep="|", write={"index": True}, left_out=("(unnamed)",)),
    table("space.txt", sep=" "),
    table("excel.csv", sep=";", skiprows=1, change=lambda data: b"sep=;\r\n" + data),
    table("spaces.csv", change=lambda data: data.replace(b",", b",  ")),
    table("crlf.csv", write={"lineterminator": "\r\n"}),
    table("cr.csv", write={"lineterminator": "\r"}),
    table("blank.csv", change=lambda data: b"\n" + data.replace(b"\n", b"\n\n")),
    table("bom.csv", change=lambda data: b"\xef\xbb\xbf" + data, encoding="utf-8-sig"),
    table("utf-16.csv", change=recoded("utf-16"), encoding="utf-16", sep="\t"),
    table("utf-16-le.csv", change=recoded("utf-16-le"), encoding="utf-16-le"),
    table("utf-16-be.csv", change=recoded("utf-16-be"), encoding="utf-16-be"),
    table("utf-32.csv", change=recoded("utf-32"), encoding="utf-32"),
    table(
        "latin.csv",
        TRAIN.assign(note="é"),
        change=recoded("latin-1"),
        encoding="latin-1",
        left_out=("note",),
    ),
    table("comma.csv", change=lambda data: data.replace(b"\n", b",\n"), left_out=("(unnamed)",)),
    table(  # R's write.table: the header has no name for the names of the rows
        "r.txt",
        change=lambda data: data.replace(b'"" ', b"", 1),
        sep=" ",
        write={"index": True, "quoting": csv.QUOTE_ALL},
        left_out=("(row names)",),
    ),
    table("adult.csv.gz", change=gzip.compress),
    table("adult.csv.bz2", change=bz2.compress),
    table("adult.csv.xz", change=lzma.compress),
    table("adult.zip", change=lambda data: zipped({"adult.csv": data})),
    table("uci.csv", change=lambda data: data.split(b"\n")[0] + b"\n" + UCI),
    lines("plain.csv", "UCI's lines"),
    lines("quoted.data", "UCI's lines", quoting=csv.QUOTE_ALL),
    lines("missing.data", "UCI's lines", missing(TRAIN), na_rep="NaN"),
    lines("nothing.data", "UCI's lines", missing(TRAIN)),
    lines("floats.data", "UCI's lines", FLOATS),
    lines("semicolon.data", "rows in UCI's order, separated by semicolon", sep=";"),
    lines("tab.data", "rows in UCI's order, separated by tab", sep="\t"),
    lines("utf-16.data", "rows in UCI's order, separated by comma", encoding="utf-16"),
    parquet(typed(TRAIN)),
    parquet(missing(TRAIN.rename(columns={"sex": "sex"})), compression="gzip"),
    parquet(TRAIN.astype("category")),
    parquet(FLOATS),
    parquet(TRAIN[TRAIN["sex"] == "Female"], ("__index_level_0__",)),
    json_lines(as_json_lines(typed(TRAIN))),
    json_lines(as_json_lines(missing(TRAIN))),
    json_lines(  # keys left out where a value is missing
        b"".join(
            json.dumps({key: value for key, value in row.items() if value != "?"}).encode() + b"\n"
            for row in TRAIN.to_dict("records")
        )
    ),
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_what_is_taken(tmp_path: Path, form: Form) -> None:
    path = tmp_path / form.name
    path.write_bytes(form.data)
    content, ours = read(path)
    theirs = pandas_frame(form.by_pandas(path))
    text = [frame[NAMES].astype(object).fillna("?").astype(str) for frame in (ours, theirs)]
    pd.testing.assert_frame_equal(*text)
    assert list(ours["id"]) == list(range(1, len(theirs) + 1))
    assert content.rows == len(theirs)
    assert content.missing == {name: theirs[name].isna().sum() for name in content.missing}
    assert content.complete_rows == len(theirs.dropna())
    (given,) = content.inputs
    assert given.form.description == form.description
    assert given.form.left_out == form.left_out


# --- Which split -------------------------------------------------------------------------------


def both(values: dict[str, Any], name: str) -> bytes:
    """UCI's two files in one, with a column that tells them apart."""
    return as_csv(BOTH.assign(split=BOTH["split"].map(values)).rename(columns={"split": name}))


@pytest.mark.parametrize(
    "data",
    [
        both({"train": "train", "test": "test"}, "split"),
        both({"train": "Training", "test": "TEST"}, "Set"),
        both({"train": "adult.data", "test": "adult.test"}, "dataset"),
        both({"train": 0, "test": 1}, "is_test"),
        both({"train": True, "test": False}, "isTrain"),
        both({"train": "1.0", "test": "0.0"}, "train"),
        as_parquet(BOTH),
        as_json_lines(BOTH),
    ],
)
def test_a_column_of_splits(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "adult.test"  # whatever its name says
    path.write_bytes(data)
    content, ours = read(path)
    assert list(ours["split"]) == list(BOTH["split"])
    assert content.rows_by_split == {"train": ROWS, "test": ROWS}
    assert [file["rows"] for file in content.files] == [ROWS, ROWS]


@pytest.mark.parametrize(
    ("name", "frame", "option", "split", "told_by"),
    [
        ("adult.csv", TRAIN, None, "train", "default"),
        ("adult.csv", TRAIN, "test", "test", "--split"),
        ("adult.csv", TEST, "train", "train", "--split"),
        ("adult.data.csv", TRAIN, None, "train", "its name"),
        ("adult-test.csv", TEST, None, "test", "its name"),
        ("adult_training.csv", TRAIN, "train", "train", "its name"),
        ("train_test.csv", TEST, "test", "test", "--split"),
        ("other.csv", people("adult.test", 99_999), None, "test", "its rows"),
    ],
)
def test_a_file_of_one_split(
    tmp_path: Path, name: str, frame: pd.DataFrame, option: str | None, split: str, told_by: str
) -> None:
    path = tmp_path / name
    path.write_bytes(as_csv(frame))
    content, ours = read(path, Split(option) if option else None)
    assert set(ours["split"]) == {split}
    assert content.inputs[0].told_by.startswith(told_by)


@pytest.mark.parametrize(("name", "split"), [("adult.data", "train"), ("adult.test", "test")])
def test_ucis_digests_tell_the_split(tmp_path: Path, name: str, split: str) -> None:
    path = tmp_path / "people"
    path.write_bytes(authentic(name))
    content, _ = read(path)
    assert content.rows_by_split.keys() == {split}


# --- What is not taken -------------------------------------------------------------------------

LISTED = ("UCI's own lines", "semicolon", "Parquet")
REFUSED: list[tuple[str, bytes, tuple[str, ...]]] = [
    ("page.data", b"\n\n\n<!DOCTYPE html>\n<html>", ("is a web page", "raw or download")),
    ("page.csv", b"\xef\xbb\xbf <html lang=en>", ("is a web page",)),
    ("error.csv", b'<?xml version="1.0"?><Error>', ("is a web page or other markup",)),
    ("error.txt", b"404: Not Found", ("begins with '404: Not Found'", *LISTED)),
    (
        "lfs.data",
        b"version https://git-lfs.github.com/spec/v1\noid",
        ("LFS pointer", "git lfs pull"),
    ),
    ("adult.arff", b"% UCI\n@RELATION adult\n", ("is ARFF", "CSV")),
    ("arff.data", b"@relation adult", ("is ARFF",)),
    ("adult.xls", b"\xd0\xcf\x11\xe0\xa1\xb1", ("is an Excel workbook", "save it as CSV")),
    ("adult.xlsx", zipped({"[Content_Types].xml": b""}), ("is an Excel workbook",)),
    ("adult.ods", zipped({"mimetype": b"", "content.xml": b""}), ("Office document",)),
    ("adult.data", b"\x28\xb5\x2f\xfdxxxx", ("is compressed by zstd", "zstd -d")),
    ("adult.7z", b"7z\xbc\xaf\x27\x1cxxxx", ("is a 7z archive", "unpack it")),
    ("adult.lz", b"LZIP\x01xxxx", ("is compressed by lzip",)),
    ("adult.lz4", b"\x04\x22\x4d\x18xxxx", ("is compressed by lz4",)),
    ("adult.data.Z", b"\x1f\x9d\x90xxxx", ("is compressed by compress",)),
    ("adult.rar", b"Rar!\x1a\x07", ("is a RAR archive",)),
    ("adult.tar", b"adult.data".ljust(257, b"\0") + b"ustar", ("is a tar archive",)),
    ("adult.data", gzip.compress(gzip.compress(gzip.compress(UCI))), ("more than twice",)),
    ("zip.gz", gzip.compress(zipped({"adult.data": UCI})), ("is a zip within another file",)),
    ("adult.feather", b"ARROW1\0\0", ("is an Arrow (Feather) file",)),
    ("adult.pkl", b"\x80\x04\x95xx", ("is a Python pickle",)),
    ("adult.rds", gzip.compress(b"X\n\0\0\0\x03"), ("is an R object",)),
    ("adult.db", b"SQLite format 3\0", ("is an SQLite database",)),
    ("adult.parquet", as_parquet(TRAIN)[:-50], ("is damaged", "may be cut off")),
    ("a.parquet", as_parquet(TRAIN.drop(columns="fnlwgt")), ("has no column fnlwgt",)),
    ("a.json", as_json_lines(TRAIN.drop(columns="fnlwgt")), ("has no column fnlwgt",)),
    ("array.json", TRAIN.to_json(orient="records").encode(), ("not JSON Lines", "lines=True")),
    ("page.json", b'{"count": 1, "results": [{"age": 39}]}', ("is JSON, but not JSON Lines",)),
    ("binary.csv", bytes(range(256)), ("begins with '\\x00", *LISTED)),
    ("census.csv", as_csv(TRAIN.drop(columns="fnlwgt")), ("has no column fnlwgt",)),
    ("arx.csv", as_csv(TRAIN[["sex", "age", "race"]], sep=";"), ("has no column workclass, fn",)),
    ("titanic.csv", b"PassengerId,Name,Sex,Age\n1,x,male,22\n", ("workclass", "PassengerId, Name")),
    ("two.csv", as_csv(TRAIN.assign(Sex="Male")), ("more than one column sex: sex and Sex",)),
    (
        "header.data",
        ",".join(NAMES[:14]).encode() + b"\n" + UCI,
        ("has no column income", "14 names", "15 values"),
    ),
    ("twice.csv", as_csv(TRAIN) + as_csv(TEST), ("line 302", "a second header")),
    ("short.csv", as_csv(TRAIN) + b"39,Private\n", ("line 302: found '2 values', expected 15",)),
    ("cut.csv", as_csv(TRAIN)[:-40], ("line 301", "may be cut off")),
    ("quote.csv", as_csv(TRAIN).replace(b"White", b'"White', 1), ("line 2", "never closed")),
    (
        "unknown.csv",
        as_csv(TRAIN.replace("?", "Unknown")),
        ("'Unknown', expected ? or nothing",),
    ),
    ("label.csv", as_csv(TRAIN.replace("<=50K", "<=50k")), ("column income", "mean '<=50K'?")),
    ("zero.csv", as_csv(TRAIN.assign(income="0")), ("column income: found '0'",)),
    ("half.csv", as_csv(TRAIN.assign(age="39.5")), ("column age: found '39.5'",)),
    ("split.csv", as_csv(TRAIN.assign(split="dev")), ("column split: found 'dev'", "train")),
    ("empty.csv", as_csv(TRAIN.head(0)), ("expected at least one row",)),
    ("crcrlf.csv", as_csv(TRAIN, lineterminator="\r\r\n"), (r"end in \r\r\n", "tr -d")),
    ("blank.csv", as_csv(TRAIN) + b"\n" * 10**6, ("more than 100,000 blank lines",)),
    ("long.csv", as_csv(TRAIN) + b"x" * 10**6, ("line 302", "65,536 bytes")),
    ("both.csv", as_csv(TRAIN) + b"|1x3 Cross validator\n" + as_csv(TEST), ("adult.test begins",)),
    ("train_test.csv", as_csv(TRAIN), ("both train and test in its name", "--split")),
    ("adult.data", as_csv(people("adult.test", 99_999)), ("the rows of UCI's adult.test",)),
]


@pytest.mark.parametrize(
    ("name", "data", "says"), REFUSED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_is_refused(tmp_path: Path, name: str, data: bytes, says: tuple[str, ...]) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(IngestError) as raised:
        read(path)
    error = str(raised.value)
    assert name in error
    for fragment in says:
        assert fragment in error
    assert error.count("\n") == (error.count("Known are") and 5)


def test_a_name_that_contradicts_the_option(tmp_path: Path) -> None:
    path = tmp_path / "adult_test.csv"
    path.write_bytes(as_csv(TEST))
    with pytest.raises(IngestError, match="is of the test split by its name: leave out --split tr"):
        read(path, Split.TRAIN)


# --- By the command ----------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("suffix", ["csv", "ndjson", "parquet"])
def test_the_services_own_export(client: Client, tmp_path: Path, suffix: str) -> None:
    response = client.get(f"/v1/people.{suffix}")
    assert response.status_code == 200
    path = tmp_path / f"people.{suffix}"
    path.write_bytes(response.getvalue())
    checked = load("--source", path, "--dry-run", "--json").json
    assert checked["version"] == "264a2679db87"
    assert checked["rows_by_split"] == {"train": 32_561, "test": 16_281}
    (given,) = checked["inputs"]
    assert (given["left_out"], given["split_told_by"]) == (["id"], "its column of splits")
    assert [part["uci"] for part in given["splits"]] == ["rows", "rows"]


def test_a_table_is_loaded_and_known_again(full: Scratch, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(as_csv(BOTH))
    first = load("--source", path, "--json").json
    assert (first["status"], first["rows_by_split"]) == ("loaded", {"train": ROWS, "test": ROWS})
    assert full.dataset()["version"] == first["version"]
    assert [file["split"] for file in first["files"]] == ["train", "test"]
    assert load("--source", path, "--json").json["status"] == "already loaded"
    path.write_bytes(as_json_lines(BOTH))
    assert load("--source", path, "--json").json["status"] == "already loaded"
    only_test = tmp_path / "adult.csv"
    only_test.write_bytes(as_csv(TEST))
    assert load("--source", only_test, "--split", "test", "--json").json["rows_by_split"] == {
        "test": ROWS
    }
    assert load("--source", only_test, "--json").json["rows_by_split"] == {"train": ROWS}


def test_the_summary_says_what_the_files_are(tmp_path: Path) -> None:
    path = tmp_path / "adult.csv"
    path.write_bytes(as_csv(TRAIN, index=True, index_label="Id"))
    out = load("--source", path, "--dry-run").out
    for line in (
        "file             adult.csv: a table with a header, separated by comma",
        "train          300 rows, not UCI's file: 32,261 rows fewer than the 32,561 of UCI's",
        "split          told by default, as nothing else says it (--split test makes it test)",
        "left out       Id",
    ):
        assert line in out
    assert out.count("UCI's file") == 1
    assert load("--dry-run").out.count(" rows, UCI's file") == 2


def test_what_is_loaded_already_is_described_by_the_files_given_now(
    full: Scratch, tmp_path: Path
) -> None:
    path = tmp_path / "both.csv"
    frames = [
        people(name, 99_999).assign(split=split)
        for name, split in (("adult.data", "train"), ("adult.test", "test"))
    ]
    path.write_bytes(as_csv(pd.concat(frames)))
    again = load("--source", path, "--json").json
    assert again["status"] == "already loaded"
    assert [part["uci"] for part in again["inputs"][0]["splits"]] == ["rows", "rows"]
    assert load("--force", "--source", path).code == 0
    (tmp_path / "adult.data").write_bytes(authentic("adult.data"))
    (tmp_path / "adult.test").write_bytes(authentic("adult.test"))
    for source in (path, tmp_path / "adult.zip"):
        if source.suffix == ".zip":
            source.write_bytes(zipped({"a.csv": path.read_bytes()}))
        again = load("--source", source, "--json").json
        assert again["status"] == "already loaded"
        assert [part["uci"] for part in again["inputs"][0]["splits"]] == ["rows", "rows"]


def test_many_errors_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "adult.csv"
    frame = TRAIN.assign(sex=["male", *TRAIN["sex"][1:-1], "X"], age=["x", *TRAIN["age"][1:]])
    path.write_bytes(as_csv(frame))
    lines = load("--source", path, "--dry-run", "--max-errors", "9").error.splitlines()
    where = ["line 2, column age", "line 2, column sex", "line 301, column sex"]
    assert [line.partition(": found")[0] for line in lines] == [f"adult.csv, {at}" for at in where]


@pytest.mark.parametrize("source", ["", " "])
def test_an_empty_source(source: str) -> None:
    outcome = load("--dry-run", "--source", source)
    assert (outcome.code, outcome.error.count("\n")) == (1, 0)
    assert "--source: is empty" in outcome.error


@pytest.mark.parametrize("argument", ["--dry-run", "--dry"])
def test_a_dry_run_starts_no_database(tmp_path: Path, argument: str) -> None:
    """By its own PostgreSQL, which is started where there is no DATABASE_URL."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE", "LOADER"))}
    code = (
        "import sys, manage; from adultapi import postgres;"
        "postgres.Server.__enter__ = lambda self: sys.exit('started');"
        f"sys.argv = ['manage.py', 'load_adult', {argument!r}, '--verbosity=0']; manage.main()"
    )
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=MANAGE.parent, check=True)


def test_the_help_lists_the_forms(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        load("--help")
    out = capsys.readouterr().out
    for form in (*LISTED, "JSON Lines", "UTF-16", "--split", "gender", "zip", "standard input"):
        assert form in out
