"""Metrics and logs of real gunicorn workers."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.faults.service import PATIENCE

pytestmark = pytest.mark.usefixtures("dataset")


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(environment: dict[str, str], port: int, log: Path) -> Iterator[str]:
    """Serves with two workers, the log into a file; yield the address."""
    given = {
        "PORT": str(port),
        "WEB_CONCURRENCY": "2",
        "LOG_FORMAT": "json",
        "PROMETHEUS_MULTIPROC_DIR": str(log.parent / "figures"),
        "PYTHONWARNINGS": "ignore:No directory at",
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "python:adultapi.gunicorn"]
    with (
        log.open("w") as file,
        subprocess.Popen(command, env=environment | given, stderr=file) as server,
    ):
        address = f"http://127.0.0.1:{port}"
        try:
            wait_for(f"{address}/healthz")
            yield address
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(PATIENCE)


def wait_for(url: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            urlopen(url, timeout=5).close()
        except OSError:
            assert time.monotonic() < deadline, f"{url} does not answer"
            time.sleep(0.1)
        else:
            return


def ask(url: str, **headers: str) -> int:
    """Returns the status of a request on a new connection, which any worker can accept."""
    try:
        with urlopen(Request(url, headers=headers), timeout=PATIENCE) as answer:
            answer.read()
            return int(answer.status)
    except HTTPError as error:
        return error.code


def figures(address: str) -> dict[tuple[str, tuple[str, ...]], float]:
    """Returns the samples by their names and the values of their labels."""
    with urlopen(f"{address}/metrics", timeout=PATIENCE) as answer:
        text = answer.read().decode()
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_figures_are_right_over_several_workers(
    service_environment: dict[str, str], port: int, tmp_path: Path
) -> None:
    with serving(service_environment, port, tmp_path / "log") as address:
        for _ in range(20):
            assert ask(f"{address}/v1/computation/average/hours-per-week?group_by=sex") == 200
        for _ in range(5):
            assert ask(f"{address}/v1/computation/mean/age.csv?sex=Male&weight=fnlwgt") == 200
        assert ask(f"{address}/v1/computation/mean/age?sex=Mal") == 400
        assert ask(f"{address}/v1/computation/wombat/age") == 404
        assert ask(f"{address}/favicon.nowhere") == 404
        found = figures(address)
    computation = "/v1/computation/{metric}/{column}"
    assert found["adultapi_requests_total", ("GET", computation, "200")] == 25
    assert found["adultapi_requests_total", ("GET", computation, "400")] == 1
    assert found["adultapi_requests_total", ("GET", computation, "404")] == 1
    assert found["adultapi_requests_total", ("GET", "unmatched", "404")] == 1
    assert found["adultapi_request_seconds_count", (computation,)] == 27
    assert found["adultapi_database_up", ()] == 1
    misses, hits = (found["adultapi_cache_total", (outcome,)] for outcome in ("miss", "hit"))
    assert misses + hits >= 25
    assert found["adultapi_database_seconds_count", ()] >= 2
    assert [v for (name, _), v in found.items() if name == "adultapi_dataset_rows"] == [48842]


def test_a_request_is_one_line_of_json(
    service_environment: dict[str, str], port: int, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    forged = "/v1/computation/mean/age?agee=%0A%7B%22level%22%3A%22forged%22%7D"
    with serving(service_environment, port, log) as address:
        ask(f"{address}/readyz")
        ask(f"{address}{forged}", **{"X-Request-ID": "one"})
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    requests = [line for line in lines if line["logger"] == "adultapi.request"]
    assert len(requests) == 1
    line = requests[0]
    assert line["url"] == forged
    assert (line["status"], line["method"], line["request_id"]) == (400, "GET", "one")
    assert line["milliseconds"] > 0
    assert all(line.startswith("{") for line in log.read_text().splitlines())  # gunicorn's, too


def test_a_load_is_an_event(service_environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "load_adult", "--json"],
        env=service_environment | {"LOG_FORMAT": "json", "LOG_LEVEL": "INFO"},
        capture_output=True,
        text=True,
    )
    event = next(
        line
        for line in map(json.loads, done.stderr.splitlines())
        if line["message"] == "load_adult"
    )
    summary = json.loads(done.stdout)
    assert summary["rows"] == 48842
    assert {name: event[name] for name in summary} == summary


def test_no_folder_is_left(service_environment: dict[str, str], port: int, tmp_path: Path) -> None:
    environment = service_environment | {
        "PORT": str(port),
        "TMPDIR": str(tmp_path),
        "PYTHONWARNINGS": "ignore:No directory at",
    }
    environment.pop("PROMETHEUS_MULTIPROC_DIR", None)
    command = [sys.executable, "-m", "gunicorn", "-c", "python:adultapi.gunicorn"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as server:
        wait_for(f"http://127.0.0.1:{port}/healthz")
        assert list(tmp_path.iterdir())
        server.terminate()
        assert server.wait(PATIENCE) == 0
    assert list(tmp_path.iterdir()) == []
