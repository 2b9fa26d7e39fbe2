variable "environment" {
  description = "Which environment this is; part of every name."
  type        = string

  validation {
    condition     = contains(["development", "staging", "production"], var.environment)
    error_message = "environment is development, staging or production."
  }
}

variable "region" {
  description = "Region that services ask the key in."
  type        = string
  default     = "ap-south-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region is written as ap-south-1."
  }
}

variable "bucket_suffix" {
  description = "What follows the environment in the audit bucket's name, where the plain name is taken by another account."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([a-z0-9][a-z0-9-]{0,19})?$", var.bucket_suffix))
    error_message = "bucket_suffix is empty, or up to 20 lower-case letters, digits and hyphens."
  }
}

variable "replica_key" {
  description = "Whether the key is there in the replica's region too, for copies of objects and tables."
  type        = bool
  default     = false
}

variable "key_deletion_days" {
  description = "How long a key that is to be deleted can still be kept, in days."
  type        = number
  default     = 30

  validation {
    condition     = var.key_deletion_days >= 7 && var.key_deletion_days <= 30
    error_message = "key_deletion_days lies between 7 and 30."
  }
}

variable "bucket_arns" {
  description = "Buckets, by the design's names; every read and write of an object is recorded."
  type        = map(string)

  validation {
    condition     = alltrue([for name in ["bharatchef-trainee-videos", "bharatchef-expert-videos", "bharatchef-processed-results"] : contains(keys(var.bucket_arns), name)])
    error_message = "bucket_arns has bharatchef-trainee-videos, bharatchef-expert-videos and bharatchef-processed-results."
  }
}

variable "table_arns" {
  description = "Tables, by the design's names."
  type        = map(string)

  validation {
    condition     = contains(keys(var.table_arns), "Evaluations")
    error_message = "table_arns has the five tables, Evaluations among them."
  }
}

variable "queue_arns" {
  description = "Queues, by the design's names."
  type        = map(string)

  validation {
    condition     = alltrue([for name in ["video-processing-queue", "cv-analysis-queue", "ai-coaching-queue", "dlq-queue"] : contains(keys(var.queue_arns), name)])
    error_message = "queue_arns has video-processing-queue, cv-analysis-queue, ai-coaching-queue and dlq-queue."
  }
}

variable "topic_arns" {
  description = "Topics, by the design's names; budgets and anomalies are announced on processing-failed, whose policy lets budgets and costalerts publish."
  type        = map(string)

  validation {
    condition     = alltrue([for name in ["evaluation-complete", "processing-failed"] : contains(keys(var.topic_arns), name)])
    error_message = "topic_arns has evaluation-complete and processing-failed."
  }
}

variable "bedrock_model_arns" {
  description = "Models and inference profiles of Bedrock that may word feedback; none: the rules alone do."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.bedrock_model_arns : can(regex("^arn:aws:bedrock:[a-z0-9*-]*:[0-9]*:(foundation-model|inference-profile)/[^*]+$", arn))])
    error_message = "bedrock_model_arns are ARNs of foundation models or inference profiles, each of one model."
  }
}

variable "sagemaker_role_arns" {
  description = "Roles that a retraining lends to SageMaker: training (its jobs), hosting (models behind endpoints) and batch (models of batch transform). None: nothing is trained or served by it."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for arn in values(var.sagemaker_role_arns) : can(regex("^arn:aws:iam::[0-9]{12}:role/[^*]+$", arn))])
    error_message = "sagemaker_role_arns are ARNs of roles, each of one role."
  }
}

variable "moderation" {
  description = "Whether a run may show pictures to Rekognition."
  type        = bool
  default     = false
}

variable "audit_days" {
  description = "How long the records of CloudTrail are kept, in days."
  type        = number
  default     = 365

  validation {
    condition     = var.audit_days >= 90
    error_message = "audit_days is 90 or more."
  }
}

variable "destroyable" {
  description = "Whether the audit bucket may be destroyed with what lies in it, and secrets without a delay."
  type        = bool
  default     = false
}

variable "monthly_budget_usd" {
  description = "What this environment may cost a month, in US dollars before tax; letters go out at 80 % spent and 100 % forecast."
  type        = number

  validation {
    condition     = var.monthly_budget_usd > 0
    error_message = "monthly_budget_usd is more than 0."
  }
}

variable "anomaly_usd" {
  description = "From what unexpected cost on an anomaly is announced, in US dollars."
  type        = number
  default     = 20

  validation {
    condition     = var.anomaly_usd > 0
    error_message = "anomaly_usd is more than 0."
  }
}

variable "owns_account" {
  description = "Whether this environment sets what an account has once: cost allocation tags, Compute Optimizer and Access Analyzer. True where each environment has its own account; otherwise for one of them."
  type        = bool
  default     = true
}

variable "cost_tags" {
  description = "Tags that costs can be split by. AWS knows a tag some hours after its first use: none at the first apply."
  type        = set(string)
  default     = []
}

variable "secrets" {
  description = "Secrets by name: what each is for, and the function that changes it. Values are put there by hand and never seen by Terraform."
  type = map(object({
    description         = string
    rotation_lambda_arn = optional(string)
    rotation_days       = optional(number, 30)
  }))
  default = {}

  validation {
    condition     = alltrue([for name in keys(var.secrets) : can(regex("^[a-z][a-z0-9-]{1,40}$", name))])
    error_message = "A secret's name has lower-case letters, digits and hyphens."
  }

  validation {
    condition     = alltrue([for secret in values(var.secrets) : secret.rotation_days >= 1 && secret.rotation_days <= 90])
    error_message = "rotation_days lies between 1 and 90."
  }
}
