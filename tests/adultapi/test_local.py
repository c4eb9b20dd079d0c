"""`make run` and manage.py, started and ended as by a user in a copy of the project."""

import fcntl
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from adultapi import postgres
from adultapi.postgres.place import Place
from tests.faults.service import PATIENCE

BASE_DIR = Path(postgres.VAR).parent
CODE = ("adultapi", "census", "tools")
FILES = ("Makefile", "manage.py", "requirements-dev.txt", "requirements-local.txt")
READY = "Ctrl-C stops everything."


@pytest.fixture(scope="module")
def project() -> Iterator[Path]:
    """A copy of the project with its own database."""
    folder = Path(tempfile.mkdtemp(prefix="adultapi-test-"))
    folder.chmod(0o755)
    for name in CODE:
        shutil.copytree(BASE_DIR / name, folder / name)
    with suppress(FileNotFoundError):  # `make test` has collected them
        shutil.copytree(BASE_DIR / "staticfiles", folder / "staticfiles")
    (folder / "infra").mkdir()
    for path in (
        *map(BASE_DIR.joinpath, FILES),
        *BASE_DIR.glob("*.mk"),
        *BASE_DIR.glob("infra/*.mk"),
    ):
        shutil.copy(path, folder / path.relative_to(BASE_DIR))
    (folder / ".venv").symlink_to(sys.prefix)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    return number


@pytest.fixture
def start(project: Path, port: int) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a command in the project; at the end none of its processes may be left."""
    started = []

    def run(*command: str, **options: Any) -> subprocess.Popen[str]:
        environment = {
            **{key: value for key, value in os.environ.items() if key != "MAKELEVEL"},
            "PORT": str(port),
            "WEB_CONCURRENCY": "2",
            **options.pop("env", {}),
        }
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, **options}
        started.append(
            subprocess.Popen(command, cwd=project, env=environment, text=True, **options)
        )
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()
    assert wait_until(lambda: not processes_in(project), 15), processes_in(project)


def local(start: Callable[..., subprocess.Popen[str]], **options: Any) -> subprocess.Popen[str]:
    return start(sys.executable, "-m", "adultapi.local", **options)


def said_until(process: subprocess.Popen[str], line: str) -> str:
    """Returns the output of the process up to `line`."""
    said = ""
    assert process.stdout
    while line not in said:
        new = process.stdout.readline()
        assert new, said
        said += new
    return said


def rest(process: subprocess.Popen[str]) -> str:
    return process.communicate(timeout=PATIENCE)[0] or ""


def status(port: int, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            code: int = answer.status
            return code
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 0


def processes_in(folder: Path) -> dict[int, str]:
    """Returns the command lines of the processes with `folder` as working folder, by process id."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (process / "cmdline").read_bytes().decode().replace("\0", " ")
            where = str((process / "cwd").readlink())
            if where.startswith(str(folder)) or str(folder) in command:
                found[int(process.name)] = command
    return found


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def test_first_and_second_start(
    start: Callable[..., subprocess.Popen[str]], project: Path, port: int
) -> None:
    for name in ("var", "staticfiles"):
        shutil.rmtree(project / name, ignore_errors=True)
    first = local(start)
    said = said_until(first, READY)
    assert "48,842 people, loaded" in said
    assert f"http://127.0.0.1:{port}/v1/computation/mean/age" in said
    assert status(port, "/readyz") == 200
    first.terminate()
    assert rest(first).endswith("Stopped.\n")
    assert first.returncode == 0

    began = time.monotonic()
    second = local(start)
    said = said_until(second, READY)
    assert time.monotonic() - began < 15
    assert "48,842 people, already loaded" in said
    assert "Static files" not in said
    assert status(port, "/readyz") == 200


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("line", ["PostgreSQL", READY])
def test_signals_stop_everything(
    start: Callable[..., subprocess.Popen[str]],
    project: Path,
    port: int,
    signum: signal.Signals,
    line: str,
) -> None:
    process = local(start)
    said_until(process, line)
    process.send_signal(signum)
    process.send_signal(signum)
    assert rest(process).endswith("Stopped.\n")
    assert process.returncode == 0
    assert not processes_in(project)
    assert status(port, "/healthz") == 0


def test_ctrl_c_at_a_terminal(start: Callable[..., subprocess.Popen[str]], project: Path) -> None:
    terminal, end = pty.openpty()
    with os.fdopen(terminal, "r+b", buffering=0) as keyboard, os.fdopen(end) as screen:
        process = start(
            *("make", "run"),
            stdin=screen,
            stdout=screen,
            stderr=screen,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        said = b""
        while READY.encode() not in said:
            said += keyboard.read(1000)
        keyboard.write(b"\x03")
        process.wait(20)
        while b"Stopped." not in said:
            said += keyboard.read(1000)
    assert b"Traceback" not in said
    assert wait_until(lambda: not processes_in(project), 5)


@pytest.mark.parametrize("command", [(sys.executable, "-m", "adultapi.local"), ("make", "run")])
def test_nothing_is_left_after_kill_9(
    start: Callable[..., subprocess.Popen[str]], project: Path, command: tuple[str, ...]
) -> None:
    process = start(*command)
    said_until(process, READY)
    process.kill()
    assert wait_until(lambda: not processes_in(project), 15), processes_in(project)


def test_a_killed_postmaster_is_replaced_under_gunicorn(
    start: Callable[..., subprocess.Popen[str]], project: Path, port: int
) -> None:
    process = local(start)
    said_until(process, READY)
    workers = {pid for pid, command in processes_in(project).items() if "gunicorn" in command}
    # Not by its command line: its children have the same until they name themselves.
    postmaster = (Place(project / "var").data / "postmaster.pid").read_text().split()[0]
    os.kill(int(postmaster), signal.SIGKILL)
    said_until(process, "started again")
    assert wait_until(lambda: status(port, "/readyz") == 200, PATIENCE)
    assert workers <= processes_in(project).keys()


def test_a_killed_gunicorn_is_told(
    start: Callable[..., subprocess.Popen[str]], project: Path
) -> None:
    process = local(start)
    said_until(process, READY)
    # Not the smallest process id: they begin again after the largest.
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    (arbiter,) = {*map(int, children)} & {
        pid for pid, command in processes_in(project).items() if "gunicorn" in command
    }
    os.kill(arbiter, signal.SIGKILL)
    assert "Error: gunicorn has ended" in rest(process)
    assert process.returncode == 1


def test_takes_over_from_a_command_that_started_the_database(
    start: Callable[..., subprocess.Popen[str]], port: int
) -> None:
    shell = start(
        *(sys.executable, "manage.py", "shell", "--no-imports"),
        *("-c", "print('ready', flush=True); input()"),
        stdin=subprocess.PIPE,
    )
    said_until(shell, "ready")
    process = local(start)
    assert "running already" in said_until(process, READY)
    shell.communicate("\n", timeout=PATIENCE)
    assert shell.returncode == 0
    said_until(process, "started again")
    assert wait_until(lambda: status(port, "/readyz") == 200, PATIENCE)


def test_database_url_is_used_and_nothing_else(
    start: Callable[..., subprocess.Popen[str]],
    project: Path,
    port: int,
    service_environment: dict[str, str],
) -> None:
    shutil.rmtree(project / "var", ignore_errors=True)
    process = local(start, env=service_environment | {"PORT": str(port)})
    assert "PostgreSQL: DATABASE_URL" in said_until(process, READY)
    assert status(port, "/readyz") == 200
    assert not (project / "var").exists()


def test_a_database_that_is_away(start: Callable[..., subprocess.Popen[str]]) -> None:
    url = "postgres://postgres@127.0.0.1:1/adult"
    process = local(start, env={"DATABASE_URL": url, "SECRET_KEY": "x"})
    said = rest(process).splitlines()
    assert process.returncode == 1
    assert len(said) == 2
    assert said[1].startswith("Error: The database fails (")
    assert "DATABASE_URL" in said[1]


def test_port_in_use(start: Callable[..., subprocess.Popen[str]], port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        process = local(start)
        said = rest(process)
    assert process.returncode == 1
    assert re.fullmatch(
        rf"Error: Cannot serve on port {port} of 127.0.0.1 \(Address already in use\): .*"
        rf"PORT={port + 1} make run.*\n",
        said,
    )


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        ({"PORT": "eighty"}, "PORT is 'eighty': set it to a whole number from 1 to 65535."),
        ({"PORT": "65536"}, "PORT is '65536'"),
        ({"WEB_CONCURRENCY": "0"}, "WEB_CONCURRENCY is '0'"),
        ({"WEB_THREADS": "²"}, "WEB_THREADS is '²'"),
        ({"HOST": "nowhere.invalid"}, "Cannot serve on port"),
        ({"DATABASE_URL": "mysql://x/y", "SECRET_KEY": "x"}, "DATABASE_URL"),
        ({"DATABASE_URL": "postgres://x/y"}, "SECRET_KEY is not set"),
    ],
)
def test_bad_settings(
    start: Callable[..., subprocess.Popen[str]], environment: dict[str, str], names: str
) -> None:
    process = local(start, env=environment)
    said = rest(process)
    assert process.returncode == 1
    assert said.startswith("Error: ")
    assert names in said
    assert said.count("\n") == 1


def test_all_addresses(start: Callable[..., subprocess.Popen[str]], port: int) -> None:
    process = local(start, env={"HOST": "0.0.0.0"})
    assert f"  http://127.0.0.1:{port}/docs\n" in said_until(process, READY)
    assert status(port, "/healthz") == 200


@pytest.mark.parametrize("command", [["help"], ["check"], ["load_adult", "--help"], []])
def test_commands_that_need_no_database_start_none(
    start: Callable[..., subprocess.Popen[str]], project: Path, command: list[str]
) -> None:
    shutil.rmtree(project / "var", ignore_errors=True)
    process = start(sys.executable, "manage.py", *command)
    rest(process)
    assert process.returncode == 0
    assert not (project / "var").exists()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_command(
    start: Callable[..., subprocess.Popen[str]], project: Path, signum: signal.Signals
) -> None:
    process = start(
        *(sys.executable, "manage.py", "shell", "--no-imports"),
        *("-c", "import time; print('ready', flush=True); time.sleep(60)"),
    )
    said_until(process, "ready")
    process.send_signal(signum)
    assert "Traceback" not in rest(process)
    assert process.returncode == 130
    assert not processes_in(project)


def test_a_command_where_there_can_be_no_database(
    start: Callable[..., subprocess.Popen[str]], project: Path
) -> None:
    shutil.rmtree(project / "var", ignore_errors=True)
    (project / "var").write_text("in the way")
    process = start(sys.executable, "manage.py", "migrate")
    said = rest(process)
    (project / "var").unlink()
    assert process.returncode == 1
    assert re.fullmatch(rf"Error: Cannot use the folder {project}/var.*DATABASE_URL.*\n", said)
