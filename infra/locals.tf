data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_availability_zones" "available" {
  #checkov:skip=CKV_AWS_394:Names sort, and AWS gives new zones later letters: the first two stay the first two
  state = "available"

  filter { # no Local Zones: they hold neither load balancers nor databases
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

data "aws_ec2_instance_type_offerings" "app" { # not every zone has every type
  location_type = "availability-zone"

  filter {
    name   = "instance-type"
    values = [var.instance_type]
  }
}

data "aws_ec2_instance_type" "app" {
  instance_type = var.instance_type
}

locals {
  name = "adultapi-${var.environment}"

  tags = merge(var.tags, {
    Project     = "adultapi"
    Environment = var.environment
    ManagedBy   = "terraform"
  })

  zones = slice(sort(setintersection(
    data.aws_availability_zones.available.names, data.aws_ec2_instance_type_offerings.app.locations
  )), 0, 2)

  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  https      = var.certificate_arn != null || var.zone_id != null
  proxy_port = 8080
  public_dns = var.cdn ? aws_cloudfront_distribution.main[0].domain_name : aws_lb.main.dns_name
  # Graviton types have a g after the number. scripts/deploy.sh builds the images for this architecture.
  arm = can(regex("^[a-z]+[0-9]+[a-z]*g[a-z]*\\.", var.instance_type))
}
