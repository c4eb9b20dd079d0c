"""The database of the tests: a PostgreSQL that is thrown away, with the dataset loaded.

Set TEST_DATABASE_URL to use another server; its user must be allowed to create databases.
"""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connections
from django.http import HttpResponse
from django.test import Client, override_settings
from environ import Env
from hypothesis import settings

from adultapi.postgres import Server, local_url, processes

collect_ignore = ["infra"]  # `make test-infra`: in a .venv of its own
if not os.environ.get("FAULTS"):  # `make test-faults`, `make test-fuzz`: they take minutes
    collect_ignore += ["faults"]

# A busy machine takes its time, and no example is wrong for that. `make test` tries other examples
# each time; ARGS=--hypothesis-profile=ci tries always the same, as a merge request needs.
settings.register_profile("adultapi", deadline=None)
settings.load_profile("adultapi")

# Nothing here has to survive a power cut.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_var = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Makes the folder of the server, in the process that hands out the tests."""
    # Whatever started the tests may ignore it, and what they start would, too.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if hasattr(config, "workerinput"):
        # xdist's workers would finish a test of minutes first when the others are killed.
        processes.follow_parent(os.getppid(), signal.SIGTERM)
        config.stash[_var] = Path(config.workerinput["var"])
        return
    folder = Path(tempfile.mkdtemp(prefix="adultapi-test-"))
    folder.chmod(0o711)  # a way in for the user that root hands the server to
    config.stash[_var] = folder
    config.add_cleanup(lambda: shutil.rmtree(folder))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["var"] = str(node.config.stash[_var])


@pytest.fixture(scope="session", autouse=True)
def static_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Uses the plain names of static files, which are not collected for the tests."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(
        STATIC_ROOT=tmp_path_factory.mktemp("static"), STORAGES={"staticfiles": plain}
    ):
        yield


@pytest.fixture(autouse=True)
def nothing_kept(settings: Any, tmp_path: Path) -> None:
    """Empties the caches before each test."""
    settings.EXPORT_DIR = tmp_path / "exports"
    cache.clear()


class ReadingClient(Client):
    """Reads streamed files, so that every answer has `content`."""

    def request(self, **request: Any) -> Any:
        answer = super().request(**request)
        if not answer.streaming:
            return answer
        content = answer.getvalue()  # which closes it
        return HttpResponse(content, status=answer.status_code, headers=dict(answer.items()))


@pytest.fixture
def client() -> Client:
    return ReadingClient()


@pytest.fixture(scope="session")
def database_server(pytestconfig: pytest.Config) -> Iterator[str]:
    """The URL of a PostgreSQL for the tests, which the first worker starts for all."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
    else:
        var = pytestconfig.stash[_var]
        with Server(var, FAST):
            yield local_url(var)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    database_server: str, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """Makes Django use this server instead of DATABASE_URL."""
    settings = connections["default"].settings_dict
    config = Env.db_url_config(database_server)
    settings["OPTIONS"] |= config.pop("OPTIONS", {})
    settings.update(config)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Loads the dataset once, for all tests with a database."""
    with django_db_blocker.unblock():
        call_command("load_adult", verbosity=0, stdout=StringIO())


@pytest.fixture
def dataset(transactional_db: None) -> None:
    """Loads the dataset for tests without a transaction if an earlier test emptied the tables."""
    call_command("load_adult", verbosity=0, stdout=StringIO())


@pytest.fixture
def scratch_database(db: None) -> Iterator[str]:
    """The name of an empty database that Django uses until the test ends.

    Outside any transaction; threads come to it, too.
    """
    kept, connections["default"] = connections["default"], connections.create_connection("default")
    connection, settings = connections["default"], kept.settings_dict
    name, scratch = settings["NAME"], f"{settings['NAME']}_scratch"
    try:
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{scratch}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{scratch}"')
        connection.close()
        settings["NAME"] = scratch
        yield scratch
    finally:
        connection.close()
        settings["NAME"] = name
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{scratch}" WITH (FORCE)')
        connection.close()
        connections["default"] = kept


@pytest.fixture
def service_environment(database_server: str, dataset: None) -> dict[str, str]:
    """The environment of a separate process that uses the database of the tests."""
    name = connections["default"].settings_dict["NAME"]
    return os.environ | {
        "DATABASE_URL": urlsplit(database_server)._replace(path=f"/{name}").geturl(),
        "SECRET_KEY": "only-for-tests",
    }
