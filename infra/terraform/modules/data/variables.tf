variable "environment" {
  description = "Which environment this is; part of every name."
  type        = string

  validation {
    condition     = contains(["development", "staging", "production"], var.environment)
    error_message = "environment is development, staging or production."
  }
}

variable "kms_key_arn" {
  description = "Key that tables and the database are encrypted with; null: the services' own keys."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || startswith(coalesce(var.kms_key_arn, "-"), "arn:")
    error_message = "kms_key_arn is an ARN, or null."
  }
}

variable "deletion_protection" {
  description = "Whether tables and the database refuse to be deleted."
  type        = bool
  default     = true
}

variable "recovery_days" {
  description = "To how many days back a table can be restored, to the second; null leaves it to DynamoDB, which takes 35."
  type        = number
  default     = 35

  validation {
    condition     = var.recovery_days == null || (coalesce(var.recovery_days, 35) >= 7 && coalesce(var.recovery_days, 35) <= 35)
    error_message = "recovery_days lies between 7 and 35, or is null."
  }
}

variable "table_replica" {
  description = "Region that the tables are copied to and the key there; null: nowhere."
  type = object({
    region      = string
    kms_key_arn = optional(string)
  })
  default = null
}

variable "postgres" {
  description = <<-TEXT
    The PostgreSQL of Prefect and of analytics; null: none.
    instance_class and multi_az say what it costs; storage_gb grows by itself up to max_storage_gb; read_replica adds an
    instance for analytics; password_rotation is the schedule on which RDS changes the password (UTC), after which
    the tasks that use it are started anew.
  TEXT
  type = object({
    instance_class      = string
    multi_az            = bool
    read_replica        = optional(bool, false)
    engine_version      = optional(string, "16")
    storage_gb          = optional(number, 20)
    max_storage_gb      = optional(number, 100)
    backup_days         = optional(number, 7)
    performance_insight = optional(bool, true)
    password_rotation   = optional(string, "cron(0 20 ? * SUN#1 *)")
  })
  default = null

  validation {
    condition     = try(var.postgres.backup_days, 7) >= 7 && try(var.postgres.backup_days, 7) <= 35
    error_message = "postgres.backup_days lies between 7 and 35."
  }

  validation {
    condition     = var.environment != "production" || var.postgres == null || try(var.postgres.multi_az, false)
    error_message = "In production the database stands in two zones: set postgres.multi_az."
  }

  validation {
    condition     = try(var.postgres.storage_gb, 20) >= 20 && try(var.postgres.max_storage_gb, 100) >= try(var.postgres.storage_gb, 20)
    error_message = "postgres.storage_gb is 20 or more, and max_storage_gb not below it."
  }

  validation {
    condition     = var.postgres == null || can(regex("^(cron|rate)\\(.+\\)$", var.postgres.password_rotation))
    error_message = "postgres.password_rotation is written as cron(...) or rate(...)."
  }
}

variable "vpc_id" {
  description = "Network that the database stands in; needed with postgres."
  type        = string
  default     = null

  validation {
    condition     = var.postgres == null || var.vpc_id != null
    error_message = "A database needs vpc_id."
  }
}

variable "private_subnet_ids" {
  description = "Private subnets that the database may stand in, of two zones at least; needed with postgres."
  type        = list(string)
  default     = []

  validation {
    condition     = var.postgres == null || length(var.private_subnet_ids) >= 2
    error_message = "A database needs private_subnet_ids of two zones at least."
  }
}

variable "database_clients" {
  description = "Security groups whose members may connect to the database, by a name of your own."
  type        = map(string)
  default     = {}
}
