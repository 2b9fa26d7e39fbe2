# The analytics in PostgreSQL: a catalogue of their tables, and a job for loads that are too large for the hourly flow.
# Without `enabled` there is none of it, and the flow refresh-analytics loads all the same.

data "aws_caller_identity" "current" {}

locals {
  name    = "bharatchef-analytics-${var.environment}"
  this    = var.enabled ? { this = true } : {}
  account = data.aws_caller_identity.current.account_id
  jdbc    = "jdbc:postgresql://${var.database.address}:${var.database.port}/${var.database.name}"

  # Settings in the words of the program (bharatchef/settings.py); Glue passes no environment.
  arguments = { for name, value in var.settings : "--${name}" => value }
}

resource "aws_glue_catalog_database" "this" {
  for_each = local.this

  name        = replace(local.name, "-", "_")
  description = "Tables of the analytics: evaluations by person (a pseudonym), dish, date and model"
}

resource "aws_glue_security_configuration" "this" {
  for_each = local.this

  name = local.name

  encryption_configuration {
    cloudwatch_encryption {
      cloudwatch_encryption_mode = "SSE-KMS"
      kms_key_arn                = var.kms_key_arn
    }

    job_bookmarks_encryption {
      job_bookmarks_encryption_mode = "CSE-KMS"
      kms_key_arn                   = var.kms_key_arn
    }

    s3_encryption {
      s3_encryption_mode = "SSE-KMS"
      kms_key_arn        = var.kms_key_arn
    }
  }
}

resource "aws_glue_connection" "this" {
  for_each = local.this

  name            = local.name
  connection_type = "JDBC"

  connection_properties = {
    JDBC_CONNECTION_URL = local.jdbc
    JDBC_ENFORCE_SSL    = "true"
    SECRET_ID           = var.database.secret_arn
  }

  physical_connection_requirements {
    availability_zone      = var.availability_zone
    subnet_id              = var.private_subnet_id
    security_group_id_list = [aws_security_group.glue["this"].id]
  }
}

resource "aws_glue_crawler" "this" {
  for_each = local.this

  name                   = local.name
  description            = "Reads the tables' shapes once a week, so that Athena and QuickSight find them"
  database_name          = aws_glue_catalog_database.this["this"].name
  role                   = aws_iam_role.glue["this"].arn
  security_configuration = aws_glue_security_configuration.this["this"].name
  # Shapes change with a release alone. Sunday, 04:00 in India.
  schedule = "cron(30 22 ? * SAT *)"

  jdbc_target {
    connection_name = aws_glue_connection.this["this"].name
    path            = "${var.database.name}/analytics/%"
    # Who was erased is a matter of the loader alone.
    exclusions = ["${var.database.name}/analytics/erased_person", "${var.database.name}/analytics/source_%"]
  }

  schema_change_policy {
    delete_behavior = "DEPRECATE_IN_DATABASE"
    update_behavior = "UPDATE_IN_DATABASE"
  }
}

resource "aws_glue_job" "this" {
  for_each = local.this

  name                   = local.name
  description            = "The loading of the flow refresh-analytics, for a first load or a whole reload"
  role_arn               = aws_iam_role.glue["this"].arn
  connections            = [aws_glue_connection.this["this"].name]
  security_configuration = aws_glue_security_configuration.this["this"].name
  glue_version           = "5.0"
  worker_type            = "G.1X"
  number_of_workers      = 2
  timeout                = 120
  max_retries            = 1

  command {
    name            = "glueetl"
    script_location = "s3://${var.code.bucket}/${var.code.script_key}"
    python_version  = "3"
  }

  # Two loads at once do no harm, but the second one fails.
  execution_property {
    max_concurrent_runs = 1
  }

  default_arguments = merge(local.arguments, {
    "--additional-python-modules" = "s3://${var.code.bucket}/${var.code.wheels_key}"
    # Nothing is fetched and nothing resolved: the zip holds all, at the versions that were tested together.
    "--python-modules-installer-option"  = "--no-index --no-deps"
    "--PSEUDONYM_KEY_SECRET"             = var.pseudonym_key_secret_arn
    "--enable-continuous-cloudwatch-log" = "true"
    "--job-language"                     = "python"
    "--BHARATCHEF_ANALYTICS_LOGIN"       = var.database.secret_arn
    "--BHARATCHEF_ANALYTICS_URL"         = local.url
  })
}

locals {
  # The password is not in it: the program reads it from the secret, and again after each change.
  url = "postgresql://${var.database.address}:${var.database.port}/${var.database.name}?sslmode=require"
}
