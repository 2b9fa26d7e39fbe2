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

variable "enabled" {
  description = "Whether there is a domain; without one, tips are searched in an index within the program, which is enough for thousands of tips."
  type        = bool
}

variable "vpc_id" {
  description = "Network that the domain stands in."
  type        = string

  validation {
    condition     = startswith(var.vpc_id, "vpc-")
    error_message = "vpc_id begins with vpc-."
  }
}

variable "private_subnet_ids" {
  description = "Private subnets; the domain stands in one a zone."
  type        = list(string)

  validation {
    condition     = length(var.private_subnet_ids) >= 2
    error_message = "private_subnet_ids names at least two subnets."
  }
}

variable "client_security_group_ids" {
  description = "Groups of the workloads that search, by a name of your choice."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for group in values(var.client_security_group_ids) : startswith(group, "sg-")])
    error_message = "client_security_group_ids are ids of security groups."
  }
}

variable "reader_role_arns" {
  description = "Roles of the workloads that search and bring the index up to date."
  type        = list(string)

  validation {
    condition     = length(var.reader_role_arns) > 0 && alltrue([for arn in var.reader_role_arns : can(regex("^arn:aws:iam::[0-9]{12}:role/", arn))])
    error_message = "reader_role_arns names at least one role by its ARN."
  }
}

variable "master_role_arn" {
  description = "Role that administers the domain's own roles (fine-grained access); there is no master password."
  type        = string

  validation {
    condition     = can(regex("^arn:aws:iam::[0-9]{12}:role/", var.master_role_arn))
    error_message = "master_role_arn is the ARN of a role."
  }
}

variable "instance_type" {
  description = "Instance of a data node."
  type        = string
  default     = "t3.small.search"

  validation {
    condition     = can(regex("^[a-z0-9]+\\.[a-z0-9]+\\.search$", var.instance_type))
    error_message = "instance_type ends in .search."
  }
}

variable "data_nodes" {
  description = "Data nodes: 1 in one zone, or an even number in two."
  type        = number
  default     = 1

  validation {
    condition     = var.data_nodes == 1 || (var.data_nodes > 0 && var.data_nodes % 2 == 0)
    error_message = "data_nodes is 1 or an even number."
  }

  validation {
    condition     = var.environment != "production" || !var.enabled || var.data_nodes >= 2
    error_message = "Production has data nodes in two zones."
  }
}

variable "volume_gb" {
  description = "Volume of each data node, in GB."
  type        = number
  default     = 10

  validation {
    condition     = var.volume_gb >= 10 && floor(var.volume_gb) == var.volume_gb
    error_message = "volume_gb is a whole number from 10 on."
  }
}

variable "log_group_arn" {
  description = "Log group of the domain's own logs, which its policy lets OpenSearch write to."
  type        = string

  validation {
    condition     = startswith(var.log_group_arn, "arn:aws:logs:")
    error_message = "log_group_arn is the ARN of a log group."
  }
}
