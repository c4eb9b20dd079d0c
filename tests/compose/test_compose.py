"""`make up` in a clean checkout, and `make down`, which leaves nothing behind."""

import itertools
import json
import os
import re
import shutil
import socket
import stat
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.containers import PATIENCE, Container, Service, engine, eventually

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = (".*_cache", ".env", ".git", ".venv*", ".terraform", "__pycache__", "staticfiles", "var")


class Stack:
    """The containers of one checkout, with their own project name and port."""

    def __init__(self, checkout: Path) -> None:
        self.checkout = checkout
        self.project = f"adultapi-test-{os.getpid()}"
        self.service = Service(_free_port())
        self._environment = {
            # Not what the make that runs the tests hands down.
            **{name: text for name, text in os.environ.items() if not name.startswith("MAKE")},
            "COMPOSE_PROJECT_NAME": self.project,
            "PORT": str(self.service.port),
        }

    def make(self, *arguments: str) -> str:
        done = subprocess.run(
            ["make", *arguments],
            cwd=self.checkout,
            env=self._environment,
            text=True,
            capture_output=True,
            timeout=3 * PATIENCE,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def container(self, service: str) -> Container:
        return Container(f"{self.project}-{service}-1")

    def left(self) -> dict[str, list[str]]:
        """Returns the names of the project's objects in the engine."""
        label = f"--filter=label=com.docker.compose.project={self.project}"
        return {
            "containers": engine("ps", "--all", "--format={{.Names}}", label).split(),
            "networks": engine("network", "ls", "--format={{.Name}}", label).split(),
            "volumes": engine("volume", "ls", "--format={{.Name}}", label).split(),
        }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    engine("info", timeout=30)  # fails where there is no engine
    checkout = tmp_path_factory.mktemp("checkout") / "adultapi"
    shutil.copytree(ROOT, checkout, ignore=shutil.ignore_patterns(*LEFT_OUT))
    # As a strict umask leaves it; requirements.txt is as it was, lest all be installed again.
    private = [checkout / name for name in ("adultapi", "census", "docker", "manage.py")]
    subprocess.run(["chmod", "--recursive", "go=", *private], check=True)
    # And somebody has settings already, in a file without an end of line.
    (checkout / ".env").write_text("RATE_BURST=77\nSECRET_KEY=\nSTATEMENT_TIMEOUT=7")
    stack = Stack(checkout)
    yield stack
    stack.make("down", "ARGS=--volumes")


def test_up_serves_and_keeps_its_secrets_out_of_the_file(stack: Stack) -> None:
    assert "Adding SECRET_KEY to .env" in stack.make("up")
    assert stack.service.get("/readyz").status == 200, "up returns when it is ready"
    mean = stack.service.get("/v1/computation/mean/age").json()["value"]
    assert mean == pytest.approx(38.64358543876172, rel=1e-15)
    secrets = stack.checkout / ".env"
    before = secrets.read_text()
    names = ("POSTGRES_PASSWORD", "READER_PASSWORD", "SECRET_KEY")
    made = "".join(rf"{name}=[0-9a-f]{{64}}\n" for name in names)
    assert re.fullmatch(rf"RATE_BURST=77\nSECRET_KEY=\nSTATEMENT_TIMEOUT=7\n{made}", before)
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    assert "Adding" not in stack.make("up")
    assert secrets.read_text() == before


@pytest.mark.parametrize("name", ["web", "proxy"])
def test_containers_have_no_rights(stack: Stack, name: str) -> None:
    limits = "{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}}"
    assert stack.container(name).inspect(limits) == "true [ALL] [no-new-privileges:true]"
    assert stack.container(name).sh("id -u") == {"web": "10001", "proxy": "101"}[name]
    logs = engine("inspect", "--format={{json .HostConfig.LogConfig}}", stack.container(name).name)
    assert json.loads(logs)["Config"] == {"max-file": "3", "max-size": "10m"}


def test_web_serves_as_a_role_that_only_reads(stack: Stack) -> None:
    settings = stack.container("web").sh("tr '\\0' '\\n' </proc/1/environ").splitlines()
    assert "STATEMENT_TIMEOUT=7" in settings, "as .env says"
    assert not [text for text in settings if "LOADER_DATABASE_URL" in text]


def test_only_the_proxy_is_published(stack: Stack) -> None:
    assert engine("port", stack.container("web").name) == ""
    assert engine("port", stack.container("proxy").name).endswith(f"127.0.0.1:{stack.service.port}")
    assert stack.service.get("/v1").headers["server"] == "nginx"
    assert stack.service.status("/metrics") == 404, "what the service counts is for its operator"


def test_the_proxy_keeps_answers_limits_requests_and_logs(stack: Stack) -> None:
    path = "/v1/computation/mean/age?sex=Female"
    timings = [stack.service.get(path).headers["server-timing"] for _ in range(2)]
    assert timings[1] == "cache;desc=hit", timings
    assert "burst=77 " in stack.container("proxy").sh("cat /tmp/nginx.conf"), "as .env says"

    def line() -> str:
        lines = stack.container("proxy").logs().splitlines()
        return next((line for line in lines if path in line), "")

    assert json.loads(eventually(line))["uri"] == path


def test_down_keeps_the_database(stack: Stack) -> None:
    stack.make("down")
    volume = f"{stack.project}_db"
    assert stack.left() == {"containers": [], "networks": [], "volumes": [volume]}
    stack.make("up")
    assert "already loaded" in stack.container("web").logs()


def test_the_cache_is_reached_from_web(stack: Stack) -> None:
    stack.make("up", "PROFILES=cache")
    assert stack.service.get("/readyz").status == 200
    ask = "import os, redis; print(redis.from_url(os.environ['CACHE_URL']).ping())"
    assert stack.container("web").sh(f'python -c "{ask}"') == "True"


def test_either_of_two_web_containers_can_stop(stack: Stack) -> None:
    stack.make("up", "PROFILES=scale")
    numbers = itertools.count()

    def statuses() -> set[int]:
        """Sends a request that the proxy has not cached."""
        paths = [f"/v1/computation/mean/age?fnlwgt__gte={next(numbers)}" for _ in range(40)]
        with ThreadPoolExecutor(4) as pool:
            return set(pool.map(stack.service.status, paths))

    assert statuses() == {200}
    for web in (stack.container("web"), stack.container("web-2")):
        engine("stop", web.name)
        assert statuses() == {200}, stack.container("proxy").logs()
        engine("start", web.name)
        _wait_until_healthy(web)
    # Made anew, with other addresses: nginx has to learn them.
    stack.make("up", "PROFILES=scale", "WEB_THREADS=3")
    assert statuses() == {200}, stack.container("proxy").logs()
    stack.container("web").sh("tr '\\0' '\\n' </proc/1/environ | grep --quiet ^WEB_THREADS=3$")


def _wait_until_healthy(container: Container) -> None:
    def healthy() -> bool:
        return container.inspect("{{.State.Health.Status}}") == "healthy"

    eventually(healthy, pause=0.5)


def test_down_leaves_nothing(stack: Stack) -> None:
    stack.make("down", "ARGS=--volumes")
    assert stack.left() == {"containers": [], "networks": [], "volumes": []}
