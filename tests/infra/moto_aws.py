"""The AWS of the tests: moto's server, with what it lacks mended.

Mended is only what the AWS provider sends and moto 5.2 does not give back, so that a plan
right after an apply is empty; and the instance refresh, which moto does not have. Every
patch names its gap.

Run as `python moto_aws.py BROKEN`; it prints its address. Images whose tags the file BROKEN
lists never get ready: a refresh to one of them fails and is rolled back.
"""

import json
import signal
import sys
import uuid
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup, FakeScalingPolicy
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult
from moto.ec2.models.launch_templates import LaunchTemplate
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.responses.launch_templates import LaunchTemplates
from moto.ec2.utils import parse_user_data
from moto.rds.models import DBInstance, DBParameterGroup
from moto.s3.models import FakeBucket
from moto.server import ThreadedMotoServer
from moto.ssm.responses import SimpleSystemManagerResponse


def mends(owner: type, name: str) -> Callable[[Callable[..., Any]], None]:
    """Replace a method by a function that is given the original first."""

    def decorator(function: Callable[..., Any]) -> None:
        original = getattr(owner, name)

        @wraps(original)
        def mended(*args: Any, **kwargs: Any) -> Any:
            return function(original, *args, **kwargs)

        setattr(owner, name, mended)

    return decorator


# --- Fields that are lost on reading back -----------------------------------------------------


@mends(FakeBucket, "get_permission")
def get_permission(original, bucket, action, resource):
    """moto takes "deny what is not TLS" for "deny": it reads no conditions."""
    policy = bucket.policy
    if policy is None:
        return original(bucket, action, resource)
    document = json.loads(policy)
    document["Statement"] = [s for s in document["Statement"] if "Condition" not in s]
    bucket.policy = json.dumps(document).encode()
    try:
        return original(bucket, action, resource)
    finally:
        bucket.policy = policy


# A rule that names a security group has its description there, not beside an address range.
SecurityGroupRule.description = property(
    lambda rule: rule.ip_range.get("Description") or rule.source_group.get("Description")
)

# A target-tracking policy is on, and is not a predictive one as well.
FakeScalingPolicy.enabled = True


@mends(FakeScalingPolicy, "__init__")
def scaling_policy(original, policy, *args, **kwargs):
    original(policy, *args, **kwargs)
    policy.predictive_scaling_configuration = policy.predictive_scaling_configuration or None


@mends(DBParameterGroup, "update_parameters")
def update_parameters(original, group, parameters):
    """The provider looks only at parameters whose source is the user."""
    original(group, [parameter | {"Source": "user"} for parameter in parameters])


@mends(DBInstance, "__init__")
def db_instance(original, instance, *args, **kwargs):
    original(instance, *args, **kwargs)
    instance.performance_insights_enabled = kwargs.get("enable_performance_insights", False)
    instance.performance_insights_kms_key_id = kwargs.get("performance_insights_kms_key_id")
    instance.performance_insights_retention_period = kwargs.get(
        "performance_insights_retention_period"
    )


@mends(LaunchTemplates, "create_launch_template")
def create_launch_template(original, response):
    """moto adds the template's own tags to those of what it launches."""
    result = original(response)
    template = response.ec2_backend.get_launch_template_by_name(
        response._get_param("LaunchTemplateName")
    )
    data = template.versions[0].data
    data["TagSpecifications"] = [
        spec for spec in data["TagSpecifications"] if spec["ResourceType"] != "launch-template"
    ]
    return result


@mends(LaunchTemplate, "create_version")
def create_version(original, template, data, description):
    """A second version brings its user data as `str`, which moto then stumbles over."""
    if isinstance(data["UserData"], str):
        data = data | {"UserData": parse_user_data(data["UserData"])}
    return original(template, data, description)


for action in ("create_auto_scaling_group", "update_auto_scaling_group"):

    @mends(AutoScalingResponse, action)
    def keep_what_moto_does_not_know(original, response):
        result = original(response)
        group = response.autoscaling_backend.autoscaling_groups[
            response._get_param("AutoScalingGroupName")
        ]
        warmup = response._get_int_param("DefaultInstanceWarmup")
        if warmup is not None:
            group.default_instance_warmup = warmup
        if policy := response._get_param("InstanceMaintenancePolicy"):
            group.instance_maintenance_policy = policy
        return result


# --- Instance refresh -------------------------------------------------------------------------

UNANSWERED = "Unanswered"


def replace_instances(backend: AutoScalingBackend, group: FakeAutoScalingGroup) -> None:
    size, old = group.desired_capacity, [state.instance.id for state in group.instance_states]
    backend.set_desired_capacity(group.name, 0)
    for arn in group.target_group_arns:
        backend.elbv2_backend.deregister_targets(arn, [{"Id": name} for name in old])
    backend.set_desired_capacity(group.name, size)
    backend.update_attached_target_groups(group.name)


@mends(FakeAutoScalingGroup, "_set_launch_configuration")
def remember_version(original, group, *args, **kwargs):
    group.version_before = getattr(group, "launch_template_version", None)
    original(group, *args, **kwargs)


def start_instance_refresh(response: AutoScalingResponse) -> ActionResult:
    backend = response.autoscaling_backend
    group = backend.autoscaling_groups[response._get_param("AutoScalingGroupName")]
    before, earlier = group.version_before, getattr(group, "refreshes", [])
    desired = response._get_param("DesiredConfiguration", {}).get("LaunchTemplate")
    if desired and desired["Version"] != group.launch_template_version:
        before = group.launch_template_version
        group.launch_template_version = desired["Version"]
        group.provided_launch_template_version = desired["Version"]
    refresh = {
        "InstanceRefreshId": str(uuid.uuid4()),
        "AutoScalingGroupName": group.name,
        "Status": "Pending",
        "PercentageComplete": 0,
        "Preferences": response._get_param("Preferences", {}),
    }
    user_data = group.user_data.decode()
    if any(tag in user_data for tag in Path(sys.argv[1]).read_text().split()):
        refresh["_stages"] = ["InProgress", "RollbackInProgress", "RollbackSuccessful"]
        refresh["StatusReason"] = "An instance failed its health checks."
        group.launch_template_version = before
        group.provided_launch_template_version = before
    else:
        first = [] if earlier else [UNANSWERED]
        refresh["_stages"] = [*first, "InProgress", "Successful"]
        replace_instances(backend, group)
    group.refreshes = [refresh, *earlier]
    return ActionResult({"InstanceRefreshId": refresh["InstanceRefreshId"]})


def describe_instance_refreshes(response: AutoScalingResponse) -> ActionResult:
    """The refreshes, latest first; each look moves them on by one stage."""
    backend = response.autoscaling_backend
    group = backend.autoscaling_groups[response._get_param("AutoScalingGroupName")]
    refreshes = getattr(group, "refreshes", [])
    for refresh in refreshes:
        if refresh["_stages"]:
            refresh["Status"] = refresh["_stages"].pop(0)
            if refresh["Status"] == UNANSWERED:
                raise ValidationError("AWS fails to answer, once")
            refresh["PercentageComplete"] = 50 if refresh["_stages"] else 100
    shown = [{k: v for k, v in r.items() if k != "_stages"} for r in refreshes]
    return ActionResult({"InstanceRefreshes": shown})


AutoScalingResponse.start_instance_refresh = start_instance_refresh
AutoScalingResponse.describe_instance_refreshes = describe_instance_refreshes


# --- Sessions ---------------------------------------------------------------------------------


def start_session(response: SimpleSystemManagerResponse) -> str:
    """moto starts no session; what holds it, stubs/session-manager-plugin is told of."""
    session = f"session-{response._get_param('Target')}"
    return json.dumps({"SessionId": session, "TokenValue": "none", "StreamUrl": "none"})


SimpleSystemManagerResponse.start_session = start_session


if __name__ == "__main__":
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    print(f"http://{host}:{port}", flush=True)
    signal.pause()
