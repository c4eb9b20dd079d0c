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
    condition     = keys(aws_vpc_security_group_ingress_rule.load_balancer_http) == ["0.0.0.0/0"]
    error_message = "The load balancer must be open to client_cidrs."
  }

  assert {
    condition     = local.settings.SECURE_PROXY == false && !contains(keys(local.settings), "SECURE_PROXY_HEADER")
    error_message = "The service must not take the load balancer for one with HTTPS."
  }

  assert {
    condition     = local.settings.TRUSTED_PROXIES == 1
    error_message = "The service must know of the load balancer, to see clients' addresses and keep /metrics from them."
  }

  assert {
    condition     = length(aws_nat_gateway.main) == 1 && length(aws_vpc_endpoint.interface) == 0
    error_message = "The default is one NAT gateway and no interface endpoint."
  }

  assert {
    condition     = length(aws_wafv2_web_acl.main) + length(aws_elasticache_replication_group.main) + length(aws_cloudfront_distribution.main) + length(aws_db_instance.replica) + length(aws_key_pair.debug) + length(aws_vpc_security_group_ingress_rule.app_ssh) == 0
    error_message = "What is optional must be off."
  }

  assert {
    condition     = aws_db_instance.main.manage_master_user_password == true && length(aws_secretsmanager_secret.database) == 0
    error_message = "RDS must manage the password."
  }
}

run "https" {
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
    condition     = aws_lb_listener.https[0].default_action[0].type == "forward" && aws_lb_listener.https[0].ssl_policy == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    error_message = "HTTPS must serve, with TLS 1.2 and 1.3 alone."
  }

  assert {
    condition     = keys(aws_vpc_security_group_ingress_rule.load_balancer_https) == ["0.0.0.0/0"]
    error_message = "Port 443 must be open to client_cidrs."
  }

  assert {
    condition     = local.settings.SECURE_PROXY == true && output.url == "https://adult.example.org"
    error_message = "The service must know of HTTPS, and the URL be the host name's."
  }
}

run "everything_in_the_network" {
  command = plan

  variables {
    nat_per_zone        = true
    interface_endpoints = true
    client_cidrs        = ["198.51.100.0/24", "203.0.113.0/24"]
    access_logs         = false
  }

  assert {
    condition     = length(aws_nat_gateway.main) == 2 && length(aws_eip.nat) == 2
    error_message = "There must be a NAT gateway in each zone."
  }

  assert {
    condition     = length(aws_vpc_endpoint.interface) == 8 && aws_vpc_security_group_ingress_rule.endpoints_from_app[0].from_port == 443
    error_message = "There must be an endpoint for each service that an instance calls."
  }

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.load_balancer_http) == 2
    error_message = "There must be a rule for each range of clients."
  }

  assert {
    condition     = length(aws_s3_bucket.access_logs) == 0
    error_message = "access_logs = false must make no bucket."
  }
}

run "replica_with_a_password_of_ours" {
  command = plan

  variables {
    read_replica              = true
    database_password_version = 2
  }

  assert {
    condition     = aws_db_instance.main.manage_master_user_password == null && aws_db_instance.main.password_wo_version == 2
    error_message = "RDS does not manage the password of a database with replicas."
  }

  assert {
    condition     = aws_secretsmanager_secret_version.database[0].secret_string_wo_version == aws_db_instance.main.password_wo_version
    error_message = "The secret and the database must change together."
  }

  assert {
    condition     = aws_db_instance.replica[0].replicate_source_db == "adultapi-production" && aws_db_instance.replica[0].publicly_accessible == false
    error_message = "The replica must follow the database, in private."
  }

  assert {
    condition     = length(aws_cloudwatch_log_group.database) == 4
    error_message = "The replica's logs need their groups."
  }

  assert {
    condition     = contains(keys(aws_cloudwatch_metric_alarm.main), "replica-lag")
    error_message = "Somebody must hear of a replica that is away or behind."
  }

  assert {
    condition     = endswith(local.settings.DATABASE_REPLICA_PASSWORD_FILE, "/replica") && contains(keys(local.settings), "DATABASE_REPLICA_URL")
    error_message = "The service must know of the replica."
  }
}

run "cache" {
  command = plan

  variables {
    cache = true
  }

  assert {
    condition     = aws_elasticache_replication_group.main[0].engine == "valkey" && aws_elasticache_replication_group.main[0].transit_encryption_enabled && aws_elasticache_replication_group.main[0].at_rest_encryption_enabled == "true"
    error_message = "The cache must be a Valkey, encrypted on both ways."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.cache_from_app[0].from_port == 6379
    error_message = "The instances must reach the cache."
  }
}

run "waf" {
  command = plan

  variables {
    waf = true
  }

  assert {
    condition     = length(aws_wafv2_web_acl.main[0].rule) == 4 && length(aws_wafv2_web_acl_association.main) == 1
    error_message = "The rate rule and three managed groups must stand before the load balancer."
  }
}

run "cdn" {
  command = plan

  variables {
    cdn = true
  }

  assert {
    condition     = local.settings.TRUSTED_PROXIES == 2
    error_message = "The service must know of CloudFront and the load balancer."
  }

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.load_balancer_http) == 0 && length(aws_vpc_security_group_ingress_rule.load_balancer_from_cdn) == 1
    error_message = "The load balancer must admit CloudFront alone."
  }

  assert {
    condition     = aws_cloudfront_distribution.main[0].default_cache_behavior[0].viewer_protocol_policy == "redirect-to-https"
    error_message = "CloudFront must serve HTTPS."
  }

  assert {
    condition = (
      local.settings.SECURE_PROXY == true && local.settings.SECURE_PROXY_HEADER == "CloudFront-Forwarded-Proto"
      && aws_cloudfront_origin_request_policy.main[0].headers_config[0].header_behavior == "allViewerAndWhitelistCloudFront"
      && contains(tolist(aws_cloudfront_origin_request_policy.main[0].headers_config[0].headers[0].items), local.settings.SECURE_PROXY_HEADER)
    )
    error_message = "The service must hear of HTTPS from CloudFront, for its links: the load balancer is reached by HTTP."
  }
}

run "ssh_for_debugging" {
  command = plan

  variables {
    ssh_public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKHEChAKnl0Zt5mTyHrIaX0uCU2wDBKdLp1V8SGqdjKk"
    ssh_cidr       = "203.0.113.7/32"
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.app_ssh[0].cidr_ipv4 == "203.0.113.7/32" && aws_vpc_security_group_ingress_rule.app_ssh[0].from_port == 22
    error_message = "SSH must be open to the one range."
  }
}

run "a_deployment_to_throw_away" {
  command = plan

  variables {
    environment         = "staging"
    deletion_protection = false
    database_multi_az   = false
  }

  assert {
    condition     = !aws_db_instance.main.deletion_protection && aws_db_instance.main.skip_final_snapshot && aws_ecr_repository.app.force_delete && aws_s3_bucket.access_logs[0].force_destroy && aws_secretsmanager_secret.django.recovery_window_in_days == 0 && !aws_lb.main.enable_deletion_protection
    error_message = "Without protection everything must go at once."
  }

  assert {
    condition     = aws_lb.main.name == "adultapi-staging"
    error_message = "Every environment must have its own names."
  }
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
