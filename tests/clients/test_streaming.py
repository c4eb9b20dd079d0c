"""What a stream must be: flat in memory, broken where it is not whole, let go when left."""

import http.client
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import psycopg
import pytest

from adultapi import gunicorn
from adultapi.postgres import Server, local_url

MEGABYTE = 1 << 20
PATIENCE = 60.0  # seconds
FAST = {"fsync": "off", "full_page_writes": "off"}


def drain(url: str) -> int:
    size = 0
    with urlopen(url) as answer:
        while block := answer.read(MEGABYTE):
            size += len(block)
    return size


def test_a_hundred_copies_stream_in_flat_memory(serve: Any, copies: str) -> None:
    sizes = {}
    with serve(copies) as service:
        for kind in ("csv", "parquet"):  # which loads arro3, once for the life of a process
            drain(f"{service.url}/v1/people.{kind}?age=90")
        service.peak()
        idle = service.peak()
        threads = [
            threading.Thread(
                target=lambda kind=kind: sizes.update(
                    {kind: drain(f"{service.url}/v1/people.{kind}")}
                )
            )
            for kind in ("csv", "parquet")
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        grown = (service.peak() - idle) / MEGABYTE

    assert sizes["csv"] > 100 * 5_800_000
    assert sizes["parquet"] > 100 * 400_000
    assert grown < 20, f"the worker grew by {grown:.1f} MB"


def copying_sessions(database: str) -> int:
    """Count the sessions that copy records to a client."""
    with psycopg.connect(database) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_progress_copy "
            "WHERE datname = current_database() AND command = 'COPY TO'"
        ).fetchone()
    assert row
    return int(row[0])


def read_until_it_breaks(answer: http.client.HTTPResponse) -> None:
    """Read on; fail unless the transfer breaks, with nothing but data in it until then."""
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)) as caught:
        answer.read()
    assert b"rror" not in getattr(caught.value, "partial", b"")


@pytest.mark.parametrize("kind", ["csv", "ndjson", "parquet"])
def test_a_session_that_is_ended_breaks_the_transfer(serve: Any, copies: str, kind: str) -> None:
    with serve(copies) as service:
        with service.slowly(f"/v1/people.{kind}") as answer:
            assert answer.status == 200
            assert answer.read(1)
            with psycopg.connect(copies, autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND application_name = 'adultapi'"
                )
            read_until_it_breaks(answer)
        with urlopen(f"{service.url}/v1/people/1") as again:
            assert again.status == 200


def test_a_database_that_dies_breaks_the_transfer(serve: Any, prepare: Any, tmp_path: Path) -> None:
    with Server(tmp_path / "var", FAST) as server:
        url = local_url(tmp_path / "var")
        prepare(url)
        with serve(url) as service:
            with service.slowly("/v1/people.ndjson") as answer:
                assert answer.read(1)
                assert server.pid
                os.kill(server.pid, signal.SIGQUIT)
                read_until_it_breaks(answer)
            with pytest.raises(HTTPError) as refusal:
                urlopen(f"{service.url}/v1/people.ndjson")
            with refusal.value as problem:
                assert problem.status == 503
                assert problem.headers["Content-Type"] == "application/problem+json"
                assert problem.headers["Retry-After"]


@pytest.mark.parametrize("kind", ["csv", "ndjson", "parquet"])
def test_a_client_that_leaves_frees_what_it_had(serve: Any, copies: str, kind: str) -> None:
    """The session, the place among the downloads and the thread: more leave than there are."""
    with serve(copies) as service:
        for _ in range(gunicorn.threads + 1):
            with service.slowly(f"/v1/people.{kind}") as answer:
                assert answer.status == 200
                assert answer.read(1)
                assert copying_sessions(copies) == 1
            deadline = time.monotonic() + PATIENCE
            while copying_sessions(copies):
                assert time.monotonic() < deadline, "the session still copies"
                time.sleep(0.02)
        with urlopen(f"{service.url}/v1/people.{kind}?age=90") as answer:
            assert answer.read(1)
