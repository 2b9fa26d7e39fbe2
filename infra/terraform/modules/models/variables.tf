variable "environment" {
  description = "Which environment this is; part of every name."
  type        = string

  validation {
    condition     = contains(["development", "staging", "production"], var.environment)
    error_message = "environment is development, staging or production."
  }
}

variable "serving_mode" {
  description = "How the models are served: serverless (nothing at rest), realtime-cpu, realtime-gpu (ml.g4dn.xlarge) or async (scales to no instance)."
  type        = string

  validation {
    condition     = contains(["serverless", "realtime-cpu", "realtime-gpu", "async"], var.serving_mode)
    error_message = "serving_mode is serverless, realtime-cpu, realtime-gpu or async."
  }
}

variable "model_host" {
  description = "What runs in the model containers: asgi (the project's own host) or torchserve, which gets no security fixes any more and is shut off from the network."
  type        = string
  default     = "asgi"

  validation {
    condition     = contains(["asgi", "torchserve"], var.model_host)
    error_message = "model_host is asgi or torchserve."
  }

  validation {
    condition     = var.model_host == "asgi" || var.serving_mode != "serverless"
    error_message = "torchserve needs network isolation, which serverless endpoints do not have: choose asgi or another serving_mode."
  }
}

variable "host_images" {
  description = "Images in ECR that serve the contract of model packages, by model host (asgi, torchserve), each pinned by a tag or a digest."
  type        = map(string)

  validation {
    condition     = alltrue([for image in values(var.host_images) : can(regex("^[0-9]{12}\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com/[^:@]+(:|@sha256:)[^:@]+$", image)) && !endswith(image, ":latest")])
    error_message = "host_images lie in ECR and are pinned by a tag other than latest, or by a digest."
  }

  validation {
    condition     = contains(keys(var.host_images), var.model_host)
    error_message = "host_images has no image for the chosen model_host."
  }
}

variable "models" {
  description = "Model packages by analyser (actions, objects, heat, plate). Each variant of one is an archive in S3 and the share of the calls that it answers."
  type = map(object({
    variants = map(object({
      model_data_url = string
      weight         = number
    }))
  }))

  validation {
    condition     = alltrue([for analyser in keys(var.models) : contains(["actions", "objects", "heat", "plate"], analyser)])
    error_message = "models is keyed by analyser: actions, objects, heat or plate."
  }

  validation {
    condition     = alltrue([for model in values(var.models) : length(model.variants) > 0 && abs(sum([for variant in values(model.variants) : variant.weight]) - 1) < 0.000001])
    error_message = "The weights of a model's variants sum up to 1."
  }

  validation {
    condition     = alltrue(flatten([for model in values(var.models) : [for variant in values(model.variants) : variant.weight >= 0 && variant.weight <= 1]]))
    error_message = "The weight of a variant lies between 0 and 1."
  }

  validation {
    condition     = alltrue(flatten([for model in values(var.models) : [for name in keys(model.variants) : can(regex("^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$", name))]]))
    error_message = "A variant's name has up to 20 lower-case letters, digits and hyphens."
  }

  validation {
    condition     = alltrue(flatten([for model in values(var.models) : [for variant in values(model.variants) : can(regex("^s3://[a-z0-9.-]+/.+\\.tar\\.gz$", variant.model_data_url))]]))
    error_message = "model_data_url is written as s3://bucket/key.tar.gz."
  }

  validation {
    condition     = startswith(var.serving_mode, "realtime-") || alltrue([for model in values(var.models) : length(model.variants) == 1])
    error_message = "A/B variants need a real-time serving_mode: a serverless endpoint has one variant, and calls in a queue name none."
  }
}

variable "artifact_bucket_arns" {
  description = "Buckets that the models' archives lie in."
  type        = set(string)

  validation {
    condition     = length(var.artifact_bucket_arns) > 0 && alltrue([for arn in var.artifact_bucket_arns : startswith(arn, "arn:aws:s3:::")])
    error_message = "artifact_bucket_arns names at least one bucket by its ARN."
  }
}

variable "image_repository_arns" {
  description = "ECR repositories that host_images lie in."
  type        = set(string)

  validation {
    condition     = length(var.image_repository_arns) > 0 && alltrue([for arn in var.image_repository_arns : can(regex("^arn:aws:ecr:", arn))])
    error_message = "image_repository_arns names at least one ECR repository by its ARN."
  }
}

variable "bucket_names" {
  description = "Names of the buckets, by the design's names; captured calls, asynchronous answers and batches go to bharatchef-processed-results."
  type        = map(string)

  validation {
    condition     = contains(keys(var.bucket_names), "bharatchef-processed-results")
    error_message = "bucket_names has bharatchef-processed-results."
  }
}

variable "kms_key_arn" {
  description = "Key that volumes, captured calls and answers are encrypted with."
  type        = string

  validation {
    condition     = startswith(var.kms_key_arn, "arn:aws:kms:")
    error_message = "kms_key_arn is the ARN of a KMS key."
  }
}

variable "vpc_id" {
  description = "Network that models on instances stand in."
  type        = string

  validation {
    condition     = startswith(var.vpc_id, "vpc-")
    error_message = "vpc_id begins with vpc-."
  }
}

variable "private_subnet_ids" {
  description = "Private subnets that models on instances stand in."
  type        = list(string)

  validation {
    condition     = length(var.private_subnet_ids) >= 2
    error_message = "private_subnet_ids names at least two subnets."
  }
}

variable "gateway_prefix_list_ids" {
  description = "Prefix lists of the gateway endpoints, by s3 and dynamodb; a model's container reaches S3 alone."
  type        = map(string)

  validation {
    condition     = contains(keys(var.gateway_prefix_list_ids), "s3")
    error_message = "gateway_prefix_list_ids has s3."
  }
}

variable "cpu_instance_type" {
  description = "Instance that realtime-cpu and async endpoints run on."
  type        = string
  default     = "ml.c7i.xlarge"

  validation {
    condition     = can(regex("^ml\\.[a-z0-9]+\\.[a-z0-9]+$", var.cpu_instance_type)) && !can(regex("^ml\\.(g|p|inf|trn)[0-9]", var.cpu_instance_type)) && !can(regex("^ml\\.[a-z]+[0-9][a-z]*d[a-z]*\\.", var.cpu_instance_type))
    error_message = "cpu_instance_type is a SageMaker instance without an accelerator and without a disk of its own, which could not be encrypted with the key."
  }
}

variable "instances" {
  description = "Fewest and most instances a variant of a real-time endpoint; an asynchronous one goes down to none."
  type        = object({ min = number, max = number })
  default     = { min = 1, max = 4 }

  validation {
    condition     = var.instances.min >= 1 && var.instances.max >= var.instances.min && floor(var.instances.min) == var.instances.min && floor(var.instances.max) == var.instances.max
    error_message = "instances has whole numbers, min from 1 on and max not below it."
  }
}

variable "invocations_per_instance" {
  description = "Calls a minute that one instance is to answer; with more, instances are added. A call is about a minute of film."
  type        = number
  default     = 20

  validation {
    condition     = var.invocations_per_instance > 0
    error_message = "invocations_per_instance is above 0."
  }
}

variable "serverless_memory_mb" {
  description = "Memory of a serverless endpoint, which its share of processors follows, in MB."
  type        = number
  default     = 3072

  validation {
    condition     = contains([1024, 2048, 3072, 4096, 5120, 6144], var.serverless_memory_mb)
    error_message = "serverless_memory_mb is 1024, 2048, 3072, 4096, 5120 or 6144."
  }
}

variable "serverless_concurrency" {
  description = "Most calls that a serverless endpoint answers at once."
  type        = number
  default     = 5

  validation {
    condition     = var.serverless_concurrency >= 1 && var.serverless_concurrency <= 200
    error_message = "serverless_concurrency lies between 1 and 200."
  }
}

variable "data_capture_percent" {
  description = "Share of the calls to real-time endpoints that is kept with its answers, to watch for drift, in percent; 0 keeps none. A call holds a piece of a person's film."
  type        = number
  default     = 0

  validation {
    condition     = var.data_capture_percent >= 0 && var.data_capture_percent <= 100 && floor(var.data_capture_percent) == var.data_capture_percent
    error_message = "data_capture_percent is a whole number from 0 to 100."
  }
}

variable "topic_arns" {
  description = "ARNs of the topics, by the design's names; asynchronous failures go to processing-failed."
  type        = map(string)

  validation {
    condition     = contains(keys(var.topic_arns), "processing-failed")
    error_message = "topic_arns has processing-failed."
  }
}
