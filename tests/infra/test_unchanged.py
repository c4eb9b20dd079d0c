"""What leaves the first deployment as it is: the same commit again, and `make destroy` refused."""

from pathlib import Path

import pytest
from checkout import Site
from conftest import Aws
from looking import ids, running


@pytest.fixture(scope="module")
def start(first: Path) -> Path:
    return first / "aws"


def test_the_same_commit_again_changes_nothing(deployed: Site, aws: Aws) -> None:
    before, built = ids(aws), deployed.built()
    result = deployed.script("deploy")
    assert result.returncode == 0
    assert "exists already" in result.stdout
    assert "0 added, 0 changed, 0 destroyed" in result.stdout
    assert "Instance refresh" not in result.stdout
    assert (ids(aws), deployed.built()) == (before, built)


def test_destroy_wants_to_be_sure(deployed: Site, aws: Aws) -> None:
    assert deployed.script("destroy").returncode == 1
    assert deployed.script("destroy", CONFIRM="staging").returncode == 1
    assert len(running(aws)) == 2


def test_another_name_is_not_deployed(deployed: Site, aws: Aws) -> None:
    result = deployed.script("destroy", ENVIRONMENT="typo", CONFIRM="typo")
    assert result.returncode == 0
    assert "Nothing is deployed under the name typo" in result.stdout
    assert len(running(aws)) == 2


@pytest.mark.parametrize(
    "call", ["s3api head-bucket", "s3api list-object-versions", "s3api head-object"]
)
def test_a_look_that_fails_is_no_absence(deployed: Site, aws: Aws, call: str) -> None:
    result = deployed.script("destroy", CONFIRM="production", REFUSED=call)
    assert result.returncode not in {0, 130}
    assert "Nothing is deployed" not in result.stdout
    assert "Deleted" not in result.stdout
    assert len(running(aws)) == 2
