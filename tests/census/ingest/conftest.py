"""Databases of their own for tests of the load, which commit; and small files to load."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.census.ingest.tools import Scratch, Server, first_rows, load, pointed_to


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder with the first rows of UCI's files: 40 and 20."""
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "adult.data").write_bytes(first_rows("adult.data", 40) + b"\n")
    test = b"|1x3 Cross validator\n" + first_rows("adult.test", 20) + b"\n"
    (folder / "adult.test").write_bytes(test)
    return folder


@pytest.fixture(scope="session")
def server(database_server: str) -> Server:
    return Server(database_server)


@pytest.fixture(scope="session")
def migrated(server: Server, django_db_blocker: Any) -> Iterator[str]:
    """The name of a database that is migrated and holds nothing; a template."""
    with server.database() as name:
        with pointed_to(server.url(name), django_db_blocker):
            call_command("migrate", verbosity=0)
        yield name


@pytest.fixture(scope="session")
def loaded(server: Server, migrated: str, django_db_blocker: Any) -> Iterator[str]:
    """The name of a database with the dataset; a template."""
    with server.database(migrated) as name:
        with pointed_to(server.url(name), django_db_blocker):
            assert load().code == 0
        yield name


@pytest.fixture
def unmigrated(server: Server, django_db_blocker: Any) -> Iterator[Scratch]:
    with server.database() as name, pointed_to(server.url(name), django_db_blocker):
        yield Scratch(server.url(name))


@pytest.fixture
def empty(server: Server, migrated: str, django_db_blocker: Any) -> Iterator[Scratch]:
    """A migrated database, Django's while the test lasts."""
    with server.database(migrated) as name, pointed_to(server.url(name), django_db_blocker):
        yield Scratch(server.url(name))


@pytest.fixture
def full(server: Server, loaded: str, django_db_blocker: Any) -> Iterator[Scratch]:
    """A database with the dataset, Django's while the test lasts."""
    with server.database(loaded) as name, pointed_to(server.url(name), django_db_blocker):
        yield Scratch(server.url(name))


@pytest.fixture(scope="module")
def untouched(server: Server, loaded: str, django_db_blocker: Any) -> Iterator[Scratch]:
    """One database with the dataset for all tests of a module, which may not change it."""
    with server.database(loaded) as name, pointed_to(server.url(name), django_db_blocker):
        scratch = Scratch(server.url(name))
        before = scratch.state()
        yield scratch
        assert scratch.state() == before
