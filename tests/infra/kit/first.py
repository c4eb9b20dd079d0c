"""The first deployment, made once for all modules that begin with one: each is given a copy."""

import fcntl
import os
import shutil
from pathlib import Path

import pytest
from checkout import LoadBalancer, Site, new_site, serving, site_in
from conftest import Aws, attached, copy_of_aws
from looking import NAME

BUCKET = "adultapi-state-123456789012-us-east-1"


@pytest.fixture(scope="session")
def first(terraform_env: dict[str, str], certificate: Path) -> Path:
    """The folder of the first deployment: its AWS, its checkout, the output of `make deploy`, and
    its requests to the load balancer."""
    folder = Path(os.environ["SHARED"]) / "first"
    with Path(f"{folder}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the modules run in several processes
        if not (folder / "said").exists():
            copy = copy_of_aws(Path(os.environ["SHARED"]), folder / "aws", terraform_env)
            with serving(certificate) as balancer, attached(copy) as aws:
                make_first(folder, aws, balancer)
    return folder


def make_first(folder: Path, aws: Aws, balancer: LoadBalancer) -> None:
    """It finds a bucket for its state that an attempt from elsewhere left half-made; its push fails
    once, and running it again goes on from there, with a quota that just suffices."""
    aws.client("s3").create_bucket(Bucket=BUCKET)
    site = new_site(folder / "site", aws, balancer)
    tag = site.commit("First")
    site.push_fails.touch()
    failed = site.script("deploy")
    assert failed.returncode != 0
    assert "push: connection reset" in failed.stdout
    site.push_fails.unlink()
    deployed = site.script("deploy", QUOTA="5")
    assert deployed.returncode == 0
    assert site.built() == 2 * [f"{NAME}:{tag}", f"{NAME}-proxy:{tag}"]
    (folder / "asked").write_text("\n".join(site.asked))
    (folder / "said").write_text(deployed.stdout)


@pytest.fixture(scope="module")
def deployed(
    first: Path, aws: Aws, load_balancer: LoadBalancer, tmp_path_factory: pytest.TempPathFactory
) -> Site:
    """The checkout of the first deployment, for a module whose `start` is its AWS."""
    root = tmp_path_factory.mktemp("deployed") / "site"
    shutil.copytree(first / "site", root, symlinks=True)
    shutil.copy(first / "site.docker", f"{root}.docker")
    load_balancer.asked.extend((first / "asked").read_text().splitlines())
    site = site_in(root, aws, load_balancer)
    site.tags.append(site.run(["git", "rev-parse", "--short=12", "HEAD"]).stdout.strip())
    return site
