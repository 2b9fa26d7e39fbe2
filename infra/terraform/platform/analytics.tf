# What the reports read: PostgreSQL beside Prefect's tables, loaded every hour by the flow refresh-analytics.

module "analytics" {
  source = "../modules/analytics"

  environment                = var.environment
  region                     = var.region
  kms_key_arn                = module.governance.kms_key_arn
  enabled                    = var.analytics_job
  vpc_id                     = module.network.vpc_id
  private_subnet_id          = module.network.private_subnet_ids[0]
  availability_zone          = var.availability_zones[0]
  database                   = module.data.database
  database_security_group_id = module.data.database_security_group_id
  client_security_group_ids  = { tasks = module.orchestration.task_security_group_id }
  client_role_arns           = { evaluation = module.governance.workload_role_arns["evaluation"] }
  evaluations_table_arn      = module.data.table_arns["Evaluations"]
  results_bucket_arn         = module.storage.bucket_arns["bharatchef-processed-results"]
  code                       = { bucket = module.storage.bucket_names["bharatchef-processed-results"] }
  pseudonym_key_secret_arn   = module.governance.secret_arns["pseudonym-key"]
  settings = { for name, value in local.program_settings : name => value if contains([
    "BHARATCHEF_AWS_REGION", "BHARATCHEF_ENVIRONMENT", "BHARATCHEF_EXPERT_BUCKET", "BHARATCHEF_KMS_KEY",
    "BHARATCHEF_RESULTS_BUCKET", "BHARATCHEF_TABLE_PREFIX", "BHARATCHEF_TRAINEE_BUCKET",
  ], name) }
}
