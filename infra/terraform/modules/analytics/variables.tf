variable "environment" {
  description = "Which environment this is; part of every name."
  type        = string

  validation {
    condition     = contains(["development", "staging", "production"], var.environment)
    error_message = "environment is development, staging or production."
  }
}

variable "region" {
  description = "Region that everything stands in."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that logs and what the job keeps are encrypted with."
  type        = string

  validation {
    condition     = startswith(var.kms_key_arn, "arn:aws:kms:")
    error_message = "kms_key_arn is the ARN of a KMS key."
  }
}

variable "enabled" {
  description = "Whether there are the job, the crawler and the catalogue; the hourly flow needs none of them."
  type        = bool
}

variable "vpc_id" {
  description = "Network that the job stands in."
  type        = string

  validation {
    condition     = startswith(var.vpc_id, "vpc-")
    error_message = "vpc_id begins with vpc-."
  }
}

variable "private_subnet_id" {
  description = "Private subnet that the job stands in."
  type        = string
}

variable "availability_zone" {
  description = "Zone of that subnet."
  type        = string
}

variable "database" {
  description = "PostgreSQL that holds the analytics: address, port, name and the secret with its user and password."
  type = object({
    address    = string
    port       = number
    name       = string
    secret_arn = string
  })

  validation {
    condition     = startswith(var.database.secret_arn, "arn:aws:secretsmanager:")
    error_message = "database.secret_arn is the ARN of a secret."
  }
}

variable "database_security_group_id" {
  description = "Security group of the database."
  type        = string
}

variable "client_security_group_ids" {
  description = "Groups of the workloads that load and read the analytics, by a name of your choice."
  type        = map(string)
  default     = {}
}

variable "client_role_arns" {
  description = "Roles of those workloads, by a name of your choice."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for arn in values(var.client_role_arns) : can(regex("^arn:aws:iam::[0-9]{12}:role/", arn))])
    error_message = "client_role_arns are ARNs of roles."
  }
}

variable "evaluations_table_arn" {
  description = "The table of evaluations, whose stream is followed."
  type        = string
}

variable "results_bucket_arn" {
  description = "Bucket that results lie in."
  type        = string
}

variable "code" {
  description = "Where adapters/analytics/glue_job.py lies, and what scripts/glue-wheels.sh packs."
  type = object({
    bucket     = string
    script_key = optional(string, "code/analytics/glue_job.py")
    wheels_key = optional(string, "code/analytics/bharatchef.gluewheels.zip")
  })

  validation {
    condition     = endswith(var.code.wheels_key, ".gluewheels.zip")
    error_message = "code.wheels_key ends in .gluewheels.zip: Glue tells by that what it is."
  }
}

variable "pseudonym_key_secret_arn" {
  description = "Secret that holds the key of pseudonyms."
  type        = string

  validation {
    condition     = startswith(var.pseudonym_key_secret_arn, "arn:aws:secretsmanager:")
    error_message = "pseudonym_key_secret_arn is the ARN of a secret."
  }
}

variable "settings" {
  description = "What the job is told of the installation, BHARATCHEF_...; nothing secret."
  type        = map(string)

  validation {
    condition     = alltrue([for name in keys(var.settings) : startswith(name, "BHARATCHEF_") && !can(regex("PASSWORD|SECRET|TOKEN|_KEY$", replace(name, "BHARATCHEF_KMS_KEY", "")))])
    error_message = "settings are named BHARATCHEF_... and hold no secret."
  }
}
