variable "environment" {
  description = "Which environment this is; part of every name."
  type        = string

  validation {
    condition     = contains(["development", "staging", "production"], var.environment)
    error_message = "environment is development, staging or production."
  }
}

variable "bucket_suffix" {
  description = "What follows the environment in a bucket's name, where the plain name is taken by another account."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([a-z0-9][a-z0-9-]{0,19})?$", var.bucket_suffix))
    error_message = "bucket_suffix is empty, or up to 20 lower-case letters, digits and hyphens."
  }
}

variable "kms_key_arn" {
  description = "Key that objects are encrypted with; null: S3's own keys (SSE-S3)."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || startswith(coalesce(var.kms_key_arn, "-"), "arn:")
    error_message = "kms_key_arn is an ARN, or null."
  }
}

variable "trainee_film_retention" {
  description = "What becomes of a trainee's film after trainee_film_days: archive (Glacier) or delete."
  type        = string
  default     = "archive"

  validation {
    condition     = contains(["archive", "delete"], var.trainee_film_retention)
    error_message = "trainee_film_retention is archive or delete."
  }
}

variable "trainee_film_days" {
  description = "After how many days a trainee's film is archived or deleted."
  type        = number
  default     = 90

  validation {
    condition     = var.trainee_film_days >= 1 && floor(var.trainee_film_days) == var.trainee_film_days
    error_message = "trainee_film_days is a whole number from 1 on."
  }
}

variable "old_version_days" {
  description = "How long a version of an expert's film or of a result is kept after another took its place, in days."
  type        = number
  default     = 90

  validation {
    condition     = var.old_version_days >= 1 && floor(var.old_version_days) == var.old_version_days
    error_message = "old_version_days is a whole number from 1 on."
  }
}

variable "task_result_days" {
  description = "How long what the tasks of a run give one another is kept, in days; a run is taken up again within two."
  type        = number
  default     = 14

  validation {
    condition     = var.task_result_days >= 3 && floor(var.task_result_days) == var.task_result_days
    error_message = "task_result_days is a whole number from 3 on."
  }
}

variable "upload_origins" {
  description = "Web origins whose pages may upload and play films through signed addresses, as https://host."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for origin in var.upload_origins : can(regex("^https://[^/*]+$", origin))])
    error_message = "upload_origins are written as https://host, without a path or an asterisk."
  }
}

variable "expert_film_distribution_arns" {
  description = "CloudFront distributions that may read expert films."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.expert_film_distribution_arns : can(regex("^arn:aws:cloudfront::", arn))])
    error_message = "expert_film_distribution_arns are ARNs of CloudFront distributions."
  }
}

variable "transfer_acceleration" {
  description = "Whether uploads of films may go through the nearest edge location."
  type        = bool
  default     = true
}

variable "replication" {
  description = "Whether expert films and results are copied to the replica's region, and the key they are encrypted with there (needed where kms_key_arn is set)."
  type = object({
    kms_key_arn = optional(string)
  })
  default = null
}

variable "destroyable" {
  description = "Whether the buckets may be destroyed with what lies in them."
  type        = bool
  default     = false
}
