# What everything else stands on: the key and the watch over the account, the network, films, messages, records.

locals {
  # Copies of films, results and records, and the key for them, in the second region.
  replica_key_arn = module.governance.replica_kms_key_arn
}

module "governance" {
  source    = "../modules/governance"
  providers = { aws = aws, aws.replica = aws.replica }

  environment         = var.environment
  region              = var.region
  bucket_suffix       = var.bucket_suffix
  replica_key         = var.second_region
  audited_bucket_arns = module.storage.bucket_arns
  destroyable         = var.destroyable
  monthly_budget_usd  = var.monthly_budget_usd
  alert_topic_arn     = module.queues.topic_arns["processing-failed"]
  owns_account        = var.owns_account
  cost_tags           = var.cost_tags
  secrets             = var.secrets
}

module "network" {
  source = "../modules/network"

  environment        = var.environment
  region             = var.region
  vpc_cidr           = var.vpc_cidr
  availability_zones = var.availability_zones
  endpoint_zones     = var.endpoint_zones
  optional_endpoints = var.moderation ? ["rekognition"] : []
  kms_key_arn        = module.governance.kms_key_arn
}

module "storage" {
  source    = "../modules/storage"
  providers = { aws = aws, aws.replica = aws.replica }

  environment            = var.environment
  bucket_suffix          = var.bucket_suffix
  kms_key_arn            = module.governance.kms_key_arn
  trainee_film_retention = var.trainee_film_retention
  trainee_film_days      = var.trainee_film_days
  upload_origins         = var.upload_origins
  replication            = var.second_region ? { kms_key_arn = local.replica_key_arn } : null
  destroyable            = var.destroyable
}

module "queues" {
  source = "../modules/queues"

  environment       = var.environment
  kms_key_arn       = module.governance.kms_key_arn
  film_bucket_names = module.storage.bucket_names
  failure_emails    = var.alert_emails
}

module "data" {
  source = "../modules/data"

  environment         = var.environment
  kms_key_arn         = module.governance.kms_key_arn
  deletion_protection = !var.destroyable
  table_replica       = var.second_region ? { region = var.replica_region, kms_key_arn = local.replica_key_arn } : null
  postgres            = var.postgres
  vpc_id              = module.network.vpc_id
  private_subnet_ids  = module.network.private_subnet_ids
}
