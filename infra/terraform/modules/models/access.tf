# What a model's container may do: fetch its archive and its image, write its logs, and leave what it was told to leave.

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["sagemaker.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

data "aws_iam_policy_document" "hosting" {
  statement {
    sid       = "Archives"
    actions   = ["s3:GetObject"]
    resources = [for arn in var.artifact_bucket_arns : "${arn}/*"]
  }

  statement {
    sid       = "FindArchives"
    actions   = ["s3:ListBucket"]
    resources = var.artifact_bucket_arns
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
      for group in ["Endpoints", "TransformJobs"] :
      "arn:aws:logs:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:log-group:/aws/sagemaker/${group}*"
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
      values   = ["AWS/SageMaker", "/aws/sagemaker/Endpoints", "/aws/sagemaker/TransformJobs"]
    }
  }

  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]
  }

  statement {
    sid     = "Network"
    actions = ["ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface", "ec2:DeleteNetworkInterfacePermission"]
    # Interfaces are made anew for each instance, so that their names are not known; only in these subnets, with this group.
    resources = concat(
      ["arn:aws:ec2:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:network-interface/*", aws_security_group.models.arn],
      [for subnet in var.private_subnet_ids : "arn:aws:ec2:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:subnet/${subnet}"],
    )
  }

  statement {
    sid     = "SeeNetwork"
    actions = ["ec2:DescribeDhcpOptions", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"]
    # EC2's Describe calls know no resources.
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "answers" {
  statement {
    sid       = "CapturedCallsAndAnswers"
    actions   = ["s3:PutObject"]
    resources = [for prefix in ["model-capture", "model-answers", "model-failures"] : "${local.results_arn}/${prefix}/*"]
  }

  statement {
    sid       = "AsynchronousCalls"
    actions   = ["s3:GetObject"]
    resources = ["${local.results_arn}/model-calls/*"]
  }

  statement {
    sid       = "Failures"
    actions   = ["sns:Publish"]
    resources = [var.topic_arns["processing-failed"]]
  }
}

data "aws_iam_policy_document" "batches" {
  statement {
    sid       = "Batches"
    actions   = ["s3:GetObject"]
    resources = ["${local.results_arn}/batch/in/*"]
  }

  statement {
    sid       = "FindBatches"
    actions   = ["s3:ListBucket"]
    resources = [local.results_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["batch/in/*"]
    }
  }

  statement {
    sid       = "BatchAnswers"
    actions   = ["s3:PutObject"]
    resources = ["${local.results_arn}/batch/out/*"]
  }
}

resource "aws_iam_role" "endpoints" {
  name               = "bharatchef-model-endpoints-${var.environment}"
  description        = "Model containers behind endpoints"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "endpoints_hosting" {
  name   = "hosting"
  role   = aws_iam_role.endpoints.id
  policy = data.aws_iam_policy_document.hosting.json
}

resource "aws_iam_role_policy" "endpoints_answers" {
  name   = "answers"
  role   = aws_iam_role.endpoints.id
  policy = data.aws_iam_policy_document.answers.json
}

resource "aws_iam_role" "batch" {
  name               = "bharatchef-model-batch-${var.environment}"
  description        = "Model containers of batch transform jobs"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "batch_hosting" {
  name   = "hosting"
  role   = aws_iam_role.batch.id
  policy = data.aws_iam_policy_document.hosting.json
}

resource "aws_iam_role_policy" "batch_batches" {
  name   = "batches"
  role   = aws_iam_role.batch.id
  policy = data.aws_iam_policy_document.batches.json
}
