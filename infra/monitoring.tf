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

# Of requests over RATE_LIMIT the load balancer knows no more than that they are 4xx.
resource "aws_cloudwatch_log_metric_filter" "refused" {
  name           = "${local.name}-refused"
  log_group_name = aws_cloudwatch_log_group.app.name
  pattern        = "{ $.status = 429 }"

  metric_transformation {
    name      = "RequestsRefused"
    namespace = local.name
    value     = "1"
  }
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

locals {
  lb_dimension     = { LoadBalancer = aws_lb.main.arn_suffix }
  target_dimension = { LoadBalancer = aws_lb.main.arn_suffix, TargetGroup = aws_lb_target_group.app.arn_suffix }
  db_dimension     = { DBInstanceIdentifier = aws_db_instance.main.identifier }

  # Each holds for `minutes` in a row before it rings.
  alarms = {
    service-errors = {
      description = "The service answers 5xx: read its log (make aws-logs)."
      namespace   = "AWS/ApplicationELB", metric = "HTTPCode_Target_5XX_Count", statistic = "Sum"
      dimensions  = local.target_dimension
      comparison  = "GreaterThanThreshold", threshold = 10, minutes = 3
    }
    load-balancer-errors = {
      description = "The load balancer answers 5xx itself: no instance took the request."
      namespace   = "AWS/ApplicationELB", metric = "HTTPCode_ELB_5XX_Count", statistic = "Sum"
      dimensions  = local.lb_dimension
      comparison  = "GreaterThanThreshold", threshold = 10, minutes = 3
    }
    unhealthy-instances = {
      description = "An instance fails /readyz: the log says why, first boot included."
      namespace   = "AWS/ApplicationELB", metric = "UnHealthyHostCount", statistic = "Maximum"
      dimensions  = local.target_dimension
      comparison  = "GreaterThanThreshold", threshold = 0, minutes = 10
    }
    healthy-instances = {
      description = "Fewer instances serve than should: see the activity of the Auto Scaling group."
      namespace   = "AWS/ApplicationELB", metric = "HealthyHostCount", statistic = "Minimum"
      dimensions  = local.target_dimension
      comparison  = "LessThanThreshold", threshold = var.instances.min, minutes = 10
    }
    latency = {
      description = "The slowest twentieth of the answers takes over a second."
      namespace   = "AWS/ApplicationELB", metric = "TargetResponseTime", statistic = "p95"
      dimensions  = local.target_dimension
      comparison  = "GreaterThanThreshold", threshold = 1, minutes = 5
    }
    refused-requests = {
      description = "Over 100 requests a minute are over RATE_LIMIT: the log's `client` says whose."
      namespace   = aws_cloudwatch_log_metric_filter.refused.metric_transformation[0].namespace
      metric      = aws_cloudwatch_log_metric_filter.refused.metric_transformation[0].name
      statistic   = "Sum"
      dimensions  = {}
      comparison  = "GreaterThanThreshold", threshold = 100, minutes = 10
    }
    database-cpu = {
      description = "The database computes over 80 % of the time: see Performance Insights."
      namespace   = "AWS/RDS", metric = "CPUUtilization", statistic = "Average"
      dimensions  = local.db_dimension
      comparison  = "GreaterThanThreshold", threshold = 80, minutes = 15
    }
    database-storage = {
      description = "Less than 4 GiB free: storage grows by itself up to max_allocated_storage, so it has reached that."
      namespace   = "AWS/RDS", metric = "FreeStorageSpace", statistic = "Minimum"
      dimensions  = local.db_dimension
      comparison  = "LessThanThreshold", threshold = 4 * 1024 * 1024 * 1024, minutes = 5
    }
    replica-lag = {
      description = "The replica is a minute behind: instances then read from the database itself."
      namespace   = "AWS/RDS", metric = "ReplicaLag", statistic = "Minimum"
      dimensions  = { DBInstanceIdentifier = "${local.database_id}-replica" }
      comparison  = "GreaterThanThreshold", threshold = 60, minutes = 5
    }
    database-connections = {
      description = "Over 150 connections, of about 190 that a db.t4g.small takes."
      namespace   = "AWS/RDS", metric = "DatabaseConnections", statistic = "Maximum"
      dimensions  = local.db_dimension
      comparison  = "GreaterThanThreshold", threshold = 150, minutes = 5
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
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# --- Dashboard -------------------------------------------------------------------------------

locals {
  # Title and series of each graph, three to a row.
  graphs = [
    ["Requests", "Sum", [["AWS/ApplicationELB", "RequestCount", local.lb_dimension]]],
    ["Errors", "Sum", [
      ["AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", local.target_dimension],
      ["AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", local.lb_dimension],
      ["AWS/ApplicationELB", "HTTPCode_Target_4XX_Count", local.target_dimension],
    ]],
    ["Latency, 95 % (s)", "p95", [["AWS/ApplicationELB", "TargetResponseTime", local.target_dimension]]],
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
