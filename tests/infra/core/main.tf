# What an emulator can hold: buckets, queues, topics, tables and the rule between an upload and a message.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

variable "endpoint" {
  description = "Address of the emulator."
  type        = string
}

provider "aws" {
  region                      = "ap-south-1"
  access_key                  = "emulator"
  secret_key                  = "emulator-secret"
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = false

  endpoints {
    dynamodb    = var.endpoint
    eventbridge = var.endpoint
    iam         = var.endpoint
    s3          = var.endpoint
    sns         = var.endpoint
    sqs         = var.endpoint
    sts         = var.endpoint
  }

  default_tags {
    tags = {
      Project     = "bharatchef"
      Environment = "development"
      ManagedBy   = "terraform"
      CostCentre  = "tests"
    }
  }
}

module "storage" {
  source = "../../../infra/terraform/modules/storage"
  # Nothing is copied here.
  providers = { aws = aws, aws.replica = aws }

  environment = "development"
  destroyable = true
}

module "queues" {
  source = "../../../infra/terraform/modules/queues"

  environment       = "development"
  film_bucket_names = module.storage.bucket_names
}

module "data" {
  source = "../../../infra/terraform/modules/data"

  environment         = "development"
  deletion_protection = false
  # The emulator has point-in-time recovery, but knows no number of days.
  recovery_days = null
}

output "bucket_names" {
  description = "Names of the buckets."
  value       = module.storage.bucket_names
}

output "queue_urls" {
  description = "Addresses of the queues."
  value       = module.queues.queue_urls
}

output "table_names" {
  description = "Names of the tables."
  value       = module.data.table_names
}
