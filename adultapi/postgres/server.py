"""Starts the embedded PostgreSQL or uses the running one; stops it after its last user.

Two locks in the server's folder hold its state. The kernel releases them whenever a process ends.

`server.lock`  is held by the server: postmaster and backends inherit it. A process that gets it
               knows that no server runs, whatever the pid files say.
`users.lock`   is shared by all processes that use the server. The process that started the
               server waits for the others before it stops the server.
"""

import fcntl
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from subprocess import Popen
from types import TracebackType
from typing import IO, Self

from adultapi.postgres import processes
from adultapi.postgres.place import PORT, Place, PostgresError
from adultapi.postgres.programs import ENV, Programs

DATABASE = "adult"
TIMEOUT = 60.0  # seconds for a server to answer, or for a lock to be released
_PAUSE = 0.02
_LOG_LIMIT = 1_000_000  # bytes


class Server:
    """The server with the folder `var`, as a context manager.

    Enter it in the main thread (see `processes.follow_parent`). `settings` are parameters of
    PostgreSQL, such as fsync, for a server that this process starts.
    """

    def __init__(self, var: Path, settings: Mapping[str, str] | None = None) -> None:
        self.place = Place(var)
        self._settings = settings or {}
        self._process: Popen[bytes] | None = None
        self._users = -1

    def __enter__(self) -> Self:
        self.place.prepare()
        self._programs = Programs.find(self.place)
        self._users = self.place.open("users.lock")
        try:
            self._join()
            for _ in self._until_timeout():
                if self.take_over() or self._is_ready():
                    break
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if not isinstance(error, KeyboardInterrupt):
                self._wait_for_others()
        finally:
            self._stop()

    @property
    def pid(self) -> int | None:
        """The process id of the postmaster if this process started it."""
        return self._process.pid if self._process else None

    def release(self) -> None:
        """Lets the process that started the server stop it without waiting for this one."""
        if not self._process:
            fcntl.flock(self._users, fcntl.LOCK_UN)

    def take_over(self) -> bool:
        """Starts a server if none runs; returns whether it did."""
        if self._process and self._process.poll() is None:
            return False
        self._process = None
        lock = self.place.open("server.lock")
        try:
            if not _try_lock(lock, fcntl.LOCK_EX):
                return False
            self._launch(lock)
        finally:
            os.close(lock)  # the server has inherited it
        self._join()
        return True

    def _launch(self, lock: int) -> None:
        place = self.place
        if not place.data.exists():
            self._initialise(lock)
        self._check_version()
        # No server runs, so these files are stale. PostgreSQL would refuse to start if an
        # unrelated process had the process id in them.
        socket_lock = place.socket.with_name(f"{place.socket.name}.lock")
        for stale in (place.data / "postmaster.pid", place.socket, socket_lock):
            stale.unlink(missing_ok=True)
        folder = str(place.sockets).replace('"', '""')
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{folder}"',
            "max_connections": "200",
            **self._settings,
        }
        command: list[str | Path] = [self._programs["postgres"], "-D", place.data, "-p", PORT]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self._open_log() as log:
            self._process = processes.start(
                command,
                on_parent_death=signal.SIGINT,  # a fast shutdown
                account=place.account,
                output=log,
                pass_fds=[lock],
                env=ENV,
            )
        for _ in self._until_timeout():
            if self._process.poll() is not None:
                self._process = None
                raise PostgresError(
                    f"PostgreSQL does not start ({_last_line(place.log.read_text())}): "
                    f"see {place.log}, or remove {place.home} to load the dataset again."
                )
            if self._is_ready():
                break

    def _initialise(self, lock: int) -> None:
        """Makes the data folder; after a failure there is none."""
        new = self.place.home / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        sync = [] if self._settings.get("fsync") != "off" else ["--no-sync"]
        self._run(
            lock,
            *("initdb", "--pgdata", new, "--username=postgres", "--encoding=UTF8", "--locale=C"),
            *("--auth-local=trust", "--auth-host=reject", "--no-instructions", *sync),
        )
        self._run(
            lock, "postgres", "--single", "-D", new, "postgres", text=f"CREATE DATABASE {DATABASE}"
        )
        new.rename(self.place.data)

    def _run(self, lock: int, name: str, *arguments: str | Path, text: str = "") -> None:
        result = processes.run(
            [self._programs[name], *arguments],
            account=self.place.account,
            pass_fds=[lock],  # held until its children have ended
            env=ENV,
            text=text,
        )
        if result.returncode:
            raise PostgresError(
                f"{name} failed in {self.place.home} ({_last_line(result.stdout)}): remove the "
                "cause and start again, or set DATABASE_URL to your own PostgreSQL."
            )

    def _check_version(self) -> None:
        with suppress(FileNotFoundError):  # PostgreSQL reports a missing file itself
            version = (self.place.data / "PG_VERSION").read_text().strip()
            if version != str(self._programs.major):
                raise PostgresError(
                    f"{self.place.data} was made by PostgreSQL {version}, but this is PostgreSQL "
                    f"{self._programs.major} ({self._programs.folder}): remove {self.place.home} "
                    f"to load the dataset again, or install PostgreSQL {version}."
                )

    def _open_log(self) -> IO[bytes]:
        log = os.fdopen(self.place.open("log", os.O_APPEND), "ab")
        if log.tell() > _LOG_LIMIT:
            log.truncate(0)
        return log

    def _is_ready(self) -> bool:
        if not self.place.socket.exists():
            return False
        options = ("-q", "-t", "3", "-U", "postgres", "-h", self.place.sockets, "-p", PORT)
        return processes.run([self._programs["pg_isready"], *options], env=ENV).returncode == 0

    def _until_timeout(self) -> Iterator[None]:
        """Yields again and again until TIMEOUT, then raises PostgresError."""
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            yield
            time.sleep(_PAUSE)
        raise PostgresError(
            f"The PostgreSQL in {self.place.home} does not answer: end the process that started "
            f"it and start again. {self.place.log} may say more."
        )

    def _join(self) -> None:
        for _ in self._until_timeout():
            if _try_lock(self._users, fcntl.LOCK_SH):
                break

    def _wait_for_others(self) -> None:
        reported = False
        started = time.monotonic()
        while self._process and self._process.poll() is None:
            if _try_lock(self._users, fcntl.LOCK_EX):  # now no other process can join
                break
            if not reported and time.monotonic() > started + 1:
                reported = True
                print(  # noqa: T201 - for the user at the terminal
                    "Other processes still use the database started here: waiting for them "
                    "(Ctrl-C stops it at once).",
                    file=sys.stderr,
                )
            time.sleep(_PAUSE)

    def _stop(self) -> None:
        try:
            if self._process:
                # SIGINT is a fast shutdown, SIGQUIT an immediate one.
                processes.stop(self._process, (signal.SIGINT, 10), (signal.SIGQUIT, 5))
        finally:
            self._process = None
            os.close(self._users)


def _try_lock(file: int, operation: int) -> bool:
    try:
        fcntl.flock(file, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it says nothing"])[-1]
