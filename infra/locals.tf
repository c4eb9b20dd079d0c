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

locals {
  name = "adultapi-${var.environment}"

  tags = merge(var.tags, {
    Project     = "adultapi"
    Environment = var.environment
    ManagedBy   = "terraform"
  })

  # Two zones, each with its place in the address plan.
  zones = { for index, zone in slice(data.aws_availability_zones.available.names, 0, 2) : zone => index }

  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  https      = var.certificate_arn != null
  app_port   = 8000
  app_gid    = 10001 # the group of the image's user: it reads the mounted secrets
  image      = "${aws_ecr_repository.app.repository_url}:${var.image_tag}"
  public_dns = var.cdn ? aws_cloudfront_distribution.main[0].domain_name : aws_lb.main.dns_name
}
