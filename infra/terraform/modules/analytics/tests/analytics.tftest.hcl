mock_provider "aws" {
  override_during = plan

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_resource "aws_security_group" {
    defaults = { id = "sg-glue" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/bharatchef-analytics-production" }
  }
}

variables {
  environment                = "production"
  region                     = "ap-south-1"
  enabled                    = true
  kms_key_arn                = "arn:aws:kms:ap-south-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  vpc_id                     = "vpc-1"
  private_subnet_id          = "subnet-1"
  availability_zone          = "ap-south-1a"
  database                   = { address = "db.internal", port = 5432, name = "prefect", secret_arn = "arn:aws:secretsmanager:ap-south-1:111122223333:secret:rds" }
  database_security_group_id = "sg-database"
  client_security_group_ids  = { tasks = "sg-tasks" }
  client_role_arns           = { evaluation = "arn:aws:iam::111122223333:role/bharatchef-evaluation-production" }
  evaluations_table_arn      = "arn:aws:dynamodb:ap-south-1:111122223333:table/bharatchef-production-Evaluations"
  results_bucket_arn         = "arn:aws:s3:::bharatchef-processed-results-production"
  code                       = { bucket = "bharatchef-processed-results-production" }
  pseudonym_key_secret_arn   = "arn:aws:secretsmanager:ap-south-1:111122223333:secret:pseudonym"
  settings                   = { BHARATCHEF_TABLE_PREFIX = "bharatchef-production-" }
}

run "the_job_is_the_programs_own_code" {
  command = plan

  assert {
    condition     = endswith(one(aws_glue_job.this["this"].command).script_location, "/glue_job.py") && endswith(aws_glue_job.this["this"].default_arguments["--additional-python-modules"], ".gluewheels.zip") && aws_glue_job.this["this"].default_arguments["--python-modules-installer-option"] == "--no-index --no-deps"
    error_message = "The job runs the script of the program over its wheels, and fetches nothing else."
  }

  assert {
    condition     = aws_glue_job.this["this"].glue_version == "5.0" && aws_glue_job.this["this"].number_of_workers == 2 && one(aws_glue_job.this["this"].execution_property).max_concurrent_runs == 1
    error_message = "Python 3.11 comes with Glue 5.0; two workers are the fewest; one load at a time."
  }

  assert {
    condition     = alltrue([for value in values(aws_glue_job.this["this"].default_arguments) : !strcontains(value, "password")]) && aws_glue_job.this["this"].default_arguments["--BHARATCHEF_ANALYTICS_LOGIN"] == var.database.secret_arn && aws_glue_job.this["this"].default_arguments["--PSEUDONYM_KEY_SECRET"] == var.pseudonym_key_secret_arn
    error_message = "Secrets are named in the job's arguments, not told."
  }

  assert {
    condition     = aws_glue_job.this["this"].default_arguments["--BHARATCHEF_TABLE_PREFIX"] == "bharatchef-production-"
    error_message = "Settings reach the job under their own names."
  }
}

run "encrypted_and_closed" {
  command = plan

  assert {
    condition     = one(one(aws_glue_security_configuration.this["this"].encryption_configuration).cloudwatch_encryption).kms_key_arn == var.kms_key_arn && one(one(aws_glue_security_configuration.this["this"].encryption_configuration).s3_encryption).s3_encryption_mode == "SSE-KMS" && aws_glue_crawler.this["this"].security_configuration == aws_glue_security_configuration.this["this"].name
    error_message = "What the job and the crawler write is encrypted with the key."
  }

  assert {
    condition     = aws_glue_connection.this["this"].connection_properties["JDBC_ENFORCE_SSL"] == "true" && !contains(keys(aws_glue_connection.this["this"].connection_properties), "PASSWORD") && strcontains(output.settings.BHARATCHEF_ANALYTICS_URL, "sslmode=require")
    error_message = "PostgreSQL is reached by TLS, with the password from its secret."
  }

  assert {
    condition     = keys(aws_vpc_security_group_ingress_rule.database) == ["glue", "tasks"] && alltrue([for rule in aws_vpc_security_group_ingress_rule.database : rule.from_port == 5432 && rule.security_group_id == "sg-database"])
    error_message = "The job and the named workloads reach PostgreSQL, and nothing else of it."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.itself["this"].referenced_security_group_id == "sg-glue"
    error_message = "Nobody but Glue's workers speaks with them."
  }

  assert {
    condition     = alltrue([for statement in data.aws_iam_policy_document.glue.statement : statement.sid == "StandInTheNetwork" || !contains(statement.resources, "*")])
    error_message = "The role names what it reads."
  }

  assert {
    condition     = !anytrue([for statement in data.aws_iam_policy_document.glue.statement : anytrue([for action in statement.actions : startswith(action, "dynamodb:") && !contains(["dynamodb:DescribeTable", "dynamodb:Scan", "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"], action)])])
    error_message = "Evaluations are read, never written."
  }
}

run "erased_people_are_not_catalogued" {
  command = plan

  assert {
    condition     = contains(one(aws_glue_crawler.this["this"].jdbc_target).exclusions, "prefect/analytics/erased_person") && one(aws_glue_crawler.this["this"].jdbc_target).path == "prefect/analytics/%"
    error_message = "The crawler reads the schema analytics alone, without who was erased."
  }
}

run "off_the_flow_still_reaches_the_database" {
  command = plan

  variables {
    enabled = false
  }

  assert {
    condition     = length(aws_glue_job.this) == 0 && length(aws_glue_crawler.this) == 0 && length(aws_glue_connection.this) == 0 && length(aws_iam_role.glue) == 0 && length(aws_security_group.glue) == 0 && output.job_name == null
    error_message = "Off, there is no job, no crawler, no catalogue, no role."
  }

  assert {
    condition     = keys(aws_vpc_security_group_ingress_rule.database) == ["tasks"]
    error_message = "The hourly flow reaches PostgreSQL all the same."
  }

  assert {
    condition     = aws_iam_role_policy.login["evaluation"].role == "bharatchef-evaluation-production" && one(data.aws_iam_policy_document.login.statement).resources == toset([var.database.secret_arn])
    error_message = "The hourly flow reads the database's login, and no other secret by this."
  }
}

run "a_setting_is_no_secret" {
  command = plan

  variables {
    settings = { BHARATCHEF_PSEUDONYM_KEY = "a key" }
  }

  expect_failures = [var.settings]
}
