output "log_group_names" {
  description = "Log groups, by service (prefect-server, prefect-worker, evaluation, intake, build, search)."
  value       = { for service, group in aws_cloudwatch_log_group.this : service => group.name }
}

output "log_group_arns" {
  description = "ARNs of the log groups, by service."
  value       = { for service, group in aws_cloudwatch_log_group.this : service => group.arn }
}

output "alarm_topics" {
  description = "Where each alarm of the design goes, by alarm."
  value       = local.topics
}

output "dashboard_name" {
  description = "The dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

output "trace_percent" {
  description = "Of how many evaluations X-Ray is sent a trace, in percent."
  value       = var.trace_percent
}
