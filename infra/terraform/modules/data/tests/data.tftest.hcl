mock_provider "aws" {
  override_during = plan

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/monitoring" }
  }
  mock_resource "aws_db_instance" {
    defaults = {
      arn                = "arn:aws:rds:ap-south-1:111122223333:db:database"
      master_user_secret = [{ secret_arn = "arn:aws:secretsmanager:ap-south-1:111122223333:secret:rds!db-1" }]
    }
  }
}

variables {
  environment        = "staging"
  kms_key_arn        = "arn:aws:kms:ap-south-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  vpc_id             = "vpc-1"
  private_subnet_ids = ["subnet-1", "subnet-2"]
  database_clients   = { server = "sg-1" }
  postgres           = { instance_class = "db.t4g.micro", multi_az = false }
}

run "five_tables" {
  command = plan

  assert {
    condition     = toset(keys(output.table_names)) == toset(["Users", "Dishes", "Evaluations", "ActionSequences", "Feedback"]) && output.table_names["Users"] == "bharatchef-staging-Users"
    error_message = "The five tables of the design, with the environment before the name."
  }

  assert {
    condition     = aws_dynamodb_table.this["Evaluations"].hash_key == "evaluationId" && aws_dynamodb_table.this["Evaluations"].range_key == "userId"
    error_message = "Evaluations are keyed by evaluationId and userId."
  }

  assert {
    condition     = one(aws_dynamodb_table.this["Evaluations"].global_secondary_index).name == "userId-timestamp-index" && one(aws_dynamodb_table.this["Evaluations"].global_secondary_index).hash_key == "userId" && one(aws_dynamodb_table.this["Evaluations"].global_secondary_index).range_key == "createdAt"
    error_message = "Evaluations of a person are found in order of time."
  }

  assert {
    condition     = alltrue([for table in aws_dynamodb_table.this : table.billing_mode == "PAY_PER_REQUEST"])
    error_message = "Tables are paid by use."
  }

  assert {
    condition     = alltrue([for table in aws_dynamodb_table.this : one(table.point_in_time_recovery).enabled && one(table.point_in_time_recovery).recovery_period_in_days == 35])
    error_message = "Any second of the last 35 days can be brought back."
  }

  assert {
    condition     = alltrue([for table in aws_dynamodb_table.this : one(table.server_side_encryption).enabled && one(table.server_side_encryption).kms_key_arn == var.kms_key_arn])
    error_message = "Tables are encrypted with the key."
  }

  assert {
    condition     = alltrue([for table in aws_dynamodb_table.this : table.stream_enabled && table.stream_view_type == "NEW_AND_OLD_IMAGES" && table.deletion_protection_enabled])
    error_message = "Tables stream their changes and refuse to be deleted."
  }

  assert {
    condition     = alltrue([for table in aws_dynamodb_table.this : length(table.replica) == 0])
    error_message = "Tables stay in the region unless asked for."
  }
}

run "the_database_is_closed" {
  command = plan

  assert {
    condition     = aws_db_instance.this["this"].storage_encrypted && aws_db_instance.this["this"].kms_key_id == var.kms_key_arn
    error_message = "The database is encrypted with the key."
  }

  assert {
    condition     = aws_db_instance.this["this"].publicly_accessible == false
    error_message = "The database has no public address."
  }

  assert {
    condition     = aws_db_instance.this["this"].manage_master_user_password && aws_db_instance.this["this"].password == null && length(aws_secretsmanager_secret_rotation.database) == 1
    error_message = "RDS makes and changes the password; Terraform never sees it."
  }

  assert {
    condition     = anytrue([for parameter in aws_db_parameter_group.this["this"].parameter : parameter.name == "rds.force_ssl" && parameter.value == "1"])
    error_message = "Nobody connects without TLS."
  }

  assert {
    condition = alltrue([
      for rule in aws_vpc_security_group_ingress_rule.database :
      rule.cidr_ipv4 == null && rule.referenced_security_group_id == "sg-1" && rule.from_port == 5432 && rule.to_port == 5432
    ]) && length(aws_vpc_security_group_ingress_rule.database) == 1
    error_message = "Only the named workloads connect."
  }

  assert {
    condition     = aws_db_instance.this["this"].backup_retention_period == 7 && aws_db_instance.this["this"].deletion_protection && aws_db_instance.this["this"].skip_final_snapshot == false
    error_message = "Seven daily backups, and none lost with the instance."
  }

  assert {
    condition     = length(aws_db_instance.reader) == 0
    error_message = "No read replica unless asked for."
  }
}

run "read_replica_where_asked_for" {
  command = plan

  variables {
    postgres = { instance_class = "db.t4g.small", multi_az = true, read_replica = true }
  }

  assert {
    condition     = aws_db_instance.reader["this"].storage_encrypted && aws_db_instance.reader["this"].publicly_accessible == false && aws_db_instance.this["this"].multi_az
    error_message = "The reader is as closed as what it reads from."
  }
}

run "tables_alone" {
  command = plan

  variables {
    postgres = null
  }

  assert {
    condition     = length(aws_db_instance.this) == 0 && length(aws_security_group.database) == 0 && length(aws_vpc_security_group_ingress_rule.database) == 0 && output.database == null
    error_message = "Without postgres there is no database and nothing around it."
  }
}

run "production_stands_in_two_zones" {
  command = plan

  variables {
    environment = "production"
  }

  expect_failures = [var.postgres]
}

run "few_backups_are_refused" {
  command = plan

  variables {
    postgres = { instance_class = "db.t4g.micro", multi_az = false, backup_days = 1 }
  }

  expect_failures = [var.postgres]
}

run "a_copied_table_needs_its_key" {
  command = plan

  variables {
    table_replica = { region = "ap-south-2" }
  }

  expect_failures = [aws_dynamodb_table.this]
}
