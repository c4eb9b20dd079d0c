"""Files of records, read by pandas, DuckDB and curl."""

import gzip
import hashlib
import io
import subprocess
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import duckdb
import duckdb_extension_httpfs
import mlcroissant as mlc
import pandas as pd
import psycopg
import pyarrow.parquet as pq
import pytest

from census.api.views.people import ParquetRenderer
from census.columns import COLUMNS

DATA = Path(__file__).resolve().parents[2] / "census" / "data"
HTTPFS = Path(duckdb_extension_httpfs.__file__).parent
NAMES = ["id", *COLUMNS]


@pytest.fixture(scope="session")
def uci() -> pd.DataFrame:
    """UCI's files as one frame with the columns of the API."""
    parts = []
    for split, skipped in (("train", 0), ("test", 1)):
        name = {"train": "adult.data.gz", "test": "adult.test.gz"}[split]
        with gzip.open(DATA / name, "rt") as lines:
            part = pd.read_csv(
                lines,
                header=None,
                names=[name for name in COLUMNS if name != "split"],
                skiprows=skipped,
                skipinitialspace=True,
                na_values=["?"],
                keep_default_na=False,
            )
        parts.append(part.assign(income=part["income"].str.rstrip("."), split=split))
    whole = pd.concat(parts, ignore_index=True)
    whole.insert(0, "id", range(1, len(whole) + 1))
    return whole


@pytest.fixture(scope="session")
def files(service: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("files")
    for kind in ("csv", "ndjson", "parquet"):
        with urlopen(f"{service.url}/v1/people.{kind}") as answer:
            (folder / kind).write_bytes(answer.read())
    return {path.name: path for path in folder.iterdir()}


def same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    found = found.astype(dict.fromkeys(found.select_dtypes("category"), "object"))
    kinds = {name: "int64" if COLUMNS[name].numeric else "object" for name in COLUMNS}
    pd.testing.assert_frame_equal(
        found.astype({"id": "int64", **kinds}).where(found.notna(), None),
        expected.astype({"id": "int64", **kinds}).where(expected.notna(), None),
    )


def test_pandas_reads_what_uci_wrote(service: Any, uci: pd.DataFrame) -> None:
    people = f"{service.url}/v1/people"
    found = pd.read_csv(f"{people}.csv")
    assert found.shape == (48842, 17)
    assert found.isna().sum()[lambda n: n > 0].to_dict() == {
        "workclass": 2799,
        "occupation": 2809,
        "native_country": 857,
    }
    same(found, uci)
    same(pd.read_json(f"{people}.ndjson", lines=True), uci)
    same(pd.read_parquet(f"{people}.parquet"), uci)


def test_a_selection(service: Any, uci: pd.DataFrame) -> None:
    query = "sex=Female&native_country=Trinadad%26Tobago&fields=id,age,workclass"
    expected = uci.query("sex == 'Female' and native_country == 'Trinadad&Tobago'")
    expected = expected[["id", "age", "workclass"]].reset_index(drop=True)
    found = pd.read_csv(f"{service.url}/v1/people.csv?{query}")
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


def test_an_order(service: Any, uci: pd.DataFrame) -> None:
    query = "ordering=native_country,-age&fields=id"
    order = uci.sort_values(["native_country", "age", "id"], ascending=[True, False, True])
    for kind, read in (("csv", pd.read_csv), ("parquet", pd.read_parquet)):
        found = read(f"{service.url}/v1/people.{kind}?{query}")
        assert found["id"].tolist() == order["id"].tolist()


def test_duckdb_reads_the_files(files: dict[str, Path], uci: pd.DataFrame) -> None:
    for read in ("read_csv('{csv}')", "read_json('{ndjson}')", "read_parquet('{parquet}')"):
        query = f"SELECT * FROM {read.format(**files)} ORDER BY id"
        same(duckdb.sql(query).df(), uci)


def test_duckdb_reads_over_http(service: Any, uci: pd.DataFrame) -> None:
    people = f"{service.url}/v1/people"
    with duckdb.connect() as connection:
        connection.load_extension(str(next(HTTPFS.rglob("httpfs.duckdb_extension"))))
        for kind in ("csv", "parquet"):
            query = f"SELECT * FROM read_{kind}('{people}.{kind}') ORDER BY id"
            same(connection.sql(query).df(), uci)
            query = f"SELECT avg(age) FROM read_{kind}('{people}.{kind}?sex=Female&age__gte=30')"
            women = uci.query("sex == 'Female' and age >= 30")
            assert connection.sql(query).fetchone() == (women["age"].mean(),)


def test_parquet_is_typed(files: dict[str, Path], service: Any) -> None:
    file = pq.ParquetFile(files["parquet"])
    types = {field.name: str(field.type) for field in file.schema_arrow}
    category = "dictionary<values=string, indices=int8, ordered=0>"
    wide = {"id", "fnlwgt", "capital_gain", "capital_loss"}
    assert types == {
        name: "int32"
        if name in wide
        else "int16"
        if name in COLUMNS and COLUMNS[name].numeric
        else category
        for name in NAMES
    }
    assert {field.name for field in file.schema_arrow if field.nullable} == {
        "workclass",
        "occupation",
        "native_country",
    }
    with urlopen(f"{service.url}/v1/people/1") as answer:
        assert file.metadata.metadata[b"dataset_version"] in answer.read()
    groups = [file.metadata.row_group(n).num_rows for n in range(file.metadata.num_row_groups)]
    assert groups == [16384, 16384, 16074]


@pytest.mark.parametrize("kind", ["csv", "ndjson", "parquet"])
def test_files_are_byte_stable(files: dict[str, Path], service: Any, kind: str) -> None:
    with urlopen(f"{service.url}/v1/people?format={kind}") as answer:
        assert answer.read() == files[kind].read_bytes()


def test_the_csv_has_the_digest_of_the_dataset(files: dict[str, Path], own_database: str) -> None:
    content = files["csv"].read_bytes()
    with psycopg.connect(own_database) as connection:
        row = connection.execute("SELECT sha256, csv_bytes FROM census_dataset").fetchone()
    assert row == (hashlib.sha256(content).hexdigest(), len(content))


def curl(*arguments: str) -> str:
    command = ["curl", "--silent", "--show-error", "--max-time", "60", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("text/*", "text/csv; charset=utf-8"),
        ("application/x-ndjson", "application/x-ndjson"),
        (ParquetRenderer.media_type, ParquetRenderer.media_type),
        ("text/csv;q=0.5, application/x-ndjson", "application/x-ndjson"),
        ("image/webp", "application/problem+json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
    ],
)
def test_curl_gets_what_it_accepts(service: Any, accept: str, media_type: str) -> None:
    url = f"{service.url}/v1/people?age=90&sex=Female"
    options = ("-o", "/dev/null", "-w", "%{content_type}", "-H", f"Accept: {accept}")
    assert curl(*options, url) == media_type


@pytest.mark.parametrize("kind", ["csv", "ndjson", "parquet"])
def test_head_tells_of_the_file_and_sends_none(service: Any, kind: str) -> None:
    found = curl("--head", f"{service.url}/v1/people.{kind}").lower()
    assert found.startswith("http/1.1 200")
    assert f'.{kind}"' in found
    assert int(found.partition("content-length:")[2].split()[0]) > 100_000


@pytest.mark.parametrize(
    ("query", "status"),
    [("page_size=2", 400), ("cursor=x", 400), ("sexx=Male", 400), ("sex=Malee", 400)],
)
def test_a_refusal_is_a_problem_document(service: Any, query: str, status: int) -> None:
    url = f"{service.url}/v1/people.csv?{query}"
    found = curl("-w", "%{http_code} %{content_type}", url)
    assert found.endswith(f"{status} application/problem+json")


@pytest.mark.parametrize("kind", ["csv", "ndjson", "parquet"])
def test_nobody_selected_is_an_empty_file(service: Any, kind: str) -> None:
    with urlopen(f"{service.url}/v1/people.{kind}?education__gt=Doctorate") as answer:
        content = answer.read()
    if kind == "csv":
        assert content.decode() == ",".join(NAMES) + "\n"
    elif kind == "ndjson":
        assert content == b""
    else:
        assert pq.read_table(io.BytesIO(content)).shape == (0, 17)


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph:DeprecationWarning")
def test_mlcroissant_reads_the_records(service: Any, uci: pd.DataFrame) -> None:
    found = mlc.Dataset(f"{service.url}/v1/dataset/croissant")
    records = pd.DataFrame(islice(found.records("people"), 500))
    records.columns = records.columns.str.removeprefix("people/")
    texts = {name: records[name].str.decode("utf-8") for name in records.select_dtypes("object")}
    same(records.assign(**texts).replace({"nan": None}), uci.head(500))
