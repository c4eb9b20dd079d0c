"""Containers and HTTP for the tests of the images. They need a real engine."""

import http.client
import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

ENGINE = os.environ.get("CONTAINER_ENGINE") or "docker"
# Seconds until something is said not to come at all: a machine may be busy with much else.
PATIENCE = 300
Result = TypeVar("Result")


def engine(*arguments: str, timeout: float = PATIENCE, stdin: str | None = None) -> str:
    """Runs the container engine; returns its standard output, or fail with what it said."""
    done = subprocess.run(
        [ENGINE, *arguments], text=True, capture_output=True, timeout=timeout, input=stdin
    )
    assert done.returncode == 0, f"{ENGINE} {' '.join(arguments)}\n{done.stdout}{done.stderr}"
    return done.stdout.strip()


def eventually(what: Callable[[], Result], *, pause: float = 0.1) -> Result:
    """Returns the first true result of `what`, or fails after a time."""
    end = time.monotonic() + PATIENCE
    while not (result := what()):
        assert time.monotonic() < end, f"{what.__name__} did not come true in {PATIENCE} s"
        time.sleep(pause)
    return result


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Service:
    """A server on a port of this machine."""

    port: int
    host: str = "127.0.0.1"

    def get(self, path: str, *, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)
        try:
            connection.request(
                method,
                path,
                headers={name.replace("_", "-"): text for name, text in headers.items()},
            )
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read())
        finally:
            connection.close()

    def status(self, path: str) -> int:
        """Returns the status of the answer; 0 if there is none."""
        try:
            return self.get(path).status
        except (OSError, http.client.HTTPException):
            return 0

    def wait_until_ready(self) -> None:
        def ready() -> bool:
            return self.status("/readyz") == 200

        eventually(ready)


@dataclass(frozen=True)
class Container:
    """A container, by its name."""

    name: str

    def inspect(self, template: str) -> str:
        return engine("inspect", "--format", template, self.name)

    def service(self, port: int = 8000) -> Service:
        """Returns the published address of the container's port."""
        return Service(int(engine("port", self.name, f"{port}/tcp").split()[0].rpartition(":")[2]))

    def sh(self, script: str) -> str:
        return engine("exec", self.name, "sh", "-c", script)

    def logs(self) -> str:
        done = subprocess.run(
            [ENGINE, "logs", self.name],
            text=True,
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return done.stdout

    def wait(self) -> int:
        """Waits for its end; returns its exit status."""
        return int(engine("wait", self.name))


@dataclass(frozen=True)
class Postgres(Container):
    """A PostgreSQL in a container, on a network with the same name."""

    PASSWORD = "of-the-tests"

    def url(self, database: str, user: str = "postgres") -> str:
        return f"postgresql://{user}:{self.PASSWORD}@{self.name}/{database}"

    def sql(self, statement: str, database: str = "postgres") -> str:
        return engine("exec", self.name, *self.psql(statement, database))

    def psql(self, statement: str, database: str) -> list[str]:
        options = ["--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]
        return [
            "psql",
            "--username=postgres",
            *options,
            f"--dbname={database}",
            f"--command={statement}",
        ]

    def answers(self) -> bool:
        command = [ENGINE, "exec", self.name, "pg_isready", "--host=127.0.0.1", "--quiet"]
        return subprocess.run(command, capture_output=True).returncode == 0
