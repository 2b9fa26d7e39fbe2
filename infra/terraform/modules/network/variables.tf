variable "environment" {
  description = "Which environment this is; part of every name."
  type        = string

  validation {
    condition     = contains(["development", "staging", "production"], var.environment)
    error_message = "environment is development, staging or production."
  }
}

variable "region" {
  description = "Region that the endpoints' services are named for."
  type        = string
  default     = "ap-south-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region is written as ap-south-1."
  }
}

variable "vpc_cidr" {
  description = "Addresses of the network, a /16 to /20; each subnet takes a sixteenth of it."
  type        = string
  default     = "10.40.0.0/16"

  validation {
    condition     = can(cidrhost(var.vpc_cidr, 0)) && try(tonumber(split("/", var.vpc_cidr)[1]), 0) >= 16 && try(tonumber(split("/", var.vpc_cidr)[1]), 99) <= 20
    error_message = "vpc_cidr is an IPv4 range from /16 to /20."
  }
}

variable "availability_zones" {
  description = "Zones with a private subnet each. RDS and an internal load balancer need two."
  type        = list(string)
  default     = ["ap-south-1a", "ap-south-1b"]

  validation {
    condition     = length(var.availability_zones) >= 2 && length(var.availability_zones) <= 6 && length(distinct(var.availability_zones)) == length(var.availability_zones)
    error_message = "availability_zones names two to six different zones."
  }
}

variable "endpoint_zones" {
  description = "In how many of the zones an interface endpoint has an address; each is billed by the hour."
  type        = number
  default     = 2

  validation {
    condition     = var.endpoint_zones >= 1 && floor(var.endpoint_zones) == var.endpoint_zones && var.endpoint_zones <= length(var.availability_zones)
    error_message = "endpoint_zones is a whole number from 1 to the number of availability_zones."
  }
}

variable "optional_endpoints" {
  description = "Which of the endpoints marked as optional in endpoints.yaml are made, by their name there."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for name in var.optional_endpoints : contains([for key, endpoint in yamldecode(file("${path.module}/endpoints.yaml")) : key if try(endpoint.optional, false)], name)])
    error_message = "optional_endpoints names endpoints that endpoints.yaml marks as optional."
  }
}

variable "nat_gateways" {
  description = "How many NAT gateways lead to the internet, at most one a zone. Nothing here needs one."
  type        = number
  default     = 0

  validation {
    condition     = var.nat_gateways >= 0 && floor(var.nat_gateways) == var.nat_gateways && var.nat_gateways <= length(var.availability_zones)
    error_message = "nat_gateways is a whole number from 0 to the number of availability_zones."
  }
}

variable "kms_key_arn" {
  description = "Key that the flow logs are encrypted with."
  type        = string

  validation {
    condition     = startswith(var.kms_key_arn, "arn:")
    error_message = "kms_key_arn is an ARN."
  }
}

variable "flow_log_retention_days" {
  description = "How long it is kept which addresses spoke with which, in days."
  type        = number
  default     = 365

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.flow_log_retention_days)
    error_message = "flow_log_retention_days is one that CloudWatch Logs knows: 30, 60, 90, 120, 150, 180, 365, 400, 545 or 731."
  }
}
