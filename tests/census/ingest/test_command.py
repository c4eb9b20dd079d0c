"""The command load_adult: exports, summaries, help, dry runs."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from django.test import Client

from census.ingest.content import Content
from census.ingest.sources import gather
from tests.census.ingest.files import (
    BOTH,
    ROWS,
    TEST,
    TRAIN,
    as_csv,
    as_json_lines,
    people,
)
from tests.census.ingest.tools import MANAGE, Scratch, authentic, load, zipped


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
        "split          told by default, as nothing else tells it (--split test makes it test)",
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
    """Without DATABASE_URL the command starts its own PostgreSQL."""
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
    for form in (
        "UCI's own lines",
        "semicolon",
        "Parquet",
        "JSON Lines",
        "UTF-16",
        "--split",
        "gender",
        "zip",
        "standard input",
    ):
        assert form in out


def test_the_progress_says_what_is_done(tmp_path: Path) -> None:
    for name in ("adult_train.csv", "adult_test.csv"):
        (tmp_path / name).write_bytes(as_csv(TRAIN if "train" in name else TEST))
    said: list[str] = []
    rows: list[int] = []
    content = Content(gather([str(tmp_path)], tmp_path), report=said.append)
    assert not content.has_same_files([])
    for _ in content.csv(rows.append):
        pass
    assert said == [
        "Comparing with what is loaded",
        "Reading adult_train.csv",
        "Reading adult_test.csv",
        "Counting and committing",
    ]
    assert sum(rows) == 2 * ROWS
