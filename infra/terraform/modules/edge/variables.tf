variable "environment" {
  description = "Which environment this is; part of every name."
  type        = string

  validation {
    condition     = contains(["development", "staging", "production"], var.environment)
    error_message = "environment is development, staging or production."
  }
}

variable "expert_bucket_domain_name" {
  description = "Regional domain name of the bucket of expert films."
  type        = string

  validation {
    condition     = can(regex("\\.s3\\.[a-z0-9-]+\\.amazonaws\\.com$", var.expert_bucket_domain_name))
    error_message = "expert_bucket_domain_name is the bucket's regional domain name, bucket.s3.region.amazonaws.com."
  }
}

variable "signing_public_keys" {
  description = "Public halves (PEM) of the keys that addresses are signed with, by a name with its date, so that a new one can stand beside the old one. The private halves are secrets and never here."
  type        = map(string)

  validation {
    condition     = length(var.signing_public_keys) > 0 && alltrue([for key in values(var.signing_public_keys) : startswith(key, "-----BEGIN PUBLIC KEY-----")])
    error_message = "signing_public_keys has at least one public key in PEM form."
  }
}

variable "price_class" {
  description = "Which edge locations serve: PriceClass_200 has India, PriceClass_100 has not."
  type        = string
  default     = "PriceClass_200"

  validation {
    condition     = contains(["PriceClass_200", "PriceClass_All"], var.price_class)
    error_message = "price_class is PriceClass_200 or PriceClass_All: films are watched in India."
  }
}

variable "countries" {
  description = "Countries that films may be watched from, as two letters; empty: any."
  type        = set(string)
  default     = ["IN"]

  validation {
    condition     = alltrue([for country in var.countries : can(regex("^[A-Z]{2}$", country))])
    error_message = "countries are written as two capital letters."
  }
}

variable "origins" {
  description = "Web origins whose pages may play the films, as https://host."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for origin in var.origins : can(regex("^https://[^/*]+$", origin))])
    error_message = "origins are written as https://host, without a path or an asterisk."
  }
}
