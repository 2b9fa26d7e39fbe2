variable "cost_centre" {
  description = "Who pays; a tag on everything."
  type        = string
  default     = "bharatchef"
}

variable "bucket_suffix" {
  description = "What follows the environment in the buckets' names, where the plain names are taken by another account."
  type        = string
  default     = ""
}

variable "destroyable" {
  description = "Whether `terraform destroy` may take films, records and secrets with it. Not in production."
  type        = bool
  default     = false
}

variable "owns_account" {
  description = "Whether this environment sets what an account has once; for one environment of an account."
  type        = bool
  default     = true
}

variable "monthly_budget_usd" {
  description = "What this environment may cost a month, in US dollars before tax."
  type        = number
}

variable "cost_tags" {
  description = "Tags that costs can be split by; none at the first apply, AWS does not know them yet."
  type        = set(string)
  default     = []
}

variable "alert_emails" {
  description = "Who gets a letter of failures, alarms and budgets."
  type        = set(string)
  default     = []
}

variable "secrets" {
  description = "Secrets by name, as module governance takes them; their values are put there by hand."
  type = map(object({
    description         = string
    rotation_lambda_arn = optional(string)
    rotation_days       = optional(number, 30)
  }))
  default = {}
}

variable "vpc_cidr" {
  description = "Addresses of the network, a /16 to /20."
  type        = string
  default     = "10.40.0.0/16"
}

variable "availability_zones" {
  description = "Zones with a private subnet each."
  type        = list(string)
  default     = ["ap-south-1a", "ap-south-1b"]
}

variable "endpoint_zones" {
  description = "In how many of the zones an interface endpoint has an address; each is billed by the hour."
  type        = number
  default     = 2
}

variable "moderation" {
  description = "Whether films are shown to Rekognition for moderation."
  type        = bool
  default     = false
}

variable "trainee_film_retention" {
  description = "What becomes of a trainee's film after trainee_film_days: archive or delete."
  type        = string
  default     = "archive"
}

variable "trainee_film_days" {
  description = "After how many days a trainee's film is archived or deleted."
  type        = number
  default     = 90
}

variable "upload_origins" {
  description = "Web origins whose pages may upload and play films."
  type        = list(string)
  default     = []
}

variable "second_region" {
  description = "Whether expert films, results and records are copied to ap-south-2."
  type        = bool
  default     = false
}

variable "postgres" {
  description = "The PostgreSQL of Prefect and of analytics, as module data takes it."
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
}

variable "serving_mode" {
  description = "How models are served: serverless, realtime-cpu, realtime-gpu or async."
  type        = string
}

variable "model_host" {
  description = "What serves in a model's container: asgi or torchserve."
  type        = string
  default     = "asgi"
}

variable "model_instances" {
  description = "Fewest and most instances a variant of a model."
  type        = object({ min = number, max = number })
  default     = { min = 1, max = 4 }
}

variable "models" {
  description = "Model packages by analyser, each variant with its archive and its share of the calls; none until the archives lie in S3."
  type = map(object({
    variants = map(object({
      model_data_url = string
      weight         = number
    }))
  }))
  default = {}
}

variable "image_tag" {
  description = "Tag of the images that this environment runs; one that is never moved."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", var.image_tag)) && var.image_tag != "latest"
    error_message = "image_tag is a tag other than latest."
  }
}

variable "chat_models" {
  description = "Inference profiles of Bedrock that may word feedback, each with the model behind it; none: the rules alone do."
  type        = map(string)
  default     = {}
}

variable "cpu_architecture" {
  description = "Processors that tasks run on: ARM64 (cheaper) or X86_64; the images are built for it."
  type        = string
  default     = "ARM64"
}

variable "certificate_arn" {
  description = "Certificate of the Prefect server's load balancer; null: plain HTTP within the network."
  type        = string
  default     = null
}

variable "server_name" {
  description = "Name that the certificate is for; given together with it."
  type        = string
  default     = null
}

variable "most_tasks" {
  description = "Most intakes, and most workers, at once."
  type        = number
  default     = 3
}

variable "log_retention_days" {
  description = "How long logs are kept, in days."
  type        = number
  default     = 90
}

variable "analytics_job" {
  description = "Whether there is a job of Glue for whole reloads of the analytics, with a crawler and a catalogue."
  type        = bool
  default     = false
}

variable "search" {
  description = "The OpenSearch domain for tips; null: tips are searched in an index within the program."
  type = object({
    master_role_arn = string
    instance_type   = optional(string, "t3.small.search")
    data_nodes      = optional(number, 2)
    volume_gb       = optional(number, 10)
  })
  default = null
}

variable "signing_public_keys" {
  description = "Public halves (PEM) of the keys that addresses of expert films are signed with, by a name with its date; none: no CDN."
  type        = map(string)
  default     = {}
}

variable "source_location" {
  description = "Where the pipeline takes the code from, as module delivery takes it; null: images are pushed by hand."
  type = object({
    connection_arn = optional(string)
    repository     = optional(string)
    branch         = optional(string, "main")
    bucket         = optional(string)
    key            = optional(string)
  })
  default = null
}
