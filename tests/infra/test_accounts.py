"""What an account does not allow is said before anything is made in it."""

import pytest
from checkout import Site
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
        (SMALLEST.replace("1", "2"), {"PLAN": "FREE"}, "refuses a db.t4g.micro with 2 days"),
        (SMALLEST, {"PLAN": "FREE"} | STOP, "AWS does not say whether it is there: aws ecr"),
        (
            "",
            {"DENIED": "rds:CreateDBInstance\tiam:PassRole"},
            "rds:CreateDBInstance, iam:PassRole",
        ),
        ("", {"QUOTA": "3"}, "3 vCPUs of On-Demand Standard instances in us-east-1: 0 are in use"),
        ("", {"QUOTA": "5"} | STOP, "The next deploy will need 6 vCPUs, over the quota of 5"),
        (
            "instances = { min = 1, max = 2 }\n",
            {"QUOTA": "3"} | STOP,
            "The next deploy will need 4",
        ),
        ('instance_type = "g5.xlarge"\n', {"QUOTA": "0"} | STOP, "AWS does not say whether"),
        ("", {"REFUSED": "service-quotas|ecr"}, "The quota of vCPUs cannot be looked up"),
        ("", {"REFUSED": "simulate|ecr"}, "a right that lacks shows when it is needed"),
        ("", {"REFUSED": "freetier|ecr"}, "AWS does not say whether it is there: aws ecr"),
        ("", {"REFUSED": "get-bucket-policy"}, "AWS does not say whether it is there: aws s3api"),
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


def test_the_bucket_alone_is_taken_away_again(site: Site, aws: Aws) -> None:
    assert site.script("destroy", CONFIRM="production").returncode == 0
    assert aws.client("s3").list_buckets()["Buckets"] == []
