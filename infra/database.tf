# PostgreSQL on RDS, reachable from the instances alone and over TLS only.

locals {
  database_name = "adult"
  database_user = "adultapi" # owns the tables: migrates and loads
  reader        = "reader"   # serves: the service makes this role, which logs in by tokens of IAM
  # A database restored from a snapshot stands beside the one it replaces, under its own name.
  database_id = var.database_snapshot == null ? local.name : "${local.name}-${substr(sha1(var.database_snapshot), 0, 6)}"
}

resource "aws_db_subnet_group" "main" {
  name       = local.name
  subnet_ids = [for subnet in aws_subnet.database : subnet.id]
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

  # Of the replica: what a download still reads there is not vacuumed away here. Else the replica
  # would stop following for up to 30 s and then break the download.
  parameter {
    name  = "hot_standby_feedback"
    value = "1"
  }

  parameter {
    name  = "log_lock_waits"
    value = "1"
  }

  parameter { # not the text of all statements: the requests are in the service's own log
    name  = "log_statement"
    value = "ddl"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "main" {
  #checkov:skip=CKV_AWS_118:Performance Insights tells more than enhanced monitoring does, without an agent's cost
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
  allocated_storage     = 20 # GiB, the least of gp3
  max_allocated_storage = 100
  storage_encrypted     = true
  kms_key_id            = aws_kms_key.main.arn

  db_name                       = local.database_name
  username                      = local.database_user
  manage_master_user_password   = var.read_replica ? null : true
  master_user_secret_kms_key_id = var.read_replica ? null : aws_kms_key.main.key_id
  password_wo                   = var.read_replica ? ephemeral.aws_secretsmanager_random_password.database.random_password : null
  password_wo_version           = var.read_replica ? var.database_password_version : null

  iam_database_authentication_enabled = true

  db_subnet_group_name   = aws_db_subnet_group.main.name
  vpc_security_group_ids = [aws_security_group.database.id]
  publicly_accessible    = false

  backup_retention_period   = var.database_backup_days
  backup_window             = "03:00-04:00" # UTC
  maintenance_window        = "sun:04:30-sun:05:30"
  copy_tags_to_snapshot     = true
  deletion_protection       = var.deletion_protection
  skip_final_snapshot       = !var.deletion_protection
  final_snapshot_identifier = "${local.database_id}-final"

  performance_insights_enabled          = true
  performance_insights_kms_key_id       = aws_kms_key.main.arn
  performance_insights_retention_period = 7
  enabled_cloudwatch_logs_exports       = ["postgresql", "upgrade"]

  # RDS would make its log groups itself, unencrypted and for ever.
  depends_on = [aws_cloudwatch_log_group.database]

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "replica" {
  #checkov:skip=CKV_AWS_118:As for the main database
  #checkov:skip=CKV_AWS_157:A replica is itself the spare: reads fall back to the main database
  #checkov:skip=CKV_AWS_293:A replica holds nothing of its own
  count = var.read_replica ? 1 : 0

  identifier          = "${local.database_id}-replica"
  replicate_source_db = aws_db_instance.main.identifier

  instance_class             = var.database_instance_class
  auto_minor_version_upgrade = true
  parameter_group_name       = aws_db_parameter_group.main.name
  storage_type               = "gp3"
  max_allocated_storage      = 100
  storage_encrypted          = true
  copy_tags_to_snapshot      = true

  iam_database_authentication_enabled = true

  vpc_security_group_ids = [aws_security_group.database.id]
  publicly_accessible    = false
  maintenance_window     = "sun:06:00-sun:07:00"
  skip_final_snapshot    = true

  performance_insights_enabled          = true
  performance_insights_kms_key_id       = aws_kms_key.main.arn
  performance_insights_retention_period = 7
  enabled_cloudwatch_logs_exports       = ["postgresql", "upgrade"]

  depends_on = [aws_cloudwatch_log_group.database]
}

# --- Who may connect -------------------------------------------------------------------------

resource "aws_security_group" "database" {
  name_prefix = "${local.name}-database-"
  description = "The database"
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.name}-database" }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "database_from_app" {
  security_group_id            = aws_security_group.database.id
  description                  = "Instances query the database"
  referenced_security_group_id = aws_security_group.app.id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432

  tags = { Name = "${local.name}-database-from-app" }
}
