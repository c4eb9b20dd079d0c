"""The end of the first deployment by `make destroy`, interrupted after each of its steps.

The tests run in their order.
"""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from checkout import Site
from conftest import GUARD, Aws
from looking import LEFT, NAME, running


@pytest.fixture(scope="module")
def start(first: Path) -> Path:
    return first / "aws"


def left(aws: Aws) -> set[str]:
    return {what for what, look in LEFT.items() if look(aws)}


def test_destroy_goes_on_wherever_it_was_cut_off(deployed: Site, aws: Aws) -> None:
    """After each of its steps: the protection, half of the resources, all of them, the versions of
    the state that are not the latest, the state, the bucket."""

    (deployed.infra / "test_key.pem").touch()  # of `make ssh`

    def destroy(**env: str) -> int:
        return deployed.script("destroy", CONFIRM="production", **env).returncode

    assert destroy(STOP_BEFORE=" destroy ") == 130
    assert len(running(aws)) == 2
    database = aws.client("rds").describe_db_instances()["DBInstances"][0]
    assert database["DeletionProtection"] is False

    cut_off_after(deployed, "aws_autoscaling_group.app: Destruction complete")
    assert "networks" in left(aws)
    assert "instances" not in left(aws)

    assert destroy(REFUSED="s3api delete-objects") not in {0, 130}
    assert left(aws) == {"buckets"}
    for call in ("list-object-versions .*@ && .true.", "s3api delete-bucket"):
        assert destroy(REFUSED=call) not in {0, 130}
        assert left(aws) == {"buckets"}

    assert destroy() == 0
    assert left(aws) == set()


def cut_off_after(site: Site, line: str) -> None:
    """Have `make destroy` interrupted, as by Ctrl-C, when it says the line."""
    process = subprocess.Popen(
        [site.infra / "scripts" / "destroy.sh"], cwd=site.root, text=True, start_new_session=True,
        env=site.env | {"CONFIRM": "production"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout
    for said in process.stdout:
        if line in said:
            os.killpg(process.pid, signal.SIGINT)
            break
    process.communicate(timeout=GUARD)
    assert process.returncode != 0


def test_destroy_leaves_nothing(deployed: Site, aws: Aws) -> None:
    kms = aws.client("kms")
    keys = [kms.describe_key(KeyId=key["KeyId"]) for key in kms.list_keys()["Keys"]]
    ours = [key["KeyMetadata"] for key in keys if NAME in key["KeyMetadata"]["Description"]]
    assert [key["KeyState"] for key in ours] == ["PendingDeletion"]
    assert not (deployed.infra / "api_dns_name.txt").exists()
    assert not (deployed.infra / "test_key.pem").exists()
    again = deployed.script("destroy", CONFIRM="production")
    assert (again.returncode, "Nothing is deployed here." in again.stdout) == (0, True)
