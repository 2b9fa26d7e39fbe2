# An OpenSearch domain for cooking tips, encrypted and closed; none at all where `enabled` is off.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  name       = "bharatchef-${var.environment}"
  this       = var.enabled ? { this = true } : {}
  zones      = var.data_nodes > 1 ? 2 : 1
  domain_arn = "arn:aws:es:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:domain/${local.name}"
}

resource "aws_security_group" "search" {
  # checkov:skip=CKV2_AWS_5: the domain of this module stands in it
  for_each = local.this

  name        = "bharatchef-search-${var.environment}"
  description = "The OpenSearch domain: HTTPS from the workloads that search"
  vpc_id      = var.vpc_id

  tags = { Name = "bharatchef-search-${var.environment}" }
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each = var.enabled ? var.client_security_group_ids : {}

  security_group_id            = aws_security_group.search["this"].id
  description                  = "HTTPS from ${each.key}"
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

data "aws_iam_policy_document" "access" {
  statement {
    actions   = ["es:ESHttpDelete", "es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost", "es:ESHttpPut"]
    resources = ["${local.domain_arn}/*"]

    principals {
      type        = "AWS"
      identifiers = concat(var.reader_role_arns, [var.master_role_arn])
    }
  }
}

resource "aws_opensearch_domain" "this" {
  # checkov:skip=CKV_AWS_318: masters of their own cost as much as the data nodes; thousands of tips need none
  # checkov:skip=CKV2_AWS_59: masters of their own cost as much as the data nodes; thousands of tips need none
  # checkov:skip=CKV_AWS_317: audit logs need the domain's own set-up by the master role; who calls is recorded there
  for_each = local.this

  domain_name     = local.name
  engine_version  = "OpenSearch_2.19"
  access_policies = data.aws_iam_policy_document.access.json

  cluster_config {
    instance_type          = var.instance_type
    instance_count         = var.data_nodes
    zone_awareness_enabled = local.zones > 1

    dynamic "zone_awareness_config" {
      for_each = local.zones > 1 ? [1] : []

      content {
        availability_zone_count = local.zones
      }
    }
  }

  ebs_options {
    ebs_enabled = true
    volume_type = "gp3"
    volume_size = var.volume_gb
  }

  vpc_options {
    subnet_ids         = slice(var.private_subnet_ids, 0, local.zones)
    security_group_ids = [aws_security_group.search["this"].id]
  }

  encrypt_at_rest {
    enabled    = true
    kms_key_id = var.kms_key_arn
  }

  node_to_node_encryption {
    enabled = true
  }

  domain_endpoint_options {
    enforce_https       = true
    tls_security_policy = "Policy-Min-TLS-1-2-PFS-2023-10"
  }

  advanced_security_options {
    enabled                        = true
    anonymous_auth_enabled         = false
    internal_user_database_enabled = false

    master_user_options {
      master_user_arn = var.master_role_arn
    }
  }

  auto_tune_options {
    # Burstable instances know no tuning.
    desired_state       = startswith(var.instance_type, "t") ? "DISABLED" : "ENABLED"
    rollback_on_disable = "NO_ROLLBACK"
  }

  dynamic "log_publishing_options" {
    for_each = toset(["INDEX_SLOW_LOGS", "SEARCH_SLOW_LOGS", "ES_APPLICATION_LOGS"])

    content {
      log_type                 = log_publishing_options.key
      cloudwatch_log_group_arn = var.log_group_arn
    }
  }
}
