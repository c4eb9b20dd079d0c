# What the variables turn on and off, at plan level. The default is applied for real by
# tests/infra/test_deployment.py.

variables {
  image_tag = "0123456789ab"
}

run "plain_http" {
  command = plan

  assert {
    condition     = aws_lb_listener.http.default_action[0].type == "forward" && length(aws_lb_listener.https) == 0
    error_message = "Without a certificate HTTP must serve."
  }

  assert {
    condition     = [for rule in aws_vpc_security_group_ingress_rule.main : "${rule.from_port} ${rule.cidr_ipv4}" if rule.cidr_ipv4 != null] == ["80 0.0.0.0/0"]
    error_message = "The load balancer must be open to client_cidrs."
  }

  assert {
    condition     = local.settings.service.SECURE_PROXY == false && local.settings.proxy.SECURE_PROXY_HEADER == "X-Forwarded-Proto"
    error_message = "The service must not take the load balancer for one with HTTPS."
  }

  assert {
    condition     = local.settings.proxy.TRUSTED_PROXIES == "10.20.0.0/20,10.20.16.0/20"
    error_message = "nginx must take clients' addresses from the load balancer, and from nobody else."
  }

  assert {
    condition     = length(aws_nat_gateway.main) == 1
    error_message = "The default is one NAT gateway."
  }

  assert {
    condition     = length(aws_acm_certificate.main) + length(aws_route53_record.host) + length(aws_cloudfront_distribution.main) == 0
    error_message = "What is optional must be off."
  }

  assert {
    condition     = aws_db_instance.main.manage_master_user_password == true
    error_message = "RDS must manage the password."
  }

  assert {
    condition     = aws_lb_target_group.app.port == 8080 && aws_lb_target_group.app.health_check[0].path == "/startupz"
    error_message = "The load balancer must speak to nginx, and must not ask for the database."
  }

  assert {
    condition     = data.aws_ssm_parameter.ami.name == "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    error_message = "A t3.small must start an AMI for x86_64."
  }
}

run "a_certificate_that_there_is" {
  command = plan

  variables {
    certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/0"
    host_names      = ["adult.example.org"]
  }

  assert {
    condition     = aws_lb_listener.http.default_action[0].type == "redirect" && aws_lb_listener.http.default_action[0].redirect[0].port == "443" && aws_lb_listener.http.default_action[0].redirect[0].status_code == "HTTP_301"
    error_message = "HTTP must redirect to HTTPS."
  }

  assert {
    condition     = aws_lb_listener.https[0].default_action[0].type == "forward" && aws_lb_listener.https[0].ssl_policy == "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
    error_message = "HTTPS must serve, with TLS 1.2 and 1.3 alone and no CBC suites."
  }

  assert {
    condition     = [for rule in aws_vpc_security_group_ingress_rule.main : "${rule.from_port} ${rule.cidr_ipv4}" if rule.cidr_ipv4 != null] == ["80 0.0.0.0/0", "443 0.0.0.0/0"]
    error_message = "Port 443 must be open to client_cidrs."
  }

  assert {
    condition     = local.settings.service.SECURE_PROXY == true && output.url == "https://adult.example.org"
    error_message = "The service must know of HTTPS, and the URL be the host name's."
  }

  assert {
    condition     = length(aws_acm_certificate.main) == 0 && contains(keys(aws_cloudwatch_metric_alarm.main), "certificate")
    error_message = "The certificate is the one that was given, and its end must be announced."
  }
}

run "two_names_in_a_zone" {
  command = plan

  variables {
    zone_id    = "Z0123456789ABCDEFGHIJ"
    host_names = ["adult.example.org", "census.example.org"]
  }

  assert {
    condition     = aws_acm_certificate.main[0].domain_name == "adult.example.org" && aws_acm_certificate.main[0].subject_alternative_names == toset(["adult.example.org", "census.example.org"])
    error_message = "One certificate must have both names."
  }

  assert {
    condition     = keys(aws_route53_record.host) == ["adult.example.org", "census.example.org"] && keys(aws_route53_record.validation) == keys(aws_route53_record.host)
    error_message = "Each name needs its record, and one that validates the certificate."
  }
}

run "narrow_and_in_every_zone" {
  command = plan

  variables {
    nat_per_zone = true
    client_cidrs = ["198.51.100.0/24", "203.0.113.0/24"]
    alarm_email  = "oncall@example.org"
  }

  assert {
    condition     = length(aws_nat_gateway.main) == 2 && length(aws_eip.nat) == 2
    error_message = "There must be a NAT gateway in each zone."
  }

  assert {
    condition     = length([for name in keys(aws_cloudwatch_metric_alarm.main) : name if startswith(name, "nat-ports-")]) == 2
    error_message = "Each NAT gateway needs its alarm."
  }

  assert {
    condition     = length([for rule in aws_vpc_security_group_ingress_rule.main : rule if rule.from_port == 80]) == 2
    error_message = "There must be a rule for each range of clients."
  }

  assert {
    condition     = length(aws_sns_topic_subscription.alarms) == 1
    error_message = "Somebody must hear of alarms."
  }
}

run "cdn" {
  command = plan

  variables {
    cdn = true
  }

  assert {
    condition     = aws_lb.main.internal && [for rule in aws_vpc_security_group_ingress_rule.main : rule.prefix_list_id != null if rule.from_port == 80] == [true]
    error_message = "The load balancer must be private and admit CloudFront alone."
  }

  assert {
    condition     = aws_cloudfront_distribution.main[0].default_cache_behavior[0].viewer_protocol_policy == "redirect-to-https" && length(tolist(aws_cloudfront_distribution.main[0].origin)[0].vpc_origin_config) == 1
    error_message = "CloudFront must serve HTTPS, and reach the load balancer inside the VPC."
  }

  assert {
    condition     = startswith(local.settings.proxy.TRUSTED_PROXIES, "10.20.32.0/20,10.20.48.0/20,") && length(local.trusted_proxies) > 10
    error_message = "nginx must take clients' addresses from the load balancer and from CloudFront."
  }

  assert {
    condition     = local.settings.service.SECURE_PROXY == true && local.settings.proxy.SECURE_PROXY_HEADER == "CloudFront-Forwarded-Proto"
    error_message = "The service must hear of HTTPS from CloudFront, for its links: the load balancer is reached by HTTP."
  }

  assert {
    condition     = aws_cloudfront_cache_policy.main[0].name == "adultapi-production-us-east-1" && aws_cloudwatch_dashboard.main.dashboard_name == "adultapi-production-us-east-1"
    error_message = "What belongs to the account and no region must have the region in its name."
  }
}

run "a_small_one_to_throw_away" {
  command = plan

  variables {
    environment             = "staging"
    deletion_protection     = false
    database_instance_class = "db.t4g.micro"
    database_backup_days    = 1
    database_multi_az       = false
    instance_type           = "t4g.micro"
    instances               = { min = 1, max = 2 }
    ami_id                  = "ami-0123456789abcdef0"
  }

  assert {
    condition     = !aws_db_instance.main.deletion_protection && aws_db_instance.main.skip_final_snapshot && alltrue([for repository in aws_ecr_repository.app : repository.force_delete]) && aws_s3_bucket.access_logs.force_destroy && aws_secretsmanager_secret.django.recovery_window_in_days == 0 && !aws_lb.main.enable_deletion_protection
    error_message = "Without protection everything must go at once."
  }

  assert {
    condition     = aws_lb.main.name == "adultapi-staging"
    error_message = "Every environment must have its own names."
  }

  assert {
    condition     = aws_launch_template.app.image_id == "ami-0123456789abcdef0" && endswith(data.aws_ssm_parameter.ami.name, "arm64")
    error_message = "ami_id must be kept to; a t4g is of the architecture arm64."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.main["database-connections"].threshold == 76
    error_message = "The alarm on connections must be that of the class."
  }
}

run "large" {
  command = plan

  variables {
    database_instance_class = "db.r8g.large"
    instance_type           = "m7i.large"
    instances               = { min = 20, max = 40 }
  }

  assert {
    condition     = local.database_connections == 1520 && local.most_sessions == 840
    error_message = "A class of 16 GiB takes about 1,520 connections, and 60 instances of two cores hold 840."
  }

  assert {
    condition     = !contains(keys(aws_cloudwatch_metric_alarm.main), "database-credits") && !contains(keys(aws_cloudwatch_metric_alarm.main), "instance-credits")
    error_message = "What is not burstable has no credits."
  }
}

run "more_sessions_than_the_database_takes" {
  command = plan

  variables {
    instances = { min = 2, max = 10 }
  }

  expect_failures = [aws_launch_template.app]
}

run "restored_from_a_snapshot" {
  command = plan

  variables {
    database_snapshot = "rds:adultapi-production-2026-01-01-03-10"
  }

  assert {
    condition     = startswith(aws_db_instance.main.identifier, "adultapi-production-") && aws_db_instance.main.snapshot_identifier == "rds:adultapi-production-2026-01-01-03-10"
    error_message = "A restored database must stand beside the one it replaces."
  }
}

run "a_type_that_the_first_zones_lack" {
  command = plan

  variables {
    instance_type = "trn1.2xlarge"
    instances     = { min = 1, max = 1 }
  }

  assert {
    condition     = join(" ", local.zones) == "us-east-1c us-east-1f"
    error_message = "The zones must be the first two that have the instance type."
  }
}
