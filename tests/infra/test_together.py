"""All optional features applied together, from nothing: the plan after it is empty.

The tests run in their order, on one deployment.
"""

import pytest
from checkout import NAMED, Site
from conftest import Aws
from looking import started_with
from options import CDN, TOGETHER, put


@pytest.fixture(scope="module")
def repositories(site: Site) -> Site:
    """A checkout whose deploy got as far as the images: the state is there, and nothing else."""
    site.commit("First")
    assert site.script("deploy", STOP_BEFORE=" plan ").returncode == 130
    return site


@pytest.mark.parametrize("door", ["cdn", "zone_id"])
def test_all_together(repositories: Site, aws: Aws, zone: str, door: str) -> None:
    name = {"zone_id": zone, "host_names": [NAMED, "census.example.org"]}
    put(repositories, aws, TOGETHER | (name if door == "zone_id" else CDN))


def test_what_was_applied_is_put_into_service(repositories: Site, aws: Aws) -> None:
    """The one instance is replaced by one that has these settings."""
    result = repositories.script("deploy")
    assert result.returncode == 0
    assert repositories.asked[-1] == f"{NAMED} /readyz"
    assert "Nobody is told of alarms" not in result.stdout
    assert started_with(aws) == [repositories.tags[-1]]
