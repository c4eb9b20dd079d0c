"""A deployment, by the scripts that people run, on the AWS of the tests.

The tests run in their order: look at what the first deploy made, and deploy again.
"""

import base64
import json
import re
import stat
from pathlib import Path

import pytest
import yaml
from checkout import Site
from conftest import ROOT, Aws
from looking import NAME, ids, launch_template, run_by_instances, running, ssh_ranges


@pytest.fixture(scope="module")
def start(first: Path) -> Path:
    return first / "aws"


# --- What the first deployment made -------------------------------------------------------------


def test_the_end_of_the_deploy_tells_what_matters(first: Path) -> None:
    said = (first / "said").read_text()
    assert re.match(rf"    url +http://{NAME}\S+$", said.splitlines()[-1])
    assert "Nobody is told of alarms: set alarm_email" in said
    for image in (NAME, f"{NAME}-proxy"):  # pushed, and its scan looked for
        assert f"Critical findings in {image}:" in said


def test_the_name_is_left_where_it_is_looked_for(deployed: Site) -> None:
    name = (deployed.infra / "api_dns_name.txt").read_text().strip()
    assert name.endswith("elb.amazonaws.com")
    assert deployed.asked[-1] == f"{name} http://{name}/readyz"
    assert deployed.script("url").stdout.splitlines()[-1] == f"http://{name}"


def test_a_plan_after_the_apply_is_empty(deployed: Site) -> None:
    assert deployed.plan(deployed.tags[-1]).returncode == 0


def test_only_the_load_balancer_is_reachable_from_the_internet(deployed: Site, aws: Aws) -> None:
    ec2 = aws.client("ec2")
    groups = ec2.describe_security_groups()["SecurityGroups"]
    names = {group["GroupId"]: group["GroupName"].removeprefix(f"{NAME}-") for group in groups}
    flows = set()
    for rule in ec2.describe_security_group_rules()["SecurityGroupRules"]:
        owner = names[rule["GroupId"]]
        if rule["IsEgress"] or owner == "default":
            continue
        source = rule.get("CidrIpv4") or names[rule["ReferencedGroupInfo"]["GroupId"]]
        assert rule["Description"]
        flows.add((source.rsplit("-", 1)[0], owner.rsplit("-", 1)[0], rule["FromPort"]))
    assert flows == {
        ("0.0.0.0/0", "load-balancer", 80),
        ("load-balancer", "app", 8080),
        ("app", "database", 5432),
    }


def test_ways_out_are_as_narrow(deployed: Site, aws: Aws) -> None:
    rules = aws.client("ec2").describe_security_group_rules()["SecurityGroupRules"]
    ours = [rule for rule in rules if rule["IsEgress"] and rule["Tags"]]
    anywhere = [rule for rule in ours if rule.get("CidrIpv4") == "0.0.0.0/0"]
    assert [(rule["FromPort"], rule["ToPort"]) for rule in anywhere] == [(443, 443)]


def test_instances_and_database_are_private(deployed: Site, aws: Aws) -> None:
    ec2 = aws.client("ec2")
    tables = ec2.describe_route_tables()["RouteTables"]
    ways_out = {
        association["SubnetId"]: [
            route.get("GatewayId") or route.get("NatGatewayId")
            for route in table["Routes"]
            if route.get("DestinationCidrBlock") == "0.0.0.0/0"
        ]
        for table in tables
        for association in table["Associations"]
        if "SubnetId" in association
    }
    instances = running(aws)
    assert len(instances) == 2
    for instance in instances:
        assert "PublicIpAddress" not in instance
        assert [way[:4] for way in ways_out[instance["SubnetId"]]] == ["nat-"]
    rds = aws.client("rds")
    [group] = rds.describe_db_subnet_groups()["DBSubnetGroups"]
    assert [ways_out[subnet["SubnetIdentifier"]] for subnet in group["Subnets"]] == [[], []]
    assert rds.describe_db_instances()["DBInstances"][0]["PubliclyAccessible"] is False
    [balancer] = aws.client("elbv2").describe_load_balancers()["LoadBalancers"]
    for zone in balancer["AvailabilityZones"]:
        assert [way[:4] for way in ways_out[zone["SubnetId"]]] == ["igw-"]


def test_launch_template(deployed: Site, aws: Aws) -> None:
    data = launch_template(aws)
    assert data["MetadataOptions"]["HttpTokens"] == "required"
    assert data["MetadataOptions"]["HttpPutResponseHopLimit"] == 1
    assert data["BlockDeviceMappings"][0]["Ebs"]["Encrypted"] is True
    assert data["NetworkInterfaces"][0]["AssociatePublicIpAddress"] is False
    assert f":instance-profile/{NAME}-app-" in data["IamInstanceProfile"]["Arn"]
    user_data = base64.b64decode(data["UserData"]).decode()
    assert f"/{NAME}:{deployed.tags[-1]}'" in user_data
    assert len(user_data) < 16384  # the most that EC2 takes


def test_database(deployed: Site, aws: Aws) -> None:
    rds = aws.client("rds")
    [database] = rds.describe_db_instances()["DBInstances"]
    wanted = {
        "StorageEncrypted": True,
        "MultiAZ": True,
        "BackupRetentionPeriod": 7,
        "DeletionProtection": True,
        "IAMDatabaseAuthenticationEnabled": True,
        "PerformanceInsightsEnabled": True,
        "DatabaseInsightsMode": "standard",
        "EnabledCloudwatchLogsExports": ["postgresql", "upgrade"],
    }
    assert wanted.items() <= database.items()
    parameters = rds.describe_db_parameters(
        DBParameterGroupName=database["DBParameterGroups"][0]["DBParameterGroupName"]
    )["Parameters"]
    assert {"rds.force_ssl": "1"}.items() <= {
        parameter["ParameterName"]: parameter["ParameterValue"] for parameter in parameters
    }.items()


def test_no_secret_is_in_the_state(deployed: Site, aws: Aws) -> None:
    secrets = aws.client("secretsmanager")
    s3 = aws.client("s3")
    [bucket] = [b["Name"] for b in s3.list_buckets()["Buckets"] if "state" in b["Name"]]
    state = s3.get_object(Bucket=bucket, Key="production/terraform.tfstate")["Body"].read().decode()
    listed = secrets.list_secrets()["SecretList"]
    assert len(listed) == 2
    for secret in listed:
        assert secret["KmsKeyId"]
        value = secrets.get_secret_value(SecretId=secret["ARN"])["SecretString"]
        value = json.loads(value)["password"] if value.startswith("{") else value
        assert len(value) >= 8
        assert value not in state
        assert value not in base64.b64decode(launch_template(aws)["UserData"]).decode()
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())


def test_instances_may_do_what_they_need_and_no_more(deployed: Site, aws: Aws) -> None:
    iam = aws.client("iam")
    [role] = [r["RoleName"] for r in iam.list_roles()["Roles"] if "-app-" in r["RoleName"]]
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == ["app"]
    document = iam.get_role_policy(RoleName=role, PolicyName="app")["PolicyDocument"]
    sessions = {
        "ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    }  # fmt: skip
    allowed = {
        action: statement["Resource"]
        for statement in document["Statement"]
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
    }
    assert {action for action, on in allowed.items() if on == "*"} == {
        "ecr:GetAuthorizationToken", *sessions,
    }  # fmt: skip
    assert allowed.keys() - sessions == {
        "autoscaling:CompleteLifecycleAction", "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer",
        "kms:Decrypt", "logs:CreateLogStream", "logs:PutLogEvents", "rds-db:connect",
        "secretsmanager:GetSecretValue",
    }  # fmt: skip
    assert allowed["autoscaling:CompleteLifecycleAction"].endswith(f"autoScalingGroupName/{NAME}")
    [reads] = [s for s in document["Statement"] if s["Action"] == "secretsmanager:GetSecretValue"]
    listed = aws.client("secretsmanager").list_secrets()["SecretList"]
    assert sorted(reads["Resource"]) == sorted(secret["ARN"] for secret in listed)


def test_flow_logs_can_be_delivered(deployed: Site, aws: Aws) -> None:
    """What AWS's guide asks of their role, but to create the group, which is there."""
    iam = aws.client("iam")
    [role] = [r["RoleName"] for r in iam.list_roles()["Roles"] if "-flow-" in r["RoleName"]]
    policy = iam.get_role_policy(RoleName=role, PolicyName="flow")["PolicyDocument"]
    found = [
        s["Action"] if isinstance(s["Action"], list) else [s["Action"]] for s in policy["Statement"]
    ]
    assert {action for actions in found for action in actions} == {
        "logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams",
        "logs:PutLogEvents",
    }  # fmt: skip


def test_front_door(deployed: Site, aws: Aws) -> None:
    elb = aws.client("elbv2")
    [group] = elb.describe_target_groups()["TargetGroups"]
    assert (group["HealthCheckPath"], group["Matcher"]) == ("/startupz", {"HttpCode": "200"})
    assert group["Port"] == 8080  # nginx's
    targets = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])
    healthy = {t["Target"]["Id"] for t in targets["TargetHealthDescriptions"]}
    assert healthy == {instance["InstanceId"] for instance in running(aws)}
    [balancer] = elb.describe_load_balancers()["LoadBalancers"]
    attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"])
    values = {a["Key"]: a["Value"] for a in attributes["Attributes"]}
    assert values["deletion_protection.enabled"] == "true"
    assert values["routing.http.drop_invalid_header_fields.enabled"] == "true"
    assert values["access_logs.s3.enabled"] == "true"
    attributes = elb.describe_target_group_attributes(TargetGroupArn=group["TargetGroupArn"])
    values = {a["Key"]: a["Value"] for a in attributes["Attributes"]}
    assert values["deregistration_delay.timeout_seconds"] == "120"


def test_images_are_immutable_scanned_and_encrypted(deployed: Site, aws: Aws) -> None:
    repositories = aws.client("ecr").describe_repositories()["repositories"]
    assert {each["repositoryName"] for each in repositories} == {NAME, f"{NAME}-proxy"}
    for repository in repositories:
        assert repository["imageTagMutability"] == "IMMUTABLE"
        assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
        assert repository["encryptionConfiguration"]["encryptionType"] == "KMS"


def test_logs_and_alarms(deployed: Site, aws: Aws) -> None:
    groups = aws.client("logs").describe_log_groups()["logGroups"]
    assert {group["logGroupName"] for group in groups} == {
        f"/{NAME}/app",
        f"/{NAME}/rejected-traffic",
        f"/aws/rds/instance/{NAME}/postgresql",
        f"/aws/rds/instance/{NAME}/upgrade",
    }
    assert all(group["retentionInDays"] == 30 and group["kmsKeyId"] for group in groups)
    queries = aws.client("logs").describe_query_definitions()["queryDefinitions"]
    assert {query["name"] for query in queries} == {f"{NAME}/usage", f"{NAME}/latency"}


def test_what_the_database_does_by_itself_is_told(deployed: Site, aws: Aws) -> None:
    [subscription] = aws.client("rds").describe_event_subscriptions()["EventSubscriptionsList"]
    assert {"failover", "low storage"} <= set(subscription["EventCategoriesList"])
    sns = aws.client("sns")
    policy = json.loads(
        sns.get_topic_attributes(TopicArn=subscription["SnsTopicArn"])["Attributes"]["Policy"]
    )
    assert "events.rds.amazonaws.com" in policy["Statement"][0]["Principal"]["Service"]


def test_alarms_ring_for_the_same_as_the_alerts(deployed: Site, aws: Aws) -> None:
    found = aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert all(alarm["AlarmActions"] for alarm in found)
    alarms = {alarm["AlarmName"].removeprefix(f"{NAME}-"): alarm for alarm in found}
    [group] = yaml.safe_load((ROOT / "docs" / "monitoring" / "alerts.yml").read_text())["groups"]
    rules = {rule["annotations"]["cloudwatch"]: rule for rule in group["rules"]}
    rules.pop("replica-lag", None)  # there is no replica here
    for name, rule in rules.items():
        assert alarms[name]["EvaluationPeriods"] <= int(rule["for"].removesuffix("m"))
        if limit := re.search(r" > ([0-9.]+)$", rule["expr"].strip()):
            unit = 100 if alarms[name].get("Metrics") else 1  # percent of the requests
            assert alarms[name]["Threshold"] == float(limit[1]) * unit
    assert set(alarms) - set(rules) == {
        "healthy-instances", "unhealthy-instances", "database-cpu", "database-storage",
        "database-connections", "database-memory", "database-swap", "database-credits",
        "instance-credits", "nat-ports-us-east-1a", "refused-requests",
    }  # fmt: skip


def test_refused_requests_are_counted_from_the_log(deployed: Site, aws: Aws) -> None:
    [counted] = aws.client("logs").describe_metric_filters()["metricFilters"]
    assert counted["logGroupName"] == f"/{NAME}/app"
    assert counted["filterPattern"] == "{ $.status = 429 }"
    alarms = aws.client("cloudwatch").describe_alarms(AlarmNames=[f"{NAME}-refused-requests"])
    [shared] = [
        query["MetricStat"]["Metric"]
        for query in alarms["MetricAlarms"][0]["Metrics"]
        if query["Id"] == "refused"
    ]
    [made] = counted["metricTransformations"]
    assert (shared["Namespace"], shared["MetricName"]) == (
        made["metricNamespace"],
        made["metricName"],
    )


def test_instances_are_replaced_with_care(deployed: Site, aws: Aws) -> None:
    [group] = aws.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert group["HealthCheckType"] == "ELB"
    assert group["InstanceMaintenancePolicy"] == {
        "MinHealthyPercentage": 100,
        "MaxHealthyPercentage": 150,
    }
    assert group["HealthCheckGracePeriod"] == 60
    assert group["MaxInstanceLifetime"] == 7 * 24 * 60 * 60
    [hook] = aws.client("autoscaling").describe_lifecycle_hooks(
        AutoScalingGroupName=group["AutoScalingGroupName"]
    )["LifecycleHooks"]
    assert (hook["LifecycleTransition"], hook["DefaultResult"], hook["HeartbeatTimeout"]) == (
        "autoscaling:EC2_INSTANCE_LAUNCHING", "ABANDON", 1200,
    )  # fmt: skip


def test_shell_opens_a_session_on_an_instance(deployed: Site, aws: Aws) -> None:
    result = deployed.script("shell")
    assert result.returncode == 0
    [instance] = re.findall(r'^session with {"Target": "(\S+)"}$', result.stdout, re.MULTILINE)
    assert instance in ids(aws)


def test_ssh_needs_no_open_port_and_no_other_instance(deployed: Site, aws: Aws) -> None:
    """The key is made once; the way is the session's."""
    before, key = ids(aws), deployed.infra / "test_key.pem"
    result = deployed.script("ssh", ARGS="-L 5432:db:5432")
    assert result.returncode == 0
    [instance] = re.findall(r"^ssh .* -L 5432:db:5432 ec2-user@(\S+)$", result.stdout, re.MULTILINE)
    assert instance in before
    assert f"ssh -i {key} " in result.stdout
    assert '"portNumber": ["22"]' in result.stdout
    assert '"Target": "' + instance in result.stdout
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    made = key.read_bytes()
    assert deployed.script("ssh", INSTANCE=instance).returncode == 0
    assert key.read_bytes() == made
    assert deployed.run(["git", "status", "--porcelain"]).stdout == ""
    assert deployed.plan(deployed.tags[-1]).returncode == 0
    assert (ids(aws), ssh_ranges(aws)) == (before, [])


def test_logs_are_followed(deployed: Site) -> None:
    followed = deployed.script("logs", SINCE="5").stdout
    assert f"logs tail /{NAME}/app --follow --format short --since 5m" in followed


def test_everything_is_tagged(deployed: Site, aws: Aws) -> None:
    shown = deployed.run(["terraform", f"-chdir={deployed.infra}", "show", "-json"])
    resources = json.loads(shown.stdout)["values"]["root_module"]["resources"]
    taggable = [r for r in resources if r["mode"] == "managed" and "tags_all" in r["values"]]
    assert len(taggable) > 40
    wanted = {"Project": "adultapi", "Environment": "production", "ManagedBy": "terraform"}
    for resource in taggable:
        assert wanted.items() <= resource["values"]["tags_all"].items(), resource["address"]
    for instance in running(aws):
        tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
        assert wanted.items() <= tags.items()


# --- Its life afterwards ------------------------------------------------------------------------


def test_a_second_deploy_wants_a_quota(deployed: Site, aws: Aws) -> None:
    """Two t3.small have four vCPUs, and a third is started before one of them ends."""
    before, built = ids(aws), deployed.built()
    deployed.commit("Second")
    result = deployed.script("deploy", QUOTA="5")
    assert result.returncode == 1
    assert "5 vCPUs of On-Demand Standard instances in us-east-1: 4 are in use" in result.stdout
    assert "needs 2 more" in result.stdout
    assert (
        "console.aws.amazon.com/servicequotas/home/services/ec2/quotas/L-1216C47A" in result.stdout
    )
    assert (ids(aws), deployed.built()) == (before, built)


def test_a_plan_shows_and_changes_nothing(deployed: Site, aws: Aws) -> None:
    before = aws.client("ec2").describe_launch_templates()["LaunchTemplates"]
    result = deployed.script("plan")
    assert result.returncode == 0
    assert "aws_launch_template.app will be updated in-place" in result.stdout
    assert aws.client("ec2").describe_launch_templates()["LaunchTemplates"] == before


def test_a_new_commit_replaces_every_instance(deployed: Site, aws: Aws) -> None:
    before, tag = ids(aws), deployed.tags[-1]
    result = deployed.script("deploy")
    assert result.returncode == 0
    assert "Instance refresh: unknown" in result.stdout  # of AWS, that failed to answer
    assert "Instance refresh: InProgress, 50 %" in result.stdout
    assert not before & ids(aws)
    assert run_by_instances(aws, tag)
    assert deployed.plan(tag).returncode == 0


def test_what_would_be_lost_is_asked_about(deployed: Site, aws: Aws) -> None:
    before = ids(aws)
    snapshot = 'database_snapshot = "rds:adultapi-production-2026-01-01-03-10"\n'
    deployed.settings(f"{snapshot}cdn = true\n")
    result = deployed.script("deploy")
    deployed.settings("")
    assert result.returncode == 1
    lost = re.findall(r"^  # (\S+) .*(?:destroyed|replaced)", result.stdout, re.MULTILINE)
    assert {"aws_db_instance.main", "aws_lb.main"} <= set(lost)
    assert '+/- resource "aws_db_instance" "main"' in result.stdout  # restored, then deleted
    for follows in ("aws_db_event_subscription.database", "aws_launch_template.app"):
        assert f"# {follows} will be updated in-place" in result.stdout
    assert "Not confirmed: set CONFIRM=production to continue." in result.stdout
    assert ids(aws) == before
