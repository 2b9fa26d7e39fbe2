variable "environment" {
  description = "Which environment this is; part of every name."
  type        = string

  validation {
    condition     = contains(["development", "staging", "production"], var.environment)
    error_message = "environment is development, staging or production."
  }
}

variable "kms_key_arn" {
  description = "Key that what is kept here is encrypted with."
  type        = string

  validation {
    condition     = startswith(var.kms_key_arn, "arn:aws:kms:")
    error_message = "kms_key_arn is the ARN of a KMS key."
  }
}

variable "log_retention_days" {
  description = "How long logs are kept, in days."
  type        = number
  default     = 90

  validation {
    condition     = contains([7, 14, 30, 60, 90, 180, 365, 400, 731], var.log_retention_days)
    error_message = "log_retention_days is one that CloudWatch Logs knows: 7, 14, 30, 60, 90, 180, 365, 400 or 731."
  }
}

variable "queue_names" {
  description = "Names of the queues as CloudWatch has them, by the design's names (video-processing-queue, cv-analysis-queue, ai-coaching-queue, dlq-queue)."
  type        = map(string)

  validation {
    condition     = length(setsubtract(["video-processing-queue", "cv-analysis-queue", "ai-coaching-queue", "dlq-queue"], keys(var.queue_names))) == 0
    error_message = "queue_names has the four queues of the design."
  }
}

variable "topic_arns" {
  description = "ARNs of the topics, by the design's names; alarms go to processing-failed unless alarm_topic_arns names another."
  type        = map(string)

  validation {
    condition     = can(regex("^arn:aws:sns:", var.topic_arns["processing-failed"]))
    error_message = "topic_arns has the ARN of processing-failed."
  }
}

variable "alarm_topic_arns" {
  description = "Topics of their own for some alarms, by alarm: processing-time, cost, error-rate, queue-depth, model-confidence."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for alarm, arn in var.alarm_topic_arns : contains(["processing-time", "cost", "error-rate", "queue-depth", "model-confidence"], alarm) && startswith(arn, "arn:aws:sns:")])
    error_message = "alarm_topic_arns names topics by alarm: processing-time, cost, error-rate, queue-depth or model-confidence."
  }
}

variable "trace_percent" {
  description = "Of how many evaluations X-Ray is sent a trace, in percent; the program draws lots itself."
  type        = number
  default     = 100

  validation {
    condition     = var.trace_percent >= 0 && var.trace_percent <= 100
    error_message = "trace_percent lies between 0 and 100."
  }
}
