"""What the tests of the infrastructure run on: Terraform, its provider, and an AWS."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
INFRA = ROOT / "infra"
REGION = "us-east-1"
NOT_COMMITTED = [".terraform", "*.tfstate*", "*.tfvars", "test_key.pem*", "api_dns_name.txt"]

# Where a provider may lie unpacked, as `terraform providers mirror` or a package puts it.
MIRRORS = ["/opt", "/usr/local", "/usr/share", "/usr/lib", "/srv", Path.home() / ".terraform.d"]


def pytest_configure() -> None:
    for tool, source in [
        ("terraform", "https://developer.hashicorp.com/terraform/install"),
        ("git", "the packages of your system"),
        ("systemd-analyze", "the package systemd of your system"),
        ("unshare", "the package util-linux of your system"),
    ]:
        if not shutil.which(tool):
            pytest.exit(f"The tests of infra/ need {tool}: get it from {source}.", returncode=1)


def provider_mirror() -> Path | None:
    """The folder of a filesystem mirror that holds the AWS provider, if there is one."""
    places = [str(place) for place in MIRRORS if Path(place).is_dir()]
    pattern = "*/registry.terraform.io/hashicorp/aws/*/terraform-provider-aws*"
    found = subprocess.run(
        ["find", *places, "-path", pattern, "-print", "-quit"],
        capture_output=True, text=True, check=False,
    ).stdout.strip()  # fmt: skip
    return Path(found.split("/registry.terraform.io/")[0]) if found else None


@pytest.fixture(scope="session")
def terraform_env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which Terraform finds its provider: on disk, or in the registry."""
    config = tmp_path_factory.mktemp("terraform") / "terraform.rc"
    aws = '"registry.terraform.io/hashicorp/aws"'
    if mirror := provider_mirror():
        config.write_text(
            "provider_installation {\n"
            f'  filesystem_mirror {{\n    path    = "{mirror}"\n    include = [{aws}]\n  }}\n'
            f"  direct {{\n    exclude = [{aws}]\n  }}\n}}\n"
        )
    else:
        config.write_text("")
    # The tools beside this Python: the AWS CLI, checkov, shellcheck.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_"))}
    return kept | {"TF_CLI_CONFIG_FILE": str(config), "TF_IN_AUTOMATION": "1", "PATH": path}


def run(
    command: list[str | Path], cwd: Path, env: dict[str, str], timeout: int = 300
) -> subprocess.CompletedProcess[str]:
    """Run a command, whose output tells of both streams; at a timeout nothing of it stays."""
    process = subprocess.Popen(
        command, cwd=cwd, env=env, text=True, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        pytest.fail(f"{command} takes more than {timeout} s:\n{output}")
    print(output)
    return subprocess.CompletedProcess(command, process.returncode, output)


@dataclass
class Aws:
    """A running AWS of the tests, and how to reach it."""

    env: dict[str, str]
    broken_tags: Path
    endpoint: str = field(init=False)

    def __post_init__(self) -> None:
        self.endpoint = self.env["AWS_ENDPOINT_URL"]

    def client(self, service: str) -> Any:
        return boto3.client(
            service, REGION, endpoint_url=self.endpoint,
            aws_access_key_id="test", aws_secret_access_key="test",
        )  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def aws(terraform_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """A fresh AWS for each module."""
    folder = tmp_path_factory.mktemp("aws")
    broken_tags = folder / "broken"
    broken_tags.write_text("")
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, HERE / "moto_aws.py", str(port), broken_tags],
            env={**os.environ, "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"},
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{endpoint}/moto-api/", timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            pytest.fail(f"moto did not start: {(folder / 'log').read_text()}")
        yield Aws(
            terraform_env
            | {
                "AWS_ENDPOINT_URL": endpoint,
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_REGION": REGION,
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_MAX_ATTEMPTS": "3",  # of 25: an unimplemented call fails at once
            },
            broken_tags,
        )
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture(scope="session")
def infra_copy(terraform_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of infra/, initialised without its backend."""
    copy = tmp_path_factory.mktemp("static") / "infra"
    shutil.copytree(
        INFRA, copy, ignore=shutil.ignore_patterns(".terraform", "*.tfstate*", "*.tfvars")
    )
    for root in (copy, copy / "bootstrap"):
        command = ["terraform", "init", "-backend=false", "-lockfile=readonly", "-no-color"]
        assert run(command, root, terraform_env).returncode == 0
    return copy
