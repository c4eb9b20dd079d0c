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

output "launch_template" {
  description = "Id and latest version of the launch template: what a release puts into service."
  value       = "${aws_launch_template.app.id} ${aws_launch_template.app.latest_version}"
}

output "alarm_email" {
  description = "Who hears of alarms; null if nobody does."
  value       = var.alarm_email
}
