# SSH for debugging, off by default: `make deploy SSH_DEBUG=1 SSH_CIDR=...`. The way to an
# instance is Session Manager (`make aws-shell`), which needs no key and no open port.

resource "aws_key_pair" "debug" {
  count = var.ssh_public_key == null ? 0 : 1

  key_name_prefix = "${local.name}-debug-"
  public_key      = var.ssh_public_key
}

resource "aws_vpc_security_group_ingress_rule" "app_ssh" {
  count = var.ssh_public_key == null ? 0 : 1

  security_group_id = aws_security_group.app.id
  description       = "SSH for debugging, from one range"
  cidr_ipv4         = var.ssh_cidr
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22

  tags = { Name = "${local.name}-ssh" }
}
