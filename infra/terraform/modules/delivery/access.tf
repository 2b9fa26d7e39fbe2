# What the build, the pipeline and CodeDeploy may do.

locals {
  account  = data.aws_caller_identity.current.account_id
  region   = data.aws_region.current.name
  services = [for name in values(var.service_names) : "arn:aws:ecs:${local.region}:${local.account}:service/${var.cluster_name}/${name}"]
}

data "aws_iam_policy_document" "assume" {
  for_each = toset(["codebuild", "codepipeline", "codedeploy"])

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["${each.key}.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "artifacts" {
  statement {
    sid       = "PassWorkOn"
    actions   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
    resources = ["arn:aws:s3:::${var.artifact_bucket}/*"]
  }

  statement {
    sid       = "FindWork"
    actions   = ["s3:GetBucketLocation", "s3:GetBucketVersioning", "s3:ListBucket"]
    resources = ["arn:aws:s3:::${var.artifact_bucket}"]
  }

  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]
  }
}

data "aws_iam_policy_document" "build" {
  source_policy_documents = [data.aws_iam_policy_document.artifacts.json]

  statement {
    sid = "PushImages"
    actions = [
      "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:GetDownloadUrlForLayer",
      "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
    ]
    resources = [for repository in aws_ecr_repository.this : repository.arn]
  }

  statement {
    sid     = "TokensAndDefinitions"
    actions = ["ecr:GetAuthorizationToken", "ecs:DescribeTaskDefinition"]
    # AWS knows no resource for these two.
    resources = ["*"]
  }

  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:aws:logs:${local.region}:${local.account}:log-group:${var.log_group_name}:*"]
  }
}

data "aws_iam_policy_document" "pipeline" {
  # checkov:skip=CKV_AWS_356: registering a task definition knows no resource; what it may do is bounded by the roles that may be passed
  source_policy_documents = [data.aws_iam_policy_document.artifacts.json]

  statement {
    sid       = "Build"
    actions   = ["codebuild:BatchGetBuilds", "codebuild:StartBuild"]
    resources = [for project in aws_codebuild_project.this : project.arn]
  }

  dynamic "statement" {
    for_each = local.by_git ? [var.source_location.connection_arn] : []

    content {
      sid       = "ReadGit"
      actions   = ["codeconnections:UseConnection", "codestar-connections:UseConnection"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = try(var.source_location.bucket, null) != null ? [var.source_location] : []

    content {
      sid       = "ReadSource"
      actions   = ["s3:GetObject", "s3:GetObjectVersion", "s3:GetBucketVersioning"]
      resources = ["arn:aws:s3:::${statement.value.bucket}", "arn:aws:s3:::${statement.value.bucket}/${statement.value.key}"]
    }
  }

  statement {
    sid     = "DeployServer"
    actions = ["codedeploy:CreateDeployment", "codedeploy:GetApplication", "codedeploy:GetApplicationRevision", "codedeploy:GetDeployment", "codedeploy:GetDeploymentConfig", "codedeploy:RegisterApplicationRevision"]
    resources = [
      aws_codedeploy_app.server.arn,
      aws_codedeploy_deployment_group.server.arn,
      "arn:aws:codedeploy:${local.region}:${local.account}:deploymentconfig:CodeDeployDefault.ECSAllAtOnce",
    ]
  }

  statement {
    sid       = "DeployServices"
    actions   = ["ecs:DescribeServices", "ecs:UpdateService"]
    resources = local.services
  }

  statement {
    sid     = "DefineTasks"
    actions = ["ecs:DescribeTaskDefinition", "ecs:DescribeTasks", "ecs:ListTasks", "ecs:RegisterTaskDefinition", "ecs:TagResource"]
    # ECS knows no resource for most of these; what a definition may do is bounded by the roles that may be passed.
    resources = ["*"]
  }

  statement {
    sid       = "PassRoles"
    actions   = ["iam:PassRole"]
    resources = var.passed_role_arns

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "build" {
  for_each = local.pipeline

  name               = "bharatchef-build-${var.environment}"
  assume_role_policy = data.aws_iam_policy_document.assume["codebuild"].json
}

resource "aws_iam_role_policy" "build" {
  for_each = aws_iam_role.build

  name   = "build"
  role   = each.value.id
  policy = data.aws_iam_policy_document.build.json
}

resource "aws_iam_role" "pipeline" {
  for_each = local.pipeline

  name               = "bharatchef-pipeline-${var.environment}"
  assume_role_policy = data.aws_iam_policy_document.assume["codepipeline"].json
}

resource "aws_iam_role_policy" "pipeline" {
  for_each = aws_iam_role.pipeline

  name   = "pipeline"
  role   = each.value.id
  policy = data.aws_iam_policy_document.pipeline.json
}

resource "aws_iam_role" "deploy" {
  name               = "bharatchef-deploy-${var.environment}"
  assume_role_policy = data.aws_iam_policy_document.assume["codedeploy"].json
}

resource "aws_iam_role_policy_attachment" "deploy" {
  role       = aws_iam_role.deploy.name
  policy_arn = "arn:aws:iam::aws:policy/AWSCodeDeployRoleForECSLimited"
}

# The managed policy passes roles of AWS's own naming alone.
data "aws_iam_policy_document" "deploy" {
  statement {
    sid       = "PassRoles"
    actions   = ["iam:PassRole"]
    resources = var.passed_role_arns

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "deploy" {
  name   = "pass-roles"
  role   = aws_iam_role.deploy.id
  policy = data.aws_iam_policy_document.deploy.json
}
