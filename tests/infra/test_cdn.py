"""CloudFront put before the first deployment, which replaces the load balancer.

The tests run in their order.
"""

from pathlib import Path

import pytest
from checkout import Site
from conftest import Aws
from options import CDN, NO_PROTECTION, put


@pytest.fixture(scope="module")
def start(first: Path) -> Path:
    return first / "aws"


def test_without_protection(deployed: Site, aws: Aws) -> None:
    put(deployed, aws, NO_PROTECTION)


def test_cdn_alone(deployed: Site, aws: Aws) -> None:
    put(deployed, aws, CDN)
    [balancer] = aws.client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert balancer["Scheme"] == "internal"
    [group] = aws.client("elbv2").describe_target_groups()["TargetGroups"]
    [scaling] = aws.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert scaling["TargetGroupARNs"] == [group["TargetGroupArn"]]
