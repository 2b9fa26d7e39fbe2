# What a retraining and a roll-out may do beyond what a run may: ask SageMaker to train, to keep versions, to serve them, and
# to re-score in bulk. A role of its own: a run that opens people's films may start nothing and change no endpoint.

locals {
  sagemaker = "arn:aws:sagemaker:${var.region}:${local.account}"
  # Names that the program makes begin with these: adapters/aws/training.py, model_registry.py, traffic.py.
  own_models = "bharatchef-${var.environment}-*"
  endpoints  = "bharatchef-*-${var.environment}"
}

data "aws_iam_policy_document" "retraining" {
  source_policy_documents = [data.aws_iam_policy_document.evaluation.json]

  statement {
    sid       = "Train"
    actions   = ["sagemaker:CreateTrainingJob"]
    resources = ["${local.sagemaker}:training-job/bharatchef-*"]

    # What has people's films beside it reaches no network.
    condition {
      test     = "Bool"
      variable = "sagemaker:NetworkIsolation"
      values   = ["true"]
    }
  }

  statement {
    sid       = "WatchTraining"
    actions   = ["sagemaker:DescribeTrainingJob"]
    resources = ["${local.sagemaker}:training-job/bharatchef-*"]
  }

  statement {
    sid     = "FindTraining"
    actions = ["sagemaker:ListTrainingJobs"]
    # SageMaker knows no resource here.
    resources = ["*"]
  }

  statement {
    sid = "KeepVersions"
    actions = [
      "sagemaker:CreateModelPackage", "sagemaker:CreateModelPackageGroup", "sagemaker:DescribeModelPackage",
      "sagemaker:DescribeModelPackageGroup", "sagemaker:ListModelPackages", "sagemaker:UpdateModelPackage",
    ]
    resources = [for kind in ["model-package", "model-package-group"] : "${local.sagemaker}:${kind}/${local.own_models}"]
  }

  statement {
    sid       = "MakeModels"
    actions   = ["sagemaker:CreateModel"]
    resources = ["${local.sagemaker}:model/${local.own_models}"]

    condition {
      test     = "Bool"
      variable = "sagemaker:NetworkIsolation"
      values   = ["true"]
    }
  }

  statement {
    sid       = "MoveTraffic"
    actions   = ["sagemaker:CreateEndpointConfig", "sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities"]
    resources = ["${local.sagemaker}:endpoint/${local.endpoints}", "${local.sagemaker}:endpoint-config/${local.endpoints}-*"]
  }

  statement {
    sid     = "CompareVariants"
    actions = ["cloudwatch:GetMetricStatistics"]
    # Metrics have no ARN.
    resources = ["*"]
  }

  statement {
    sid       = "ScoreInBulk"
    actions   = ["sagemaker:CreateTransformJob", "sagemaker:DescribeTransformJob", "sagemaker:StopTransformJob"]
    resources = ["${local.sagemaker}:transform-job/bharatchef-*"]
  }

  dynamic "statement" {
    for_each = length(var.sagemaker_role_arns) > 0 ? [1] : []

    content {
      sid       = "LendRoles"
      actions   = ["iam:PassRole"]
      resources = values(var.sagemaker_role_arns)

      condition {
        test     = "StringEquals"
        variable = "iam:PassedToService"
        values   = ["sagemaker.amazonaws.com"]
      }
    }
  }
}
