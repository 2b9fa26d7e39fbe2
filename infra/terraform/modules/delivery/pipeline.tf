# Source, images, deployment; production waits for a person before it deploys.

resource "aws_codepipeline" "this" {
  for_each = local.pipeline

  name          = "bharatchef-${var.environment}"
  role_arn      = aws_iam_role.pipeline["this"].arn
  pipeline_type = "V2"

  artifact_store {
    location = var.artifact_bucket
    type     = "S3"

    encryption_key {
      id   = var.kms_key_arn
      type = "KMS"
    }
  }

  stage {
    name = "Source"

    action {
      name             = "Source"
      category         = "Source"
      owner            = "AWS"
      provider         = local.by_git ? "CodeStarSourceConnection" : "S3"
      version          = "1"
      output_artifacts = ["source"]
      configuration = local.by_git ? {
        ConnectionArn    = each.value.connection_arn
        FullRepositoryId = each.value.repository
        BranchName       = each.value.branch
        } : {
        S3Bucket             = each.value.bucket
        S3ObjectKey          = each.value.key
        PollForSourceChanges = "true"
      }
    }
  }

  stage {
    name = "Build"

    action {
      name             = "Images"
      category         = "Build"
      owner            = "AWS"
      provider         = "CodeBuild"
      version          = "1"
      input_artifacts  = ["source"]
      output_artifacts = ["images"]
      configuration    = { ProjectName = aws_codebuild_project.this["images"].name }
    }

    action {
      name            = "Models"
      category        = "Build"
      owner           = "AWS"
      provider        = "CodeBuild"
      version         = "1"
      input_artifacts = ["source"]
      configuration   = { ProjectName = aws_codebuild_project.this["models"].name }
    }
  }

  dynamic "stage" {
    for_each = var.environment == "production" ? [1] : []

    content {
      name = "Approve"

      action {
        name     = "Approve"
        category = "Approval"
        owner    = "AWS"
        provider = "Manual"
        version  = "1"
      }
    }
  }

  stage {
    name = "Deploy"

    action {
      name            = "Server"
      category        = "Deploy"
      owner           = "AWS"
      provider        = "CodeDeployToECS"
      version         = "1"
      run_order       = 1
      input_artifacts = ["images"]
      configuration = {
        ApplicationName                = aws_codedeploy_app.server.name
        DeploymentGroupName            = aws_codedeploy_deployment_group.server.deployment_group_name
        TaskDefinitionTemplateArtifact = "images"
        TaskDefinitionTemplatePath     = "taskdef.json"
        AppSpecTemplateArtifact        = "images"
        AppSpecTemplatePath            = "appspec.yaml"
      }
    }

    dynamic "action" {
      for_each = toset(["prefect-worker", "intake"])

      content {
        name            = action.key
        category        = "Deploy"
        owner           = "AWS"
        provider        = "ECS"
        version         = "1"
        run_order       = 2
        input_artifacts = ["images"]
        configuration = {
          ClusterName = var.cluster_name
          ServiceName = var.service_names[action.key]
          FileName    = "${action.key}.json"
        }
      }
    }
  }
}
