# What a training job may do: read what a retraining sent, keep its checkpoints, leave its package, write its log. Its
# container reaches no network, and no film but the copies that were sent.

data "aws_iam_policy_document" "training" {
  statement {
    sid     = "WhatWasSent"
    actions = ["s3:GetObject"]
    # code: what the SageMaker SDK begins a container with.
    resources = [for name in ["labelled", "start", "code"] : "${local.results_arn}/retraining/*/*/${name}/*"]
  }

  statement {
    sid       = "FindWhatWasSent"
    actions   = ["s3:ListBucket"]
    resources = [local.results_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["retraining/*"]
    }
  }

  # A machine on Spot is taken away at any time: the next goes on from the last checkpoint.
  statement {
    sid       = "Checkpoints"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    resources = ["${local.results_arn}/retraining/*/*/checkpoints/*"]
  }

  statement {
    sid       = "WhatWasTrained"
    actions   = ["s3:PutObject", "s3:AbortMultipartUpload"]
    resources = ["${local.results_arn}/retraining/*/*/output/*", "${local.results_arn}/retraining/*/*/checkpoints/*"]
  }

  statement {
    sid       = "Images"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = var.image_repository_arns
  }

  statement {
    sid     = "RegistryToken"
    actions = ["ecr:GetAuthorizationToken"]
    # A token is for the whole registry; AWS knows no resource here.
    resources = ["*"]
  }

  statement {
    sid     = "Logs"
    actions = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = [
      "arn:aws:logs:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:log-group:/aws/sagemaker/TrainingJobs*",
    ]
  }

  statement {
    sid     = "Metrics"
    actions = ["cloudwatch:PutMetricData"]
    # Metrics have no ARN; the namespace bounds it.
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["AWS/SageMaker", "/aws/sagemaker/TrainingJobs"]
    }
  }

  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]
  }
}

resource "aws_iam_role" "training" {
  name               = "bharatchef-model-training-${var.environment}"
  description        = "Containers that train models on corrected labels"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "training" {
  name   = "training"
  role   = aws_iam_role.training.id
  policy = data.aws_iam_policy_document.training.json
}
