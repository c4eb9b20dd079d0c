"""What an account does not allow is said before anything is made in it."""

import pytest
from checkout import Result, Site
from conftest import Aws
from looking import running

SMALLEST = (
    'database_instance_class = "db.t4g.micro"\n'
    "database_multi_az = false\n"
    "database_backup_days = 1\n"
)
STOP = {"REFUSED": "ecr describe-repositories"}  # what comes after the checks


@pytest.mark.parametrize(
    ("settings", "env", "message"),
    [
        ("", {"PLAN": "FREE"}, "on AWS's free plan, which refuses a db.t4g.small with 7 days"),
        (SMALLEST, {"PLAN": "FREE"} | STOP, "because this failed: aws ecr"),
        (
            "",
            {"DENIED": "rds:CreateDBInstance\tiam:PassRole"},
            "rds:CreateDBInstance, iam:PassRole",
        ),
        ("", {"QUOTA": "3"}, "3 vCPUs of On-Demand Standard instances in us-east-1: 0 are in use"),
        ("", {"QUOTA": "5"} | STOP, "The next deploy will need 6 vCPUs, over the quota of 5"),
        ("", {"REFUSED": "get-bucket-policy"}, "because this failed: aws s3api"),
        ('rate_limit = "fast"\n', {}, "the settings are not valid"),
    ],
)
def test_deploy_is_refused(
    site: Site, aws: Aws, settings: str, env: dict[str, str], message: str
) -> None:
    site.commit(f"With {settings} and {env}")
    site.settings(settings)
    result = site.script("deploy", **env)
    site.settings("")
    assert result.returncode == 1
    assert message in result.stdout
    assert running(aws) == []
    assert aws.client("ecr").describe_repositories()["repositories"] == []


def check_account(site: Site, settings: dict[str, str], env: dict[str, str]) -> Result:
    """Only the checks of the account, with settings as read_settings leaves them."""
    standard = {
        "instance_type": "t3.small", "least": "2", "database_class": "db.t4g.small",
        "backup_days": "7", "multi_az": "true",
    }  # fmt: skip
    given = "".join(f"{name}={value}; " for name, value in (standard | settings).items())
    scripts = "source infra/scripts/lib.sh; source infra/scripts/lib_account.sh; "
    return site.run(["bash", "-c", f"{scripts} preflight; {given} check_account"], **env)


@pytest.mark.parametrize(
    ("settings", "env", "message"),
    [
        (
            {"database_class": "db.t4g.micro", "backup_days": "2", "multi_az": "false"},
            {"PLAN": "FREE"},
            "refuses a db.t4g.micro with 2 days",
        ),
        (
            {"database_class": "db.t4g.micro", "backup_days": "1"},
            {"PLAN": "FREE"},
            "with 1 days of backups and database_multi_az = true",
        ),
        ({"least": "1"}, {"QUOTA": "3"}, "The next deploy will need 4"),
        ({"instance_type": "g5.xlarge"}, {"QUOTA": "0"}, ""),
        ({}, {"REFUSED": "service-quotas"}, "The quota of vCPUs cannot be looked up"),
        ({}, {"REFUSED": "simulate"}, "a missing one will show when it is needed"),
        ({}, {"REFUSED": "freetier"}, ""),
    ],
)
def test_the_account_is_asked(
    site: Site, settings: dict[str, str], env: dict[str, str], message: str
) -> None:
    """What cannot be asked stops nothing."""
    result = check_account(site, settings, env)
    assert result.returncode == (1 if "refuses" in result.stdout else 0)
    *_, said = result.stdout.splitlines()
    assert message in said if message else said.startswith("==> Environment production")


def test_the_bucket_alone_is_taken_away_again(site: Site, aws: Aws) -> None:
    assert site.script("destroy", CONFIRM="production").returncode == 0
    assert aws.client("s3").list_buckets()["Buckets"] == []
