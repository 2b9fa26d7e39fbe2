mock_provider "aws" {
  override_during = plan

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_region" {
    defaults = { name = "ap-south-1" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/made" }
  }
  mock_resource "aws_ecr_repository" {
    defaults = { arn = "arn:aws:ecr:ap-south-1:111122223333:repository/made" }
  }
  mock_resource "aws_codebuild_project" {
    defaults = { arn = "arn:aws:codebuild:ap-south-1:111122223333:project/made" }
  }
  mock_resource "aws_codedeploy_app" {
    defaults = { arn = "arn:aws:codedeploy:ap-south-1:111122223333:application:made" }
  }
  mock_resource "aws_codedeploy_deployment_group" {
    defaults = { arn = "arn:aws:codedeploy:ap-south-1:111122223333:deploymentgroup:made" }
  }
}

variables {
  environment = "staging"
  kms_key_arn = "arn:aws:kms:ap-south-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  source_location = {
    connection_arn = "arn:aws:codeconnections:ap-south-1:111122223333:connection/1"
    repository     = "kitchen/bharatchef"
  }
  artifact_bucket    = "bharatchef-processed-results-staging"
  log_group_name     = "bharatchef-build-staging"
  cluster_name       = "bharatchef-staging"
  service_names      = { "prefect-server" = "server", "prefect-worker" = "worker", "intake" = "intake" }
  listener_arn       = "arn:aws:elasticloadbalancing:ap-south-1:111122223333:listener/app/prefect/1/1"
  target_group_names = { blue = "blue-1", green = "green-1" }
  passed_role_arns   = ["arn:aws:iam::111122223333:role/bharatchef-evaluation-staging"]
}

run "from_a_commit_to_containers" {
  command = plan

  assert {
    condition     = toset(keys(aws_ecr_repository.this)) == toset(["worker", "intake", "model-host", "trainer"]) && alltrue([for repository in aws_ecr_repository.this : one(repository.image_scanning_configuration).scan_on_push && repository.image_tag_mutability == "IMMUTABLE" && one(repository.encryption_configuration).kms_key == var.kms_key_arn])
    error_message = "Images are scanned, encrypted with the key, and a tag stays what it was."
  }

  assert {
    condition     = aws_codepipeline.this["this"].stage[*].name == tolist(["Source", "Build", "Deploy"]) && aws_codepipeline.this["this"].stage[0].action[0].provider == "CodeStarSourceConnection"
    error_message = "Source, images, deployment; the source is a git host."
  }

  assert {
    condition     = one(aws_codedeploy_deployment_group.server.deployment_style).deployment_type == "BLUE_GREEN" && one(aws_codedeploy_deployment_group.server.auto_rollback_configuration).enabled && one(one(aws_codedeploy_deployment_group.server.load_balancer_info).target_group_pair_info).target_group[*].name == tolist(["blue-1", "green-1"])
    error_message = "The server is deployed blue/green and taken back where that fails."
  }

  assert {
    condition     = one(aws_codebuild_project.this["images"].environment).type == "ARM_CONTAINER" && alltrue([for image in ["worker", "intake"] : strcontains(one(aws_codebuild_project.this["images"].source).buildspec, "bharatchef-${image}-$ENVIRONMENT")])
    error_message = "Every image is built, on the processors that it runs on."
  }

  assert {
    condition     = one(aws_codebuild_project.this["models"].environment).type == "LINUX_CONTAINER" && alltrue([for image in ["model-host", "trainer"] : strcontains(one(aws_codebuild_project.this["models"].source).buildspec, "bharatchef-${image}-$ENVIRONMENT")]) && toset(aws_codepipeline.this["this"].stage[1].action[*].name) == toset(["Images", "Models"])
    error_message = "What SageMaker runs is built for x86, whatever tasks run on."
  }

  assert {
    condition = alltrue(flatten([
      for document in [data.aws_iam_policy_document.build, data.aws_iam_policy_document.pipeline, data.aws_iam_policy_document.artifacts, data.aws_iam_policy_document.deploy] : [
        for statement in document.statement : alltrue([for action in statement.actions : !strcontains(action, "*")]) && (!contains(statement.resources, "*") || contains(["TokensAndDefinitions", "DefineTasks"], statement.sid))
      ]
    ]))
    error_message = "No action is a pattern, and only what knows no resource stands for all."
  }
}

run "production_waits_for_a_person" {
  command = plan

  variables {
    environment          = "production"
    rollback_alarm_names = ["bharatchef-error-rate-production"]
  }

  assert {
    condition     = aws_codepipeline.this["this"].stage[*].name == tolist(["Source", "Build", "Approve", "Deploy"]) && one(aws_codedeploy_deployment_group.server.alarm_configuration).alarms == toset(["bharatchef-error-rate-production"])
    error_message = "Production deploys after a person said so, and an alarm takes it back."
  }
}

run "from_an_archive" {
  command = plan

  variables {
    source_location = { bucket = "sources", key = "bharatchef.zip" }
  }

  assert {
    condition     = aws_codepipeline.this["this"].stage[0].action[0].provider == "S3"
    error_message = "The source may be an archive in a bucket."
  }
}

run "by_hand" {
  command = plan

  variables {
    source_location = null
  }

  assert {
    condition     = length(aws_codepipeline.this) == 0 && length(aws_codebuild_project.this) == 0 && length(aws_ecr_repository.this) == 4
    error_message = "Without a source there are registries and no pipeline."
  }
}

run "one_source" {
  command = plan

  variables {
    source_location = { connection_arn = "arn:aws:codeconnections:ap-south-1:111122223333:connection/1", repository = "kitchen/bharatchef", bucket = "sources", key = "bharatchef.zip" }
  }

  expect_failures = [var.source_location]
}
