"""Fixtures: the image without any capabilities, with its own PostgreSQL."""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.containers import Container, Postgres, Service, engine, eventually

HARDENED = (
    *("--read-only", "--tmpfs", "/tmp:size=1200m"),
    *("--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--pids-limit", "256"),
)
Run = Callable[..., Container]
Environment = Callable[[str], dict[str, str]]  # the settings for a database


@pytest.fixture(scope="session")
def image() -> str:
    """The image under test; `make test-image` has built it."""
    engine("info", timeout=30)  # fails where there is no engine
    return os.environ.get("IMAGE") or "adultapi"


@pytest.fixture(scope="session")
def run(image: str, network: str) -> Iterator[Run]:
    """Starts a container of the image: run(*arguments, options=…, image=…, **settings)."""
    with ExitStack() as stack:

        def start(
            *arguments: str,
            options: tuple[str, ...] = HARDENED,
            image: str = image,
            **environment: str,
        ) -> Container:
            container = Container(f"{network}-{uuid.uuid4().hex[:8]}")
            stack.callback(engine, "rm", "--force", container.name)
            settings = [f"--env={name}={value}" for name, value in environment.items()]
            place = [f"--name={container.name}", f"--network={network}"]
            published = "--publish=127.0.0.1::8000"
            engine("run", "--detach", *place, published, *options, *settings, image, *arguments)
            return container

        yield start


@pytest.fixture(scope="session")
def network() -> Iterator[str]:
    name = f"adultapi-test-{os.getpid()}"
    engine("network", "create", name)
    yield name
    engine("network", "rm", name)


@pytest.fixture(scope="session")
def postgres(network: str) -> Iterator[Postgres]:
    database = Postgres(f"{network}-db")
    password = f"--env=POSTGRES_PASSWORD={Postgres.PASSWORD}"
    place = [f"--name={database.name}", f"--network={network}"]
    engine("run", "--detach", *place, password, "postgres:17")
    try:
        eventually(database.answers)
        yield database
    finally:
        engine("rm", "--force", "--volumes", database.name)


@pytest.fixture(scope="session")
def environment(postgres: Postgres) -> Environment:
    """The three settings a deployment must have, for a database of the given name."""

    def settings(database: str) -> dict[str, str]:
        return {
            "DATABASE_URL": postgres.url(database),
            "SECRET_KEY": "only-for-tests",
            "ALLOWED_HOSTS": "127.0.0.1",
        }

    return settings


@pytest.fixture
def empty(postgres: Postgres) -> Iterator[str]:
    """The name of an empty database."""
    name = f"test_{uuid.uuid4().hex[:8]}"
    postgres.sql(f"CREATE DATABASE {name}")
    yield name
    postgres.sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def web(run: Run, environment: Environment, postgres: Postgres) -> Container:
    """A container that serves the dataset, for tests that change nothing."""
    postgres.sql("CREATE DATABASE served")
    # Its answers may take long where the machine is busy with much else.
    container = run(**environment("served") | {"STATEMENT_TIMEOUT": "60"})
    container.service().wait_until_ready()
    return container


@pytest.fixture(scope="session")
def service(web: Container) -> Service:
    return web.service()
