"""The optional features, and how a deployment is given some of them."""

import json

import pytest
from checkout import NAMED, Site
from conftest import Aws
from looking import NAME

# What can be had beside each other; a certificate comes from one place.
ALONE: dict[str, dict[str, object]] = {
    "nat_per_zone": {"nat_per_zone": True},
    "alarm_email": {"alarm_email": "oncall@example.org"},
    "clients": {"client_cidrs": ["198.51.100.0/24"], "rate_limit": "600r/m"},
    "certificate_arn": {"certificate_arn": "its ARN", "host_names": [NAMED]},
    "none": {},
}
NO_PROTECTION = {"deletion_protection": False}
CDN = NO_PROTECTION | {"cdn": True}
# What the provider is slow to change, at once.
SMALL: dict[str, object] = NO_PROTECTION | {
    "instance_type": "t4g.micro", "instances": {"min": 1, "max": 2},
    "ami_id": "ami-0123456789abcdef0", "database_instance_class": "db.t4g.micro",
    "database_multi_az": False, "database_backup_days": 1, "log_retention_days": 7,
}  # fmt: skip
# All of them, beside a zone or CloudFront, with a database that is restored from a snapshot.
TOGETHER: dict[str, object] = {"database_snapshot": "before", "tags": {"Team": "a"}}
for settings in (SMALL, *(ALONE[name] for name in ALONE if name != "certificate_arn")):
    TOGETHER |= settings


@pytest.fixture(scope="module")
def zone(aws: Aws) -> str:
    zones = aws.client("route53")
    made = zones.create_hosted_zone(Name="example.org", CallerReference="test")
    return str(made["HostedZone"]["Id"]).removeprefix("/hostedzone/")


def put(site: Site, aws: Aws, settings: dict[str, object]) -> None:
    """Have the deployment be one of these settings, whatever it was, and nothing left to change."""
    if "certificate_arn" in settings:
        made = aws.client("acm").request_certificate(DomainName=NAMED, ValidationMethod="DNS")
        settings = settings | {"certificate_arn": made["CertificateArn"]}
    if "database_snapshot" in settings:
        make_snapshot(aws, str(settings["database_snapshot"]))
    text = "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
    site.settings(text)
    terraform = ["terraform", f"-chdir={site.infra}"]
    given = ["-no-color", "-var", f"image_tag={site.tags[-1]}", "-var-file=production.tfvars"]
    assert site.run([*terraform, "apply", "-auto-approve", *given]).returncode == 0
    assert site.run([*terraform, "plan", "-detailed-exitcode", *given]).returncode == 0


def make_snapshot(aws: Aws, name: str) -> None:
    """Have a snapshot of a database like ours, once: encrypted with our key."""
    rds, kms = aws.client("rds"), aws.client("kms")
    if any(
        each["DBSnapshotIdentifier"] == name for each in rds.describe_db_snapshots()["DBSnapshots"]
    ):
        return
    keys = [kms.describe_key(KeyId=key["KeyId"]) for key in kms.list_keys()["Keys"]]
    [ours] = [
        key["KeyMetadata"]["Arn"] for key in keys if NAME in key["KeyMetadata"]["Description"]
    ]
    rds.create_db_instance(
        DBInstanceIdentifier="another", DBInstanceClass="db.t4g.micro", Engine="postgres",
        MasterUsername="adultapi", MasterUserPassword="password", AllocatedStorage=20,
        DBName="adult", StorageEncrypted=True, KmsKeyId=ours,
    )  # fmt: skip
    rds.create_db_snapshot(DBSnapshotIdentifier=name, DBInstanceIdentifier="another")
