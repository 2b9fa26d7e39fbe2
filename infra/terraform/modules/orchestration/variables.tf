variable "environment" {
  description = "Which environment this is; part of every name."
  type        = string

  validation {
    condition     = contains(["development", "staging", "production"], var.environment)
    error_message = "environment is development, staging or production."
  }
}

variable "kms_key_arn" {
  description = "Key that secrets and images are encrypted with."
  type        = string

  validation {
    condition     = startswith(var.kms_key_arn, "arn:aws:kms:")
    error_message = "kms_key_arn is the ARN of a KMS key."
  }
}

variable "vpc_id" {
  description = "Network that everything here stands in."
  type        = string

  validation {
    condition     = startswith(var.vpc_id, "vpc-")
    error_message = "vpc_id begins with vpc-."
  }
}

variable "vpc_cidr" {
  description = "Its addresses, for whom the load balancer listens."
  type        = string

  validation {
    condition     = can(cidrhost(var.vpc_cidr, 0))
    error_message = "vpc_cidr is a range of addresses."
  }
}

variable "private_subnet_ids" {
  description = "Private subnets of the tasks and the load balancer, in at least two zones."
  type        = list(string)

  validation {
    condition     = length(var.private_subnet_ids) >= 2
    error_message = "private_subnet_ids names at least two subnets."
  }
}

variable "endpoint_security_group_id" {
  description = "Group of the interface endpoints, which tasks send HTTPS to."
  type        = string

  validation {
    condition     = startswith(var.endpoint_security_group_id, "sg-")
    error_message = "endpoint_security_group_id is the id of a security group."
  }
}

variable "gateway_prefix_list_ids" {
  description = "Prefix lists of the gateway endpoints, by s3 and dynamodb."
  type        = map(string)

  validation {
    condition     = toset(keys(var.gateway_prefix_list_ids)) == toset(["s3", "dynamodb"])
    error_message = "gateway_prefix_list_ids has s3 and dynamodb."
  }
}

variable "database" {
  description = "PostgreSQL of the Prefect server: address, port, name and the secret with its user and password."
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
  description = "Group of the database; the Prefect server is let in."
  type        = string

  validation {
    condition     = startswith(var.database_security_group_id, "sg-")
    error_message = "database_security_group_id is the id of a security group."
  }
}

variable "images" {
  description = "Images in ECR, each pinned: server (Prefect), worker (the worker and the flows), intake."
  type        = object({ server = string, worker = string, intake = string })

  validation {
    condition     = alltrue([for image in values(var.images) : can(regex("^[0-9]{12}\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com/[^:@]+(:|@sha256:)[^:@]+$", image)) && !endswith(image, ":latest")])
    error_message = "images lie in ECR and are pinned by a tag other than latest, or by a digest."
  }
}

variable "image_repository_arns" {
  description = "ECR repositories that the images lie in."
  type        = list(string)

  validation {
    condition     = length(var.image_repository_arns) > 0 && alltrue([for arn in var.image_repository_arns : startswith(arn, "arn:aws:ecr:")])
    error_message = "image_repository_arns names at least one ECR repository by its ARN."
  }
}

variable "workload_role_arns" {
  description = "Roles of the workloads: evaluation (a run that evaluates a film), intake, and retraining (a run that trains models and rolls them out)."
  type        = map(string)

  validation {
    condition     = length(setsubtract(["evaluation", "intake", "retraining"], keys(var.workload_role_arns))) == 0
    error_message = "workload_role_arns has evaluation, intake and retraining."
  }
}

variable "workload_secrets" {
  description = "Secrets that runs and intake find in their environment: their ARNs by the variable's name."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for arn in values(var.workload_secrets) : startswith(arn, "arn:aws:secretsmanager:")])
    error_message = "workload_secrets are ARNs of secrets."
  }
}

variable "settings" {
  description = "What intake and the runs find in their environment, BHARATCHEF_... and PREFECT_...; nothing secret."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.settings) : can(regex("^(BHARATCHEF|PREFECT)_", name)) && !can(regex("PASSWORD|SECRET|TOKEN", name))])
    error_message = "settings are named BHARATCHEF_... or PREFECT_... and hold no secret."
  }
}

variable "log_group_names" {
  description = "Log groups by service: prefect-server, prefect-worker, evaluation, intake."
  type        = map(string)

  validation {
    condition     = length(setsubtract(["prefect-server", "prefect-worker", "evaluation", "intake"], keys(var.log_group_names))) == 0
    error_message = "log_group_names has prefect-server, prefect-worker, evaluation and intake."
  }
}

variable "queue_names" {
  description = "Names of the queues as CloudWatch has them, by the design's names; the number of intakes and workers follows video-processing-queue."
  type        = map(string)

  validation {
    condition     = contains(keys(var.queue_names), "video-processing-queue")
    error_message = "queue_names has video-processing-queue."
  }
}

variable "cpu_architecture" {
  description = "Processors that the tasks run on: ARM64 (a third to a half cheaper) or X86_64. The images are built for it."
  type        = string
  default     = "ARM64"

  validation {
    condition     = contains(["ARM64", "X86_64"], var.cpu_architecture)
    error_message = "cpu_architecture is ARM64 or X86_64."
  }
}

variable "certificate_arn" {
  description = "Certificate that the load balancer speaks TLS with; null: plain HTTP within the network."
  type        = string
  default     = null

  validation {
    condition     = var.certificate_arn == null || startswith(coalesce(var.certificate_arn, "-"), "arn:aws:acm:")
    error_message = "certificate_arn is the ARN of a certificate, or null."
  }
}

variable "server_name" {
  description = "Name that the certificate is for and that leads to the load balancer; null: the load balancer's own name."
  type        = string
  default     = null

  validation {
    condition     = (var.server_name == null) == (var.certificate_arn == null)
    error_message = "server_name and certificate_arn are given together: a certificate is for a name."
  }
}

variable "most_tasks" {
  description = "Most intakes, and most workers, at once."
  type        = number
  default     = 3

  validation {
    condition     = var.most_tasks >= 1 && var.most_tasks <= 20 && floor(var.most_tasks) == var.most_tasks
    error_message = "most_tasks is a whole number from 1 to 20."
  }
}

variable "messages_per_task" {
  description = "Messages that may wait for each intake and each worker before another one comes."
  type        = number
  default     = 10

  validation {
    condition     = var.messages_per_task > 0
    error_message = "messages_per_task is more than 0."
  }
}

variable "destroyable" {
  description = "Whether the load balancer may be destroyed."
  type        = bool
  default     = false
}
