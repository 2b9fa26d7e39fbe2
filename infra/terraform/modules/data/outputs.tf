output "table_prefix" {
  description = "What stands before the design's name in a table's name."
  value       = local.table_prefix
}

output "table_names" {
  description = "Names of the tables, by the design's names (Users, Dishes, Evaluations, ActionSequences, Feedback)."
  value       = { for name, table in aws_dynamodb_table.this : name => table.name }
}

output "table_arns" {
  description = "ARNs of the tables, by the design's names."
  value       = { for name, table in aws_dynamodb_table.this : name => table.arn }
}

output "database" {
  description = "Address, port, name, the ARN of the secret with its password, and whether it stands in two zones; null without a database."
  value = var.postgres == null ? null : {
    address    = aws_db_instance.this["this"].address
    port       = 5432
    name       = aws_db_instance.this["this"].db_name
    secret_arn = try(aws_db_instance.this["this"].master_user_secret[0].secret_arn, null)
    identifier = aws_db_instance.this["this"].identifier
    multi_az   = aws_db_instance.this["this"].multi_az
    arn        = aws_db_instance.this["this"].arn
  }
}

output "reader_address" {
  description = "Address that analytics reads at; null without a read replica."
  value       = one([for reader in aws_db_instance.reader : reader.address])
}

output "database_security_group_id" {
  description = "Security group of the database; null without one."
  value       = one([for group in aws_security_group.database : group.id])
}
