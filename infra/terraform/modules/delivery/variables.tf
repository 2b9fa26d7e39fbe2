variable "environment" {
  description = "Which environment this is; part of every name."
  type        = string

  validation {
    condition     = contains(["development", "staging", "production"], var.environment)
    error_message = "environment is development, staging or production."
  }
}

variable "kms_key_arn" {
  description = "Key that images and what is passed between the steps are encrypted with."
  type        = string

  validation {
    condition     = startswith(var.kms_key_arn, "arn:aws:kms:")
    error_message = "kms_key_arn is the ARN of a KMS key."
  }
}

variable "source_location" {
  description = "Where the code comes from: a git host through a connection (connection_arn, repository owner/name, branch), or an archive in a versioned bucket (bucket, key). Null: images are pushed by hand and there is no pipeline."
  type = object({
    connection_arn = optional(string)
    repository     = optional(string)
    branch         = optional(string, "main")
    bucket         = optional(string)
    key            = optional(string)
  })
  default = null

  validation {
    condition     = var.source_location == null || (try(var.source_location.connection_arn, null) != null && try(var.source_location.repository, null) != null) != (try(var.source_location.bucket, null) != null && try(var.source_location.key, null) != null)
    error_message = "source_location has either connection_arn and repository, or bucket and key."
  }
}

variable "artifact_bucket" {
  description = "Bucket that the steps pass their work through, in the same region; the prefix delivery/ is used."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9.-]{3,63}$", var.artifact_bucket))
    error_message = "artifact_bucket is the name of a bucket."
  }
}

variable "log_group_name" {
  description = "Log group that builds write to."
  type        = string

  validation {
    condition     = length(var.log_group_name) > 0
    error_message = "log_group_name is the name of a log group."
  }
}

variable "cluster_name" {
  description = "ECS cluster that is deployed to."
  type        = string

  validation {
    condition     = length(var.cluster_name) > 0
    error_message = "cluster_name is the name of a cluster."
  }
}

variable "service_names" {
  description = "Services that are deployed: prefect-server (blue/green), prefect-worker and intake (one after the other)."
  type        = map(string)

  validation {
    condition     = toset(keys(var.service_names)) == toset(["prefect-server", "prefect-worker", "intake"])
    error_message = "service_names has prefect-server, prefect-worker and intake."
  }
}

variable "listener_arn" {
  description = "Listener that CodeDeploy moves between blue and green."
  type        = string

  validation {
    condition     = startswith(var.listener_arn, "arn:aws:elasticloadbalancing:")
    error_message = "listener_arn is the ARN of a listener."
  }
}

variable "target_group_names" {
  description = "The two target groups, by blue and green."
  type        = map(string)

  validation {
    condition     = toset(keys(var.target_group_names)) == toset(["blue", "green"])
    error_message = "target_group_names has blue and green."
  }
}

variable "passed_role_arns" {
  description = "Roles that a new task definition may be given."
  type        = list(string)

  validation {
    condition     = length(var.passed_role_arns) > 0 && alltrue([for arn in var.passed_role_arns : startswith(arn, "arn:aws:iam::")])
    error_message = "passed_role_arns names at least one role by its ARN."
  }
}

variable "cpu_architecture" {
  description = "Processors that images are built for, and on: ARM64 or X86_64."
  type        = string
  default     = "ARM64"

  validation {
    condition     = contains(["ARM64", "X86_64"], var.cpu_architecture)
    error_message = "cpu_architecture is ARM64 or X86_64."
  }
}

variable "rollback_alarm_names" {
  description = "Alarms that take a deployment of the server back."
  type        = list(string)
  default     = []
}
