# Django's key. AWS creates all secrets, and instances fetch them from AWS: none is in the state. RDS
# creates, keeps and rotates the password of the database's owner (database.tf).

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
