"""The AWS of the tests: moto's server, with what it lacks mended.

Mended is only what the AWS provider sends and moto 5.2 does not give back, so that a plan
right after an apply is empty; and the instance refresh, which moto does not have. Every
patch names its gap.

Run as `python moto_aws.py FOLDER`. A client that sends the path of another folder to the socket
FOLDER/copies gets the address and the process of a copy, which has the same content and serves from
that folder.

Images whose tags the file FOLDER/broken lists never get ready; the word "stuck" there keeps every
instance refresh from moving on, "alarm" has the alarm of its specification ring when half of the
instances are replaced.
"""

import json
import os
import signal
import socket
import sys
import uuid
from collections.abc import Callable
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import Any

import moto_cloudfront  # noqa: F401 - mends by being imported
import moto_logs  # noqa: F401 - as above
from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.models import (
    AutoScalingBackend,
    FakeAutoScalingGroup,
    FakeScalingPolicy,
    InstanceState,
)
from moto.autoscaling.responses import AutoScalingResponse
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.responses import ActionResult
from moto.ec2.models.launch_templates import LaunchTemplate
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.responses.launch_templates import LaunchTemplates
from moto.ec2.utils import parse_user_data
from moto.elbv2.models import FakeTargetGroup
from moto.rds.models import DBInstance, DBParameterGroup, RDSBackend
from moto.s3.models import FakeBucket
from moto.server import ThreadedMotoServer


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


@mends(SecurityGroupRule, "__init__")
def security_group_rule(original, rule, *args, **kwargs):
    original(rule, *args, **kwargs)
    given = signature(original).bind(rule, *args, **kwargs).arguments
    rule.prefix_list = given.get("prefix_list_id") or {}


# The description of a rule is beside what it names: addresses, a security group or a prefix list.
SecurityGroupRule.description = property(
    lambda rule: next(
        (
            named["Description"]
            for named in (rule.ip_range, rule.source_group, rule.prefix_list)
            if named.get("Description")
        ),
        None,
    )
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
    instance.dbi_resource_id = f"db-{uuid.uuid4().hex[:26].upper()}"  # moto has one for all
    instance.database_insights_mode = kwargs.get("database_insights_mode", "standard")


@mends(RDSBackend, "modify_db_instance")
def modify_db_instance(original, backend, name, changes):
    """What a restored database is given afterwards."""
    instance = original(backend, name, changes)
    if "enable_performance_insights" in changes:
        instance.performance_insights_enabled = changes["enable_performance_insights"]
    return instance


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
        groups = response.autoscaling_backend.autoscaling_groups
        group = groups.get(response._get_param("AutoScalingGroupName"))
        if group and active(group) and response._get_param("LaunchTemplate"):
            raise ValidationError("An active instance refresh with a desired configuration exists.")
        result = original(response)
        group = response.autoscaling_backend.autoscaling_groups[
            response._get_param("AutoScalingGroupName")
        ]
        warmup = response._get_int_param("DefaultInstanceWarmup")
        if warmup is not None:
            group.default_instance_warmup = warmup
        lifetime = response._get_int_param("MaxInstanceLifetime")
        if lifetime is not None:
            group.max_instance_lifetime = lifetime
        if policy := response._get_param("InstanceMaintenancePolicy"):
            group.instance_maintenance_policy = policy
        return result


# --- Target groups ----------------------------------------------------------------------------


@mends(AutoScalingBackend, "detach_load_balancer_target_groups")
def detach_load_balancer_target_groups(original, backend, group_name, target_group_arns):
    """AWS refuses to detach what is not attached; moto would fail at its instances instead."""
    if not set(target_group_arns) <= set(backend.autoscaling_groups[group_name].target_group_arns):
        raise ValidationError("Trying to remove Target Groups that are not part of the group.")
    original(backend, group_name, target_group_arns)


@mends(FakeTargetGroup, "deregister")
def deregister(original, group, targets):
    """AWS succeeds for targets that are not registered (API reference, DeregisterTargets)."""
    original(group, [target for target in targets if target["Id"] in group.targets])


# --- Instance refresh -------------------------------------------------------------------------

# As the guide of Auto Scaling has it ("Undo changes with a manual or auto rollback"): a rollback
# returns to what the group held when the refresh began, whoever changed that shortly before. The
# group takes the desired configuration over when the refresh has ended well, and only then.


class InstanceRefreshInProgress(AutoscalingClientError):
    code = "InstanceRefreshInProgress"
    message = "An instance refresh is already in progress."


class ActiveInstanceRefreshNotFound(AutoscalingClientError):
    code = "ActiveInstanceRefreshNotFound"
    message = "No instance refresh is in progress."


ACTIVE = {"Pending", "InProgress", "RollbackInProgress"}
PATIENCE = 3  # looks at a refresh whose new instances fail until it is given up


@mends(FakeAutoScalingGroup, "replace_autoscaling_group_instances")
def remember_version(original, group, *args):
    """moto takes every instance for one of the default version."""
    original(group, *args)
    for state in group.instance_states:
        state.version = getattr(state, "version", group.launch_template_version)


def launch(group: FakeAutoScalingGroup, version: str, count: int) -> None:
    """Launch instances from a version of the template that is not the group's own (yet)."""
    own, group.launch_template_version = group.launch_template_version, version
    group.replace_autoscaling_group_instances(count, group.get_propagated_tags())
    group.launch_template_version = own


def terminate(group: FakeAutoScalingGroup, states: list[InstanceState]) -> None:
    backend, names = group.autoscaling_backend, [state.instance.id for state in states]
    for arn in group.target_group_arns:
        backend.elbv2_backend.deregister_targets(arn, [{"Id": name} for name in names])
    group.ec2_backend.terminate_instances(names)
    group.instance_states = [s for s in group.instance_states if s not in states]
    backend.update_attached_target_groups(group.name)


folder: Path  # that this serves from


def broken() -> list[str]:
    path = folder / "broken"
    return path.read_text().split() if path.exists() else []


def never_ready(group: FakeAutoScalingGroup, version: str) -> bool:
    user_data = group.ec2_launch_template.get_version(version).user_data.decode()
    return any(tag in user_data for tag in broken())


def alarm_rings(group: FakeAutoScalingGroup, refresh: dict[str, Any]) -> bool:
    names = refresh["Preferences"].get("AlarmSpecification", {}).get("Alarms", [])
    alarms = cloudwatch_backends[group.account_id][group.region].alarms
    half_done = refresh["PercentageComplete"] >= 50 and "alarm" in broken()
    return any(half_done or alarms[name].state_value == "ALARM" for name in names)


def advance(group: FakeAutoScalingGroup, refresh: dict[str, Any]) -> None:
    """Take a refresh on by one step: some instances are replaced, or it ends."""
    back = refresh["Status"] == "RollbackInProgress"
    refresh["Status"] = "RollbackInProgress" if back else "InProgress"
    version = refresh["_before" if back else "_version"]
    stale = [state for state in group.instance_states if state.version != version]
    if not back and alarm_rings(group, refresh):
        return roll_back(refresh, "An alarm of the alarm specification rings.")
    if stale and never_ready(group, version):  # each abandons its launch; the old ones serve on
        refresh["_failed"] += 1
        if refresh["_failed"] == PATIENCE:
            roll_back(refresh, "Instances failed to become healthy.")
        return None
    if stale:
        size, most = len(group.instance_states), refresh["Preferences"]["MaxHealthyPercentage"]
        batch = stale[: max(1, size * (int(most) - 100) // 100)]
        launch(group, version, len(batch))
        terminate(group, batch)
        refresh["PercentageComplete"] = 100 * (size - len(stale) + len(batch)) // size
        return None
    if not back:
        group.launch_template_version = group.provided_launch_template_version = version
    refresh["Status"] = "RollbackSuccessful" if back else "Successful"
    return None


def roll_back(refresh: dict[str, Any], reason: str) -> None:
    refresh |= {"StatusReason": reason, "_failed": 0}
    if refresh["Status"] == "RollbackInProgress":
        refresh["Status"] = "RollbackFailed"
    elif str(refresh["Preferences"].get("AutoRollback", "")).lower() == "true":
        refresh["Status"] = "RollbackInProgress"
    else:
        refresh["Status"] = "Failed"


def the_group(response: AutoScalingResponse) -> FakeAutoScalingGroup:
    name = response._get_param("AutoScalingGroupName")
    groups = response.autoscaling_backend.autoscaling_groups
    if name not in groups:
        raise ValidationError(f"AutoScalingGroup name not found - {name}")
    return groups[name]


def active(group: FakeAutoScalingGroup) -> list[dict[str, Any]]:
    return [r for r in getattr(group, "refreshes", []) if r["Status"] in ACTIVE]


def start_instance_refresh(response: AutoScalingResponse) -> ActionResult:
    group = the_group(response)
    preferences = response._get_param("Preferences", {})
    desired = response._get_param("DesiredConfiguration", {}).get("LaunchTemplate")
    before = group.launch_template_version
    if active(group):
        raise InstanceRefreshInProgress
    if preferences.get("AutoRollback") and (not desired or before.startswith("$")):
        raise ValidationError("AutoRollback needs a desired configuration, and numbered versions.")
    refresh = {
        "InstanceRefreshId": str(uuid.uuid4()),
        "AutoScalingGroupName": group.name,
        "Status": "Pending",
        "PercentageComplete": 0,
        "Preferences": {"MaxHealthyPercentage": 100} | preferences,
        "DesiredConfiguration": {"LaunchTemplate": desired},
        "_before": before,
        "_version": desired["Version"] if desired else before,
        "_failed": 0,
    }
    group.refreshes = [refresh, *getattr(group, "refreshes", [])]
    return ActionResult({"InstanceRefreshId": refresh["InstanceRefreshId"]})


def rollback_instance_refresh(response: AutoScalingResponse) -> ActionResult:
    for refresh in active(the_group(response)):
        refresh["Status"] = "RollbackInProgress"
        return ActionResult({"InstanceRefreshId": refresh["InstanceRefreshId"]})
    raise ActiveInstanceRefreshNotFound


def describe_instance_refreshes(response: AutoScalingResponse) -> ActionResult:
    """The refreshes, latest first; each look takes the one at work on by a step."""
    group = the_group(response)
    refreshes = getattr(group, "refreshes", [])
    for refresh in active(group):
        if not getattr(group, "answered", False):
            group.answered = True
            raise ValidationError("AWS fails to answer, once")
        if "stuck" not in broken() or "Roll" in refresh["Status"]:
            advance(group, refresh)
    shown = [{k: v for k, v in r.items() if not k.startswith("_")} for r in refreshes]
    return ActionResult({"InstanceRefreshes": shown})


AutoScalingResponse.start_instance_refresh = start_instance_refresh
AutoScalingResponse.rollback_instance_refresh = rollback_instance_refresh
AutoScalingResponse.describe_instance_refreshes = describe_instance_refreshes


# --- Copies -----------------------------------------------------------------------------------


def serve() -> str:
    """Serve what is there, in threads, and return the address."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    return "http://{}:{}".format(*server.get_host_and_port())


def wait_to_be_copied(listener: socket.socket) -> tuple[socket.socket, Path]:
    """Fork for each caller; return in the fork, with the caller and the folder it sent."""
    while True:
        caller, _ = listener.accept()
        if os.fork() == 0:
            return caller, Path(caller.recv(4096).decode())
        caller.close()


if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    folder = Path(sys.argv[1])
    caller = None
    while True:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(folder / "copies"))
            listener.listen()
            if caller is None:
                print("ready", flush=True)
            else:
                caller.sendall(f"{serve()} {os.getpid()}".encode())
                caller.close()
            caller, folder = wait_to_be_copied(listener)
