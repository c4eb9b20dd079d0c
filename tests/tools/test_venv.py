"""tools/venv.py with a real venv and a real pip; the requirements are empty, to be quick."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from adultapi import postgres

TOOL = Path(postgres.VAR).parent / "tools" / "venv.py"
PYTHON = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "local.txt").write_text("# local\n")
    (tmp_path / "dev.txt").write_text("# dev\n")
    return tmp_path


def make(
    folder: Path, *files: str, code: str = "pass", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the tool, after `code`, in `folder`."""
    script = f"import runpy, sys; {code}; runpy.run_path({str(TOOL)!r}, run_name='__main__')"
    return subprocess.run(
        [PYTHON, "-c", script, *files],
        cwd=folder,
        env=os.environ | (env or {}),
        capture_output=True,
        text=True,
        check=False,
    )


def test_made_once_and_again_when_the_content_changes(folder: Path) -> None:
    note = folder / ".venv" / "requirements.installed"
    assert "Installing local.txt" in make(folder, "local.txt", "dev.txt").stdout
    assert note.read_text() == "# local\n"
    os.utime(folder / "local.txt", (time.time() + 100,) * 2)
    assert make(folder, "local.txt", "dev.txt").stdout == ""
    assert "Installing dev.txt" in make(folder, "dev.txt").stdout
    assert make(folder, "local.txt", "dev.txt").stdout == ""
    (folder / "dev.txt").write_text("# newer\n")
    assert "Installing local.txt" in make(folder, "local.txt", "dev.txt").stdout

    note.unlink()  # as an interrupted installation leaves it
    (folder / ".venv" / "junk").touch()
    assert "Installing local.txt" in make(folder, "local.txt").stdout
    assert not (folder / ".venv" / "junk").exists()

    python = folder / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python")  # its Python was removed from the machine
    assert "Installing local.txt" in make(folder, "local.txt").stdout
    assert subprocess.run([python, "-c", ""], check=False).returncode == 0


def test_a_link_is_left_alone(folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    (folder / ".venv").symlink_to("elsewhere")
    assert make(folder, "local.txt").returncode == 0
    assert not list((folder / "elsewhere").iterdir())


def test_a_failure_is_told_without_addresses_and_tried_anew(folder: Path) -> None:
    (folder / "local.txt").write_text(f"nosuch==1 --hash=sha256:{'0' * 64}\n")
    index = {"PIP_INDEX_URL": "http://me:secret@127.0.0.1:9/simple", "PIP_RETRIES": "0"}
    for _ in range(2):
        result = make(folder, "local.txt", env=index)
        assert result.returncode == 1
        assert result.stderr.startswith("Error: Could not install the packages; see")
        assert "nosuch==1" in result.stderr
        assert "secret" not in result.stderr
        assert "127.0.0.1" not in result.stderr


@pytest.mark.parametrize(
    ("code", "lacking", "says"),
    [
        ("sys.version_info = (3, 10, 4)", "", "Python 3.11 or later is needed"),
        ("pass", "ensurepip", "apt install python3-venv"),
        ("pass", "venv", "apt install python3-venv"),
    ],
)
def test_what_a_machine_may_lack(folder: Path, code: str, lacking: str, says: str) -> None:
    modules = folder / "modules"
    modules.mkdir()
    (modules / f"{lacking or 'nothing'}.py").write_text("raise ImportError")
    result = make(folder, "local.txt", code=code, env={"PYTHONPATH": str(modules)})
    assert result.returncode == 1
    assert result.stderr.startswith("Error: ")
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (folder / ".venv").exists()


def test_a_folder_that_cannot_be_written(folder: Path) -> None:
    (folder / ".venv.lock").mkdir()  # for root, too
    result = make(folder, "local.txt")
    assert result.returncode == 1
    assert result.stderr.startswith(f"Error: Cannot write to {folder} (")
