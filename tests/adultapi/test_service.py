"""The service as it runs: gunicorn, two workers, and loads while it answers."""

import gzip
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from census.ingest.sources import BUNDLED_FOLDER
from tests.faults.service import PATIENCE, Service

MEAN = "/v1/computation/mean/age"
TOTAL = "/v1/computation/sum/age?group_by=sex"


@pytest.fixture
def service(
    dataset: None, service_environment: dict[str, str], unused_tcp_port: int
) -> Iterator[int]:
    """The port of a service of two workers."""
    environment = {"PORT": str(unused_tcp_port), "WEB_CONCURRENCY": "2", "WEB_THREADS": "4"}
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "python:adultapi.gunicorn"],
        env=service_environment | environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(unused_tcp_port)
        yield unused_tcp_port
    finally:
        server.terminate()
        server.wait(PATIENCE)


@pytest.fixture
def unused_tcp_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_for(port: int) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if get(port, MEAN)[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the service did not start")


def get(port: int, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, {n.lower(): v for n, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def test_the_first_request_imports_nothing() -> None:
    """What the application has imported before the fork is shared by gunicorn's workers."""
    code = (
        "import sys, adultapi.wsgi, django.urls; before = set(sys.modules); "
        "django.urls.resolve('/v1/fields'); print(*set(sys.modules) - before)"
    )
    environment = os.environ | {"DATABASE_URL": "postgresql://u@127.0.0.1:1/d", "SECRET_KEY": "s"}
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == []


@pytest.mark.django_db(transaction=True)
def test_cached_answers_equal_those_of_django(service: int) -> None:
    """Errors before Django has made a request have the same headers as other answers."""
    answers = [get(service, MEAN) for _ in range(30)]
    hits = [a for a in answers if a[1]["server-timing"].startswith("cache;desc=hit")]
    own = {"date", "server-timing", "x-request-id"}
    assert len(hits) >= 28  # each of two workers computes it at most once
    first, *others = [
        (status, {name: value for name, value in headers.items() if name not in own}, body)
        for status, headers, body in answers
    ]
    for other in others:
        assert other[1].items() ^ first[1].items() == set()
        assert other == first
    assert len({h["x-request-id"] for _, h, _ in answers}) == len(answers)
    tag = answers[0][1]["etag"]
    for headers, status in [
        ({"If-None-Match": tag}, 304),
        ({"If-None-Match": '"x"'}, 200),
        ({"Host": "evil.example"}, 400),
        ({"Accept": "image/gif"}, 406),
    ]:
        for _ in range(4):
            assert get(service, MEAN, **headers)[0] == status
    assert get(service, MEAN, **{"X-Request-ID": "mine"})[1]["x-request-id"] == "mine"


@pytest.mark.django_db(transaction=True)
def test_a_load_is_seen_by_every_worker_and_never_mixed(service: int, tmp_path: Path) -> None:
    """No answer of one load has the ETag or the version of another."""
    other = half_of_the_files(tmp_path)
    bodies: dict[tuple[str, str], set[bytes]] = {}
    failures: Counter[int] = Counter()
    done = threading.Event()

    def read(path: str) -> None:
        while not done.is_set():
            status, headers, body = get(service, path)
            if status != 200:
                failures[status] += 1
            else:
                bodies.setdefault((path, headers["etag"]), set()).add(body)

    threads = [threading.Thread(target=read, args=[path]) for path in (MEAN, TOTAL) * 2]
    for thread in threads:
        thread.start()
    versions = []
    for source in ([str(other)], ["bundled"], [str(other)]):
        call_command("load_adult", source=source, verbosity=0)
        versions.append(json.loads(get(service, "/v1/dataset")[2])["dataset"])
        time.sleep(2)
        seen = {json.loads(get(service, path)[2])["dataset"] for path in (MEAN, TOTAL) * 20}
        assert len(seen) == 1
    done.set()
    for thread in threads:
        thread.join()
    assert not failures
    assert all(len(found) == 1 for found in bodies.values())
    by_version: dict[tuple[str, str], set[Any]] = {}
    for (path, _), (body,) in bodies.items():
        answer = json.loads(body)
        by_version.setdefault((path, answer["dataset"]), set()).add(answer["rows"])
    assert all(len(rows) == 1 for rows in by_version.values())
    assert len({version for _, version in by_version}) == 2


def half_of_the_files(folder: Path) -> Path:
    for name in ("adult.data", "adult.test"):
        lines = gzip.decompress((BUNDLED_FOLDER / f"{name}.gz").read_bytes()).splitlines(
            keepends=True
        )
        (folder / name).write_bytes(b"".join(lines[: len(lines) // 2]))
    return folder


@pytest.mark.django_db(transaction=True)
def test_https_is_trusted_only_in_the_configured_header(
    service_environment: dict[str, str],
) -> None:
    named, other = {"CloudFront-Forwarded-Proto": "https"}, {"X-Forwarded-Proto": "https"}
    proxied = {"SECURE_PROXY": "true", "SECURE_PROXY_HEADER": "CloudFront-Forwarded-Proto"}
    path = "/v1/people?page_size=1"
    with Service(service_environment | proxied | {"WEB_CONCURRENCY": "1"}) as running:
        for _ in range(2):  # then out of memory
            answer = running.get(path, **named)
            assert answer.headers["strict-transport-security"]
            assert json.loads(answer.body)["next"].startswith("https://")
            redirected = running.get(path, **other)
            assert redirected.status == 301
            assert redirected.headers["location"] == f"https://127.0.0.1:{running.port}{path}"
