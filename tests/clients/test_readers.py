"""Programs that read files by URL: they request the length first and then ranges."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import dask.dataframe as dd
import datasets
import duckdb
import duckdb_extension_httpfs
import fsspec
import pandas as pd
import polars as pl
import pyarrow.dataset
import pyarrow.fs
import pyarrow.parquet as pq
import pytest

from census.choices import Education

TOTAL = 48_842
CSV_BYTES = 5_829_783
HTTPFS = Path(duckdb_extension_httpfs.__file__).parent
ALL_AGES = 1_887_430  # the sum over all people: 38.64358543876172 × 48,842


@pytest.fixture
def people(service: Any) -> str:
    return f"{service.url}/v1/people"


def test_polars(people: str) -> None:
    assert pl.read_csv(f"{people}.csv").shape == (TOTAL, 17)
    assert pl.read_ndjson(f"{people}.ndjson").shape == (TOTAL, 17)
    assert pl.read_parquet(f"{people}.parquet").shape == (TOTAL, 17)
    for lazy in (pl.scan_csv(f"{people}.csv"), pl.scan_parquet(f"{people}.parquet")):
        assert lazy.select(pl.col("age").sum()).collect().item() == ALL_AGES
    women = pl.scan_parquet(f"{people}.parquet?sex=Female&native_country__ne=Trinadad%26Tobago")
    assert women.select(pl.col("sex").cast(str).unique()).collect()["sex"].to_list() == ["Female"]


def test_polars_reads_small_answers(service: Any) -> None:
    url = f"{service.url}/v1/computation/mean/age.csv?group_by=sex"
    assert pl.read_csv(url)["value"].to_list() == [36.92798913043478, 39.49439509954058]
    assert pl.read_csv(f"{service.url}/v1/fields.csv").height == 16
    assert pl.read_csv(f"{service.url}/v1/computation.csv").columns[0] == "name"
    assert pl.read_ndjson(f"{service.url}/v1/computation/count/age.ndjson").height == 1


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # dask's own use of pandas
def test_dask(people: str) -> None:
    whole = dd.read_csv(f"{people}.csv", blocksize=1_000_000)
    assert whole.npartitions > 1
    assert int(whole["age"].sum().compute()) == ALL_AGES
    # Not its length: for that dask 2026.8 gives aiohttp an argument which that does not know.
    assert int(dd.read_parquet(f"{people}.parquet")["age"].sum().compute()) == ALL_AGES


def test_pyarrow_over_fsspec(people: str) -> None:
    with fsspec.open(f"{people}.parquet").open() as file:
        assert file.size > 0
        assert pq.ParquetFile(file).read_row_group(2, columns=["age"]).num_rows == 16_074
    with fsspec.open(f"{people}.csv", block_size=2**20).open() as file:
        assert file.size == CSV_BYTES
        file.seek(-100, 2)
        assert file.read().endswith(b",test\n")
    files = pyarrow.fs.PyFileSystem(pyarrow.fs.FSSpecHandler(fsspec.filesystem("http")))
    found = pyarrow.dataset.dataset(f"{people}.parquet", filesystem=files, format="parquet")
    assert found.count_rows() == TOTAL


def test_duckdb_with_its_caches(people: str) -> None:
    with duckdb.connect() as connection:
        connection.load_extension(str(next(HTTPFS.rglob("httpfs.duckdb_extension"))))
        connection.execute("SET enable_http_metadata_cache = true")
        connection.execute("SET parquet_metadata_cache = true")
        for _ in range(2):
            for kind in ("csv", "parquet"):
                query = f"SELECT count(*), sum(age) FROM read_{kind}('{people}.{kind}')"
                assert connection.sql(query).fetchone() == (TOTAL, ALL_AGES)


def test_datasets_streams(people: str) -> None:
    for kind in ("parquet", "csv"):
        url = f"{people}.{kind}?fields=id,age&age=90"
        found = datasets.load_dataset(kind, data_files=url, split="train", streaming=True)
        assert [record["age"] for record in found] == [90] * 55


def test_many_downloads_at_once_wait_their_turn(people: str) -> None:
    def read(education: str) -> int:
        return len(pd.read_csv(f"{people}.csv?education={education}"))

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(read, Education.values)) == TOTAL


def curl(*arguments: str) -> str:
    command = ["curl", "--silent", "--show-error", "--max-time", "60", *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout.decode("latin-1")


def headers(*arguments: str) -> tuple[int, dict[str, str]]:
    """Returns the status and the headers of an answer."""
    status, *lines = curl("-o", "/dev/null", "-D", "-", *arguments).splitlines()
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    return int(status.split()[1]), {name.lower(): value.strip() for name, value in pairs}


FILES = [
    "/v1/people.csv",
    "/v1/people.ndjson?sex=Female",
    "/v1/people.parquet",
    "/v1/computation/mean/age.csv?group_by=sex",
    "/v1/computation/mean/age.ndjson",
    "/v1/computation/mean/age.svg?group_by=sex",
    "/v1/computation/mean/age.png?group_by=sex",
    "/v1/fields.csv",
]


@pytest.mark.parametrize("path", FILES)
def test_a_file_has_a_length_and_ranges(service: Any, path: str) -> None:
    url = f"{service.url}{path}"
    status, whole = headers(url)
    size = int(whole["content-length"])
    assert (status, whole["accept-ranges"]) == (200, "bytes")
    assert of_the_file(headers("--head", url)[1]) == of_the_file(whole)

    status, part = headers("-r", "0-9", url)
    assert (status, part["content-range"]) == (206, f"bytes 0-9/{size}")
    assert part["content-length"] == "10"
    assert headers("-r", "-5", url)[1]["content-range"] == f"bytes {size - 5}-{size - 1}/{size}"

    status, beyond = headers("-r", f"{size}-", url)
    assert (status, beyond["content-range"]) == (416, f"bytes */{size}")

    tag = whole["etag"]
    assert headers("-r", "0-9", "-H", f"If-Range: {tag}", url)[0] == 206
    assert headers("-r", "0-9", "-H", 'If-Range: "other"', url)[0] == 200
    assert headers("-H", f"If-None-Match: {tag}", url)[0] == 304
    assert headers("-H", 'If-Match: "other"', url)[0] == 412


def of_the_file(found: dict[str, str]) -> dict[str, str]:
    """Returns the headers, except those that belong to one request."""
    return {n: v for n, v in found.items() if n not in ("date", "server-timing", "x-request-id")}


def test_the_length_is_that_of_the_contract(people: str) -> None:
    assert headers("--head", f"{people}.csv")[1]["content-length"] == str(CSV_BYTES)
    assert len(curl("-r", "100-1099", f"{people}.csv")) == 1000


@pytest.mark.parametrize("path", ["/v1/dataset/croissant", "/v1/dataset/datapackage.json"])
def test_an_answer_that_names_a_host_is_of_that_host(service: Any, path: str) -> None:
    port = service.url.rpartition(":")[2]
    answers = {
        host: headers("-H", f"Host: {host}", f"{service.url}{path}")[1]["etag"]
        for host in (f"localhost:{port}", f"127.0.0.1:{port}")
    }
    assert len(set(answers.values())) == 2
    for host in answers:
        assert f"http://{host}/v1/people.csv" in curl("-H", f"Host: {host}", f"{service.url}{path}")
