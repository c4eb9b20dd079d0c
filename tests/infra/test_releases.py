"""Images that go into service and out of it, by the scripts that people run."""

import stat

import pytest
from checkout import Site
from conftest import Aws
from looking import NAME, ids, launch_template, run_by_instances, ssh_ranges


@pytest.fixture(scope="module")
def deployed(site: Site, aws: Aws) -> Site:
    """The first deployment. It finds a bucket for its state that an attempt from elsewhere left
    half-made; its push fails once, and running it again goes on from there."""
    aws.client("s3").create_bucket(Bucket="adultapi-state-123456789012-us-east-1")
    tag = site.commit("First")
    site.push_fails.touch()
    assert site.script("deploy").returncode != 0
    site.push_fails.unlink()
    assert site.script("deploy").returncode == 0
    assert site.built() == [tag, tag]
    return site


def test_the_same_commit_again_changes_nothing(deployed: Site, aws: Aws) -> None:
    before, built = ids(aws), deployed.built()
    result = deployed.script("deploy")
    assert result.returncode == 0
    assert "is in the repository already" in result.stdout
    assert "0 added, 0 changed, 0 destroyed" in result.stdout
    assert (ids(aws), deployed.built()) == (before, built)


def test_an_image_that_never_gets_ready_is_taken_back(deployed: Site, aws: Aws) -> None:
    good, bad = deployed.tags[-1], deployed.commit("Second, not ready yet")
    aws.broken_tags.write_text(bad)
    result = deployed.script("deploy")
    assert result.returncode == 1
    assert "Instance refresh: RollbackSuccessful" in result.stdout
    assert f"Going back to image {good}" in result.stdout
    assert f"image {bad} is not in service" in result.stdout
    assert run_by_instances(aws, good)
    assert deployed.plan(good).returncode == 0


def test_rollback_wants_an_image_that_there_is(deployed: Site) -> None:
    for tag in ("", "0123456789ab"):
        result = deployed.script("rollback", TAG=tag)
        assert result.returncode == 1
        assert all(tag in result.stdout for tag in deployed.tags)


def test_rollback(deployed: Site, aws: Aws) -> None:
    """To any image of the repository, without a build: here, to the one that is ready by now."""
    second = deployed.tags[-1]
    aws.broken_tags.write_text("")
    built = deployed.built()
    assert deployed.script("rollback", TAG=second).returncode == 0
    assert run_by_instances(aws, second)
    assert deployed.built() == built
    assert deployed.plan(second).returncode == 0


def test_ssh_is_opened_to_one_range_and_closed_again(deployed: Site, aws: Aws) -> None:
    tag = deployed.commit("Third")
    result = deployed.script("deploy", SSH_DEBUG="1", SSH_CIDR="203.0.113.7/32")
    assert result.returncode == 0
    key = deployed.infra / "test_key.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert ssh_ranges(aws) == ["203.0.113.7/32"]
    assert launch_template(aws)["KeyName"].startswith(f"{NAME}-debug-")
    assert deployed.run(["git", "status", "--porcelain"]).stdout == ""
    assert deployed.script("deploy").returncode == 0
    assert ssh_ranges(aws) == []
    assert aws.client("ec2").describe_key_pairs()["KeyPairs"] == []
    assert run_by_instances(aws, tag)
