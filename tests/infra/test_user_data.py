"""First boots: the user data as Terraform renders it, linted, and run as root of a made-up host.

The script runs in namespaces of its own, without a network and on a disk in memory. What the
host and AWS would answer is played by stubs/host, each call of which is recorded.
"""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import GUARD, HERE, INFRA

SETTINGS = {
    "app_gid": "10001",
    "app_port": "8000",
    "database_secret_arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:database",
    "django_secret_arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:django",
    "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/adultapi-production:0123456789ab",
    "log_group": "/adultapi-production/app",
    "reader": "reader",
    "ready_seconds": "3",
    "token_hosts": {"reader": "db.example.org"},
    "region": "us-east-1",
    "settings": "ALLOWED_HOSTS=adult.example.org\nDATABASE_URL=postgresql://adultapi@db/adult",
}
PASSWORD = "p\"a$s\\w`o r'd"
DJANGO = "k" * 64
TOKEN = "db.example.org:5432/?Action=connect&DBUser=reader"


@pytest.fixture(scope="module")
def script(terraform_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The user data, rendered by Terraform itself."""
    folder = tmp_path_factory.mktemp("rendered")
    template = json.dumps(str(INFRA / "user_data.sh.tftpl"))
    rendered = subprocess.run(
        ["terraform", "console"],
        input=f"jsonencode(templatefile({template}, {json.dumps(SETTINGS)}))",
        cwd=folder, env=terraform_env, text=True, capture_output=True, check=True,
    )  # fmt: skip
    path = folder / "user_data.sh"
    path.write_text(json.loads(json.loads(rendered.stdout)))
    return path


# A disk of its own in memory, with this machine's programs. Of the host, it plays what a boot
# calls; systemd-analyze reads the units, as nothing runs them.
PLAYED = ["aws", "chgrp", "curl", "dnf", "docker", "install", "journalctl", "sleep", "systemctl"]
INSIDE = """
set -e
disk=$HOST_STATE/disk
mount -t tmpfs none "$disk"
for folder in bin lib lib64 sbin usr dev proc "${HOST_PYTHON%/bin/*}" "$HOST_STATE"; do
  [[ -d /${folder#/} ]] || continue
  mkdir -p "$disk/$folder"
  mount --rbind "/${folder#/}" "$disk/$folder"
done
mount -t tmpfs none "$disk/usr/local"
mkdir -p "$disk"/{etc/systemd/system,run,tmp,usr/local/sbin,var/lib/cloud/data}
for name in $HOST_PLAYED; do cp "$HOST_STATE/host" "$disk/usr/local/sbin/$name"; done
ln -s "$HOST_PYTHON" "$disk/usr/local/sbin/python3"
echo i-0123456789abcdef0 >"$disk/var/lib/cloud/data/instance-id"
chroot "$disk" /bin/bash "$HOST_STATE/user_data.sh" && status=0 || status=$?
chroot "$disk" /bin/bash -c "$HOST_THEN"
cd "$disk"
cp -a --parents etc $([[ -d run/adultapi ]] && echo run/adultapi) usr/local/bin "$HOST_STATE/kept"
exit $status
"""


@dataclass
class Host:
    """A host after its first boot."""

    status: int
    folder: Path

    def path(self, name: str) -> Path:
        return self.folder / "kept" / name.lstrip("/")

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()

    def called(self, *words: str) -> list[str]:
        return [call for call in self.calls if all(word in call for word in words)]

    @property
    def log(self) -> list[str]:
        """What reached the log group."""
        events = [call.partition("--log-events ")[2] for call in self.called("put-log-events")]
        return [json.loads(event)[0]["message"].strip() for event in events]

    @property
    def secrets(self) -> dict[str, str]:
        folder = self.path("/run/adultapi")
        return {p.name: p.read_text() for p in folder.iterdir()} if folder.exists() else {}


class Boot:
    """Boots of fresh hosts."""

    def __init__(self, script: Path, folder: Path) -> None:
        self.script, self.folder = script, folder

    def __call__(self, then: str = "", **answers: str) -> Host:
        """Boot a host whose stubs answer as told; `then` runs on it afterwards."""
        (self.folder / "calls").touch()
        for name in ("disk", "kept"):
            (self.folder / name).mkdir()
        shutil.copy(HERE / "stubs" / "host", self.folder)
        shutil.copy(self.script, self.folder / "user_data.sh")
        result = subprocess.run(
            ["unshare", "--map-root-user", "--mount", "--net", "bash", "-c", INSIDE],
            env={
                "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "HOST_STATE": str(self.folder),
                "HOST_PYTHON": os.path.realpath(sys.executable),
                "HOST_PLAYED": " ".join(PLAYED),
                "HOST_THEN": then,
                "HOST_LOADER": json.dumps({"username": "adultapi", "password": PASSWORD}),
                "HOST_DJANGO": DJANGO,
                **answers,
            },
            text=True, timeout=GUARD, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        print(result.stdout)
        return Host(result.returncode, self.folder)


@pytest.fixture
def boot(script: Path, tmp_path: Path) -> Boot:
    return Boot(script, tmp_path)


# --- The four cases -----------------------------------------------------------------------------


def test_all_well(boot: Boot) -> None:
    host = boot()
    assert host.status == 0
    assert re.fullmatch(r"adultapi: ready after \d+ s", host.log[-1])
    assert host.secrets == {"reader": TOKEN, "loader": PASSWORD, "django": DJANGO}
    assert {stat.S_IMODE(p.stat().st_mode) for p in host.path("/run/adultapi").iterdir()} == {0o440}
    assert stat.S_IMODE(host.path("/run/adultapi").stat().st_mode) == 0o750
    assert host.called("install --directory", "--group=10001 /run/adultapi")
    assert len(host.called("chgrp 10001")) >= 2
    assert host.called("docker login", "--password-stdin 123456789012.dkr.ecr.us-east-1")
    assert host.called("docker pull", SETTINGS["image"])
    assert host.path("/etc/adultapi/settings").read_text() == SETTINGS["settings"] + "\n"
    [run] = host.called("docker run")
    assert run.split()[-1] == SETTINGS["image"]
    for option in (
        "--read-only", "--cap-drop ALL", "--security-opt no-new-privileges",
        "--env-file /etc/adultapi/settings", "--publish 8000:8000",
        "--volume /run/adultapi:/run/secrets/adultapi:ro",
        "--log-opt awslogs-stream=i-0123456789abcdef0", "--log-opt mode=non-blocking",
    ):  # fmt: skip
        assert option in run
    assert host.called("systemctl enable --now adultapi.service adultapi-secrets.timer")


def test_migrate_fails(boot: Boot) -> None:
    host = boot(HOST_BROKEN="migrate")
    assert host.status == 1
    assert host.called("docker run")
    assert host.called("journalctl --unit adultapi.service")
    assert re.match(r"adultapi: first boot failed: not ready after \d+ s", host.log[-1])


def test_login_never_works(boot: Boot) -> None:
    host = boot(HOST_BROKEN="login")
    assert host.status == 1
    assert len(host.called("docker login")) == 5
    assert host.log[-1] == "adultapi: first boot failed: the registry refuses the login"
    assert not host.called("docker pull")
    assert not host.called("adultapi.service")


@pytest.mark.parametrize(
    "answers",
    [
        {"HOST_LOADER": "not JSON"},
        {"HOST_LOADER": "[]"},
        {"HOST_LOADER": '{"username": "adultapi"}'},
        {"HOST_LOADER": '{"password": ""}'},
        {"HOST_LOADER": '{"password": null}'},
        {"HOST_LOADER": ""},
        {"HOST_DJANGO": ""},
        {"HOST_DJANGO": "short"},
    ],
    ids=lambda answers: "=".join(*answers.items()).removeprefix("HOST_"),
)
def test_malformed_secret(boot: Boot, answers: dict[str, str]) -> None:
    host = boot(**answers)
    name = next(iter(answers)).removeprefix("HOST_").lower()
    assert host.status == 1
    assert name not in host.secrets
    assert any(f"secret {name} not renewed" in line for line in host.log)
    assert host.log[-1] == "adultapi: first boot failed: the secrets cannot be read"
    assert not host.called("docker login")
    assert not host.called("adultapi.service")


# --- And more -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("dnf", "the package docker cannot be installed"),
        ("truststore", "the certificates of RDS cannot be fetched"),
        ("token", "the secrets cannot be read"),
        ("pull", f"{SETTINGS['image']} cannot be pulled"),
    ],
)
def test_other_steps_that_fail_say_so(boot: Boot, broken: str, message: str) -> None:
    host = boot(HOST_BROKEN=broken)
    assert host.status == 1
    assert host.log[-1] == f"adultapi: first boot failed: {message}"
    assert not host.called("adultapi.service")


def test_a_log_group_that_cannot_be_reached_stops_nothing(boot: Boot) -> None:
    host = boot(HOST_BROKEN="logs")
    assert (host.status, host.secrets["loader"]) == (0, PASSWORD)


def test_a_reboot_serves_again_with_secrets_of_that_day(boot: Boot) -> None:
    """What is in memory is lost, and the user data does not run again: systemd starts what it
    was told to; the image is on the disk."""
    then = """
    rm -r /run/adultapi
    rm "$HOST_STATE/serving"
    echo '{"password": "new"}' >"$HOST_STATE/rotated"
    : >"$HOST_STATE/calls"
    systemctl enable --now adultapi.service adultapi-secrets.timer
    """
    host = boot(then)
    assert host.secrets == {"reader": TOKEN, "loader": "new", "django": DJANGO}
    assert stat.S_IMODE(host.path("/run/adultapi").stat().st_mode) == 0o750
    assert (host.folder / "serving").exists()
    assert not host.called("docker login")
    assert not host.called("docker pull")


def test_a_new_password_is_written_as_a_whole(boot: Boot) -> None:
    """A file that is open keeps the earlier one; a look at the name finds the new one."""
    then = """
    exec 3</run/adultapi/loader
    echo '{"password": "new"}' >"$HOST_STATE/rotated"
    adultapi-secrets loader
    cat <&3 >"$HOST_STATE/seen"
    """
    host = boot(then)
    assert (host.folder / "seen").read_text() == PASSWORD
    assert host.secrets == {"reader": TOKEN, "loader": "new", "django": DJANGO}


@pytest.mark.parametrize("answer", ["unreachable", "not JSON", '{"password": ""}'])
def test_a_secret_that_cannot_be_renewed_stays_as_it_was(boot: Boot, answer: str) -> None:
    then = f"""
    echo '{answer}' >"$HOST_STATE/rotated"
    adultapi-secrets loader && exit 1
    true
    """
    host = boot(then)
    assert host.secrets == {"reader": TOKEN, "loader": PASSWORD, "django": DJANGO}
    assert "secret loader not renewed" in host.log[-1]


def test_no_secret_is_told(boot: Boot) -> None:
    host = boot()
    files = [path.read_text() for path in host.path("/etc").rglob("*") if path.is_file()]
    told = "\n".join([*host.calls, *files])
    assert PASSWORD not in told
    assert DJANGO not in told


def test_units(boot: Boot, terraform_env: dict[str, str]) -> None:
    host = boot()
    units = sorted(host.path("/etc/systemd/system").iterdir())
    assert [unit.name for unit in units] == [
        "adultapi-secrets.service", "adultapi-secrets.timer", "adultapi.service",
    ]  # fmt: skip
    for unit in units:  # the programs are those of another machine
        text = re.sub(r"/usr/(local/)?bin/[a-z-]+", "/bin/true", unit.read_text())
        unit.write_text(text.replace("Requires=docker.service\n", ""))
    found = subprocess.run(
        ["systemd-analyze", "verify", *units], text=True, timeout=GUARD, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    ours = [line for line in found.stdout.splitlines() if "adultapi" in line]
    assert (found.returncode, ours) == (0, [])


def test_lint(script: Path, boot: Boot, terraform_env: dict[str, str]) -> None:
    """The script as rendered, and the two that it writes."""
    written = sorted(boot().path("/usr/local/bin").iterdir())
    assert [path.name for path in written] == ["adultapi-say", "adultapi-secrets"]
    linted = subprocess.run(
        ["shellcheck", script, *written], env=terraform_env, text=True, timeout=GUARD, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert linted.returncode == 0, linted.stdout
