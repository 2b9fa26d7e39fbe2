variable "environment" {
  description = "Which environment this is; part of every name."
  type        = string

  validation {
    condition     = contains(["development", "staging", "production"], var.environment)
    error_message = "environment is development, staging or production."
  }
}

variable "kms_key_arn" {
  description = "Key that messages are encrypted with; null: the service's own (SSE-SQS), and topics without. Its policy lets EventBridge use it."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || startswith(coalesce(var.kms_key_arn, "-"), "arn:")
    error_message = "kms_key_arn is an ARN, or null."
  }
}

variable "film_bucket_names" {
  description = "Buckets whose new objects are queued, by the design's names; bharatchef-trainee-videos and bharatchef-expert-videos are looked for."
  type        = map(string)

  validation {
    condition     = contains(keys(var.film_bucket_names), "bharatchef-trainee-videos") && contains(keys(var.film_bucket_names), "bharatchef-expert-videos")
    error_message = "film_bucket_names has bharatchef-trainee-videos and bharatchef-expert-videos."
  }
}

variable "ordered_queues" {
  description = "Which of cv-analysis-queue and ai-coaching-queue are FIFO. None by default: what they ask for is claimed by its own key, so that order does not matter. Who sends to a FIFO queue names a message group."
  type        = set(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.ordered_queues, ["cv-analysis-queue", "ai-coaching-queue"])) == 0
    error_message = "ordered_queues names cv-analysis-queue, ai-coaching-queue, or both; EventBridge feeds video-processing-queue, which is never FIFO."
  }
}

variable "visibility_timeout_s" {
  description = "How long a message that was received stays hidden, in seconds; who works on longer extends it."
  type        = number
  default     = 900

  validation {
    condition     = var.visibility_timeout_s >= 30 && var.visibility_timeout_s <= 43200
    error_message = "visibility_timeout_s lies between 30 and 43200."
  }
}

variable "max_receives" {
  description = "After how many receives a message goes to dlq-queue. Low figures put good messages there when a consumer dies."
  type        = number
  default     = 10

  validation {
    condition     = var.max_receives >= 3 && var.max_receives <= 1000
    error_message = "max_receives lies between 3 and 1000."
  }
}

variable "failure_emails" {
  description = "Who gets a letter of each message on processing-failed; each address confirms once."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.failure_emails : can(regex("^[^@\\s]+@[^@\\s]+$", address))])
    error_message = "failure_emails are e-mail addresses."
  }
}
