"""What is there on the AWS of the tests."""

import base64
import re
from collections.abc import Callable
from typing import Any

from conftest import Aws

NAME = "adultapi-production"


def running(aws: Aws) -> list[dict[str, Any]]:
    filters = [{"Name": "instance-state-name", "Values": ["running"]}]
    reservations = aws.client("ec2").describe_instances(Filters=filters)["Reservations"]
    return [instance for reservation in reservations for instance in reservation["Instances"]]


def ids(aws: Aws) -> set[str]:
    return {instance["InstanceId"] for instance in running(aws)}


def started_with(aws: Aws) -> list[str]:
    """The tags of the images with which the running instances were started."""
    ec2 = aws.client("ec2")
    booted = [
        ec2.describe_instance_attribute(InstanceId=name, Attribute="userData")["UserData"]["Value"]
        for name in ids(aws)
    ]
    return [
        tag
        for data in booted
        for tag in re.findall(
            r"^service='.*:(\w+)'$", base64.b64decode(data).decode(), re.MULTILINE
        )
    ]


def run_by_instances(aws: Aws, tag: str) -> bool:
    """Whether two instances run, and each was started with the image of this tag."""
    return started_with(aws) == [tag, tag]


def group_version(aws: Aws) -> str:
    """The version of the launch template that new instances start with."""
    [group] = aws.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return str(group["LaunchTemplate"]["Version"])


def launch_template(aws: Aws) -> dict[str, Any]:
    ec2 = aws.client("ec2")
    [template] = ec2.describe_launch_templates()["LaunchTemplates"]
    [version] = ec2.describe_launch_template_versions(
        LaunchTemplateId=template["LaunchTemplateId"], Versions=["$Default"]
    )["LaunchTemplateVersions"]
    return version["LaunchTemplateData"]


def ssh_ranges(aws: Aws) -> list[str]:
    rules = aws.client("ec2").describe_security_group_rules()["SecurityGroupRules"]
    return [rule["CidrIpv4"] for rule in rules if rule.get("FromPort") == 22]


# What a deployment makes, and how to see what is left of it.
LEFT: dict[str, Callable[[Aws], list[Any]]] = {
    "instances": lambda aws: running(aws),
    "networks": lambda aws: [
        v for v in aws.client("ec2").describe_vpcs()["Vpcs"] if not v["IsDefault"]
    ],
    "addresses": lambda aws: aws.client("ec2").describe_addresses()["Addresses"],
    "launch templates": lambda aws: aws.client("ec2").describe_launch_templates()[
        "LaunchTemplates"
    ],
    "scaling": lambda aws: aws.client("autoscaling").describe_auto_scaling_groups()[
        "AutoScalingGroups"
    ],
    "load balancers": lambda aws: aws.client("elbv2").describe_load_balancers()["LoadBalancers"],
    "target groups": lambda aws: aws.client("elbv2").describe_target_groups()["TargetGroups"],
    "databases": lambda aws: aws.client("rds").describe_db_instances()["DBInstances"],
    "snapshots": lambda aws: aws.client("rds").describe_db_snapshots()["DBSnapshots"],
    "secrets": lambda aws: aws.client("secretsmanager").list_secrets()["SecretList"],
    "repositories": lambda aws: aws.client("ecr").describe_repositories()["repositories"],
    "buckets": lambda aws: aws.client("s3").list_buckets()["Buckets"],
    "roles": lambda aws: [
        r for r in aws.client("iam").list_roles()["Roles"] if NAME in r["RoleName"]
    ],
    "logs": lambda aws: aws.client("logs").describe_log_groups()["logGroups"],
    "alarms": lambda aws: aws.client("cloudwatch").describe_alarms()["MetricAlarms"],
    "topics": lambda aws: aws.client("sns").list_topics()["Topics"],
    "key aliases": lambda aws: [
        a for a in aws.client("kms").list_aliases()["Aliases"] if NAME in a["AliasName"]
    ],
}
