"""The documentation is complete and correct."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from census.api.questions import COMMON, FILTERING
from census.statistics.metrics import METRICS
from census.statistics.selection import LOOKUPS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
ENV_EXAMPLE = (ROOT / ".env.example").read_text()
MAKEFILES = [ROOT / "Makefile", *ROOT.glob("*.mk"), *ROOT.glob("infra/*.mk")]
MAKEFILE = "\n".join(path.read_text() for path in MAKEFILES)
# Set by the service for itself: whether the process serves.
INTERNAL = {"SERVING"}


def settings_read() -> set[str]:
    """Returns the environment variables that the service reads."""
    read = r'(?:env\.\w+|environ\.get|environment\.\w+|_number)\(\s*"([A-Z][A-Z0-9_]+)"'
    constant = r'^_METRICS = "([A-Z_]+)"'
    found: set[str] = set()
    for path in (ROOT / "adultapi").rglob("*.py"):
        text = path.read_text()
        found |= set(re.findall(read, text)) | set(re.findall(constant, text, re.MULTILINE))
        found |= {f"{name}_FILE" for name in re.findall(r'environment\.secret\("(\w+)"', text)}
    return found - {"MAKELEVEL"} - INTERNAL


def test_the_settings_are_found() -> None:
    assert {"DATABASE_URL", "SECRET_KEY", "PORT", "HOST", "WEB_CONCURRENCY"} <= settings_read()


@pytest.mark.parametrize("name", sorted(settings_read()))
def test_every_setting_is_documented(name: str) -> None:
    assert f"`{name}`" in README
    assert re.search(rf"^#?{name}=", ENV_EXAMPLE, re.MULTILINE)


def test_only_existing_settings_are_documented() -> None:
    example = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", ENV_EXAMPLE, re.MULTILINE))
    table = README.partition("## Settings")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)
    documented = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}
    assert example == documented == settings_read()


@pytest.mark.parametrize("target", re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))
def test_every_make_target_is_documented(target: str) -> None:
    assert re.search(rf"`make {target}\b|^make {target}\b|`{target}`", README, re.MULTILINE)


def test_only_existing_make_targets_are_documented() -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    for path in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / path).read_text()
        assert set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE)) <= targets, path


@pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))
def test_every_metric_is_documented(metric: Any) -> None:
    (row,) = re.findall(rf"^\| `{metric.name}`.*$", README, re.MULTILINE)
    for alias in metric.aliases:
        assert f"`{alias}`" in row
    for parameter in metric.parameters(metric.columns[0]):
        assert f"`{parameter.name}`" in row
    assert metric.formula.replace("|", r"\|") in row


@pytest.mark.parametrize("name", [p.name for p in COMMON])
def test_every_common_parameter_is_documented(name: str) -> None:
    assert re.search(rf"`{name}\b", README)


def test_every_lookup_is_documented() -> None:
    names = {p.name for p in FILTERING}
    assert "complete" in names
    assert "`complete=true`" in README
    for lookup in LOOKUPS:
        assert f"__{lookup.suffix}" in README


@pytest.mark.django_db
def test_every_route_is_documented(client: Client) -> None:
    paths = json.loads(client.get("/schema?format=json").content)["paths"]
    for path in paths:
        if not path.startswith("/v1/computation/"):
            assert f"`{path}`" in README, path


def console() -> list[tuple[str, str]]:
    """Returns the requests in the README with the answers below them."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL):
        for shown in block.split("$ ")[1:]:
            command, _, answer = shown.partition("\n")
            if command.startswith("curl"):
                found.append((shlex.split(command)[-1], answer))
    return found


def test_the_readme_shows_requests() -> None:
    assert len(console()) >= 5


@pytest.mark.django_db
@pytest.mark.parametrize(("url", "shown"), console(), ids=[url for url, _ in console()])
def test_answers_in_the_readme_are_real(client: Client, url: str, shown: str) -> None:
    path = url.removeprefix("http://").removeprefix("localhost:8000")
    response = client.get(path)
    real = response.content.decode().replace("\r\n", "\n")
    assert response.status_code in (200, 400)
    # The README breaks lines, and leaves out what an ellipsis stands for.
    squeezed = re.sub(r"\s+", "", real)
    for part in re.split("…", re.sub(r"\s+", "", shown)):
        assert part.strip("{},[]") in squeezed, part


MARKDOWN = sorted(
    str(path.relative_to(ROOT))
    for folder in (".", "docs", "docs/adr")
    for path in (ROOT / folder).glob("*.md")
)


@pytest.mark.parametrize("path", MARKDOWN)
def test_links_to_files_resolve(path: str) -> None:
    for link in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", (ROOT / path).read_text()):
        assert ((ROOT / path).parent / link).exists(), link


@pytest.mark.parametrize("path", MARKDOWN)
def test_paths_of_code_exist(path: str) -> None:
    """Paths in backticks, such as `census/models.py`."""
    pattern = r"`((?:adultapi|census|docker|docs|infra|tests)/[\w./-]+)`"
    for name in re.findall(pattern, (ROOT / path).read_text()):
        assert (ROOT / name).exists(), name


def test_tests_of_the_threat_model_exist() -> None:
    text = (ROOT / "docs/threat-model.md").read_text()
    names = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    mentioned = set(re.findall(r"`(test_\w+\.py)`", text))
    assert len(mentioned) > 10
    assert mentioned <= names
