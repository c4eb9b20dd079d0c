"""The structure of the project: layers, versions, and what is never committed."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import django

ROOT = Path(__file__).parents[1]


def run(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_layers_hold() -> None:
    """The contracts of import-linter, without exceptions."""
    lint_imports = shutil.which("lint-imports", path=Path(sys.executable).parent)
    assert lint_imports, "lint-imports is not installed: run `make venv-dev`"
    assert "0 broken" in run(lint_imports, "--no-cache")
    contracts = (ROOT / "pyproject.toml").read_text().partition("[tool.importlinter]")[2]
    assert "ignore_imports" not in contracts


def test_make_lint_checks_the_layers_the_types_and_the_migrations() -> None:
    makefile = (ROOT / "Makefile").read_text()
    (lint,) = re.findall(r"^lint:.*\n(?:\t.*\n)+", makefile, re.MULTILINE)
    for tool in ("lint-imports", "mypy", "ruff check", "ruff format --check", "migrations-check"):
        assert tool in lint


def test_no_dependency_downgraded_django() -> None:
    assert django.VERSION[:2] == (5, 2)
    for path in ROOT.glob("requirements*.txt"):
        assert re.search(r"^django==5\.2\.\d+ ", path.read_text(), re.MULTILINE), path.name


def test_requirements_are_hashed() -> None:
    for path in ROOT.glob("requirements*.txt"):
        text = path.read_text()
        pins = re.findall(r"^[a-z0-9._\[\]-]+==", text, re.MULTILINE)
        assert pins
        blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
        assert all("--hash=sha256:" in block for block in blocks), path.name


def test_no_committed_file_names_a_registry() -> None:
    """The lock files do not contain addresses of package registries."""
    hosts = re.compile(
        r"pypi\.(?:org|python)|python" + r"hosted|registry\.npm" + r"js|--(?:extra-)?index-url[ =]"
    )
    files = run("git", "ls-files", "-z").split("\0")
    assert len(files) > 50
    for name in filter(None, files):
        path = ROOT / name
        if path == Path(__file__) or not path.is_file() or path.suffix in {".gz", ".png"}:
            continue
        found = hosts.search(path.read_text(errors="replace"))
        assert not found, (name, found)


def test_migrations_are_up_to_date() -> None:
    run(sys.executable, "manage.py", "makemigrations", "--check", "--dry-run")
