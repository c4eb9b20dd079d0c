"""Damaged files: a load says what is wrong and where, and changes nothing."""

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from census.columns import COLUMNS
from census.ingest import sources
from tests.census.ingest.files import as_csv, as_json_lines, as_parquet, people
from tests.census.ingest.tools import Scratch, authentic, first_rows, load

GOOD = "adult.data"


def replaced(line: int, old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """A file with `old` replaced in its `line`."""

    def damage(data: bytes) -> bytes:
        lines = data.split(b"\n")
        assert old in lines[line - 1]
        lines[line - 1] = lines[line - 1].replace(old, new, 1)
        return b"\n".join(lines)

    return damage


def value(line: int, column: str, new: bytes) -> Callable[[bytes], bytes]:
    """A file with another value of `column` in its `line`."""

    def damage(data: bytes) -> bytes:
        lines = data.split(b"\n")
        values = lines[line - 1].split(b", ")
        values[list(COLUMNS).index(column)] = new
        lines[line - 1] = b", ".join(values)
        return b"\n".join(lines)

    return damage


def ends_after(part: bytes) -> Callable[[bytes], bytes]:
    """A file that ends with the last `part` in it."""
    return lambda data: data[: data.rindex(part) + len(part)]


WHERE = "adult.data, line 7, column"
TEST = "adult.test, line 7, column"
DAMAGED: list[tuple[str, str, Callable[[bytes], bytes], tuple[str, ...]]] = [
    # name, file, damage, what the message must say
    ("empty", GOOD, lambda _: b"", ("adult.data: expected at least one row",)),
    ("empty test", "adult.test", lambda _: b"\n", ("adult.test: expected at least one row",)),
    ("comment only", "adult.test", lambda d: d[:21], ("adult.test: expected at least one row",)),
    ("html", GOOD, lambda _: b"\n<!DOCTYPE html>\n<p>Not found", ("is a web page",)),
    ("binary", GOOD, lambda _: bytes(range(256)) * 100, ("begins with '\\x00\\x01",)),
    ("header", GOOD, lambda d: ",".join(list(COLUMNS)[:14]).encode() + b"\n" + d, ("income",)),
    ("two headers", GOOD, lambda d: b"age, sex\n" + d, ("has no column workclass, fnlwgt",)),
    ("no line ends", GOOD, lambda d: d.replace(b"\n", b""), ("line 1", "values", "15")),
    ("old mac", GOOD, lambda d: d.replace(b"\n", b"\r"), ("line 1", "values", "15")),
    ("slashes", GOOD, lambda d: d.replace(b", ", b"/"), ("begins with '39/State", "Parquet")),
    ("quotes", GOOD, replaced(7, b"Black", b"'Black'"), (f"{WHERE} race", "''Black''")),
    ("too few", GOOD, replaced(7, b", 0, 0", b", 0"), ("line 7", "14 values", "15")),
    ("too many", GOOD, replaced(7, b", 0, 0", b", 0, 0, 0"), ("line 7", "16 values", "15")),
    ("comma at end", GOOD, replaced(7, b"<=50K", b"<=50K,"), ("line 7", "16 values", "15")),
    ("two in one", GOOD, replaced(7, b"<=50K", b"<=50K39"), (f"{WHERE} income", "'<=50K39'")),
    ("cut in a line", GOOD, ends_after(b"United"), ("line 40", "14 values", "cut off")),
    ("cut in a label", GOOD, ends_after(b"50"), ("line 40, column income", "cut off")),
    ("cut in test", "adult.test", ends_after(b"50"), ("adult.test, line 21", "cut off")),
    ("underscore", GOOD, value(7, "age", b"4_9"), (f"{WHERE} age", "'4_9'", "from 0 to 120")),
    ("plus", GOOD, value(7, "age", b"+49"), (f"{WHERE} age", "'+49'", "from 0 to 120")),
    ("minus", GOOD, value(7, "capital_loss", b"-1"), (f"{WHERE} capital_loss", "'-1'", "from 0")),
    ("unicode digits", GOOD, value(7, "age", "٤٩".encode()), (f"{WHERE} age", "'٤٩'")),
    ("float", GOOD, value(7, "age", b"49.5"), (f"{WHERE} age", "'49.5'", "whole number")),
    ("exponent", GOOD, value(7, "fnlwgt", b"1e5"), (f"{WHERE} fnlwgt", "'1e5'")),
    ("hex", GOOD, value(7, "fnlwgt", b"0x10"), (f"{WHERE} fnlwgt", "'0x10'")),
    ("nan", GOOD, value(7, "age", b"NaN"), (f"{WHERE} age", "'NaN'")),
    ("leading zero", GOOD, value(7, "age", b"049"), (f"{WHERE} age", "'049'")),
    ("space inside", GOOD, value(7, "age", b"4 9"), (f"{WHERE} age", "'4 9'")),
    ("age 121", GOOD, value(7, "age", b"121"), (f"{WHERE} age", "'121'", "from 0 to 120")),
    ("no weight", GOOD, value(7, "fnlwgt", b"0"), (f"{WHERE} fnlwgt", "'0'", "from 1 to")),
    ("2**31", GOOD, value(7, "fnlwgt", b"2147483648"), ("'2147483648'", "to 2147483647")),
    ("huge", GOOD, value(7, "capital_gain", b"9" * 5000), (f"{WHERE} capital_gain", "999…'")),
    ("level 17", GOOD, value(7, "education_num", b"17"), ("'17'", "from 1 to 16")),
    ("169 hours", GOOD, value(7, "hours_per_week", b"169"), ("'169'", "from 0 to 168")),
    ("misspelt", GOOD, value(7, "sex", b"Femal"), (f"{WHERE} sex", "Did you mean 'Female'?")),
    ("lower case", GOOD, value(7, "race", b"black"), (f"{WHERE} race", "Did you mean 'Black'?")),
    ("spelt right", GOOD, value(7, "native_country", b"Trinidad&Tobago"), ("'Trinadad&Tobago'?",)),
    (
        "unknown",
        GOOD,
        value(7, "workclass", b"x"),
        (f"{WHERE} workclass", "Private", "? or nothing"),
    ),
    ("? in number", GOOD, value(7, "age", b"?"), (f"{WHERE} age", "'?'", "a whole number")),
    ("? in category", GOOD, value(7, "sex", b"?"), (f"{WHERE} sex", "'?'", "Female, Male.")),
    ("nothing", GOOD, value(7, "sex", b""), (f"{WHERE} sex", "''", "Female, Male.")),
    ("null word", GOOD, value(7, "workclass", b"Unknown"), (f"{WHERE} workclass", "? or nothing")),
    ("its own twin", GOOD, lambda _: first_rows("adult.test", 20), ("holds the same people",)),
    ("the other", GOOD, lambda d: b"|1x3 Cross validator\n" + d, ("begins like UCI's adult.test",)),
    ("both in one", GOOD, lambda d: d + b"|1x3 Cross validator\n" + d, ("adult.test begins",)),
    ("copy's end", GOOD, replaced(7, b"49", b"\\.\n49"), ("line 7", "1 value")),
    ("nul", GOOD, value(7, "race", b"Bl\0ack"), (f"{WHERE} race", "'Bl\\x00ack'", "Black")),
    ("latin-1", GOOD, value(7, "native_country", b"M\xe9xico"), ("'M\\xe9xico'", "Mexico")),
    ("bom inside", GOOD, value(7, "age", b"\xef\xbb\xbf49"), (f"{WHERE} age", "\\ufeff49")),
    ("two dots", "adult.test", value(7, "income", b">50K.."), (f"{TEST} income", "'>50K..'")),
    ("dot elsewhere", "adult.test", value(7, "sex", b"Male."), (f"{TEST} sex", "'Male.'")),
    ("columns swapped", GOOD, replaced(7, b"49, Private", b"Private, 49"), (f"{WHERE} age",)),
    ("a line of 1 MB", GOOD, replaced(7, b"49", b"4" * 2**20), ("line 7", "65,536 bytes")),
    ("wrong file", "adult.test", lambda d: d.replace(b"|", b"#"), ("adult.test, line 1", "#1x3")),
    ("an escape", GOOD, value(7, "sex", b"\x1b[31mMale"), ("'\\x1b[31mMale'",)),
    ("shell", GOOD, value(7, "sex", b"'; DROP TABLE census_person; --"), (f"{WHERE} sex",)),
]


@pytest.mark.parametrize(
    ("file", "damage", "says"),
    [pytest.param(*case[1:], id=case[0]) for case in DAMAGED],
)
def test_damaged_files(
    untouched: Scratch,
    small: Path,
    file: str,
    damage: Callable[[bytes], bytes],
    says: tuple[str, ...],
) -> None:
    """The fixture checks that nothing has changed; this is a quick check."""
    path = small / file
    path.write_bytes(damage(path.read_bytes()))
    outcome = load("--source", small)
    assert (outcome.code, outcome.out) == (1, "")
    for fragment in (file, *says):
        assert fragment in outcome.error
    assert "Traceback" not in outcome.error
    query = "SELECT count(*) || version FROM census_person, census_dataset GROUP BY version"
    assert untouched.one(query) == "48842264a2679db87"


def test_damage_late_in_a_file_that_is_being_copied(untouched: Scratch, tmp_path: Path) -> None:
    before = untouched.state()
    (tmp_path / "adult.data").write_bytes(authentic("adult.data"))
    damaged = value(16_000, "hours_per_week", b"400")(authentic("adult.test"))
    (tmp_path / "adult.test").write_bytes(damaged)
    outcome = load("--source", tmp_path)
    assert outcome.code == 1
    assert outcome.error == (
        "adult.test, line 16000, column hours_per_week: found '400', "
        "expected a whole number from 0 to 168."
    )
    assert untouched.state() == before


@pytest.mark.parametrize("suffix", ["csv", "ndjson", "parquet"])
def test_damage_late_in_a_table_that_is_being_copied(
    untouched: Scratch, tmp_path: Path, suffix: str
) -> None:
    before = untouched.state()
    table = people("adult.data", 20_000)
    table.loc[15_000, "sex"] = "X"
    write = {"csv": as_csv, "ndjson": as_json_lines, "parquet": as_parquet}[suffix]
    path = tmp_path / f"people.{suffix}"
    path.write_bytes(write(table))
    where = {"csv": "line 15002", "ndjson": "line 15001", "parquet": "row 15001"}[suffix]
    assert load("--source", path).error == (
        f"people.{suffix}, {where}, column sex: found 'X', expected one of Female, Male."
    )
    assert untouched.state() == before


def test_a_source_that_is_not_what_it_claims(
    untouched: Scratch, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Valid rows that are not UCI's."""
    for path in small.iterdir():
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    monkeypatch.setattr(sources, "BUNDLED_FOLDER", small)
    before = untouched.state()
    for arguments in ([], ["--dry-run"], ["--force"]):
        outcome = load(*arguments)
        assert outcome.code == 1
        assert "adult.data.gz: is not UCI's file: its md5 is " in outcome.error
    assert untouched.state() == before


def test_max_errors_collects_over_the_files(untouched: Scratch, small: Path) -> None:
    for name, line in (("adult.data", 3), ("adult.data", 30), ("adult.test", 9)):
        path = small / name
        path.write_bytes(value(line, "sex", b"male")(path.read_bytes()))
    where = ["adult.data, line 3", "adult.data, line 30", "adult.test, line 9"]
    for number in (1, 2, 3, 99):
        lines = load("--source", small, "--max-errors", str(number)).error.splitlines()
        assert [line.partition(", column")[0] for line in lines] == where[:number]


def packed(data: bytes, suffix: str) -> bytes:
    return {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}[suffix](data)


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz"])
@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: data[:-9], id="cut off"),
        pytest.param(lambda data: data[: len(data) // 2], id="half"),
        pytest.param(lambda data: data[:7], id="its beginning"),
        pytest.param(lambda data: data[:-6] + bytes([data[-6] ^ 1]) + data[-5:], id="a bit"),
        pytest.param(lambda data: data[:60] + bytes(40) + data[100:], id="zeros inside"),
    ],
)
def test_damaged_compression(
    untouched: Scratch, small: Path, suffix: str, damage: Callable[[bytes], bytes]
) -> None:
    plain = small / "adult.data"
    data = plain.read_bytes()
    plain.unlink()
    (small / f"adult.data{suffix}").write_bytes(damage(packed(data, suffix)))
    outcome = load("--source", small)
    assert (outcome.code, outcome.out) == (1, "")
    assert f"adult.data{suffix}: is " in outcome.error
