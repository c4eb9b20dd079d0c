"""Refused files: the error names the format and the next step."""

import gzip
import io
import pickle
from pathlib import Path

import pytest

from census.choices import Split
from census.ingest import IngestError
from tests.census.ingest.files import (
    NAMES,
    ROWS,
    TEST,
    TRAIN,
    UCI,
    as_csv,
    as_json_lines,
    as_parquet,
    people,
    read,
)
from tests.census.ingest.tools import zipped


def as_stata(version: int) -> bytes:
    buffer = io.BytesIO()
    TRAIN.to_stata(buffer, version=version, write_index=False)
    return buffer.getvalue()


def wide() -> bytes:
    """A table with one column of the dataset and 500 others."""
    names = ",".join(f"c{number}" for number in range(500))
    return f"race,{names}\nWhite{',1' * 500}\n".encode()


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
    ("workspace.RData", gzip.compress(b"RDX2\nX\n\0\0\0\2"), ("is an R workspace", "write.csv")),
    ("adult.zsav", b"$FL3@(#) SPSS DATA FILE", ("is an SPSS file",)),
    ("old.dta", as_stata(114), ("is a Stata file", "write the table as CSV")),
    ("new.dta", as_stata(118), ("is a Stata file",)),
    ("adult.xpt", b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!", ("is a SAS file",)),
    ("old.pkl", pickle.dumps(TRAIN, protocol=2), ("is a Python pickle",)),
    ("adult.arrows", b"\xff\xff\xff\xff\x88\x04\0\0", ("is an Arrow (Feather) file",)),
    ("biff.xls", b"\x09\x08\x10\0\0\6", ("is an Excel workbook",)),
    ("chart.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF", ("is a picture",)),
    ("mark.csv", b"\xff\xfe", ("at least one row",)),
    ("wide.csv", wide(), ("has no column age", "are c0, c1", "c9 and 490 more")),
    (
        "after.csv",
        as_csv(TRAIN).replace(b"age,", b'"age" ,', 1),
        ("line 1", "other text, maybe a space, follows a closing quote: remove it"),
    ),
    ("adult.db", b"SQLite format 3\0", ("is an SQLite database",)),
    ("adult.parquet", as_parquet(TRAIN)[:-50], ("is damaged", "may be cut off")),
    ("footer.parquet", b"PAR1" + bytes(200) + b"PAR1", ("is damaged",)),
    ("a.parquet", as_parquet(TRAIN.drop(columns="fnlwgt")), ("has no column fnlwgt",)),
    ("a.json", as_json_lines(TRAIN.drop(columns="fnlwgt")), ("has no column fnlwgt",)),
    ("array.json", TRAIN.to_json(orient="records").encode(), ("not JSON Lines", "lines=True")),
    ("utf-16.json", as_json_lines(TRAIN).decode().encode("utf-16"), ("is JSON in UTF-16",)),
    ("title.csv", b"Adult\n" + as_csv(TRAIN), ("has lines above its header", "above 'age,work")),
    ("title.csv", b"# by me, 2026\n\n" + as_csv(TRAIN, sep=";"), ("has lines above its header",)),
    ("columns.json", TRAIN.head(9).to_json().encode(), ("not JSON Lines", "lines=True")),
    ("page.json", b'{"count": 1, "results": [{"age": 39}]}', ("is JSON, but not JSON Lines",)),
    (
        "nested.json",
        as_json_lines(TRAIN) + as_json_lines(TRAIN).replace(b'"39"', b"[39]", 1),
        ("line 301, column age: found '['39']', expected a whole number",),
    ),
    (
        "list.parquet",
        as_parquet(TRAIN.assign(age=[[39]] * ROWS)),
        ("row 1, column age: found '[39]'",),
    ),
    ("vertical.csv", as_csv(TRAIN).replace(b"\n", b"\x0b"), ("has no column income",)),
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
    ("crcrlf.csv", as_csv(TRAIN, lineterminator="\r\r\n"), (r"end with \r\r\n", "tr -d")),
    ("blank.csv", as_csv(TRAIN) + b"\n" * 10**6, ("more than 100,000 blank lines",)),
    ("long.csv", as_csv(TRAIN) + b"x" * 10**6, ("line 302", "65,536 bytes")),
    ("both.csv", as_csv(TRAIN) + b"|1x3 Cross validator\n" + as_csv(TEST), ("adult.test begins",)),
    ("train_test.csv", as_csv(TRAIN), ("both train and test in its name", "--split")),
    ("adult.data", as_csv(people("adult.test", 99_999)), ("the rows of UCI's adult.test",)),
]


@pytest.mark.parametrize(
    ("name", "data", "says"), REFUSED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_is_refused(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, name: str, data: bytes, says: tuple[str, ...]
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(IngestError) as raised:
        read(path)
    assert capfd.readouterr() == ("", "")
    error = str(raised.value)
    assert name in error
    for fragment in says:
        assert fragment in error
    assert error.count("\n") == (error.count("The known formats are") and 5)


def test_a_name_that_contradicts_the_option(tmp_path: Path) -> None:
    path = tmp_path / "adult_test.csv"
    path.write_bytes(as_csv(TEST))
    with pytest.raises(IngestError, match="is of the test split by its name: leave out --split tr"):
        read(path, Split.TRAIN)
