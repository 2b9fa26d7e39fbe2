terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
      # The region that copies go to.
      configuration_aliases = [aws.replica]
    }
  }
}
