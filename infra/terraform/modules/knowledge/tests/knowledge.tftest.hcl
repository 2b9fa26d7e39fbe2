mock_provider "aws" {
  override_during = plan

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_region" {
    defaults = { name = "ap-south-1" }
  }
  mock_resource "aws_security_group" {
    defaults = { id = "sg-search" }
  }
}

variables {
  environment               = "production"
  enabled                   = true
  kms_key_arn               = "arn:aws:kms:ap-south-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  vpc_id                    = "vpc-1"
  private_subnet_ids        = ["subnet-1", "subnet-2", "subnet-3"]
  client_security_group_ids = { tasks = "sg-tasks" }
  reader_role_arns          = ["arn:aws:iam::111122223333:role/bharatchef-evaluation-production"]
  master_role_arn           = "arn:aws:iam::111122223333:role/operator"
  data_nodes                = 2
  log_group_arn             = "arn:aws:logs:ap-south-1:111122223333:log-group:search"
}

run "closed_and_encrypted" {
  command = plan

  assert {
    condition     = one(aws_opensearch_domain.this["this"].encrypt_at_rest).enabled && one(aws_opensearch_domain.this["this"].encrypt_at_rest).kms_key_id == var.kms_key_arn && one(aws_opensearch_domain.this["this"].node_to_node_encryption).enabled
    error_message = "Encrypted with the key where it lies and between the nodes."
  }

  assert {
    condition     = one(aws_opensearch_domain.this["this"].domain_endpoint_options).enforce_https && startswith(one(aws_opensearch_domain.this["this"].domain_endpoint_options).tls_security_policy, "Policy-Min-TLS-1-2")
    error_message = "HTTPS alone, from TLS 1.2 on."
  }

  assert {
    condition     = one(aws_opensearch_domain.this["this"].advanced_security_options).enabled && !one(aws_opensearch_domain.this["this"].advanced_security_options).anonymous_auth_enabled && !one(aws_opensearch_domain.this["this"].advanced_security_options).internal_user_database_enabled
    error_message = "Fine-grained access, by roles, nobody anonymous, no password."
  }

  assert {
    condition     = toset(one(aws_opensearch_domain.this["this"].vpc_options).subnet_ids) == toset(["subnet-1", "subnet-2"]) && one(aws_opensearch_domain.this["this"].cluster_config).zone_awareness_enabled
    error_message = "Two nodes stand in two private subnets."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.clients["tasks"].referenced_security_group_id == "sg-tasks" && aws_vpc_security_group_ingress_rule.clients["tasks"].from_port == 443
    error_message = "Only the workloads reach it."
  }

  assert {
    condition     = !contains(flatten([for statement in data.aws_iam_policy_document.access.statement : [for principal in statement.principals : principal.identifiers]]), "*")
    error_message = "Only named roles may ask."
  }
}

run "off_costs_nothing" {
  command = plan

  variables {
    enabled    = false
    data_nodes = 1
  }

  assert {
    condition     = length(aws_opensearch_domain.this) == 0 && length(aws_security_group.search) == 0 && length(aws_vpc_security_group_ingress_rule.clients) == 0 && output.url == null
    error_message = "Off, there is no domain and nothing around it."
  }
}

run "production_stands_in_two_zones" {
  command = plan

  variables {
    data_nodes = 1
  }

  expect_failures = [var.data_nodes]
}
