"""`manage.py load_adult`: what it loads, its output, and what it does not change."""

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from census.columns import COLUMNS
from census.ingest.content import Content
from census.ingest.sources import gather
from tests.census.ingest.tools import MANAGE, Scratch, authentic, load

FACTS = {
    "rows": 48_842,
    "rows_by_split": {"train": 32_561, "test": 16_281},
    "missing": {"workclass": 2_799, "occupation": 2_809, "native_country": 857},
    "complete_rows": 45_222,
    "duplicate_rows": 52,
}


# --- What is loaded ----------------------------------------------------------------------------


def test_the_bundled_files(empty: Scratch) -> None:
    summary = load("--json").json
    export = empty.export()
    sha256 = hashlib.sha256(export).hexdigest()
    dataset = empty.dataset()
    assert summary.items() >= {"status": "loaded", "version": sha256[:12], **FACTS}.items()
    assert dataset.items() >= FACTS.items()
    assert dataset["source"] == "bundled"
    assert dataset["sha256"] == sha256
    assert dataset["version"] == sha256[:12]
    assert dataset["csv_bytes"] == len(export)
    assert dataset["files"] == summary["files"]
    for file, name, md5, rows in zip(
        dataset["files"],
        ("adult.data", "adult.test"),
        ("5d7c39d7b8804f071cdd1f2a7c460872", "35238206dfdf7f1fe215bbb874adecdc"),
        (32_561, 16_281),
        strict=True,
    ):
        data = authentic(name)
        assert file == {
            "name": f"{name}.gz",
            "split": "train" if name == "adult.data" else "test",
            "bytes": len(data),
            "md5": md5,
            "sha256": hashlib.sha256(data).hexdigest(),
            "rows": rows,
            "authentic": True,
        }


def test_every_value_is_where_pandas_finds_it(full: Scratch, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(full.export())
    ours = pd.read_csv(path)
    assert list(ours) == ["id", *COLUMNS]
    names = list(COLUMNS)[:-1]
    frames = []
    for name, split in (("adult.data", "train"), ("adult.test", "test")):
        (tmp_path / name).write_bytes(authentic(name))
        frame = pd.read_csv(
            tmp_path / name, names=names, skipinitialspace=True, na_values="?", comment="|"
        )
        frames.append(frame.assign(split=split))
    theirs = pd.concat(frames, ignore_index=True)
    theirs["income"] = theirs["income"].str.removesuffix(".")
    theirs.insert(0, "id", range(1, 48_843))
    pd.testing.assert_frame_equal(ours, theirs)
    assert theirs.duplicated(names).sum() == FACTS["duplicate_rows"]


@pytest.mark.parametrize("remembered", [0, 2, 100_000])
@pytest.mark.parametrize("lines", [[], [0, 0], [0, 0, 0, 1, 1], [0, 1, 2, 0, 1, 2], [3] * 40])
def test_duplicates(
    empty: Scratch,
    tmp_path: Path,
    lines: list[int],
    remembered: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first three rows share age and weight, so PostgreSQL compares them in full."""
    monkeypatch.setattr("census.ingest.content._MAX_REMEMBERED", remembered)
    line = "{}, Private, 77516, HS-grad, 9, Divorced, {}, Unmarried, White, Male, 0, 0, {}, ?, >50K"
    values = [(39, "Sales", 40), (39, "Sales", 41), (39, "?", 40), (40, "?", 40)]
    people = [line.format(*value) for value in values]
    path = tmp_path / "a.data"
    path.write_text("".join(people[line] + "\n" for line in [0, *lines]))
    other = tmp_path / "a.test"
    other.write_text(people[0] + ".\n")  # alike across the files, too
    expected = len(lines) + 2 - len({0, *lines})
    assert load("--source", path, other, "--json").json["duplicate_rows"] == expected


def test_the_same_content_is_not_loaded_again(full: Scratch, tmp_path: Path) -> None:
    before = full.state()
    again = load("--json")
    assert (again.code, again.json["status"]) == (0, "already loaded")
    assert again.json.items() >= FACTS.items()
    # The same rows, though not a byte of the files is where it was.
    for name in ("adult.data", "adult.test"):
        data = authentic(name).replace(b", ", b",").replace(b"\n", b"\r\n")
        (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + data)
    assert load("--source", tmp_path, "--json").json["status"] == "already loaded"
    assert full.state() == before


def test_force_loads_again(full: Scratch) -> None:
    export, dataset = full.state()
    assert load("--force", "--json").json["status"] == "loaded"
    export_again, dataset_again = full.state()
    assert export_again == export
    assert dataset_again.pop("loaded_at") > dataset.pop("loaded_at")
    assert dataset_again == dataset


def test_other_content_has_its_own_version(full: Scratch, small: Path) -> None:
    before = full.dataset()["version"]
    summary = load("--source", small, "--json").json
    assert summary["rows_by_split"] == {"train": 40, "test": 20}
    assert [file["authentic"] for file in summary["files"]] == [False, False]
    export, dataset = full.state()
    assert dataset["version"] == summary["version"] == export[:12] != before
    assert load("--json").json["version"] == before


def test_reloading_again_and_again_needs_no_more_room(full: Scratch) -> None:
    sizes = []
    for _ in range(4):
        assert load("--force").code == 0
        sizes.append(full.one("SELECT pg_relation_size('census_person')"))
    assert max(sizes[1:]) <= sizes[0] * 1.05


def test_statistics_are_there_at_once(full: Scratch) -> None:
    rows = full.one("SELECT reltuples FROM pg_class WHERE relname = 'census_person'")
    columns = full.one("SELECT count(*) FROM pg_stats WHERE tablename = 'census_person'")
    assert (rows, columns) == (48_842, 17)


# --- What is said ------------------------------------------------------------------------------


def test_a_summary_for_people(empty: Scratch) -> None:
    out = load().out
    assert out.startswith("Adult 264a2679db87: loaded in ")
    for line in (
        "rows             48,842 (test 16,281, train 32,561)",
        "missing          native_country 857, occupation 2,809, workclass 2,799",
        "complete rows    45,222",
        "exact duplicates 52",
    ):
        assert f"  {line}\n" in out
    assert load("--verbosity", "0").out == ""


def test_a_dry_run_needs_no_database(small: Path) -> None:
    environment = os.environ | {"DATABASE_URL": "postgresql://127.0.0.1:1/none", "SECRET_KEY": "x"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, MANAGE, "load_adult", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    checked = run("--dry-run", "--json")
    assert checked.stderr == ""
    summary = json.loads(checked.stdout)
    facts = {key: value for key, value in FACTS.items() if key != "duplicate_rows"}
    assert summary.items() >= {"status": "checked", "version": "264a2679db87", **facts}.items()

    (small / "adult.data").write_bytes(b"39, Private\n")
    failed = run("--dry-run", "--json", "--source", str(small))
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "adult.data, line 1: found '2 values'" in failed.stderr

    away = run()
    assert (away.returncode, away.stdout) == (1, "")
    assert away.stderr.startswith("CommandError: The database cannot be reached")
    assert away.stderr.rstrip().endswith(
        "check that it runs and that DATABASE_URL is correct, then load again."
    )


def test_a_dry_run_writes_nothing(full: Scratch, small: Path) -> None:
    before = full.state()
    assert load("--dry-run", "--source", small).code == 0
    assert full.state() == before


def test_a_database_that_is_not_migrated(unmigrated: Scratch) -> None:
    outcome = load()
    assert outcome.code == 1
    assert outcome.error == (
        'The database is not migrated (relation "census_dataset" does not exist): '
        "run `manage.py migrate`, then load again."
    )


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("ALTER DATABASE {} SET default_transaction_read_only = on", "read-only transaction"),
        ("ALTER TABLE census_dataset ADD CHECK (rows > 48000)", "violates check constraint"),
    ],
)
def test_a_database_that_refuses(full: Scratch, small: Path, statement: str, message: str) -> None:
    before = full.state()
    with full.connect() as connection:
        name = connection.info.dbname
        connection.execute(statement.format(name).encode())
    outcome = load("--source", small)
    assert outcome.code == 1
    assert outcome.error.startswith("The database refused the load, nothing was changed: ")
    assert message in outcome.error
    assert full.state() == before


SLOW = """
CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(2); RETURN NEW; END $$;
CREATE TRIGGER slow BEFORE INSERT ON census_dataset FOR EACH ROW EXECUTE FUNCTION wait();
"""


@pytest.mark.parametrize("setting", ["statement_timeout", "transaction_timeout"])
def test_timeouts_of_the_server_do_not_bind_a_load(
    empty: Scratch, small: Path, setting: str
) -> None:
    with empty.connect() as connection:
        connection.execute(SLOW.encode())
        known = connection.execute("SELECT 1 FROM pg_settings WHERE name = %s", [setting])
        if known.fetchone():  # transaction_timeout is since PostgreSQL 17
            name = connection.info.dbname
            connection.execute(f"ALTER DATABASE {name} SET {setting} = '1500ms'".encode())
    assert load("--source", small).code == 0


@pytest.mark.parametrize("number", ["0", "-1", "x", "1.5"])
def test_max_errors_must_be_positive(number: str) -> None:
    outcome = load(f"--max-errors={number}")
    assert outcome.code == 1
    assert f"--max-errors: invalid positive number value: '{number}'" in outcome.error


@pytest.mark.parametrize("header", ["", ",".join(list(COLUMNS)[:15]) + "\n"])
def test_memory_does_not_grow_with_the_files(tmp_path: Path, header: str) -> None:
    """The peak memory of a check of 20 times the rows, and of a whole load."""

    def peak(path: Path) -> int:
        code = (
            "import resource, sys; from django.core.management import execute_from_command_line;"
            "execute_from_command_line(['manage.py', 'load_adult', '--dry-run', '--source',"
            f" {str(path)!r}]); print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "adultapi.settings",
            "DATABASE_URL": "postgresql://127.0.0.1:1/none",
            "SECRET_KEY": "x",
        }
        environment.pop("COVERAGE_PROCESS_CONFIG", None)  # which needs memory, too
        out = subprocess.check_output(
            [sys.executable, "-c", code], env=environment, cwd=MANAGE.parent, text=True
        )
        return int(out.split()[-1])  # KiB on Linux

    data = authentic("adult.data").rstrip(b"\n") + b"\n"
    (tmp_path / "one.data").write_bytes(header.encode() + data)
    (tmp_path / "many.data").write_bytes(header.encode() + data * 20)
    assert peak(tmp_path / "many.data") - peak(tmp_path / "one.data") < 10 * 1024


def test_what_is_hashed_is_what_is_copied(small: Path) -> None:
    content = Content(gather([str(small)], small))
    csv = b"".join(content.csv())
    assert hashlib.sha256(csv).hexdigest() == content.sha256
    assert len(csv) == content.csv_bytes
    lines = csv.decode().splitlines()
    assert lines[0] == f"id,{','.join(COLUMNS)}"
    assert [line.partition(",")[0] for line in lines[1:]] == [str(n) for n in range(1, 61)]


def test_no_value_needs_quotes_in_csv() -> None:
    values: list[Any] = [value for column in COLUMNS.values() for value in column.choices]
    assert not [value for value in values if set(value) & set(',"\r\n')]


def test_a_zip_of_both(full: Scratch, small: Path, tmp_path: Path) -> None:
    path = tmp_path / "any name.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("adult.data", "adult.test"):
            archive.write(small / name, name)
    summary = load("--source", path, "--json").json
    assert summary["rows"] == 60
    assert full.dataset()["source"] == str(path)
