"""Linters of the OpenAPI description, and TypeScript clients generated from it.

The programs are those of `npm/package.json`, installed beside it.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

NPM = Path(__file__).with_name("npm")
PROGRAMS = NPM / "node_modules" / ".bin"


def run(*command: str, folder: Path, **environment: str) -> str:
    found = subprocess.run(
        [PROGRAMS / command[0], *command[1:]],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, f"{found.stdout}\n{found.stderr}"[-5000:]
    return found.stdout


@pytest.fixture(scope="session")
def folder(service: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the description and the programs, which are installed if necessary."""
    installed = NPM / "node_modules" / "package.json"
    wanted = (NPM / "package.json").read_text()
    if not (installed.exists() and installed.read_text() == wanted):
        # Without scripts: one of them looks for newer versions, none is needed.
        install = ["npm", "install", "--no-package-lock", "--ignore-scripts", "--no-audit"]
        subprocess.run(install, cwd=NPM, check=True, capture_output=True)
        installed.write_text(wanted)
    made = tmp_path_factory.mktemp("openapi")
    with urlopen(f"{service.url}/schema?format=json") as answer:
        (made / "schema.json").write_bytes(answer.read())
    for path in NPM.iterdir():
        if path.is_file():
            shutil.copy(path, made)
    (made / "node_modules").symlink_to(NPM / "node_modules")
    return made


def test_spectral_finds_no_error(folder: Path) -> None:
    run("spectral", "lint", "-r", "spectral.yaml", "schema.json", folder=folder)


def test_redocly_finds_no_error(folder: Path) -> None:
    run("redocly", "lint", "schema.json", "--extends", "recommended", folder=folder)


def test_generated_clients_compile_strictly_and_are_answered(folder: Path, service: Any) -> None:
    run("openapi-typescript", "schema.json", "-o", "paths.ts", folder=folder)
    run("orval", "--config", "orval.config.mjs", folder=folder, BASE=service.url)
    run(
        "openapi-ts", "-i", "schema.json", "-o", "hey", "-c", "@hey-api/client-fetch", folder=folder
    )
    run("tsc", "-p", "tsconfig.json", folder=folder)
    bundle = ("--bundle", "--platform=node", "--format=esm", "--outfile=calls.mjs")
    run("esbuild", "calls.ts", *bundle, folder=folder)
    printed = subprocess.run(
        ["node", "calls.mjs"],
        cwd=folder,
        env=os.environ | {"BASE": service.url},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    first = {"sex": "Female", "race": "Amer-Indian-Eskimo"}
    assert [json.loads(line) for line in printed.splitlines()] == [
        {"openapi-fetch": [first, "Male", [0.25, 0.75]]},
        {"orval": [first, "Male"]},
        {"hey-api": [{"sex": "Female", "race": "Black"}, "Male"]},
    ]
