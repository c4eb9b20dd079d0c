# What the instances and AWS's own services may do, and no more.

# --- Instances -------------------------------------------------------------------------------

resource "aws_iam_role" "app" {
  name_prefix        = "${local.name}-app-"
  description        = "Instances of ${local.name}"
  assume_role_policy = data.aws_iam_policy_document.assumed_by_ec2.json
}

data "aws_iam_policy_document" "assumed_by_ec2" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_instance_profile" "app" {
  name_prefix = "${local.name}-app-"
  role        = aws_iam_role.app.name
}

resource "aws_iam_role_policy_attachment" "session_manager" {
  role       = aws_iam_role.app.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

resource "aws_iam_role_policy" "app" {
  name   = "app"
  role   = aws_iam_role.app.id
  policy = data.aws_iam_policy_document.app.json
}

data "aws_iam_policy_document" "app" {
  #checkov:skip=CKV_AWS_356:ecr:GetAuthorizationToken knows no resource; it gives a login, and what may be pulled is named below
  statement {
    sid       = "LogInToRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "PullThisImage"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = [aws_ecr_repository.app.arn]
  }

  statement {
    sid       = "ReadTheTwoSecrets"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [aws_secretsmanager_secret.django.arn, local.database_secret_arn]
  }

  statement {
    sid       = "DecryptTheTwoSecrets"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.main.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["secretsmanager.${var.region}.amazonaws.com"]
    }
  }

  statement {
    sid     = "LogInToDatabaseAsReader"
    actions = ["rds-db:connect"]
    resources = [
      for id in concat([aws_db_instance.main.resource_id], aws_db_instance.replica[*].resource_id) :
      "arn:${local.partition}:rds-db:${var.region}:${local.account}:dbuser:${id}/${local.reader}"
    ]
  }

  statement {
    sid       = "WriteOwnLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.app.arn}:*"]
  }
}

# --- VPC flow logs ---------------------------------------------------------------------------

resource "aws_iam_role" "flow" {
  name_prefix        = "${local.name}-flow-"
  description        = "Flow logs of ${local.name}"
  assume_role_policy = data.aws_iam_policy_document.assumed_by_flow_logs.json
}

data "aws_iam_policy_document" "assumed_by_flow_logs" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["vpc-flow-logs.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_iam_role_policy" "flow" {
  name   = "flow"
  role   = aws_iam_role.flow.id
  policy = data.aws_iam_policy_document.flow.json
}

data "aws_iam_policy_document" "flow" {
  statement {
    sid       = "WriteFlowLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
    resources = [aws_cloudwatch_log_group.flow.arn, "${aws_cloudwatch_log_group.flow.arn}:*"]
  }
}
