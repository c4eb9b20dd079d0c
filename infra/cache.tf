# Optional: one Valkey for all instances, so that an answer is computed once and clients are
# counted together. Without it each instance has its own cache in memory.

resource "aws_elasticache_subnet_group" "main" {
  count = var.cache ? 1 : 0

  name       = local.name
  subnet_ids = [for subnet in aws_subnet.database : subnet.id]
}

resource "aws_elasticache_replication_group" "main" {
  #checkov:skip=CKV_AWS_31:Encrypted in transit; a token would lie in the state, and the cache holds public answers behind a security group
  #checkov:skip=CKV2_AWS_50:Losing the cache costs some computing and no answer: the service goes on without it
  count = var.cache ? 1 : 0

  replication_group_id       = local.name
  description                = "Finished answers and request counts of ${local.name}"
  engine                     = "valkey"
  engine_version             = "8.0"
  node_type                  = "cache.t4g.micro"
  num_cache_clusters         = 1
  port                       = 6379
  parameter_group_name       = "default.valkey8"
  subnet_group_name          = aws_elasticache_subnet_group.main[0].name
  security_group_ids         = [aws_security_group.cache[0].id]
  at_rest_encryption_enabled = true
  kms_key_id                 = aws_kms_key.main.arn
  transit_encryption_enabled = true
  auto_minor_version_upgrade = true
  maintenance_window         = "sun:07:00-sun:08:00"
}

resource "aws_security_group" "cache" {
  count = var.cache ? 1 : 0

  name_prefix = "${local.name}-cache-"
  description = "The shared cache"
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.name}-cache" }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "cache_from_app" {
  count = var.cache ? 1 : 0

  security_group_id            = aws_security_group.cache[0].id
  description                  = "Instances use the shared cache"
  referenced_security_group_id = aws_security_group.app.id
  ip_protocol                  = "tcp"
  from_port                    = 6379
  to_port                      = 6379

  tags = { Name = "${local.name}-cache-from-app" }
}
