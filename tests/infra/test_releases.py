"""Images that go into service and out of it, by the scripts that people run."""

import re
from pathlib import Path

import pytest
from checkout import Site
from conftest import Aws
from looking import NAME, group_version, ids, run_by_instances, started_with


@pytest.fixture(scope="module")
def start(first: Path) -> Path:
    return first / "aws"


def test_an_image_that_never_gets_ready_is_taken_back(deployed: Site, aws: Aws) -> None:
    """The old one serves throughout, and is what new instances start with."""
    good, bad = deployed.tags[-1], deployed.commit("Second, not ready yet")
    before, version = ids(aws), group_version(aws)
    aws.broken_tags.write_text(bad)
    result = deployed.script("deploy")
    assert result.returncode == 1
    assert (
        "Instance refresh: RollbackSuccessful: Instances failed to become healthy" in result.stdout
    )
    assert re.search(rf"version 2 \({bad} on ami-\w+\) is not in service", result.stdout)
    assert re.search(rf"The group keeps version 1 \({good} on ami-\w+\)", result.stdout)
    assert ids(aws) == before
    assert group_version(aws) == version
    assert deployed.plan(bad).returncode == 0
    scaling = aws.client("autoscaling")
    scaling.set_desired_capacity(AutoScalingGroupName=NAME, DesiredCapacity=3)
    assert started_with(aws) == [good] * 3
    scaling.set_desired_capacity(AutoScalingGroupName=NAME, DesiredCapacity=2)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("stuck", ["No progress for 1 s", "Instance refresh: RollbackSuccessful"]),
        ("alarm", ["Instance refresh: RollbackSuccessful: An alarm"]),
    ],
)
def test_what_stands_still_or_fails_requests_is_taken_back(
    deployed: Site, aws: Aws, how: str, said: list[str]
) -> None:
    """The alarm rings when half of the instances are replaced. It is a rollback, which needs no
    build, that puts the second version into service here."""
    good, second = deployed.tags
    before = group_version(aws)
    aws.broken_tags.write_text(how)
    result = deployed.script("rollback", TAG=second, STALL_SECONDS="1")
    aws.broken_tags.write_text("")
    assert result.returncode == 1
    assert all(text in result.stdout for text in said)
    assert run_by_instances(aws, good)
    assert group_version(aws) == before


def test_rollback_wants_an_image_that_there_is(deployed: Site) -> None:
    for tag in ("", "0123456789ab"):
        result = deployed.script("rollback", TAG=tag)
        assert result.returncode == 1
        assert all(tag in result.stdout for tag in deployed.tags)


def test_a_good_release(deployed: Site, aws: Aws) -> None:
    """The remedy goes into service though the alarm still rings."""
    good, bad = deployed.commit("Third"), deployed.tags[1]
    aws.client("cloudwatch").set_alarm_state(
        AlarmName=f"{NAME}-failing-requests", StateValue="ALARM", StateReason="test"
    )
    result = deployed.script("deploy")
    assert result.returncode == 0
    assert bad not in started_with(aws)
    assert run_by_instances(aws, good)
    assert deployed.plan(good).returncode == 0


def test_rollback(deployed: Site, aws: Aws) -> None:
    """To the image, the AMI and the settings of then, without a build and without Terraform."""
    first, built = deployed.tags[0], deployed.built()
    assert deployed.script("rollback", TAG=first).returncode == 0
    assert run_by_instances(aws, first)
    assert group_version(aws) == "1"
    assert deployed.built() == built
    assert deployed.plan(deployed.tags[-1]).returncode == 0
    assert deployed.script("deploy").returncode == 0
    assert run_by_instances(aws, deployed.tags[-1])
