"""What the tests of the infrastructure run on: Terraform, its provider, the AWS CLI, and an AWS.

Started once for all of them, as each start takes seconds: the AWS CLI (aws_cli.py), and an AWS
(moto_aws.py) of which each module is given a copy. Both are reached by sockets in the folder that
SHARED names.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

pytest_plugins = ["booting", "checkout", "first", "options"]

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
INFRA = ROOT / "infra"
REGION = "us-east-1"
GUARD = 1800  # seconds after which something hangs, however busy the machine
SERVERS: list[subprocess.Popen[str]] = []
NOT_COMMITTED = [".terraform", "*.tfstate*", "*.tfvars", "test_key.pem*", "api_dns_name.txt"]

# Where a provider may lie unpacked, as `terraform providers mirror` or a package puts it.
MIRRORS = ["/opt", "/usr/local", "/usr/share", "/usr/lib", "/srv", Path.home() / ".terraform.d"]


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return
    for tool, source in [
        ("terraform", "https://developer.hashicorp.com/terraform/install"),
        ("git", "the packages of your system"),
        ("ssh-keygen", "the package openssh-client of your system"),
        ("openssl", "the packages of your system"),
        ("systemd-analyze", "the package systemd of your system"),
        ("unshare", "the package util-linux of your system"),
    ]:
        if not shutil.which(tool):
            pytest.exit(f"The tests of infra/ need {tool}: get it from {source}.", returncode=1)
    shared = Path(mkdtemp())
    os.environ["SHARED"] = str(shared)
    with redirect_stdout(StringIO()):
        copy = copy_of_infra(shared / "init")
        initialised = init(copy, environment(shared))
    if initialised.returncode:
        pytest.exit(
            "The tests of infra/ need Terraform's AWS provider, on this machine or from "
            f"Terraform's registry, but `terraform init` says:\n{initialised.stdout}",
            returncode=1,
        )
    [provider] = copy.glob(".terraform/providers/*/hashicorp/aws/*/*/terraform-provider-aws*")
    os.environ["PROVIDER"] = str(provider)
    os.environ["CLI_SOCKET"] = str(shared / "cli")
    for command in (["aws_cli.py"], ["moto_aws.py", str(shared)]):
        with (shared / "log").open("a") as log:
            server = subprocess.Popen(
                [sys.executable, HERE / "kit" / command[0], *command[1:]],
                env={**os.environ, "MOTO_ACM_VALIDATION_WAIT": "1"},
                text=True, start_new_session=True, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        SERVERS.append(server)
        assert server.stdout
        if server.stdout.readline() != "ready\n":
            pytest.exit(f"{command[0]} does not start: {Path(log.name).read_text()}", returncode=1)


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return
    for server in SERVERS:  # and the copies
        os.killpg(server.pid, signal.SIGKILL)
        server.communicate()
    shutil.rmtree(os.environ["SHARED"])


def provider_mirror() -> Path | None:
    """The folder of a filesystem mirror that holds the AWS provider, if there is one."""
    places = [str(place) for place in MIRRORS if Path(place).is_dir()]
    pattern = "*/registry.terraform.io/hashicorp/aws/*/terraform-provider-aws*"
    found = subprocess.run(
        ["find", *places, "-path", pattern, "-print", "-quit"],
        capture_output=True, text=True, check=False,
    ).stdout.strip()  # fmt: skip
    return Path(found.split("/registry.terraform.io/")[0]) if found else None


def environment(folder: Path) -> dict[str, str]:
    """An environment in which Terraform finds its provider: on disk, or in the registry."""
    config = folder / "terraform.rc"
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


@pytest.fixture(scope="session")
def terraform_env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return environment(tmp_path_factory.mktemp("terraform"))


def copy_of_infra(folder: Path) -> Path:
    """A copy of infra/ as it is committed, in the folder."""
    return Path(
        shutil.copytree(INFRA, folder / "infra", ignore=shutil.ignore_patterns(*NOT_COMMITTED))
    )


def init(root: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Have Terraform fetch its provider, and look at no state."""
    command = ["terraform", "init", "-backend=false", "-lockfile=readonly", "-no-color"]
    return run(command, root, env)


def run(
    command: list[str | Path], cwd: Path, env: dict[str, str], timeout: int = GUARD
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
    process: int
    endpoint: str = field(init=False)

    def __post_init__(self) -> None:
        self.endpoint = self.env["AWS_ENDPOINT_URL"]

    def client(self, service: str) -> Any:
        import boto3  # a second of CPU, which no process needs while the first deployment is made

        return boto3.client(
            service, REGION, endpoint_url=self.endpoint,
            aws_access_key_id="test", aws_secret_access_key="test",
        )  # fmt: skip


def copy_of_aws(start: Path, folder: Path, env: dict[str, str]) -> Aws:
    """An AWS of its own, in the folder, with all that is in the one that serves from `start`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "broken").write_text("")
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(start / "copies"))
        caller.sendall(str(folder).encode())
        endpoint, process = caller.recv(4096).decode().split()
    return Aws(
        env
        | {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "3",  # of 25: an unimplemented call fails at once
        },
        folder / "broken",
        int(process),
    )


@contextmanager
def attached(aws: Aws) -> Iterator[Aws]:
    """The AWS, with a provider that Terraform finds running (as under a debugger), and does not
    start two or three times for each command."""
    provider = subprocess.Popen(
        [os.environ["PROVIDER"], "-debug"], env=aws.env, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert provider.stdout
        found = (re.search("TF_REATTACH_PROVIDERS='(.*)'", line) for line in provider.stdout)
        where = next(match[1] for match in found if match)
        yield replace(aws, env=aws.env | {"TF_REATTACH_PROVIDERS": where})
    finally:
        provider.kill()
        provider.communicate()


@pytest.fixture(scope="module", autouse=True)
def priority(request: pytest.FixtureRequest) -> None:
    """The modules that begin with the first deployment end last: the others leave them the CPU.

    Each module has a process of its own."""
    if "first" not in request.fixturenames:
        os.nice(10)


@pytest.fixture(scope="module")
def start() -> Path:
    """The AWS of which a module is given a copy: an empty one, unless the module says otherwise."""
    return Path(os.environ["SHARED"])


@pytest.fixture(scope="module")
def aws(
    start: Path, terraform_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Aws]:
    copy = copy_of_aws(start, tmp_path_factory.mktemp("aws"), terraform_env)
    with attached(copy) as aws:
        yield aws
    os.kill(copy.process, signal.SIGKILL)


@pytest.fixture(scope="session")
def infra_copy(terraform_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of infra/, initialised without its backend."""
    copy = copy_of_infra(tmp_path_factory.mktemp("static"))
    for root in (copy, copy / "bootstrap"):
        assert init(root, terraform_env).returncode == 0
    return copy
