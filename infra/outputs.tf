output "url" {
  description = "Where the service answers."
  value = var.cdn ? "https://${local.public_dns}" : format("%s://%s",
    local.https ? "https" : "http", try(var.host_names[0], aws_lb.main.dns_name)
  )
}

output "dns_name" {
  description = "DNS name that serves, and that host_names must point at (CNAME or alias)."
  value       = local.public_dns
}

output "image_tag" {
  description = "Tag that the instances run."
  value       = var.image_tag
}

output "repository_url" {
  description = "Repository that images are pushed to."
  value       = aws_ecr_repository.app.repository_url
}

output "repository_name" {
  description = "The same, by name."
  value       = aws_ecr_repository.app.name
}

output "autoscaling_group" {
  description = "Auto Scaling group of the instances."
  value       = aws_autoscaling_group.app.name
}

output "log_group" {
  description = "Log of the service and of first boots, a stream for each instance."
  value       = aws_cloudwatch_log_group.app.name
}

output "database_id" {
  description = "Identifier of the database."
  value       = aws_db_instance.main.identifier
}

output "database_secret_arn" {
  description = "Secret that holds the database's password."
  value       = local.database_secret_arn
}

output "alarm_topic_arn" {
  description = "SNS topic that alarms go to."
  value       = aws_sns_topic.alarms.arn
}
