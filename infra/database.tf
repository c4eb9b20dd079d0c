# PostgreSQL on RDS, reachable only from the instances and only over TLS.

locals {
  database_name       = "adult"
  database_user       = "adultapi" # owns the tables: migrates and loads
  reader              = "reader"   # serves: `prepare` creates this role, which logs in with IAM tokens
  database_secret_arn = aws_db_instance.main.master_user_secret[0].secret_arn
  # A database that is restored from a snapshot needs another name than the one it replaces.
  database_id = var.database_snapshot == null ? local.name : "${local.name}-${substr(sha1(var.database_snapshot), 0, 6)}"

  # RDS allows one connection per 9,531,392 bytes of the memory that it leaves to PostgreSQL, about nine
  # tenths of the class's: 95 per GiB. Memory of each size in GiB; the R and X families have twice that.
  database_gib = lookup({
    micro = 1, small = 2, medium = 4, large = 8, xlarge = 16, "2xlarge" = 32, "4xlarge" = 64
  }, split(".", var.database_instance_class)[2], 128) * (can(regex("^db\\.[rx]", var.database_instance_class)) ? 2 : 1)
  database_connections = min(5000, 95 * local.database_gib)
}

resource "aws_db_subnet_group" "main" {
  name       = local.name
  subnet_ids = local.tiers.database[*].id
}

resource "aws_db_parameter_group" "main" {
  name_prefix = "${local.name}-"
  family      = "postgres17"
  description = "TLS only; slow statements and lock waits in the log"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  parameter {
    name  = "log_min_duration_statement"
    value = "500" # ms
  }

  parameter {
    name  = "log_lock_waits"
    value = "1"
  }

  parameter { # not all statements: the service logs its requests itself
    name  = "log_statement"
    value = "ddl"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "main" {
  #checkov:skip=CKV_AWS_118:Database Insights tells more than enhanced monitoring does, without an agent's cost
  #checkov:skip=CKV_AWS_293:On by variable; `make destroy` turns it off first
  #checkov:skip=CKV_AWS_157:On by variable; off is for environments that may be down for a while
  identifier          = local.database_id
  snapshot_identifier = var.database_snapshot

  engine                     = "postgres"
  engine_version             = "17"
  auto_minor_version_upgrade = true
  instance_class             = var.database_instance_class
  multi_az                   = var.database_multi_az
  parameter_group_name       = aws_db_parameter_group.main.name

  storage_type          = "gp3"
  allocated_storage     = 20 # GiB, the minimum of gp3
  max_allocated_storage = 100
  storage_encrypted     = true
  kms_key_id            = aws_kms_key.main.arn

  db_name                       = local.database_name
  username                      = local.database_user
  manage_master_user_password   = true
  master_user_secret_kms_key_id = aws_kms_key.main.key_id

  iam_database_authentication_enabled = true

  db_subnet_group_name   = aws_db_subnet_group.main.name
  vpc_security_group_ids = [aws_security_group.main["database"].id]
  publicly_accessible    = false

  backup_retention_period = var.database_backup_days
  backup_window           = "03:00-04:00" # UTC
  maintenance_window      = "sun:04:30-sun:05:30"
  copy_tags_to_snapshot   = true
  deletion_protection     = var.deletion_protection
  skip_final_snapshot     = true # deletion_protection prevents the deletion itself

  database_insights_mode                = "standard"
  performance_insights_enabled          = true
  performance_insights_kms_key_id       = aws_kms_key.main.arn
  performance_insights_retention_period = 7
  enabled_cloudwatch_logs_exports       = ["postgresql", "upgrade"]

  # Otherwise RDS creates its log groups itself, unencrypted and without an end of retention.
  depends_on = [aws_cloudwatch_log_group.main]

  lifecycle {
    create_before_destroy = true
  }
}
