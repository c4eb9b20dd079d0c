"""A first deploy that fails on its way goes on from there when it is run again.

The tests run in their order, on one checkout.
"""

from checkout import Site
from conftest import Aws
from looking import NAME, running

BUCKET = "adultapi-state-123456789012-us-east-1"


def test_what_the_provider_refuses_is_told_before_the_build(site: Site, aws: Aws) -> None:
    """The bucket for the state is there, as an attempt from elsewhere left it: half-made."""
    aws.client("s3").create_bucket(Bucket=BUCKET)
    site.commit("First")
    site.settings("database_backup_days = 36\n")
    result = site.script("deploy")
    site.settings("")
    assert result.returncode == 1
    assert "expected backup_retention_period to be in the range" in result.stdout
    assert site.built() == []


def test_a_push_that_fails(site: Site, aws: Aws) -> None:
    site.push_fails.touch()
    result = site.script("deploy")
    site.push_fails.unlink()
    assert result.returncode not in {0, 130}
    assert "push: connection reset" in result.stdout
    assert running(aws) == []


def test_the_images_are_built_again_and_pushed(site: Site, aws: Aws) -> None:
    [tag] = site.tags
    assert site.script("deploy", STOP_BEFORE=" apply ").returncode == 130
    assert site.built() == 2 * [f"{NAME}:{tag}", f"{NAME}-proxy:{tag}"]
    for repository in (NAME, f"{NAME}-proxy"):
        [image] = aws.client("ecr").list_images(repositoryName=repository)["imageIds"]
        assert image["imageTag"] == tag
