"""A first deployment with a name, a zone, and thus HTTPS; then CloudFront before it instead.

The tests run in their order.
"""

import re
from pathlib import Path

import pytest
from checkout import NAMED, Site
from conftest import Aws
from options import CDN, put


@pytest.fixture(scope="module")
def start(begun: Path) -> Path:
    return begun / "aws"


@pytest.fixture(scope="module")
def deployed(repositories: Site, zone: str) -> Site:
    """The first deployment: with a name, a zone, and thus HTTPS."""
    site = repositories
    site.settings(f'zone_id = "{zone}"\nhost_names = ["{NAMED}"]\ndeletion_protection = false\n')
    result = site.script("deploy")
    balancer = (site.infra / "api_dns_name.txt").read_text().strip()
    assert result.returncode == 0
    assert site.asked[-1] == f"{NAMED} /readyz"  # of the load balancer, by HTTPS
    assert f"https://{NAMED} does not reach it yet: point the name at {balancer}" in result.stdout
    assert re.search(rf"^    url +https://{NAMED}$", result.stdout, re.MULTILINE)
    assert site.plan(site.tags[-1]).returncode == 0
    return site


def test_the_zone_has_the_name(deployed: Site, aws: Aws, zone: str) -> None:
    found = aws.client("route53").list_resource_record_sets(HostedZoneId=zone)
    records = {record["Name"]: record for record in found["ResourceRecordSets"]}
    alias = records[f"{NAMED}."]["AliasTarget"]["DNSName"].removeprefix("dualstack.").rstrip(".")
    assert alias.lower() == (deployed.infra / "api_dns_name.txt").read_text().strip()
    assert any(record["Type"] == "CNAME" for record in records.values())
    [listener] = [each for each in listeners(aws) if each["Port"] == 443]
    [certificate] = aws.client("acm").list_certificates()["CertificateSummaryList"]
    assert listener["Certificates"][0]["CertificateArn"] == certificate["CertificateArn"]


def listeners(aws: Aws) -> list[dict[str, object]]:
    elb = aws.client("elbv2")
    [balancer] = elb.describe_load_balancers()["LoadBalancers"]
    found = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])
    return list(found["Listeners"])


def test_cdn_instead(deployed: Site, aws: Aws) -> None:
    """The load balancer is replaced by a private one."""
    put(deployed, aws, CDN)
    [balancer] = aws.client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert balancer["Scheme"] == "internal"
    [group] = aws.client("elbv2").describe_target_groups()["TargetGroups"]
    [scaling] = aws.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert scaling["TargetGroupARNs"] == [group["TargetGroupArn"]]
