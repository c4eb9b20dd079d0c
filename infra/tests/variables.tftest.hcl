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
    host_names              = ["https://example.org"]
    rate_limit              = "600"
    instances               = { min = 0, max = 2 }
    database_instance_class = "t4g.small"
    alarm_email             = "nobody"
    tags                    = { Project = "another" }
    requests_per_instance   = 0
  }

  expect_failures = [
    var.image_tag,
    var.environment,
    var.host_names,
    var.rate_limit,
    var.instances,
    var.database_instance_class,
    var.alarm_email,
    var.tags,
    var.requests_per_instance,
  ]
}

run "a_second" {
  command = plan

  variables {
    image_tag   = "0123"
    environment = "p"
    host_names  = ["localhost"]
    rate_limit  = "0r/s"
    ami_id      = "al2023"
    instances   = { min = 3, max = 2 }
    alarm_email = "a b@example.org"
  }

  expect_failures = [
    var.image_tag,
    var.environment,
    var.host_names,
    var.rate_limit,
    var.ami_id,
    var.instances,
    var.alarm_email,
  ]
}

run "a_third" {
  command = plan

  variables {
    image_tag   = ""
    environment = "a-b"
    host_names  = ["Example.org"]
    rate_limit  = "600r/h"
    ami_id      = "ami-xyz"
    instances   = { min = 2, max = 51 }
  }

  expect_failures = [
    var.image_tag,
    var.environment,
    var.host_names,
    var.rate_limit,
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
