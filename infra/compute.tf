# The instances: Amazon Linux in private subnets, each running the image under systemd.

data "aws_ssm_parameter" "ami" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}

locals {
  database_url = "postgresql://%s@%s/${local.database_name}?sslmode=verify-full&sslrootcert=/etc/adultapi/rds-ca.pem"
  secrets      = "/run/secrets/adultapi" # where the container finds what the instance has fetched

  # What differs between deployments, as the service's README lists it. No secret among it:
  # those are files that the instance fetches.
  settings = merge(
    {
      ALLOWED_HOSTS                 = join(",", distinct(concat(var.host_names, [aws_lb.main.dns_name, local.public_dns])))
      DATABASE_PASSWORD_FILE        = "${local.secrets}/reader"
      DATABASE_URL                  = format(local.database_url, local.reader, aws_db_instance.main.endpoint)
      LOADER_DATABASE_PASSWORD_FILE = "${local.secrets}/loader"
      LOADER_DATABASE_URL           = format(local.database_url, local.database_user, aws_db_instance.main.endpoint)
      LOG_FORMAT                    = "json"
      RATE_LIMIT                    = var.rate_limit
      SECRET_KEY_FILE               = "${local.secrets}/django"
      SECURE_PROXY                  = local.https || var.cdn
      TRUSTED_PROXIES               = var.cdn ? 2 : 1
    },
    { for cache in aws_elasticache_replication_group.main : "CACHE_URL" => "rediss://${cache.primary_endpoint_address}:6379/0" },
    # The load balancer overwrites X-Forwarded-Proto by how CloudFront reaches it.
    var.cdn ? { SECURE_PROXY_HEADER = local.cdn_protocol_header } : {},
    [for replica in aws_db_instance.replica : {
      DATABASE_REPLICA_PASSWORD_FILE = "${local.secrets}/replica"
      DATABASE_REPLICA_URL           = format(local.database_url, local.reader, replica.endpoint)
    }]...
  )
}

resource "aws_launch_template" "app" {
  name_prefix            = "${local.name}-"
  image_id               = nonsensitive(data.aws_ssm_parameter.ami.value)
  instance_type          = var.instance_type
  update_default_version = true
  key_name               = var.ssh_public_key == null ? null : aws_key_pair.debug[0].key_name

  user_data = base64encode(templatefile("${path.module}/user_data.sh.tftpl", {
    app_gid             = local.app_gid
    app_port            = local.app_port
    database_secret_arn = local.database_secret_arn
    django_secret_arn   = aws_secretsmanager_secret.django.arn
    image               = local.image
    log_group           = aws_cloudwatch_log_group.app.name
    reader              = local.reader
    ready_seconds       = 600
    region              = var.region
    token_hosts = merge(
      { reader = aws_db_instance.main.address },
      { for replica in aws_db_instance.replica : "replica" => replica.address },
    )
    settings = join("\n", [for name, value in local.settings : "${name}=${value}"])
  }))

  iam_instance_profile {
    arn = aws_iam_instance_profile.app.arn
  }

  network_interfaces {
    associate_public_ip_address = false
    security_groups             = [aws_security_group.app.id]
    delete_on_termination       = true
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1 # the host alone: a container is a hop further, and needs nothing of AWS
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
  }
}

resource "aws_autoscaling_group" "app" {
  name                      = local.name
  min_size                  = var.instances.min
  max_size                  = var.instances.max
  vpc_zone_identifier       = [for subnet in aws_subnet.private : subnet.id]
  target_group_arns         = [aws_lb_target_group.app.arn]
  health_check_type         = "ELB"
  health_check_grace_period = 600 # seconds: first boot, migration and load included
  default_instance_warmup   = 60
  min_elb_capacity          = var.instances.min # the first apply waits until they serve
  wait_for_capacity_timeout = "20m"
  termination_policies      = ["OldestLaunchTemplate", "OldestInstance"]

  # While the database fails over, no instance is ready, and each that misses three checks is
  # replaced. The new one comes up first; the old one serves again as soon as the database does.
  instance_maintenance_policy {
    min_healthy_percentage = 100
    max_healthy_percentage = 200
  }

  # By number: a refresh cannot be rolled back to "$Latest".
  launch_template {
    id      = aws_launch_template.app.id
    version = aws_launch_template.app.latest_version
  }

  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = 100
      auto_rollback          = true
      instance_warmup        = 60
    }
  }

  dynamic "tag" {
    for_each = merge(local.tags, { Name = local.name })

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = false # the launch template tags what it launches
    }
  }

  # What a first boot needs.
  depends_on = [
    aws_iam_role_policy.app,
    aws_iam_role_policy_attachment.session_manager,
    aws_lb_listener.http,
    aws_lb_listener.https,
    aws_route.nat,
    aws_route_table_association.private,
    aws_secretsmanager_secret_version.database,
    aws_secretsmanager_secret_version.django,
    aws_vpc_endpoint.s3,
    aws_vpc_security_group_egress_rule.app_to_database,
    aws_vpc_security_group_egress_rule.app_to_https,
    aws_vpc_security_group_egress_rule.load_balancer_to_app,
    aws_vpc_security_group_ingress_rule.app_from_load_balancer,
    aws_vpc_security_group_ingress_rule.database_from_app,
  ]

  lifecycle {
    ignore_changes = [desired_capacity] # the scaling policy's
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

# --- Who may connect, and where to -----------------------------------------------------------

resource "aws_security_group" "app" {
  name_prefix = "${local.name}-app-"
  description = "The instances"
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.name}-app" }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "app_from_load_balancer" {
  security_group_id            = aws_security_group.app.id
  description                  = "Requests and health checks come from the load balancer"
  referenced_security_group_id = aws_security_group.load_balancer.id
  ip_protocol                  = "tcp"
  from_port                    = local.app_port
  to_port                      = local.app_port

  tags = { Name = "${local.name}-app-from-load-balancer" }
}

resource "aws_vpc_security_group_egress_rule" "app_to_database" {
  security_group_id            = aws_security_group.app.id
  description                  = "Queries go to the database"
  referenced_security_group_id = aws_security_group.database.id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432

  tags = { Name = "${local.name}-app-to-database" }
}

resource "aws_vpc_security_group_egress_rule" "app_to_cache" {
  count = var.cache ? 1 : 0

  security_group_id            = aws_security_group.app.id
  description                  = "Answers are kept in the shared cache"
  referenced_security_group_id = aws_security_group.cache[0].id
  ip_protocol                  = "tcp"
  from_port                    = 6379
  to_port                      = 6379

  tags = { Name = "${local.name}-app-to-cache" }
}

resource "aws_vpc_security_group_egress_rule" "app_to_https" {
  security_group_id = aws_security_group.app.id
  description       = "AWS APIs, the image and the packages of Amazon Linux"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443

  tags = { Name = "${local.name}-app-to-https" }
}
