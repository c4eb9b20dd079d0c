"""Images that go into service and out of it, by the scripts that people run."""

import pytest
from checkout import Site
from conftest import Aws
from looking import run_by_instances


@pytest.fixture(scope="module")
def deployed(site: Site) -> Site:
    site.commit("First")
    assert site.script("deploy").returncode == 0
    return site


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
