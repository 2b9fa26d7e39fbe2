# What ECS may do to start a task, and what the worker may do to start a run.

data "aws_iam_policy_document" "assume" {
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
  }
}

data "aws_iam_policy_document" "execution" {
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
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [for name in values(var.log_group_names) : "arn:aws:logs:${local.region}:${local.account}:log-group:${name}:*"]
  }

  statement {
    sid       = "SecretsOfTasks"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = concat([var.database.secret_arn], values(var.workload_secrets))
  }

  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn]
  }
}

data "aws_iam_policy_document" "worker" {
  statement {
    sid       = "StartRuns"
    actions   = ["ecs:RunTask"]
    resources = ["arn:aws:ecs:${local.region}:${local.account}:task-definition/bharatchef-*-${var.environment}:*", "arn:aws:ecs:${local.region}:${local.account}:task-definition/prefect_*:*"]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [aws_ecs_cluster.this.arn]
    }
  }

  statement {
    sid       = "WatchAndStopRuns"
    actions   = ["ecs:DescribeTasks", "ecs:StopTask", "ecs:TagResource"]
    resources = ["arn:aws:ecs:${local.region}:${local.account}:task/${aws_ecs_cluster.this.name}/*", "arn:aws:ecs:${local.region}:${local.account}:task-definition/*:*"]
  }

  statement {
    sid     = "DefineRuns"
    actions = ["ecs:RegisterTaskDefinition", "ecs:DeregisterTaskDefinition", "ecs:DescribeTaskDefinition"]
    # ECS knows no resource for these; what a definition may do is bounded by the roles that may be passed.
    resources = ["*"]
  }

  statement {
    sid       = "SeeCluster"
    actions   = ["ecs:DescribeClusters"]
    resources = [aws_ecs_cluster.this.arn]
  }

  statement {
    sid     = "FindNetwork"
    actions = ["ec2:DescribeSubnets", "ec2:DescribeVpcs"]
    # EC2's Describe calls know no resources.
    resources = ["*"]
  }

  statement {
    sid       = "LendRoles"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.execution.arn, var.workload_role_arns["evaluation"], var.workload_role_arns["retraining"]]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "execution" {
  name               = "bharatchef-task-execution-${var.environment}"
  description        = "ECS itself, when it starts a task"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "execution" {
  name   = "execution"
  role   = aws_iam_role.execution.id
  policy = data.aws_iam_policy_document.execution.json
}

resource "aws_iam_role" "worker" {
  name               = "bharatchef-prefect-worker-${var.environment}"
  description        = "The Prefect worker, which starts a task a run"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "worker" {
  name   = "worker"
  role   = aws_iam_role.worker.id
  policy = data.aws_iam_policy_document.worker.json
}
