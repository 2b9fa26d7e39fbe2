output "job_name" {
  description = "Name of the job, for `aws glue start-job-run`; null without one."
  value       = one([for job in aws_glue_job.this : job.name])
}

output "catalog_database" {
  description = "Name of the catalogue's database, as Athena and QuickSight find it; null without one."
  value       = one([for database in aws_glue_catalog_database.this : database.name])
}

output "settings" {
  description = "What the program's tasks are told of the database, by the name of the setting; nothing secret."
  value = {
    BHARATCHEF_ANALYTICS_URL   = local.url
    BHARATCHEF_ANALYTICS_LOGIN = var.database.secret_arn
  }
}
