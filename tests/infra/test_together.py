"""All optional features and a zone applied together, from nothing: the plan after it is empty.

The tests run in their order, on one deployment.
"""

from pathlib import Path

import pytest
from checkout import NAMED, Site
from conftest import Aws
from looking import started_with
from options import TOGETHER, put


@pytest.fixture(scope="module")
def start(begun: Path) -> Path:
    return begun / "aws"


def test_all_together(repositories: Site, aws: Aws, zone: str) -> None:
    names = {"zone_id": zone, "host_names": [NAMED, "census.example.org"]}
    put(repositories, aws, TOGETHER | names)


def test_what_was_applied_is_put_into_service(repositories: Site, aws: Aws) -> None:
    """The one instance is replaced by one that has these settings."""
    result = repositories.script("deploy")
    assert result.returncode == 0
    assert repositories.asked[-1] == f"{NAMED} /readyz"
    assert "Nobody is told of alarms" not in result.stdout
    assert started_with(aws) == [repositories.tags[-1]]
