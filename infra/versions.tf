terraform {
  required_version = ">= 1.11.0, < 2.0.0" # 1.11 brought write-only arguments

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # bootstrap/ creates the bucket, which encrypts by default. `make deploy` passes its name, and the key
  # of the environment.
  backend "s3" {
    use_lockfile = true
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = local.tags
  }
}
