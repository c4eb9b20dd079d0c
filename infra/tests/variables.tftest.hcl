# Every rule of variables.tf: what it refuses, it refuses before anything is made. A run
# breaks one rule of each variable, so that there are few.

variables {
  image_tag = "0123456789ab"
}

run "a_first_wrong_value" {
  command = plan

  variables {
    image_tag               = "latest"
    environment             = "Production"
    tags                    = { Project = "mine" }
    vpc_cidr                = "10.0.0.0"
    client_cidrs            = []
    certificate_arn         = "example.org"
    host_names              = ["https://example.org"]
    rate_limit              = "600"
    instance_type           = "small"
    instances               = { min = 0, max = 2 }
    requests_per_instance   = 0
    database_instance_class = "t4g.small"
    database_backup_days    = 0
    log_retention_days      = 31
    alarm_email             = "nobody"
    region                  = "nowhere"
  }

  expect_failures = [
    var.image_tag,
    var.environment,
    var.tags,
    var.vpc_cidr,
    var.client_cidrs,
    var.certificate_arn,
    var.host_names,
    var.rate_limit,
    var.instance_type,
    var.instances,
    var.requests_per_instance,
    var.database_instance_class,
    var.database_backup_days,
    var.log_retention_days,
    var.alarm_email,
    var.region,
  ]
}

run "a_second" {
  command = plan

  variables {
    image_tag            = "0123"
    environment          = "p"
    vpc_cidr             = "10.0.0.0/8"
    client_cidrs         = ["203.0.113.7"]
    certificate_arn      = "arn:aws:iam::123456789012:server-certificate/x"
    host_names           = ["localhost"]
    rate_limit           = "0r/s"
    instance_type        = "t3"
    ami_id               = "al2023"
    instances            = { min = 3, max = 2 }
    database_backup_days = 36
    alarm_email          = "a b@example.org"
    region               = "us-east"
  }

  expect_failures = [
    var.image_tag,
    var.environment,
    var.vpc_cidr,
    var.client_cidrs,
    var.certificate_arn,
    var.host_names,
    var.rate_limit,
    var.instance_type,
    var.ami_id,
    var.instances,
    var.database_backup_days,
    var.alarm_email,
    var.region,
  ]
}

run "a_third" {
  command = plan

  variables {
    image_tag     = ""
    environment   = "a-b"
    vpc_cidr      = "10.0.0.0/24"
    host_names    = ["Example.org"]
    rate_limit    = "600r/h"
    instance_type = "T3.small"
    ami_id        = "ami-xyz"
    instances     = { min = 2, max = 51 }
  }

  expect_failures = [
    var.image_tag,
    var.environment,
    var.vpc_cidr,
    var.host_names,
    var.rate_limit,
    var.instance_type,
    var.ami_id,
    var.instances,
  ]
}

run "a_fourth" {
  command = plan

  variables {
    image_tag   = "0123456789AB"
    environment = "abcdefghijklmnop"
    zone_id     = "Z0123456789ABCDEFGHIJ" # without a name in it
  }

  expect_failures = [
    var.image_tag,
    var.environment,
    var.zone_id,
  ]
}

run "cdn_or_certificate" {
  command = plan

  variables {
    cdn             = true
    certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/x"
  }

  expect_failures = [
    var.cdn,
  ]
}

run "zone_or_cdn" {
  command = plan

  variables {
    cdn        = true
    zone_id    = "Z0123456789ABCDEFGHIJ"
    host_names = ["adult.example.org"]
  }

  expect_failures = [
    var.zone_id,
  ]
}

run "no_zone" {
  command = plan

  variables {
    zone_id    = "example.org"
    host_names = ["adult.example.org"]
  }

  expect_failures = [
    var.zone_id,
  ]
}
