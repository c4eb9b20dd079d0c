"""First boots: the user data as Terraform renders it, run as root of a made-up host.

The script runs in namespaces of its own, without a network and on a disk in memory. What the
host and AWS would answer is played by stubs/host, each call of which is recorded.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import GUARD, HERE, INFRA

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
SERVICE = f"{REGISTRY}/adultapi-production:0123456789ab"
PROXY = f"{REGISTRY}/adultapi-production-proxy:0123456789ab"
DATABASE_URL = (  # as in compute.tf
    "postgresql://{}@db.example.org:5432/adult"
    "?sslmode=verify-full&sslrootcert=/etc/adultapi/rds-ca.pem&passfile=/run/secrets/{}"
)
SETTINGS = {
    "boot_seconds": "3",
    "database": "db.example.org:5432",
    "database_host": "db.example.org",
    "database_name": "adult",
    "database_secret_arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:database",
    "database_user": "adultapi",
    "django_secret_arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:django",
    "group": "adultapi-production",
    "hook": "booted",
    "images": {"service": SERVICE, "proxy": PROXY},
    "log_group": "/adultapi-production/app",
    "proxy_port": "8080",
    "reader": "reader",
    "region": "us-east-1",
    "settings": {
        "service": "ALLOWED_HOSTS=127.0.0.1\nEXPORT_DIR=/var/lib/adultapi\n"
        "SECRET_KEY_FILE=/run/secrets/adultapi/django\nLOG_FORMAT=json\n"
        f"DATABASE_URL={DATABASE_URL.format('reader', 'adultapi/reader')}",
        "loader": f"LOADER_DATABASE_URL={DATABASE_URL.format('adultapi', 'loader/owner')}",
        "proxy": "SERVICE=198.18.0.2:8000\nRATE_LIMIT=50r/s",
    },
}
PASSWORD = "p\"a$s\\w:`o r'd"
DJANGO = "k" * 64
TOKEN = "db.example.org:5432/?Action=connect&DBUser=reader"
READER = "db.example.org:5432:adult:reader:" + TOKEN.replace(":", "\\:")
OWNER = "db.example.org:5432:adult:adultapi:" + PASSWORD.replace("\\", "\\\\").replace(":", "\\:")
SECRETS = {"serve/reader": READER, "serve/django": DJANGO, "load/owner": OWNER}


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
PLAYED = ["aws", "chown", "curl", "dnf", "docker", "install", "journalctl", "sleep", "systemctl"]
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
        return {str(p.relative_to(folder)): p.read_text() for p in folder.glob("*/*")}

    @property
    def told(self) -> str | None:
        """What Auto Scaling was told: CONTINUE or ABANDON, once."""
        calls = self.called("aws autoscaling complete-lifecycle-action")
        assert all("--lifecycle-hook-name booted" in call for call in calls)
        assert all("--instance-id i-0123456789abcdef0" in call for call in calls)
        results = [call.partition("--lifecycle-action-result ")[2].split()[0] for call in calls]
        assert len(results) <= 1
        return results[0] if results else None


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
                "HOST_OWNER": json.dumps({"username": "adultapi", "password": PASSWORD}),
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
