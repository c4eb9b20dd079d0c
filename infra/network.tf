# A VPC in two zones. Public subnets hold only the load balancer and the NAT gateways, private ones the
# instances. The subnets of the database have no route out of the VPC.

resource "aws_vpc" "main" {
  cidr_block           = "10.20.0.0/16"
  enable_dns_hostnames = true

  tags = { Name = local.name }
}

# Without rules, so that nothing can rely on it.
resource "aws_default_security_group" "unused" {
  vpc_id = aws_vpc.main.id

  tags = { Name = "${local.name}-unused" }
}

locals {
  # One subnet of each tier in each zone; index is its place in the address plan.
  subnets = { for index, pair in setproduct(["public", "private", "database"], local.zones) :
    join("-", pair) => { tier = pair[0], zone = pair[1], index = index }
  }
  tiers = { for key, subnet in local.subnets : subnet.tier => aws_subnet.main[key]... }
}

resource "aws_subnet" "main" {
  for_each = local.subnets

  vpc_id            = aws_vpc.main.id
  availability_zone = each.value.zone
  cidr_block        = cidrsubnet(aws_vpc.main.cidr_block, 4, each.value.index)

  tags = { Name = "${local.name}-${each.key}" }
}

# --- Ways in and out -------------------------------------------------------------------------

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id

  tags = { Name = local.name }
}

resource "aws_eip" "nat" {
  for_each = toset(slice(local.zones, 0, var.nat_per_zone ? 2 : 1))

  domain = "vpc"

  tags = { Name = "${local.name}-nat-${each.key}" }
}

resource "aws_nat_gateway" "main" {
  for_each = aws_eip.nat

  allocation_id = each.value.id
  subnet_id     = aws_subnet.main["public-${each.key}"].id

  tags = { Name = "${local.name}-${each.key}" }

  depends_on = [aws_internet_gateway.main]
}

# Private subnets have one table per zone, because each zone may have its own NAT gateway.
resource "aws_route_table" "main" {
  for_each = toset(concat(["public", "database"], formatlist("private-%s", local.zones)))

  vpc_id = aws_vpc.main.id

  tags = { Name = "${local.name}-${each.key}" }
}

resource "aws_route_table_association" "main" {
  for_each = local.subnets

  subnet_id      = aws_subnet.main[each.key].id
  route_table_id = try(aws_route_table.main[each.key], aws_route_table.main[each.value.tier]).id
}

resource "aws_route" "internet" {
  route_table_id         = aws_route_table.main["public"].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.main.id
}

resource "aws_route" "nat" {
  for_each = toset(local.zones)

  route_table_id         = aws_route_table.main["private-${each.key}"].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = try(aws_nat_gateway.main[each.key], one(values(aws_nat_gateway.main))).id
}

# --- Endpoints -------------------------------------------------------------------------------

# Free. Image layers and packages of Amazon Linux do not go through the NAT gateway.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.main.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [for zone in local.zones : aws_route_table.main["private-${zone}"].id]

  tags = { Name = "${local.name}-s3" }
}

# --- What was refused ------------------------------------------------------------------------

resource "aws_flow_log" "rejected" {
  vpc_id          = aws_vpc.main.id
  traffic_type    = "REJECT"
  log_destination = aws_cloudwatch_log_group.main["rejected"].arn
  iam_role_arn    = aws_iam_role.flow.arn

  tags = { Name = "${local.name}-rejected" }
}
