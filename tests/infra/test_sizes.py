"""Releases of deployments of other sizes: all instances are replaced, some at a time."""

import pytest
from checkout import Site
from conftest import Aws
from looking import started_with


@pytest.mark.parametrize("size", [3, 20])
def test_a_good_release_of_many_instances(site: Site, aws: Aws, size: int) -> None:
    """The second of two deploys; the first makes the deployment, or has it be so large."""
    site.settings(
        f'instances = {{ min = {size}, max = 20 }}\ndatabase_instance_class = "db.m7g.large"\n'
    )
    site.commit(f"First for {size}")
    assert site.script("deploy").returncode == 0
    tag = site.commit(f"Second for {size}")
    result = site.script("deploy")
    assert result.returncode == 0
    assert started_with(aws) == [tag] * size
    assert result.stdout.count("Instance refresh: InProgress") >= 2
