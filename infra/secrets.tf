# Secrets are made by AWS and go from there to the instances; none is in the state.

# --- Django's key ----------------------------------------------------------------------------

ephemeral "aws_secretsmanager_random_password" "django" {
  password_length     = 64
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret" "django" {
  #checkov:skip=CKV2_AWS_57:Django's key signs nothing that outlives a request here; it is changed by raising secret_string_wo_version
  name_prefix             = "${local.name}-django-"
  description             = "Django's SECRET_KEY"
  kms_key_id              = aws_kms_key.main.arn
  recovery_window_in_days = var.deletion_protection ? 7 : 0
}

resource "aws_secretsmanager_secret_version" "django" {
  secret_id                = aws_secretsmanager_secret.django.id
  secret_string_wo         = ephemeral.aws_secretsmanager_random_password.django.random_password
  secret_string_wo_version = 1
}

# --- The database's password -----------------------------------------------------------------

# RDS makes and rotates it (database.tf), save where there is a read replica: RDS does not
# manage the password of a PostgreSQL that is replicated. Then it is made here, once for each
# database_password_version, in the form that RDS gives its own secrets.
ephemeral "aws_secretsmanager_random_password" "database" {
  password_length     = 40
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret" "database" {
  #checkov:skip=CKV2_AWS_57:Changed by raising database_password_version, which changes the database with it
  count = var.read_replica ? 1 : 0

  name_prefix             = "${local.name}-database-"
  description             = "Password of the database's owner"
  kms_key_id              = aws_kms_key.main.arn
  recovery_window_in_days = var.deletion_protection ? 7 : 0
}

resource "aws_secretsmanager_secret_version" "database" {
  count = var.read_replica ? 1 : 0

  secret_id = aws_secretsmanager_secret.database[0].id
  secret_string_wo = jsonencode({
    username = local.database_user
    password = ephemeral.aws_secretsmanager_random_password.database.random_password
  })
  secret_string_wo_version = var.database_password_version
}

locals {
  database_secret_arn = var.read_replica ? aws_secretsmanager_secret.database[0].arn : aws_db_instance.main.master_user_secret[0].secret_arn
}
