"""First deployments, made once for all modules that begin with one: each is given a copy."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from checkout import LoadBalancer, Site, new_site, serving, site_in
from conftest import Aws, attached, copy_of_aws
from looking import NAME


def made_once(
    name: str, make: Callable[[Site], str], env: dict[str, str], certificate: Path
) -> Path:
    """The folder of what `make` makes from a new checkout: its AWS, the checkout, what the scripts
    said (which `make` returns), and their requests to the load balancer."""
    folder = Path(os.environ["SHARED"]) / name
    with Path(f"{folder}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the modules run in several processes
        if not (folder / "said").exists():
            copy = copy_of_aws(Path(os.environ["SHARED"]), folder / "aws", env)
            with serving(certificate) as balancer, attached(copy) as aws:
                said = make(new_site(folder / "site", aws, balancer))
                (folder / "asked").write_text("\n".join(balancer.asked))
                (folder / "said").write_text(said)
    return folder


def copy_of(made: Path, folder: Path, aws: Aws, balancer: LoadBalancer) -> Site:
    """A copy of the checkout, for a module whose `start` is the AWS."""
    shutil.copytree(made / "site", folder / "site", symlinks=True)
    shutil.copy(made / "site.docker", folder / "site.docker")
    balancer.asked.extend((made / "asked").read_text().splitlines())
    site = site_in(folder / "site", aws, balancer)
    site.tags.append(site.run(["git", "rev-parse", "--short=12", "HEAD"]).stdout.strip())
    return site


# --- Made by one `make deploy` ------------------------------------------------------------------


@pytest.fixture(scope="session")
def first(terraform_env: dict[str, str], certificate: Path) -> Path:
    return made_once("first", deploy, terraform_env, certificate)


def deploy(site: Site) -> str:
    """With a quota that just suffices."""
    tag = site.commit("First")
    deployed = site.script("deploy", QUOTA="5")
    assert deployed.returncode == 0
    assert site.built() == [f"{NAME}:{tag}", f"{NAME}-proxy:{tag}"]
    return deployed.stdout


@pytest.fixture(scope="module")
def deployed(
    first: Path, aws: Aws, load_balancer: LoadBalancer, tmp_path_factory: pytest.TempPathFactory
) -> Site:
    return copy_of(first, tmp_path_factory.mktemp("deployed"), aws, load_balancer)


# --- Interrupted when the bucket and the repositories are there ---------------------------------


@pytest.fixture(scope="session")
def begun(terraform_env: dict[str, str], certificate: Path) -> Path:
    return made_once("begun", begin, terraform_env, certificate)


def begin(site: Site) -> str:
    site.commit("First")
    deployed = site.script("deploy", STOP_BEFORE=" plan ")
    assert deployed.returncode == 130
    return deployed.stdout


@pytest.fixture(scope="module")
def repositories(
    begun: Path, aws: Aws, load_balancer: LoadBalancer, tmp_path_factory: pytest.TempPathFactory
) -> Site:
    return copy_of(begun, tmp_path_factory.mktemp("begun"), aws, load_balancer)
