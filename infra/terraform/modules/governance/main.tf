# One key an environment, changed every year; who may use it is said here, and by each workload's role.

data "aws_caller_identity" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  # Services that encrypt or read on their own account, not on a caller's.
  key_services = {
    Alarms     = "cloudwatch.amazonaws.com"
    Budgets    = "budgets.amazonaws.com"
    CostAlerts = "costalerts.amazonaws.com"
  }
}

data "aws_iam_policy_document" "key" {
  # checkov:skip=CKV_AWS_109: the account's administrators manage the key, or nobody could
  # checkov:skip=CKV_AWS_111: a key's own policy speaks of this key alone
  # checkov:skip=CKV_AWS_356: a key's own policy names the key as "*"
  statement {
    sid     = "OwnAccount"
    actions = ["kms:*"]
    # A key's own policy names the key as "*"; the account's roles still need a policy of their own.
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${local.account}:root"]
    }
  }

  # EventBridge sends no account and no source with its calls of KMS: with a condition on either no upload would arrive.
  # Whose events come through is said by the queues, which let the upload rule send and nobody else.
  statement {
    sid     = "Events"
    actions = ["kms:Decrypt", "kms:GenerateDataKey"]
    # A key's own policy names the key as "*".
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
  }

  dynamic "statement" {
    for_each = local.key_services

    content {
      sid     = statement.key
      actions = ["kms:Decrypt", "kms:GenerateDataKey*"]
      # A key's own policy names the key as "*".
      resources = ["*"]

      principals {
        type        = "Service"
        identifiers = [statement.value]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [local.account]
      }
    }
  }

  statement {
    sid     = "Logs"
    actions = ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
    # A key's own policy names the key as "*".
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${var.region}.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["arn:aws:logs:${var.region}:${local.account}:log-group:*"]
    }
  }

  statement {
    sid     = "Trail"
    actions = ["kms:GenerateDataKey*", "kms:DescribeKey"]
    # A key's own policy names the key as "*".
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }
  }

  statement {
    sid     = "FilmsThroughCloudFront"
    actions = ["kms:Decrypt"]
    # A key's own policy names the key as "*".
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudfront.amazonaws.com"]
    }

    # Which distribution reads which film is said by the bucket; the key would wait for it in a circle.
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:aws:cloudfront::${local.account}:distribution/*"]
    }
  }
}

resource "aws_kms_key" "this" {
  description             = "BharatChef ${var.environment}: films, results, records, messages, logs and secrets"
  enable_key_rotation     = true
  deletion_window_in_days = var.key_deletion_days
  # Cannot be changed later without making all data anew, and costs nothing by itself.
  multi_region = true
  policy       = data.aws_iam_policy_document.key.json
}

resource "aws_kms_alias" "this" {
  name          = "alias/bharatchef-${var.environment}"
  target_key_id = aws_kms_key.this.key_id
}

resource "aws_kms_replica_key" "this" {
  count    = var.replica_key ? 1 : 0
  provider = aws.replica

  description             = "BharatChef ${var.environment}: copies"
  primary_key_arn         = aws_kms_key.this.arn
  deletion_window_in_days = var.key_deletion_days
  policy                  = data.aws_iam_policy_document.key.json
}
