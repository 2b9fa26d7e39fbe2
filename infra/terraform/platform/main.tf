# What everything else stands on: the key and the watch over the account, the network, films, messages, records.

data "aws_caller_identity" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id

  # An inference profile chooses among regions of its own area, so its model is named in any of them; the profile
  # (in. stays in India) says which those are.
  bedrock_model_arns = flatten([
    for profile, model in var.chat_models : [
      "arn:aws:bedrock:${var.region}:${local.account}:inference-profile/${profile}",
      "arn:aws:bedrock:*::foundation-model/${model}",
    ]
  ])

  # Made by a person once, at least 32 random characters each, and never changed: whoever was meant would be lost.
  own_secrets = {
    pseudonym-key = { description = "What the names that stand for people in logs and reports are made with." }
    receipt-key   = { description = "What receipts of an erasure are signed with." }
  }

  # Copies of films, results and records, and the key for them, in the second region.
  replica_key_arn = module.governance.replica_kms_key_arn
}

module "governance" {
  source    = "../modules/governance"
  providers = { aws = aws, aws.replica = aws.replica }

  environment        = var.environment
  region             = var.region
  bucket_suffix      = var.bucket_suffix
  replica_key        = var.second_region
  bucket_arns        = module.storage.bucket_arns
  table_arns         = module.data.table_arns
  queue_arns         = module.queues.queue_arns
  topic_arns         = module.queues.topic_arns
  bedrock_model_arns = local.bedrock_model_arns
  moderation         = var.moderation
  destroyable        = var.destroyable
  monthly_budget_usd = var.monthly_budget_usd
  owns_account       = var.owns_account
  cost_tags          = var.cost_tags
  secrets            = merge(local.own_secrets, var.secrets)

  sagemaker_role_arns = module.models.role_arns
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

  environment                   = var.environment
  bucket_suffix                 = var.bucket_suffix
  kms_key_arn                   = module.governance.kms_key_arn
  trainee_film_retention        = var.trainee_film_retention
  trainee_film_days             = var.trainee_film_days
  upload_origins                = var.upload_origins
  expert_film_distribution_arns = module.edge[*].distribution_arn
  replication                   = var.second_region ? { kms_key_arn = local.replica_key_arn } : null
  destroyable                   = var.destroyable
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
