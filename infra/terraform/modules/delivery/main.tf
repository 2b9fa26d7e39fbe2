# From a commit to running containers: registries, a build, and a pipeline that deploys blue/green.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  images   = toset(["worker", "intake", "model-host", "trainer"])
  pipeline = var.source_location == null ? {} : { this = var.source_location }
  # Tasks of ECS run on the processors that are asked for; SageMaker's machines and its serverless endpoints are x86.
  builds = var.source_location == null ? {} : {
    images = { description = "Builds, checks and pushes the images of tasks", arm = var.cpu_architecture == "ARM64", buildspec = "buildspec.yml" }
    models = { description = "Builds and pushes the images that SageMaker runs", arm = false, buildspec = "models.yml" }
  }
  by_git   = try(var.source_location.connection_arn, null) != null
  registry = "${data.aws_caller_identity.current.account_id}.dkr.ecr.${data.aws_region.current.name}.amazonaws.com"
}

resource "aws_ecr_repository" "this" {
  for_each = local.images

  name                 = "bharatchef-${each.key}-${var.environment}"
  image_tag_mutability = "IMMUTABLE"

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = var.kms_key_arn
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  for_each = aws_ecr_repository.this

  repository = each.value.name

  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "The last thirty images can be gone back to"
      selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = 30 }
      action       = { type = "expire" }
    }]
  })
}

resource "aws_codebuild_project" "this" {
  # checkov:skip=CKV_AWS_316: images are built with a docker engine, which needs the privileged mode
  for_each = local.builds

  name           = "bharatchef-${each.key}-${var.environment}"
  description    = each.value.description
  service_role   = aws_iam_role.build["this"].arn
  encryption_key = var.kms_key_arn
  build_timeout  = 60

  artifacts {
    type = "CODEPIPELINE"
  }

  source {
    type      = "CODEPIPELINE"
    buildspec = file("${path.module}/${each.value.buildspec}")
  }

  environment {
    type            = each.value.arm ? "ARM_CONTAINER" : "LINUX_CONTAINER"
    compute_type    = "BUILD_GENERAL1_LARGE"
    image           = each.value.arm ? "aws/codebuild/amazonlinux2-aarch64-standard:3.0" : "aws/codebuild/amazonlinux2-x86_64-standard:5.0"
    privileged_mode = true

    environment_variable {
      name  = "REGISTRY"
      value = local.registry
    }

    environment_variable {
      name  = "ENVIRONMENT"
      value = var.environment
    }
  }

  logs_config {
    cloudwatch_logs {
      group_name = var.log_group_name
    }
  }
}

resource "aws_codedeploy_app" "server" {
  name             = "bharatchef-prefect-server-${var.environment}"
  compute_platform = "ECS"
}

resource "aws_codedeploy_deployment_group" "server" {
  app_name               = aws_codedeploy_app.server.name
  deployment_group_name  = "bharatchef-prefect-server-${var.environment}"
  deployment_config_name = "CodeDeployDefault.ECSAllAtOnce"
  service_role_arn       = aws_iam_role.deploy.arn

  auto_rollback_configuration {
    enabled = true
    events  = length(var.rollback_alarm_names) > 0 ? ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"] : ["DEPLOYMENT_FAILURE"]
  }

  dynamic "alarm_configuration" {
    for_each = length(var.rollback_alarm_names) > 0 ? [1] : []

    content {
      enabled = true
      alarms  = var.rollback_alarm_names
    }
  }

  deployment_style {
    deployment_type   = "BLUE_GREEN"
    deployment_option = "WITH_TRAFFIC_CONTROL"
  }

  blue_green_deployment_config {
    deployment_ready_option {
      action_on_timeout = "CONTINUE_DEPLOYMENT"
    }

    terminate_blue_instances_on_deployment_success {
      action                           = "TERMINATE"
      termination_wait_time_in_minutes = 15
    }
  }

  ecs_service {
    cluster_name = var.cluster_name
    service_name = var.service_names["prefect-server"]
  }

  load_balancer_info {
    target_group_pair_info {
      prod_traffic_route {
        listener_arns = [var.listener_arn]
      }

      target_group {
        name = var.target_group_names["blue"]
      }

      target_group {
        name = var.target_group_names["green"]
      }
    }
  }
}
