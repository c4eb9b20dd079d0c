# The allowed connections. There are no others.

locals {
  groups = {
    load_balancer = "The load balancer"
    app           = "The instances"
    database      = "The database"
  }

  # A flow from a group to a group makes an egress rule of the first and an ingress rule of the second.
  # A flow with only one group has a CIDR range or a prefix list at its other end.
  flows = merge(
    { for cidr in var.cdn ? [] : var.client_cidrs : "http-${cidr}" => {
      to = "load_balancer", cidr = cidr, port = 80, why = "Clients, by HTTP"
    } },
    { for cidr in local.https ? var.client_cidrs : [] : "https-${cidr}" => {
      to = "load_balancer", cidr = cidr, port = 443, why = "Clients, by HTTPS"
    } },
    { for list in data.aws_ec2_managed_prefix_list.cloudfront : "http-from-cdn" => {
      to = "load_balancer", list = list.id, port = 80, why = "CloudFront, by HTTP"
    } },
    {
      load-balancer-to-app = {
        from = "load_balancer", to = "app", port = local.proxy_port, why = "Requests and health checks of the load balancer"
      }
      app-to-database = {
        from = "app", to = "database", port = 5432, why = "Queries of the instances"
      }
      app-to-https = {
        from = "app", cidr = "0.0.0.0/0", port = 443, why = "AWS APIs, the images and the packages of Amazon Linux"
      }
    },
  )
}

resource "aws_security_group" "main" {
  #checkov:skip=CKV2_AWS_5:Each is attached, by its key: load_balancer.tf, compute.tf, database.tf
  for_each = local.groups

  name_prefix = "${local.name}-${replace(each.key, "_", "-")}-"
  description = each.value
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.name}-${replace(each.key, "_", "-")}" }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "main" {
  #checkov:skip=CKV_AWS_260:A public service; client_cidrs narrows it
  for_each = { for name, flow in local.flows : name => flow if can(flow.to) }

  security_group_id            = aws_security_group.main[each.value.to].id
  description                  = each.value.why
  cidr_ipv4                    = try(each.value.cidr, null)
  prefix_list_id               = try(each.value.list, null)
  referenced_security_group_id = try(aws_security_group.main[each.value.from].id, null)
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port

  tags = { Name = "${local.name}-${each.key}" }
}

resource "aws_vpc_security_group_egress_rule" "main" {
  for_each = { for name, flow in local.flows : name => flow if can(flow.from) }

  security_group_id            = aws_security_group.main[each.value.from].id
  description                  = each.value.why
  cidr_ipv4                    = try(each.value.cidr, null)
  referenced_security_group_id = try(aws_security_group.main[each.value.to].id, null)
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port

  tags = { Name = "${local.name}-${each.key}" }
}
