# An evaluation is announced as complete or as failed.

locals {
  topics = ["evaluation-complete", "processing-failed"]
}

resource "aws_sns_topic" "this" {
  for_each = toset(local.topics)

  name              = "bharatchef-${each.key}-${var.environment}"
  kms_master_key_id = var.kms_key_arn
}

data "aws_iam_policy_document" "topic" {
  for_each = aws_sns_topic.this

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [each.value.arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  # Alarms, budgets and the watch over costs announce failures too.
  dynamic "statement" {
    for_each = each.key == "processing-failed" ? [1] : []

    content {
      sid       = "Alarms"
      actions   = ["sns:Publish"]
      resources = [each.value.arn]

      principals {
        type        = "Service"
        identifiers = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com", "costalerts.amazonaws.com"]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [data.aws_caller_identity.current.account_id]
      }
    }
  }
}

resource "aws_sns_topic_policy" "this" {
  for_each = aws_sns_topic.this

  arn    = each.value.arn
  policy = data.aws_iam_policy_document.topic[each.key].json
}

resource "aws_sns_topic_subscription" "failures" {
  for_each = var.failure_emails

  topic_arn = aws_sns_topic.this["processing-failed"].arn
  protocol  = "email"
  endpoint  = each.value
}
