# The instances: Amazon Linux in private subnets, each running nginx and the service under systemd.

data "aws_ssm_parameter" "ami" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${local.arm ? "arm64" : "x86_64"}"
}

locals {
  # libpq reads the password or token from a file for every new connection. user_data.sh.tftpl mounts
  # the files at these paths.
  database_url = "postgresql://%s@${aws_db_instance.main.endpoint}/${local.database_name}?sslmode=verify-full&sslrootcert=/etc/adultapi/rds-ca.pem&passfile=%s"

  # Environment variables of each container. None is a secret.
  settings = {
    service = {
      ALLOWED_HOSTS   = join(",", distinct(concat(var.host_names, [aws_lb.main.dns_name, local.public_dns])))
      DATABASE_URL    = format(local.database_url, local.reader, "/run/secrets/adultapi/reader")
      EXPORT_DIR      = "/var/lib/adultapi"
      LOG_FORMAT      = "json"
      SECRET_KEY_FILE = "/run/secrets/adultapi/django"
      SECURE_PROXY    = local.https || var.cdn
    }
    loader = { # of the run that migrates and loads, in addition to those of the service
      LOADER_DATABASE_URL = format(local.database_url, local.database_user, "/run/secrets/loader/owner")
    }
    proxy = {
      RATE_LIMIT      = var.rate_limit
      SERVICE         = "198.18.0.2:8000" # the service's fixed address on the instance
      TRUSTED_PROXIES = join(",", local.trusted_proxies)
      # CloudFront speaks HTTP to the load balancer. It does not accept this header from clients.
      SECURE_PROXY_HEADER = var.cdn ? "CloudFront-Forwarded-Proto" : "X-Forwarded-Proto"
    }
  }

  boot_hook       = "booted"
  boot_seconds    = 900
  ami             = coalesce(var.ami_id, nonsensitive(data.aws_ssm_parameter.ami.value))
  sessions_a_core = 7 # database sessions: one worker per core, each with several threads
  most_sessions   = ceil(1.5 * var.instances.max) * data.aws_ec2_instance_type.app.default_vcpus * local.sessions_a_core
}

resource "aws_launch_template" "app" {
  name_prefix            = "${local.name}-"
  description            = "${var.image_tag} on ${local.ami}" # listed by `make rollback`
  image_id               = local.ami
  instance_type          = var.instance_type
  update_default_version = true

  user_data = base64encode(templatefile("${path.module}/user_data.sh.tftpl", {
    boot_seconds        = local.boot_seconds
    database            = aws_db_instance.main.endpoint
    database_host       = aws_db_instance.main.address
    database_name       = local.database_name
    database_secret_arn = local.database_secret_arn
    database_user       = local.database_user
    django_secret_arn   = aws_secretsmanager_secret.django.arn
    group               = local.name
    hook                = local.boot_hook
    images              = local.images
    log_group           = aws_cloudwatch_log_group.main["app"].name
    proxy_port          = local.proxy_port
    reader              = local.reader
    region              = var.region
    settings = { for container, settings in local.settings :
      container => join("\n", [for name, value in settings : "${name}=${value}"])
    }
  }))

  iam_instance_profile {
    arn = aws_iam_instance_profile.app.arn
  }

  network_interfaces {
    associate_public_ip_address = false
    security_groups             = [aws_security_group.main["app"].id]
    delete_on_termination       = true
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1 # the host only: containers are one hop further, and need no AWS credentials
    instance_metadata_tags      = "disabled"
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_type           = "gp3"
      volume_size           = 12 # GiB
      encrypted             = true
      delete_on_termination = true
    }
  }

  monitoring {
    enabled = true
  }

  dynamic "tag_specifications" {
    for_each = toset(["instance", "volume", "network-interface"])

    content {
      resource_type = tag_specifications.value
      tags          = merge(local.tags, { Name = local.name })
    }
  }

  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = local.most_sessions <= local.database_connections
      error_message = "${var.instances.max} instances of ${var.instance_type}, and half as many again during a release, may hold ${local.most_sessions} sessions of the database, but a ${var.database_instance_class} takes about ${local.database_connections}: lower instances.max or instance_type, or raise database_instance_class."
    }
  }
}

resource "aws_autoscaling_group" "app" {
  name                      = local.name
  min_size                  = var.instances.min
  max_size                  = var.instances.max
  vpc_zone_identifier       = local.tiers.private[*].id
  target_group_arns         = [aws_lb_target_group.app.arn]
  health_check_type         = "ELB"
  health_check_grace_period = 60 # seconds: an instance in service has booted already
  default_instance_warmup   = 60
  min_elb_capacity          = var.instances.min # the first apply waits until they serve
  wait_for_capacity_timeout = "30m"
  max_instance_lifetime     = 7 * 24 * 60 * 60 # each boot installs security updates
  termination_policies      = ["OldestLaunchTemplate", "OldestInstance"]

  instance_maintenance_policy {
    min_healthy_percentage = 100
    max_healthy_percentage = 150
  }

  # The first boot completes the hook: the instance goes into service, or is terminated. It is also
  # terminated if the boot does not complete the hook in time.
  initial_lifecycle_hook {
    name                 = local.boot_hook
    lifecycle_transition = "autoscaling:EC2_INSTANCE_LAUNCHING"
    default_result       = "ABANDON"
    heartbeat_timeout    = local.boot_seconds + 300
  }

  # The first version. Later ones become the group's when an instance refresh has succeeded
  # (scripts/lib_release.sh); until then new instances start with the version before.
  launch_template {
    id      = aws_launch_template.app.id
    version = aws_launch_template.app.latest_version
  }

  dynamic "tag" {
    for_each = merge(local.tags, { Name = local.name })

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = false # the launch template tags what it launches
    }
  }

  # A first boot needs these.
  depends_on = [
    aws_iam_role_policy.app,
    aws_lb_listener.http,
    aws_lb_listener.https,
    aws_route.nat,
    aws_route_table_association.main,
    aws_secretsmanager_secret_version.django,
    aws_vpc_endpoint.s3,
    aws_vpc_security_group_egress_rule.main,
    aws_vpc_security_group_ingress_rule.main,
  ]

  lifecycle {
    ignore_changes = [desired_capacity, launch_template[0].version] # set by the scaling policy and by instance refreshes
  }
}

resource "aws_autoscaling_policy" "requests" {
  name                   = "requests-per-instance"
  autoscaling_group_name = aws_autoscaling_group.app.name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value = var.requests_per_instance

    predefined_metric_specification {
      predefined_metric_type = "ALBRequestCountPerTarget"
      resource_label         = "${aws_lb.main.arn_suffix}/${aws_lb_target_group.app.arn_suffix}"
    }
  }
}
