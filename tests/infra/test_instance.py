"""An instance's containers as its first boot starts them: the real images, under an engine.

The boot is played (booting.py). Its `docker run` lines are then run for real, but that their logs
stay here and that folders of the host are in a temporary one. The database is a PostgreSQL that
speaks TLS under the name in the settings. `make test-instance` builds the images and runs this.
"""

import json
import os
import shlex
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from booting import PASSWORD, PROXY, SERVICE, SETTINGS, TOKEN, Boot

pytestmark = pytest.mark.engine
ENGINE = os.environ.get("CONTAINER_ENGINE") or "docker"
IMAGES = {SERVICE: os.environ.get("IMAGE", "adultapi")}
IMAGES[PROXY] = os.environ.get("PROXY_IMAGE", "adultapi-proxy")
OUTAGE = int(os.environ.get("OUTAGE", "15"))  # seconds
PATIENCE = 120
KNOWN, UNKNOWN = "/v1/computation/mean/age", "/v1/computation/mean/hours_per_week"
CONTAINERS = ["adultapi", "adultapi-prepare", "adultapi-proxy", "adultapi-test-db"]


def engine(*arguments: str, ok: bool = True) -> str:
    done = subprocess.run([ENGINE, *arguments], text=True, capture_output=True, check=False)
    assert not ok or done.returncode == 0, f"{arguments}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def status(path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:8080{path}", timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def eventually(path: str, wanted: int) -> None:
    end = time.monotonic() + PATIENCE
    while (found := status(path)) != wanted:
        assert time.monotonic() < end, f"{path} is {found}\n{engine('logs', 'adultapi', ok=False)}"
        time.sleep(0.5)


@dataclass
class Instance:
    disk: Path
    prepare: list[str]
    serve: list[str]
    nginx: list[str]


def for_real(call: str, disk: Path) -> list[str]:
    """A `docker run` of the boot, as it can run here."""
    words = shlex.split(call)[1:]
    kept: list[str] = []
    while words:
        word = words.pop(0)
        if word in {"--log-driver", "--log-opt"}:
            words.pop(0)
        elif word in {"--volume", "--env-file"}:
            kept += [word, f"{disk}{words.pop(0)}"]
        else:
            kept.append(IMAGES.get(word, word))
    return kept


def sql(text: str) -> str:
    return engine("exec", "adultapi-test-db", "psql", "-h", "127.0.0.1", "-U", "adultapi", "-d",
                  "adult", "-Atc", text)  # fmt: skip


def start_database(folder: Path) -> None:
    """A PostgreSQL with a certificate for its name, and the owner's password of the secret."""
    engine(
        "run", "--detach", "--name", "adultapi-test-db", "--network", "adultapi",
        "--ip", "198.18.0.3", "--network-alias", SETTINGS["database_host"],
        "--env", "POSTGRES_USER=adultapi", "--env", "POSTGRES_DB=adult",
        "--env", f"POSTGRES_PASSWORD={PASSWORD}", "--env", f"PGPASSWORD={PASSWORD}", "postgres:17",
    )  # fmt: skip
    end = time.monotonic() + PATIENCE
    while "accepting" not in engine("exec", "adultapi-test-db", "pg_isready", "-h", "127.0.0.1",
                                    ok=False):  # fmt: skip
        assert time.monotonic() < end, engine("logs", "adultapi-test-db", ok=False)
        time.sleep(0.5)
    for name in ("key.pem", "ca.pem"):
        engine("cp", str(folder / name), f"adultapi-test-db:/tmp/{name}")
        engine("exec", "--user", "root", "adultapi-test-db", "sh", "-c",
               f"chown postgres /tmp/{name} && chmod 600 /tmp/{name}")  # fmt: skip
    sql("ALTER SYSTEM SET ssl_cert_file = '/tmp/ca.pem'")
    sql("ALTER SYSTEM SET ssl_key_file = '/tmp/key.pem'")
    sql("ALTER SYSTEM SET ssl = on")
    sql("SELECT pg_reload_conf()")


@pytest.fixture(scope="module")
def instance(script: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    folder = tmp_path_factory.mktemp("instance")
    host = Boot(script, tmp_path_factory.mktemp("boot"))()
    assert host.status == 0
    disk = host.folder / "kept"
    for path, user in [("run/adultapi", 10001), ("var/lib/adultapi", 10001),
                       ("var/cache/adultapi", 101)]:  # fmt: skip
        (disk / path).mkdir(parents=True, exist_ok=True)
        for found in [disk / path, *(disk / path).rglob("*")]:
            os.chown(found, user, user)
    for path in disk.parents:  # the containers' users pass
        if path.is_relative_to(tmp_path_factory.getbasetemp().parent):
            path.chmod(0o755)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=test", "-addext",
         f"subjectAltName=DNS:{SETTINGS['database_host']}",
         "-keyout", folder / "key.pem", "-out", folder / "ca.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    shutil.copy(folder / "ca.pem", disk / "etc/adultapi/rds-ca.pem")
    nginx, prepare, serve = host.called("docker run")
    engine("rm", "--force", *CONTAINERS, ok=False)
    engine("network", "rm", "adultapi", ok=False)
    try:
        [made] = host.called("docker network create")
        engine(*shlex.split(made)[1:])
        start_database(folder)
        yield Instance(disk, *(for_real(call, disk) for call in (prepare, serve, nginx)))
    finally:
        engine("rm", "--force", *CONTAINERS, ok=False)
        engine("network", "rm", "adultapi", ok=False)


@pytest.fixture(scope="module")
def serving(instance: Instance) -> Instance:
    """nginx comes first, as it may after a reboot, and waits for the service."""
    engine("run", "--detach", *instance.nginx[1:])
    eventually("/startupz", 503)
    engine(*instance.prepare)
    # What RDS does for a role that has been granted rds_iam: the token is its password.
    sql(f"ALTER ROLE reader PASSWORD '{TOKEN}'")
    engine("run", "--detach", *instance.serve[1:])
    eventually("/startupz", 200)
    return instance


def test_it_serves(serving: Instance) -> None:
    assert status("/readyz") == 200
    assert status(KNOWN) == 200
    assert status("/metrics") == 404


def test_what_serves_cannot_read_the_owners_password(serving: Instance) -> None:
    assert engine("exec", "adultapi", "ls", "/run/secrets").split() == ["adultapi"]
    assert set(engine("exec", "adultapi", "ls", "/run/secrets/adultapi").split()) == {
        "django", "reader",
    }  # fmt: skip
    look = "env; cat /proc/1/environ; grep -rs . /run/secrets /etc/adultapi"
    everything = engine("exec", "adultapi", "sh", "-c", look)
    escaped = PASSWORD.replace("\\", "\\\\").replace(":", "\\:")
    assert PASSWORD not in everything
    assert escaped not in everything
    assert "LOADER_DATABASE_URL" not in everything
    inspected = json.loads(engine("inspect", "adultapi"))[0]
    assert not [m for m in inspected["Mounts"] if "load" in m["Source"].split("/")]


def test_what_serves_can_only_read(serving: Instance) -> None:
    code = (
        "import os, psycopg\n"
        "connection = psycopg.connect(os.environ['DATABASE_URL'])\n"
        "print(connection.execute('SELECT count(*) FROM census_person').fetchone())\n"
        "try: connection.execute('DELETE FROM census_person')\n"
        "except psycopg.Error as error: print(type(error).__name__)\n"
    )
    said = engine("exec", "adultapi", "python", "-c", code)
    assert "48842" in said
    assert "InsufficientPrivilege" in said or "ReadOnlySqlTransaction" in said


def test_nginx_has_no_secret(serving: Instance) -> None:
    inspected = json.loads(engine("inspect", "adultapi-proxy"))[0]
    assert [mount["Destination"] for mount in inspected["Mounts"] if mount["Type"] == "bind"] == [
        "/var/cache/nginx"
    ]
    assert "DATABASE" not in " ".join(inspected["Config"]["Env"])


def test_without_the_database_no_instance_is_replaced(serving: Instance) -> None:
    """The load balancer's check goes on, known answers too; what is new is refused for a while."""
    for _ in range(10):  # each worker was ready once
        assert status("/startupz") == 200
    assert status(KNOWN) == 200
    engine("stop", "adultapi-test-db")
    end = time.monotonic() + OUTAGE
    while time.monotonic() < end:
        assert status("/startupz") == 200
        assert status(KNOWN) == 200
        time.sleep(1)
    assert status("/readyz") == 503
    assert status(UNKNOWN) == 503
    engine("start", "adultapi-test-db")
    eventually("/readyz", 200)
    eventually(UNKNOWN, 200)


def test_the_service_starts_anew_under_the_same_address(serving: Instance) -> None:
    engine("rm", "--force", "adultapi")
    assert status(KNOWN) == 200  # kept by nginx
    engine("run", "--detach", *serving.serve[1:])
    eventually("/v1/computation/median/age", 200)
