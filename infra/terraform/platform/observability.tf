# Logs, alarms and the dashboard.

module "observability" {
  source = "../modules/observability"

  environment        = var.environment
  kms_key_arn        = module.governance.kms_key_arn
  log_retention_days = var.log_retention_days
  queue_names        = module.queues.queue_names
  topic_arns         = module.queues.topic_arns
}
