"""Releases of deployments of other sizes: all instances are replaced, some at a time."""

from pathlib import Path

import pytest
from checkout import Site
from conftest import Aws
from looking import started_with


@pytest.fixture(scope="module")
def start(first: Path) -> Path:
    return first / "aws"


@pytest.mark.parametrize("size", [3, 20])
def test_a_good_release_of_many_instances(deployed: Site, aws: Aws, size: int) -> None:
    """The deploy adds instances of the earlier release, and replaces them with the others."""
    deployed.settings(
        f'instances = {{ min = {size}, max = 20 }}\ndatabase_instance_class = "db.m7g.large"\n'
    )
    tag = deployed.commit(f"For {size}")
    result = deployed.script("deploy")
    assert result.returncode == 0
    assert started_with(aws) == [tag] * size
    assert result.stdout.count("Instance refresh: InProgress") >= 2
