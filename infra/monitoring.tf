# Logs, alarms and a dashboard.

# --- Logs ------------------------------------------------------------------------------------

resource "aws_cloudwatch_log_group" "main" {
  #checkov:skip=CKV_AWS_338:log_retention_days decides; law and cost differ between deployments
  for_each = {
    app        = "/${local.name}/app" # nginx, the service and first boots
    rejected   = "/${local.name}/rejected-traffic"
    postgresql = "/aws/rds/instance/${local.database_id}/postgresql"
    upgrade    = "/aws/rds/instance/${local.database_id}/upgrade"
  }

  name              = each.value
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.main.arn
}

# Saved queries for the log of nginx, in CloudWatch Logs Insights.
resource "aws_cloudwatch_query_definition" "requests" {
  for_each = {
    usage   = <<-QUERY
      filter ispresent(uri)
      | parse uri /^(?<path>[^?]+)/
      | stats count() as requests, sum(bytes) / 1048576 as mib, pct(seconds, 50) as p50, pct(seconds, 99) as p99 by path
      | sort requests desc
      | limit 50
    QUERY
    latency = <<-QUERY
      filter ispresent(uri)
      | stats count() as requests, pct(seconds, 50) as p50, pct(seconds, 95) as p95, pct(seconds, 99) as p99 by bin(5m), cache
    QUERY
  }

  name            = "${local.name}/${each.key}"
  log_group_names = [aws_cloudwatch_log_group.main["app"].name]
  query_string    = each.value
}

# --- Alarms ----------------------------------------------------------------------------------

resource "aws_sns_topic" "alarms" {
  name              = "${local.name}-alarms"
  kms_master_key_id = aws_kms_key.main.id
}

resource "aws_sns_topic_subscription" "alarms" {
  count = var.alarm_email == null ? 0 : 1

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

# Events of RDS: failovers, failures, storage that runs out.
resource "aws_db_event_subscription" "database" {
  name_prefix      = "${local.name}-"
  sns_topic        = aws_sns_topic.alarms.arn
  source_type      = "db-instance"
  source_ids       = [aws_db_instance.main.identifier]
  event_categories = ["availability", "failover", "failure", "low storage", "recovery"]

  depends_on = [aws_sns_topic_policy.alarms]
}

resource "aws_sns_topic_policy" "alarms" {
  arn    = aws_sns_topic.alarms.arn
  policy = data.aws_iam_policy_document.alarms.json
}

data "aws_iam_policy_document" "alarms" {
  statement {
    sid       = "AlarmsAndEvents"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alarms.arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com", "events.rds.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

# The load balancer counts all 4xx together. The log of nginx, one line of JSON per request, tells which
# are over rate_limit.
resource "aws_cloudwatch_log_metric_filter" "refused" {
  name           = "${local.name}-refused"
  log_group_name = aws_cloudwatch_log_group.main["app"].name
  pattern        = "{ $.status = 429 }"

  metric_transformation {
    namespace = local.name
    name      = "RequestsRefused"
    value     = "1"
  }
}

locals {
  lb_dimension     = { LoadBalancer = aws_lb.main.arn_suffix }
  target_dimension = { LoadBalancer = aws_lb.main.arn_suffix, TargetGroup = aws_lb_target_group.app.arn_suffix }
  group_dimension  = { AutoScalingGroupName = aws_autoscaling_group.app.name }
  db_dimension     = { DBInstanceIdentifier = aws_db_instance.main.identifier }

  # Namespace, name and dimensions of metrics that alarms and dashboard share.
  metrics = {
    requests    = ["AWS/ApplicationELB", "RequestCount", local.lb_dimension] # that reached an instance
    target      = ["AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", local.target_dimension]
    balancer    = ["AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", local.lb_dimension]
    refused     = [local.name, "RequestsRefused", {}]
    latency     = ["AWS/ApplicationELB", "TargetResponseTime", local.target_dimension]
    healthy     = ["AWS/ApplicationELB", "HealthyHostCount", local.target_dimension]
    unhealthy   = ["AWS/ApplicationELB", "UnHealthyHostCount", local.target_dimension]
    cpu         = ["AWS/RDS", "CPUUtilization", local.db_dimension]
    connections = ["AWS/RDS", "DatabaseConnections", local.db_dimension]
  }

  # An alarm fires after `minutes` in a row. Those of the service have the conditions of the alerts in
  # docs/monitoring/alerts.yml, which name them. `percent` relates counts per minute to each other.
  shares = {
    failing-requests = {
      description = "More than 1 % of the requests fail: read the log (make aws-logs), ask /readyz."
      percent     = "100 * (FILL(target, 0) + FILL(balancer, 0)) / (FILL(requests, 0) + FILL(balancer, 0))"
      above       = 1, minutes = 5
    }
    refused-requests = {
      description = "One request in ten is over rate_limit: the log shows whether they come from one `client`."
      percent     = "100 * FILL(refused, 0) / requests"
      above       = 10, minutes = 10
    }
  }

  alarms = {
    slow-requests = {
      description = "One request in a hundred takes over a second: see the slow ones in the log, and the database."
      metric      = local.metrics.latency, statistic = "p99"
      above       = 1, minutes = 10
    }
    nothing-serves = {
      description = "No instance is healthy: /readyz says whether the database is unreachable or has no dataset."
      metric      = local.metrics.healthy, statistic = "Maximum", missing = "breaching"
      below       = 1, minutes = 1
    }
    healthy-instances = {
      description = "Fewer instances than instances.min are healthy: see the activity of the Auto Scaling group."
      metric      = local.metrics.healthy, statistic = "Minimum", missing = "breaching"
      below       = var.instances.min, minutes = 10
    }
    unhealthy-instances = {
      description = "An instance fails /startupz: the log says why."
      metric      = local.metrics.unhealthy, statistic = "Maximum"
      above       = 0, minutes = 10
    }
    database-cpu = {
      description = "The CPU of the database is over 80 % busy: see Database Insights."
      metric      = local.metrics.cpu, statistic = "Average"
      above       = 80, minutes = 15
    }
    database-storage = {
      description = "Less than 1 GiB of storage is free, although it grows automatically: it has reached max_allocated_storage, or fills too fast."
      metric      = ["AWS/RDS", "FreeStorageSpace", local.db_dimension], statistic = "Minimum"
      below       = 1024 * 1024 * 1024, minutes = 5
    }
    database-connections = {
      description = "80 % of the connections that the database class allows are in use."
      metric      = local.metrics.connections, statistic = "Maximum"
      above       = floor(local.database_connections * 0.8), minutes = 5
    }
    database-memory = {
      description = "Less than 5 % of the database's memory is free: use fewer sessions or a larger class."
      metric      = ["AWS/RDS", "FreeableMemory", local.db_dimension], statistic = "Minimum"
      below       = local.database_gib * 1024 * 1024 * 1024 / 20, minutes = 15
    }
    database-swap = {
      description = "The database uses over 256 MiB of swap: it lacks memory."
      metric      = ["AWS/RDS", "SwapUsage", local.db_dimension], statistic = "Maximum"
      above       = 256 * 1024 * 1024, minutes = 15
    }
  }

  # Burstable types and classes: without credits AWS bills more, or throttles the CPU.
  credit_alarms = { for name, of in {
    database-credits = [["AWS/RDS", "CPUCreditBalance", local.db_dimension], var.database_instance_class]
    instance-credits = [["AWS/EC2", "CPUCreditBalance", local.group_dimension], var.instance_type]
    } : name => {
    description = "Fewer than 20 CPU credits are left: use a larger class or type, or one that is not burstable."
    metric      = of[0], statistic = "Minimum"
    below       = 20, minutes = 15
  } if can(regex("^(db\\.)?t", of[1])) }

  nat_alarms = { for zone, gateway in aws_nat_gateway.main : "nat-ports-${zone}" => {
    description = "The NAT gateway has no free port for a connection: requests to AWS APIs and package repositories fail."
    metric      = ["AWS/NATGateway", "ErrorPortAllocation", { NatGatewayId = gateway.id }], statistic = "Sum"
    above       = 0, minutes = 5
  } }

  certificate_alarms = local.https ? { certificate = {
    description = "The certificate ends within 20 days: AWS has not renewed it; see its validation in ACM."
    metric      = ["AWS/CertificateManager", "DaysToExpiry", { CertificateArn = local.certificate_arn }], statistic = "Minimum"
    below       = 20, minutes = 1, period = 24 * 60 * 60
  } } : {}
}

resource "aws_cloudwatch_metric_alarm" "main" {
  for_each = merge(local.alarms, local.credit_alarms, local.nat_alarms, local.certificate_alarms)

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.metric[0]
  metric_name         = each.value.metric[1]
  dimensions          = each.value.metric[2]
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  comparison_operator = can(each.value.above) ? "GreaterThanThreshold" : "LessThanThreshold"
  threshold           = try(each.value.above, each.value.below)
  period              = try(each.value.period, 60)
  evaluation_periods  = each.value.minutes
  treat_missing_data  = try(each.value.missing, "notBreaching")
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "share" {
  for_each = local.shares

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = each.value.description
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  evaluation_periods  = each.value.minutes
  treat_missing_data  = "notBreaching" # no requests
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "percent"
    label       = "Percent of the requests"
    expression  = each.value.percent
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { for name, metric in local.metrics : name => metric if strcontains(each.value.percent, name) }

    content {
      id = metric_query.key

      metric {
        namespace   = metric_query.value[0]
        metric_name = metric_query.value[1]
        dimensions  = metric_query.value[2]
        period      = 60
        stat        = "Sum"
      }
    }
  }
}

# --- Dashboard -------------------------------------------------------------------------------

locals {
  # Title and series of each graph, three to a row.
  graphs = [
    ["Requests", "Sum", [local.metrics.requests, local.metrics.refused]],
    ["Errors", "Sum", [
      local.metrics.target, local.metrics.balancer,
      ["AWS/ApplicationELB", "HTTPCode_Target_4XX_Count", local.target_dimension],
    ]],
    ["Latency, 99 % (s)", "p99", [local.metrics.latency]],
    ["Instances", "Minimum", [local.metrics.healthy, local.metrics.unhealthy]],
    ["CPU (%)", "Average", [["AWS/EC2", "CPUUtilization", local.group_dimension], local.metrics.cpu]],
    ["Database connections", "Maximum", [local.metrics.connections]],
  ]
}

resource "aws_cloudwatch_dashboard" "main" {
  dashboard_name = "${local.name}-${var.region}" # dashboards belong to the account, not to a region
  dashboard_body = jsonencode({
    widgets = [for index, graph in local.graphs : {
      type = "metric", width = 8, height = 6, x = index % 3 * 8, y = floor(index / 3) * 6
      properties = {
        title = graph[0], stat = graph[1], region = var.region, period = 60, view = "timeSeries"
        metrics = [for series in graph[2] : concat(
          [series[0], series[1]], flatten([for name, value in series[2] : [name, value]])
        )]
      }
    }]
  })
}
