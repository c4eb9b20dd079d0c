"""The files of an embedded server, and the user that it runs as."""

import errno
import hashlib
import os
import pwd
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from adultapi.postgres.processes import Account

PORT = "5432"  # part of the socket's name; the server has no network port
_SOCKET = f".s.PGSQL.{PORT}"
_MAX_SOCKET_PATH = 103  # bytes: 103 on macOS and BSD, 107 on Linux


class PostgresError(Exception):
    """An error of the embedded server. The message says what is wrong and what to do."""


@dataclass(frozen=True)
class Place:
    """The paths of the server with the folder `var`, and its account."""

    var: Path

    @cached_property
    def account(self) -> Account | None:
        """The user that the server runs as if this process is root's; else None.

        PostgreSQL refuses to run as root. The user is the owner of the data or of its folder, so
        that root and that user can use the same data; if root owns them it is a system user.
        """
        if os.geteuid() != 0:
            return None
        nearest = next(path for path in (self.var, *self.var.parents) if path.exists())
        owners = [
            path.stat().st_uid
            for path in (self.var / "postgres", self._fallback_home, nearest)
            if path.exists()
        ]
        names: list[int | str] = [*owners, "postgres", "_postgres", "nobody"]
        for who in names:
            with suppress(KeyError):
                entry = pwd.getpwnam(who) if isinstance(who, str) else pwd.getpwuid(who)
                if entry.pw_uid:
                    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)
        raise PostgresError(
            "PostgreSQL refuses to run as root, and this machine has no user postgres or nobody: "
            "run this as an ordinary user, or set DATABASE_URL to your own PostgreSQL."
        )

    @cached_property
    def home(self) -> Path:
        """The server's folder: `var`/postgres, or one in /var/lib if that is unreachable."""
        home = self.var / "postgres"
        if self.account and not all(_can_enter(path, self.account) for path in home.parents):
            return self._fallback_home
        return home

    @cached_property
    def sockets(self) -> Path:
        """The folder of the socket: `home`, or one in /tmp if the path is too long for a socket."""
        path = os.fsencode(self.home / _SOCKET)
        if len(path) <= _MAX_SOCKET_PATH and b"," not in path:  # libpq splits hosts at commas
            return self.home
        return Path("/tmp") / self._unique_name  # noqa: S108 - `_make` and `_check` protect it

    @property
    def socket(self) -> Path:
        return self.sockets / _SOCKET

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.home / "log"

    @property
    def _fallback_home(self) -> Path:
        return Path("/var/lib") / self._unique_name

    @property
    def _unique_name(self) -> str:
        return f"adultapi-{hashlib.sha256(os.fsencode(self.var)).hexdigest()[:16]}"

    def prepare(self) -> None:
        """Makes the folders. Only the account can enter `home` and `sockets`."""
        try:
            if self.home.parent == self.var and not self.var.exists():
                self._make(self.var, 0o755)
            for folder in (self.home, self.sockets):
                if not os.path.lexists(folder):
                    self._make(folder, 0o700)
                self._check(folder)
        except OSError as error:
            raise PostgresError(
                f"Cannot use the folder {error.filename} for the database ({error.strerror}): "
                "make it your own and writable, or set DATABASE_URL to your own PostgreSQL."
            ) from error

    def open(self, name: str, flags: int = 0) -> int:
        """Returns a descriptor of the file `name` in `home`; creates a missing file."""
        path = self.home / name
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | flags, 0o600)
        except OSError as error:
            raise PostgresError(
                f"Cannot write {path} ({error.strerror}): remove {self.home}. "
                "The dataset will be loaded again."
            ) from error
        self.give(file)
        return file

    def give(self, path: Path | int) -> None:
        """Makes the account the owner of a file, given as a path or an open descriptor."""
        if self.account and isinstance(path, int):
            os.fchown(path, self.account.uid, self.account.gid)
        elif self.account:
            os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)

    def _make(self, folder: Path, mode: int) -> None:
        """Makes `folder` for the account; it is no error if another process makes it first."""
        new = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            new.chmod(mode)
            self.give(new)
            new.rename(folder)
        except OSError as error:
            new.rmdir()
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}:
                raise

    def _check(self, folder: Path) -> None:
        """Raises PostgresError unless `folder` is a real folder that belongs to the account."""
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode):
            raise PostgresError(f"{folder} is not a folder: move it elsewhere.")
        if status.st_uid != (self.account.uid if self.account else os.geteuid()):
            raise PostgresError(
                f"The database folder {folder} belongs to {_user_name(status.st_uid)}: run this "
                "as root or as that user, or remove the folder. The dataset will be loaded again."
            )
        if stat.S_IMODE(status.st_mode) != 0o700:
            folder.chmod(0o700)


def _can_enter(folder: Path, account: Account) -> bool:
    if not folder.is_dir():
        return True  # `prepare` makes it or raises an error
    status = folder.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"the user with id {uid}"
