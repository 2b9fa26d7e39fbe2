# What the workloads of the project may do: a run that evaluates a film, and intake that turns uploads into runs; what a
# retraining may besides is in retraining.tf.
# Each call of adapters/aws has its line here, on the resources of this environment alone.

locals {
  trainee_bucket = try(var.bucket_arns["bharatchef-trainee-videos"], null)
  expert_bucket  = try(var.bucket_arns["bharatchef-expert-videos"], null)
  results_bucket = try(var.bucket_arns["bharatchef-processed-results"], null)
  workload_policies = {
    evaluation = data.aws_iam_policy_document.evaluation.json
    intake     = data.aws_iam_policy_document.intake.json
    retraining = data.aws_iam_policy_document.retraining.json
  }
}

data "aws_iam_policy_document" "task_assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:aws:ecs:${var.region}:${local.account}:*"]
    }
  }
}

data "aws_iam_policy_document" "evaluation" {
  statement {
    sid       = "ReadFilms"
    actions   = ["s3:GetObject"]
    resources = ["${local.trainee_bucket}/*", "${local.expert_bucket}/*"]
  }

  statement {
    sid       = "KeepResults"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    resources = ["${local.results_bucket}/*"]
  }

  # A person may ask to be forgotten: then every version goes.
  statement {
    sid       = "ForgetFilms"
    actions   = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
    resources = ["${local.trainee_bucket}/*"]
  }

  statement {
    sid       = "ForgetVersions"
    actions   = ["s3:DeleteObjectVersion"]
    resources = ["${local.expert_bucket}/*", "${local.results_bucket}/*"]
  }

  statement {
    sid       = "FindObjects"
    actions   = ["s3:ListBucket", "s3:ListBucketVersions"]
    resources = values(var.bucket_arns)
  }

  statement {
    sid = "KeepRecords"
    actions = [
      "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem",
      "dynamodb:DeleteItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:ConditionCheckItem",
    ]
    resources = concat(values(var.table_arns), ["${var.table_arns["Evaluations"]}/index/userId-timestamp-index"])
  }

  # What the analytics are brought up to date from.
  statement {
    sid       = "FollowChanges"
    actions   = ["dynamodb:DescribeStream", "dynamodb:GetShardIterator", "dynamodb:GetRecords"]
    resources = ["${var.table_arns["Evaluations"]}/stream/*"]
  }

  # Whether the bucket forgets films when the program's own rules say so.
  statement {
    sid       = "CompareRetention"
    actions   = ["s3:GetLifecycleConfiguration"]
    resources = [local.trainee_bucket]
  }

  statement {
    sid       = "Announce"
    actions   = ["sns:Publish", "sns:GetTopicAttributes"]
    resources = [var.topic_arns["evaluation-complete"], var.topic_arns["processing-failed"]]
  }

  statement {
    sid       = "AskAgainLater"
    actions   = ["sqs:GetQueueUrl", "sqs:SendMessage"]
    resources = [var.queue_arns["cv-analysis-queue"], var.queue_arns["ai-coaching-queue"], var.queue_arns["dlq-queue"]]
  }

  statement {
    sid       = "AskModels"
    actions   = ["sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointAsync"]
    resources = ["arn:aws:sagemaker:${var.region}:${local.account}:endpoint/bharatchef-*-${var.environment}"]
  }

  dynamic "statement" {
    for_each = length(var.secrets) > 0 ? [1] : []

    content {
      sid       = "ReadSecrets"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = values(aws_secretsmanager_secret.this)[*].arn
    }
  }

  dynamic "statement" {
    for_each = length(var.bedrock_model_arns) > 0 ? [1] : []

    content {
      sid       = "WordFeedback"
      actions   = ["bedrock:InvokeModel"]
      resources = var.bedrock_model_arns
    }
  }

  dynamic "statement" {
    for_each = var.moderation ? [1] : []

    content {
      sid     = "Moderate"
      actions = ["rekognition:DetectLabels", "rekognition:DetectModerationLabels"]
      # Rekognition is sent the picture itself; these calls have no resource.
      resources = ["*"]
    }
  }

  statement {
    sid       = "UseTheKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.this.arn]
  }

  statement {
    sid     = "Traces"
    actions = ["xray:PutTraceSegments"]
    # Traces have no resource.
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "intake" {
  statement {
    sid = "TakeMessages"
    actions = [
      "sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:DeleteMessage",
      "sqs:ChangeMessageVisibility", "sqs:SendMessage",
    ]
    resources = values(var.queue_arns)
  }

  statement {
    sid       = "LookAtUploads"
    actions   = ["s3:GetObject"]
    resources = ["${local.trainee_bucket}/*", "${local.expert_bucket}/*"]
  }

  # At its start it looks whether all that its settings name is there, as every process of the program does.
  statement {
    sid       = "FindUploads"
    actions   = ["s3:ListBucket"]
    resources = values(var.bucket_arns)
  }

  statement {
    sid       = "LookAtRecords"
    actions   = ["dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:Query"]
    resources = concat(values(var.table_arns), ["${var.table_arns["Evaluations"]}/index/userId-timestamp-index"])
  }

  statement {
    sid       = "ConfirmUploads"
    actions   = ["sns:Publish", "sns:GetTopicAttributes"]
    resources = [var.topic_arns["evaluation-complete"], var.topic_arns["processing-failed"]]
  }

  statement {
    sid       = "NoteWhatWasConfirmed"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${local.results_bucket}/notices/uploads/*"]
  }

  # A dish is its file with what people confirmed of its experts.
  statement {
    sid       = "ReadConfirmedExperts"
    actions   = ["s3:GetObject"]
    resources = ["${local.results_bucket}/experts/*"]
  }

  statement {
    sid       = "UseTheKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.this.arn]
  }
}

resource "aws_iam_role" "workload" {
  for_each = local.workload_policies

  name               = "bharatchef-${each.key}-${var.environment}"
  assume_role_policy = data.aws_iam_policy_document.task_assume.json
}

resource "aws_iam_role_policy" "workload" {
  for_each = local.workload_policies

  name   = each.key
  role   = aws_iam_role.workload[each.key].id
  policy = each.value
}
