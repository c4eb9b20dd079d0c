"""The formats of files, compared with pandas."""

import bz2
import csv
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from census.choices import Split
from census.columns import COLUMNS
from census.ingest.readers.vocabulary import ALIASES, SPLITS, SPLITS_BY_COLUMN, plain
from census.ingest.schema import SCHEMA
from tests.census.ingest.files import (
    BOTH,
    NA,
    NAMES,
    NUMBERS,
    ROWS,
    TEST,
    TRAIN,
    UCI,
    as_csv,
    as_json_lines,
    as_parquet,
    dots,
    missing,
    people,
    read,
    recoded,
    typed,
)
from tests.census.ingest.tools import authentic, zipped


def pandas_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame of a file with the columns, types and spellings of the service."""
    found = frame[NAMES].replace(NA, None).astype(dict.fromkeys(NUMBERS, float))
    found = found.astype(dict.fromkeys(NUMBERS, int)).reset_index(drop=True)
    return found.assign(income=found["income"].astype(str).str.removesuffix("."))


class Form(NamedTuple):
    """A file, the function that reads it with pandas, and its description in the summary."""

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


def far_future() -> pd.Series:
    """Times after the year 9999, for which Python has no type."""
    return pd.Series(np.full(ROWS, 2**62), dtype="datetime64[us]")


FLOATS = TRAIN.astype(dict.fromkeys(NUMBERS, float))
R = {
    "workclass": "type_employer",
    "hours_per_week": "hr_per_week",
    "native_country": "country",
    "marital_status": "marital",
}
FORMATS = [
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
    table(
        "empty rows.csv", sep=";", change=lambda data: data + b";;;;;;;;;;;;;;\r\n" * 9, nrows=ROWS
    ),
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
    table("header comma.csv", change=lambda data: data.replace(b"\n", b",\n", 1), index_col=False),
    table(  # values that look like splits, but not all of them
        "tests.csv", TRAIN.assign(done=["test", "none"] * (ROWS // 2)), left_out=("done",)
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
    parquet(TRAIN.assign(list=[[1]] * ROWS, far=far_future()), ("list", "far")),
    json_lines(as_json_lines(typed(TRAIN))),
    json_lines(as_json_lines(missing(TRAIN))),
    json_lines(  # keys left out where a value is missing
        b"".join(
            json.dumps({key: value for key, value in row.items() if value != "?"}).encode() + b"\n"
            for row in TRAIN.to_dict("records")
        )
    ),
]


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
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
    assert given.format.description == form.description
    assert given.format.left_out == form.left_out


def test_each_public_name_is_of_one_column() -> None:
    spelt = [(plain(alias), name) for name in NAMES for alias in (name, *ALIASES.get(name, ()))]
    assert dict(spelt) == SCHEMA.names
    assert len({alias for alias, _ in spelt}) == len(set(spelt))
    assert not SCHEMA.names.keys() & SPLITS_BY_COLUMN.keys()
    assert ALIASES.keys() <= set(NAMES)
    values = {plain(value) for column in COLUMNS.values() for value in column.choices}
    assert not SCHEMA.names.keys() & values  # else a row would be taken for a header
    assert not SPLITS.keys() & (values - {"train", "test"})


# --- Which split -------------------------------------------------------------------------------


def both(values: dict[str, Any], name: str) -> bytes:
    """UCI's two files in one, with a column of splits."""
    return as_csv(BOTH.assign(split=BOTH["split"].map(values)).rename(columns={"split": name}))


def renamed(name: str) -> pd.DataFrame:
    return BOTH.rename(columns={"split": name})


@pytest.mark.parametrize(
    "data",
    [
        both({"train": "train", "test": "test"}, "split"),
        both({"train": "Training", "test": "TEST"}, "Set"),
        both({"train": "adult.data", "test": "adult.test"}, "dataset"),
        both({"train": "adult.data", "test": "adult.test"}, "source"),
        both({"train": "Training set", "test": "Test set"}, "Data Set"),
        both({"train": 0, "test": 1}, "is_test"),
        both({"train": True, "test": False}, "isTrain"),
        both({"train": "1.0", "test": "0.0"}, "train"),
        both({"train": "Train data", "test": "Test data"}, "whatever its name"),
        both({"train": "no", "test": "YES"}, "in_test_set"),
        as_parquet(BOTH),
        as_parquet(renamed("fold")),
        as_parquet(renamed("is_train").assign(is_train=BOTH["split"] == "train")),
        as_json_lines(BOTH),
        as_json_lines(renamed("phase")),
        as_json_lines(renamed("is_test").assign(is_test=BOTH["split"] == "test")),
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
    assert content.inputs[0].split_reason.startswith(told_by)


@pytest.mark.parametrize(("name", "split"), [("adult.data", "train"), ("adult.test", "test")])
def test_ucis_digests_tell_the_split(tmp_path: Path, name: str, split: str) -> None:
    path = tmp_path / "people"
    path.write_bytes(authentic(name))
    content, _ = read(path)
    assert content.rows_by_split.keys() == {split}
