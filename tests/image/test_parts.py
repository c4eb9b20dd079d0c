"""The parts of the image: labels, sizes and optional formats."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from adultapi import __version__
from tests.containers import Container, engine
from tests.image.conftest import Environment, Run

ROOT = Path(__file__).resolve().parents[2]
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def slim(image: str) -> Iterator[str]:
    """The image without charts and Parquet."""
    name = f"{image}:without-formats"
    command = ["make", "image", f"IMAGE={name}", "EXTRAS="]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    yield name
    engine("image", "rm", "--force", name)


def _megabytes_above_base(image: str) -> float:
    (base,) = re.findall(r"^ARG BASE=(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    size, of_base = (int(engine("inspect", "--format={{.Size}}", name)) for name in (image, base))
    return (size - of_base) / MEGABYTE


def test_the_sizes(image: str, slim: str) -> None:
    assert _megabytes_above_base(image) < 250
    assert _megabytes_above_base(slim) < 120


def test_without_formats_the_rest_is_served(
    run: Run, slim: str, environment: Environment, web: Container
) -> None:
    service = run(image=slim, **environment("served")).service()
    service.wait_until_ready()
    assert service.get("/v1/computation/mean/age").status == 200
    assert service.get("/v1/people.csv?workclass=Never-worked").status == 200
    for path in ("/v1/people?format=parquet", "/v1/computation/mean/age?group_by=sex&format=svg"):
        answer = service.get(path)
        assert answer.status == 406, path
        assert answer.json()["type"] == "/problems/not-acceptable"


def test_the_labels(image: str) -> None:
    def label(name: str) -> str:
        key = f"org.opencontainers.image.{name}"
        return engine("inspect", "--format", f'{{{{index .Config.Labels "{key}"}}}}', image)

    assert label("title") == "adultapi"
    assert label("version") == __version__
    assert label("licenses") == "MIT AND CC-BY-4.0"
    commit = ["git", "rev-parse", "HEAD"]
    head = subprocess.run(commit, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert label("revision").removesuffix("-dirty") == head.strip()
    assert label("source")


def test_what_is_not_in_the_image(image: str) -> None:
    """The image has no compiler, pip, package cache, tests or secrets."""
    absent = "/opt/venv/bin/pip /root/.cache /tmp/* /app/.env /app/.git /app/tests /app/infra"
    look = f"command -v gcc cc make git; ls -d {absent} 2>/dev/null; true"
    assert engine("run", "--rm", "--entrypoint=sh", image, "-c", look) == ""
    assert "SECRET_KEY" not in engine("inspect", "--format={{json .Config.Env}}", image)


def test_all_is_compiled(image: str) -> None:
    sources = "find /app/adultapi /app/census /opt/venv/lib -name '*.py' -not -path '*/templates/*'"
    lacking = f"{sources} | while read f; do d=${{f%/*}}; b=${{f##*/}}; "
    lacking += "ls $d/__pycache__/${b%.py}.cpython-*.pyc >/dev/null 2>&1 || echo $f; done"
    assert engine("run", "--rm", "--entrypoint=sh", image, "-c", lacking) == ""
