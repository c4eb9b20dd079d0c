# Every rule of variables.tf: what it refuses, it refuses before anything is made. A run
# breaks one rule of each variable, so that there are few.

variables {
  image_tag = "0123456789ab"
}

run "a_first_wrong_value" {
  command = plan

  variables {
    image_tag                 = "latest"
    environment               = "Production"
    tags                      = { Project = "mine" }
    vpc_cidr                  = "10.0.0.0"
    client_cidrs              = []
    certificate_arn           = "example.org"
    host_names                = ["https://example.org"]
    rate_limit                = "600"
    instance_type             = "small"
    instances                 = { min = 1, max = 2 }
    requests_per_instance     = 0
    database_instance_class   = "t4g.small"
    database_backup_days      = 0
    database_password_version = 0
    log_retention_days        = 31
    alarm_email               = "nobody"
    region                    = "nowhere"
    ssh_public_key            = "-----BEGIN PRIVATE KEY-----"
    ssh_cidr                  = "203.0.113.7/32"
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
    var.database_password_version,
    var.log_retention_days,
    var.alarm_email,
    var.region,
    var.ssh_public_key,
  ]
}

run "a_second" {
  command = plan

  variables {
    image_tag                 = "0123"
    environment               = "p"
    vpc_cidr                  = "10.0.0.0/8"
    client_cidrs              = ["203.0.113.7"]
    certificate_arn           = "arn:aws:iam::123456789012:server-certificate/x"
    host_names                = ["localhost"]
    rate_limit                = "0/minute"
    instance_type             = "t4g.small"
    instances                 = { min = 3, max = 2 }
    database_backup_days      = 36
    database_password_version = 1.5
    alarm_email               = "a b@example.org"
    region                    = "us-east"
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
    var.instances,
    var.database_backup_days,
    var.database_password_version,
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
    rate_limit    = "600/min"
    instance_type = "c7gn.large"
    instances     = { min = 2, max = 51 }
  }

  expect_failures = [
    var.image_tag,
    var.environment,
    var.vpc_cidr,
    var.host_names,
    var.rate_limit,
    var.instance_type,
    var.instances,
  ]
}

run "a_fourth" {
  command = plan

  variables {
    image_tag     = "0123456789AB"
    environment   = "abcdefghijklmnop"
    instance_type = "m8gd.large"
  }

  expect_failures = [
    var.image_tag,
    var.environment,
    var.instance_type,
  ]
}

run "cdn_or_certificate" {
  command = plan

  variables {
    cdn             = true
    certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/x"
    ssh_public_key  = "ssh-ed25519 AAAA"
  }

  expect_failures = [
    var.cdn,
    var.ssh_cidr,
  ]
}

run "ssh_for_nobody" {
  command = plan

  variables {
    ssh_cidr = "203.0.113.7/32"
  }

  expect_failures = [
    var.ssh_cidr,
  ]
}

run "ssh_for_all" {
  command = plan

  variables {
    ssh_public_key = "ssh-ed25519 AAAA"
    ssh_cidr       = "0.0.0.0/0"
  }

  expect_failures = [
    var.ssh_cidr,
  ]
}
