# Logs, alarms and a dashboard.

# --- Logs ------------------------------------------------------------------------------------

resource "aws_cloudwatch_log_group" "app" {
  #checkov:skip=CKV_AWS_338:How long logs are kept is a matter of law and money: log_retention_days
  name              = "/${local.name}/app"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.main.arn
}

resource "aws_cloudwatch_log_group" "flow" {
  #checkov:skip=CKV_AWS_338:As above
  name              = "/${local.name}/rejected-traffic"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.main.arn
}

resource "aws_cloudwatch_log_group" "database" {
  #checkov:skip=CKV_AWS_338:As above
  for_each = toset(concat(
    ["${local.database_id}/postgresql", "${local.database_id}/upgrade"],
    var.read_replica ? ["${local.database_id}-replica/postgresql", "${local.database_id}-replica/upgrade"] : [],
  ))

  name              = "/aws/rds/instance/${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.main.arn
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

# The load balancer counts all 4xx as one: those over RATE_LIMIT are told by the service's log.
resource "aws_cloudwatch_log_metric_filter" "refused" {
  name           = "${local.name}-refused"
  log_group_name = aws_cloudwatch_log_group.app.name
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
  db_dimension     = { DBInstanceIdentifier = aws_db_instance.main.identifier }

  # Counted each minute; `shares` sets them in relation.
  counts = {
    requests = ["AWS/ApplicationELB", "RequestCount", local.lb_dimension] # that reached an instance
    target   = ["AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", local.target_dimension]
    balancer = ["AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", local.lb_dimension]
    refused  = [local.name, "RequestsRefused", {}]
  }

  # Each holds for `minutes` in a row before it rings. Those of the service ring for the same
  # as the alerts of monitoring/alerts.yml, which name them.
  shares = {
    failing-requests = {
      description = "More than 1 % of the requests fail: read the log (make aws-logs), ask /readyz."
      percent     = "100 * (FILL(target, 0) + FILL(balancer, 0)) / (FILL(requests, 0) + FILL(balancer, 0))"
      threshold   = 1, minutes = 5
    }
    refused-requests = {
      description = "One request in ten is over rate_limit: see by `client` in the log whether it is one."
      percent     = "100 * FILL(refused, 0) / requests"
      threshold   = 10, minutes = 10
    }
  }

  alarms = {
    slow-requests = {
      description = "One request in a hundred takes over a second: see slow ones in the log, and the database."
      namespace   = "AWS/ApplicationELB", metric = "TargetResponseTime", statistic = "p99"
      dimensions  = local.target_dimension
      comparison  = "GreaterThanThreshold", threshold = 1, minutes = 10
    }
    nothing-serves = {
      description = "No instance is ready: /readyz says whether the database is away or has no dataset."
      namespace   = "AWS/ApplicationELB", metric = "HealthyHostCount", statistic = "Maximum"
      dimensions  = local.target_dimension, missing = "breaching"
      comparison  = "LessThanThreshold", threshold = 1, minutes = 1
    }
    healthy-instances = {
      description = "Fewer instances serve than should: see the activity of the Auto Scaling group."
      namespace   = "AWS/ApplicationELB", metric = "HealthyHostCount", statistic = "Minimum"
      dimensions  = local.target_dimension, missing = "breaching"
      comparison  = "LessThanThreshold", threshold = var.instances.min, minutes = 10
    }
    unhealthy-instances = {
      description = "An instance fails /readyz: the log says why, first boot included."
      namespace   = "AWS/ApplicationELB", metric = "UnHealthyHostCount", statistic = "Maximum"
      dimensions  = local.target_dimension
      comparison  = "GreaterThanThreshold", threshold = 0, minutes = 10
    }
    database-cpu = {
      description = "The database computes over 80 % of the time: see Performance Insights."
      namespace   = "AWS/RDS", metric = "CPUUtilization", statistic = "Average"
      dimensions  = local.db_dimension
      comparison  = "GreaterThanThreshold", threshold = 80, minutes = 15
    }
    database-storage = {
      description = "Less than 1 GiB free, though storage grows by itself below a tenth: it is at max_allocated_storage, or fills too fast."
      namespace   = "AWS/RDS", metric = "FreeStorageSpace", statistic = "Minimum"
      dimensions  = local.db_dimension
      comparison  = "LessThanThreshold", threshold = 1024 * 1024 * 1024, minutes = 5
    }
    database-connections = {
      description = "Over 150 connections, of about 190 that a db.t4g.small takes."
      namespace   = "AWS/RDS", metric = "DatabaseConnections", statistic = "Maximum"
      dimensions  = local.db_dimension
      comparison  = "GreaterThanThreshold", threshold = 150, minutes = 5
    }
    replica-lag = {
      description = "The replica is away or over a minute behind: the database answers what it would."
      namespace   = "AWS/RDS", metric = "ReplicaLag", statistic = "Maximum"
      dimensions  = { DBInstanceIdentifier = "${local.database_id}-replica" }, missing = "breaching"
      comparison  = "GreaterThanThreshold", threshold = 60, minutes = 5
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "main" {
  for_each = { for name, alarm in local.alarms : name => alarm if name != "replica-lag" || var.read_replica }

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  dimensions          = each.value.dimensions
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = 60
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
  threshold           = each.value.threshold
  evaluation_periods  = each.value.minutes
  treat_missing_data  = "notBreaching" # nobody asks
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "percent"
    label       = "Percent of the requests"
    expression  = each.value.percent
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { for name, count in local.counts : name => count if strcontains(each.value.percent, name) }

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
    ["Requests", "Sum", [local.counts.requests, local.counts.refused]],
    ["Errors", "Sum", [
      local.counts.target,
      local.counts.balancer,
      ["AWS/ApplicationELB", "HTTPCode_Target_4XX_Count", local.target_dimension],
    ]],
    ["Latency, 99 % (s)", "p99", [["AWS/ApplicationELB", "TargetResponseTime", local.target_dimension]]],
    ["Instances", "Minimum", [
      ["AWS/ApplicationELB", "HealthyHostCount", local.target_dimension],
      ["AWS/ApplicationELB", "UnHealthyHostCount", local.target_dimension],
    ]],
    ["CPU (%)", "Average", [
      ["AWS/EC2", "CPUUtilization", { AutoScalingGroupName = aws_autoscaling_group.app.name }],
      ["AWS/RDS", "CPUUtilization", local.db_dimension],
    ]],
    ["Database connections", "Maximum", [["AWS/RDS", "DatabaseConnections", local.db_dimension]]],
  ]
}

resource "aws_cloudwatch_dashboard" "main" {
  dashboard_name = local.name
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
