# The four queues and the two topics: who may send to them, and what becomes of a message that nobody can handle.

data "aws_caller_identity" "current" {}

locals {
  work_queues = ["video-processing-queue", "cv-analysis-queue", "ai-coaching-queue"]
  dead        = "dlq-queue"

  queues = {
    for name in local.work_queues : name => {
      fifo = contains(var.ordered_queues, name)
      name = "bharatchef-${name}-${var.environment}${contains(var.ordered_queues, name) ? ".fifo" : ""}"
      # A FIFO queue's dead letters lie in a FIFO queue.
      dead_arn = contains(var.ordered_queues, name) ? one(aws_sqs_queue.dead_fifo[*].arn) : aws_sqs_queue.dead.arn
    }
  }

  all_queues = merge(
    { for name, queue in aws_sqs_queue.work : name => { arn = queue.arn, url = queue.url } },
    { (local.dead) = { arn = aws_sqs_queue.dead.arn, url = aws_sqs_queue.dead.url } },
  )
}

resource "aws_sqs_queue" "dead" {
  name = "bharatchef-${local.dead}-${var.environment}"
  # The longest there is: somebody has to look, and the clock runs from when the message was first sent.
  message_retention_seconds         = 1209600
  visibility_timeout_seconds        = var.visibility_timeout_s
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = var.kms_key_arn == null ? null : 3600
  sqs_managed_sse_enabled           = var.kms_key_arn == null ? true : null
}

resource "aws_sqs_queue" "dead_fifo" {
  count = length(var.ordered_queues) > 0 ? 1 : 0

  name                              = "bharatchef-${local.dead}-${var.environment}.fifo"
  fifo_queue                        = true
  message_retention_seconds         = 1209600
  visibility_timeout_seconds        = var.visibility_timeout_s
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = var.kms_key_arn == null ? null : 3600
  sqs_managed_sse_enabled           = var.kms_key_arn == null ? true : null
}

resource "aws_sqs_queue" "work" {
  for_each = local.queues

  name                              = each.value.name
  fifo_queue                        = each.value.fifo ? true : null
  content_based_deduplication       = each.value.fifo ? true : null
  message_retention_seconds         = 345600
  receive_wait_time_seconds         = 20
  visibility_timeout_seconds        = var.visibility_timeout_s
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = var.kms_key_arn == null ? null : 3600
  sqs_managed_sse_enabled           = var.kms_key_arn == null ? true : null

  redrive_policy = jsonencode({
    deadLetterTargetArn = each.value.dead_arn
    maxReceiveCount     = var.max_receives
  })
}

resource "aws_sqs_queue_redrive_allow_policy" "dead" {
  queue_url = aws_sqs_queue.dead.url

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [for name in local.work_queues : aws_sqs_queue.work[name].arn if !contains(var.ordered_queues, name)]
  })
}

data "aws_iam_policy_document" "queue" {
  for_each = local.all_queues

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sqs:*"]
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

  dynamic "statement" {
    for_each = contains(["video-processing-queue", local.dead], each.key) ? [1] : []

    content {
      sid       = "UploadsThroughEventBridge"
      actions   = ["sqs:SendMessage"]
      resources = [each.value.arn]

      principals {
        type        = "Service"
        identifiers = ["events.amazonaws.com"]
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = [aws_cloudwatch_event_rule.uploads.arn]
      }
    }
  }
}

resource "aws_sqs_queue_policy" "this" {
  for_each = local.all_queues

  queue_url = each.value.url
  policy    = data.aws_iam_policy_document.queue[each.key].json
}
