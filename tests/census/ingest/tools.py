"""Helpers for the tests of the load: files, databases, and runs of the command."""

import gzip
import hashlib
import json
import os
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from django.core.management import CommandError, call_command
from django.db import connections
from environ import Env

from census.ingest.sources import BUNDLED_FOLDER, DataFile

MANAGE = Path(__file__).parents[3] / "manage.py"


def authentic(name: str) -> bytes:
    return gzip.decompress((BUNDLED_FOLDER / f"{name}.gz").read_bytes())


def first_rows(name: str, rows: int) -> bytes:
    lines = [line for line in authentic(name).split(b"\n") if line.count(b",") == 14]
    return b"".join(line + b"\n" for line in lines[:rows])


def zipped(members: Mapping[str, bytes], **options: Any) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data, **options)
    return buffer.getvalue()


def read(file: DataFile) -> bytes:
    with file.open() as stream:
        return stream.read()


def contents(files: Sequence[DataFile]) -> dict[str, bytes]:
    """The bytes of files by the split in their names."""
    return {split.value: read(file) for file in files for split in file.splits_in_name}


# The content of a training and of a test file, where only their names matter.
BOTH = {"train": b"train,\n", "test": b"test,\n"}
ZIP = zipped({"adult.data": BOTH["train"], "adult.test": BOTH["test"]})


@dataclass(frozen=True)
class Outcome:
    """The result of a run of load_adult."""

    code: int
    out: str
    error: str

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.out)


def load(*arguments: str | Path) -> Outcome:
    """Runs load_adult in this process."""
    out, err = StringIO(), StringIO()
    try:
        call_command("load_adult", *map(str, arguments), stdout=out, stderr=err)
    except CommandError as error:
        return Outcome(error.returncode, out.getvalue(), f"{err.getvalue()}{error}")
    return Outcome(0, out.getvalue(), err.getvalue())


@dataclass(frozen=True)
class Scratch:
    """A database for one test."""

    url: str

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.url, autocommit=True)

    def one(self, query: str) -> Any:
        with closing(self.connect()) as connection:
            row = connection.execute(query).fetchone()
            assert row
            return row[0]

    def dataset(self) -> dict[str, Any]:
        return self.one("SELECT to_jsonb(census_dataset) FROM census_dataset")

    def export(self) -> bytes:
        """The CSV export of all people, as PostgreSQL writes it."""
        query = "COPY (SELECT * FROM census_person ORDER BY id) TO STDOUT WITH (FORMAT csv, HEADER)"
        with closing(self.connect()) as connection, connection.cursor().copy(query) as copy:
            return b"".join(map(bytes, copy))

    def state(self) -> tuple[str, dict[str, Any]]:
        """Everything that a load can change."""
        return hashlib.sha256(self.export()).hexdigest(), self.dataset()

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Starts load_adult on this database in a separate process."""
        return subprocess.Popen(
            [sys.executable, MANAGE, "load_adult", *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a separate process that uses this database."""
        return os.environ | {"DATABASE_URL": self.url, "SECRET_KEY": "only-for-tests"}


class Server:
    def __init__(self, url: str) -> None:
        self._url = url

    def url(self, name: str) -> str:
        return urlsplit(self._url)._replace(path=f"/{name}").geturl()

    def execute(self, statement: str) -> None:
        with closing(psycopg.connect(self.url("postgres"), autocommit=True)) as connection:
            connection.execute(statement.encode())

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        name = f"adultapi_scratch_{uuid.uuid4().hex[:12]}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield name
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def pointed_to(url: str, blocker: Any) -> Iterator[None]:
    """Makes Django use the database at `url` within the block."""
    connection = connections["default"]
    before = connection.settings_dict.copy()
    config = Env.db_url_config(url)
    options = before["OPTIONS"] | config.pop("OPTIONS", {})
    with blocker.unblock():
        connection.close()
        connection.settings_dict.update(config | {"OPTIONS": options})
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict.update(before)
