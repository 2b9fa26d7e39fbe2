terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }

  # Where the state lies, and what locks it, is named by backend.hcl: see ../../README.md.
  backend "s3" {}
}
