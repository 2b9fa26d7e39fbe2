# The environment production: its providers, and the platform with what terraform.tfvars says.

locals {
  environment = "production"
  tags = {
    Project     = "bharatchef"
    Environment = local.environment
    ManagedBy   = "terraform"
    CostCentre  = var.cost_centre
  }
}

provider "aws" {
  region = "ap-south-1"

  default_tags {
    tags = local.tags
  }
}

# Copies lie in the country's second region.
provider "aws" {
  alias  = "replica"
  region = "ap-south-2"

  default_tags {
    tags = local.tags
  }
}

module "platform" {
  source    = "../../platform"
  providers = { aws = aws, aws.replica = aws.replica }

  environment = local.environment

  bucket_suffix          = var.bucket_suffix
  destroyable            = var.destroyable
  owns_account           = var.owns_account
  monthly_budget_usd     = var.monthly_budget_usd
  cost_tags              = var.cost_tags
  alert_emails           = var.alert_emails
  secrets                = var.secrets
  vpc_cidr               = var.vpc_cidr
  availability_zones     = var.availability_zones
  endpoint_zones         = var.endpoint_zones
  moderation             = var.moderation
  trainee_film_retention = var.trainee_film_retention
  trainee_film_days      = var.trainee_film_days
  upload_origins         = var.upload_origins
  second_region          = var.second_region
  postgres               = var.postgres
  serving_mode           = var.serving_mode
  model_host             = var.model_host
  model_instances        = var.model_instances
  models                 = var.models
  image_tag              = var.image_tag
  chat_models            = var.chat_models
  source_location        = var.source_location
  cpu_architecture       = var.cpu_architecture
  certificate_arn        = var.certificate_arn
  server_name            = var.server_name
  most_tasks             = var.most_tasks
  log_retention_days     = var.log_retention_days
  search                 = var.search
  analytics_job          = var.analytics_job
  signing_public_keys    = var.signing_public_keys
}
