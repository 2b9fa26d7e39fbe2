# PostgreSQL for Prefect's server and for analytics. Its password is made, kept and changed by RDS; Terraform never sees it.

locals {
  postgres      = var.postgres == null ? {} : { this = var.postgres }
  read_replica  = { for key, postgres in local.postgres : key => postgres if postgres.read_replica }
  database_name = "bharatchef-database-${var.environment}"
}

resource "aws_db_subnet_group" "this" {
  for_each = local.postgres

  name       = local.database_name
  subnet_ids = var.private_subnet_ids
}

resource "aws_security_group" "database" {
  for_each = local.postgres

  name        = local.database_name
  description = "PostgreSQL from the named workloads alone"
  vpc_id      = var.vpc_id

  tags = { Name = local.database_name }
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  for_each = var.postgres == null ? {} : var.database_clients

  security_group_id            = aws_security_group.database["this"].id
  description                  = "PostgreSQL from ${each.key}"
  referenced_security_group_id = each.value
  from_port                    = 5432
  to_port                      = 5432
  ip_protocol                  = "tcp"
}

resource "aws_db_parameter_group" "this" {
  for_each = local.postgres

  name   = "${local.database_name}-${each.value.engine_version}"
  family = "postgres${split(".", each.value.engine_version)[0]}"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  parameter {
    name  = "log_min_duration_statement"
    value = "1000"
  }

  parameter {
    name  = "log_statement"
    value = "ddl"
  }

  lifecycle {
    create_before_destroy = true
  }
}

data "aws_iam_policy_document" "monitoring_assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["monitoring.rds.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "monitoring" {
  for_each = local.postgres

  name               = "bharatchef-database-monitoring-${var.environment}"
  assume_role_policy = data.aws_iam_policy_document.monitoring_assume.json
}

resource "aws_iam_role_policy_attachment" "monitoring" {
  for_each = local.postgres

  role       = aws_iam_role.monitoring[each.key].name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}

resource "aws_db_instance" "this" {
  # checkov:skip=CKV_AWS_133: backup_days is 7 or more by its own validation
  # checkov:skip=CKV_AWS_157: two zones are a variable; production's own validation asks for them
  # checkov:skip=CKV_AWS_293: deletion protection is a variable, on by default
  # checkov:skip=CKV_AWS_353: performance insights are a variable, on by default
  for_each = local.postgres

  identifier     = local.database_name
  engine         = "postgres"
  engine_version = each.value.engine_version
  instance_class = each.value.instance_class
  db_name        = "prefect"

  allocated_storage     = each.value.storage_gb
  max_allocated_storage = each.value.max_storage_gb
  storage_type          = "gp3"
  storage_encrypted     = true
  kms_key_id            = var.kms_key_arn

  username                      = "bharatchef"
  manage_master_user_password   = true
  master_user_secret_kms_key_id = var.kms_key_arn

  iam_database_authentication_enabled = true

  multi_az               = each.value.multi_az
  db_subnet_group_name   = aws_db_subnet_group.this[each.key].name
  vpc_security_group_ids = [aws_security_group.database[each.key].id]
  parameter_group_name   = aws_db_parameter_group.this[each.key].name
  publicly_accessible    = false

  backup_retention_period = each.value.backup_days
  # Half past midnight in India, before the password changes and before the weekly maintenance.
  backup_window         = "19:00-19:30"
  maintenance_window    = "sun:21:00-sun:22:00"
  copy_tags_to_snapshot = true

  auto_minor_version_upgrade      = true
  enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]
  monitoring_interval             = 60
  monitoring_role_arn             = aws_iam_role.monitoring[each.key].arn
  performance_insights_enabled    = each.value.performance_insight
  performance_insights_kms_key_id = each.value.performance_insight ? var.kms_key_arn : null

  deletion_protection       = var.deletion_protection
  skip_final_snapshot       = !var.deletion_protection
  final_snapshot_identifier = "${local.database_name}-last"
}

# RDS itself changes the password it manages; no function of ours ever holds it.
resource "aws_secretsmanager_secret_rotation" "database" {
  # checkov:skip=CKV_AWS_304: the schedule is a variable, once a month by default
  for_each = local.postgres

  secret_id          = aws_db_instance.this[each.key].master_user_secret[0].secret_arn
  rotate_immediately = false

  rotation_rules {
    schedule_expression = each.value.password_rotation
    duration            = "1h"
  }
}

resource "aws_db_instance" "reader" {
  # checkov:skip=CKV_AWS_157: a reader for analytics can be made anew; the instance it reads from stands in two zones
  # checkov:skip=CKV_AWS_293: it holds a copy alone
  # checkov:skip=CKV_AWS_353: performance insights are a variable, on by default
  for_each = local.read_replica

  identifier          = "${local.database_name}-reader"
  replicate_source_db = aws_db_instance.this[each.key].identifier
  instance_class      = each.value.instance_class

  storage_type      = "gp3"
  storage_encrypted = true
  kms_key_id        = var.kms_key_arn

  iam_database_authentication_enabled = true

  multi_az               = false
  vpc_security_group_ids = [aws_security_group.database[each.key].id]
  parameter_group_name   = aws_db_parameter_group.this[each.key].name
  publicly_accessible    = false

  auto_minor_version_upgrade      = true
  copy_tags_to_snapshot           = true
  enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]
  monitoring_interval             = 60
  monitoring_role_arn             = aws_iam_role.monitoring[each.key].arn
  performance_insights_enabled    = each.value.performance_insight
  performance_insights_kms_key_id = each.value.performance_insight ? var.kms_key_arn : null

  skip_final_snapshot = true
}
