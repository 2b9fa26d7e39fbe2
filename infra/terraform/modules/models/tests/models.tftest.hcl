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
    defaults = { arn = "arn:aws:iam::111122223333:role/models" }
  }
  mock_resource "aws_security_group" {
    defaults = {
      id  = "sg-1"
      arn = "arn:aws:ec2:ap-south-1:111122223333:security-group/sg-1"
    }
  }
  mock_resource "aws_appautoscaling_policy" {
    defaults = { arn = "arn:aws:autoscaling:ap-south-1:111122223333:scalingPolicy:11111111-2222-3333-4444-555555555555:resource/sagemaker/endpoint:policyName/wake" }
  }
}

variables {
  environment  = "staging"
  serving_mode = "realtime-cpu"
  host_images  = { asgi = "111122223333.dkr.ecr.ap-south-1.amazonaws.com/bharatchef-model-host-staging:0.1.0" }
  models = {
    actions = { variants = {
      a = { model_data_url = "s3://models/slowfast-1/model.tar.gz", weight = 0.9 }
      b = { model_data_url = "s3://models/slowfast-2/model.tar.gz", weight = 0.1 }
    } }
    objects = { variants = {
      a = { model_data_url = "s3://models/yolov8n/model.tar.gz", weight = 1 }
    } }
  }
  artifact_bucket_arns    = ["arn:aws:s3:::models"]
  image_repository_arns   = ["arn:aws:ecr:ap-south-1:111122223333:repository/bharatchef-model-host-staging"]
  bucket_names            = { "bharatchef-processed-results" = "bharatchef-processed-results-staging" }
  kms_key_arn             = "arn:aws:kms:ap-south-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  vpc_id                  = "vpc-1"
  private_subnet_ids      = ["subnet-1", "subnet-2"]
  gateway_prefix_list_ids = { s3 = "pl-s3", dynamodb = "pl-dynamodb" }
  topic_arns              = { "processing-failed" = "arn:aws:sns:ap-south-1:111122223333:bharatchef-processing-failed-staging" }
}

run "real_time_on_processors" {
  command = plan

  variables {
    data_capture_percent = 10
  }

  assert {
    condition     = { for variant in aws_sagemaker_endpoint_configuration.this["actions"].production_variants : variant.variant_name => variant.initial_variant_weight } == { a = 0.9, b = 0.1 }
    error_message = "Each variant gets its share of the calls."
  }

  assert {
    condition     = alltrue(flatten([for config in aws_sagemaker_endpoint_configuration.this : [for variant in config.production_variants : variant.instance_type == "ml.c7i.xlarge" && length(variant.serverless_config) == 0]]))
    error_message = "realtime-cpu runs on processors."
  }

  assert {
    condition     = alltrue([for config in aws_sagemaker_endpoint_configuration.this : config.kms_key_arn == var.kms_key_arn && one(config.data_capture_config).kms_key_id == var.kms_key_arn])
    error_message = "Volumes and captured calls are encrypted with the key."
  }

  assert {
    condition     = alltrue([for config in aws_sagemaker_endpoint_configuration.this : one(config.data_capture_config).enable_capture && one(config.data_capture_config).initial_sampling_percentage == 10 && toset(one(config.data_capture_config).capture_options[*].capture_mode) == toset(["Input", "Output"])])
    error_message = "A tenth of the calls is captured, with the answers."
  }

  assert {
    condition     = alltrue([for model in concat(values(aws_sagemaker_model.this), values(aws_sagemaker_model.batch)) : model.enable_network_isolation && toset(one(model.vpc_config).subnets) == toset(["subnet-1", "subnet-2"])])
    error_message = "Models on instances stand in private subnets, shut off from the network."
  }

  assert {
    condition     = length(aws_appautoscaling_target.variant) == 3 && alltrue([for policy in aws_appautoscaling_policy.invocations : one(one(policy.target_tracking_scaling_policy_configuration).predefined_metric_specification).predefined_metric_type == "SageMakerVariantInvocationsPerInstance" && one(policy.target_tracking_scaling_policy_configuration).target_value == 20])
    error_message = "Every variant follows its calls an instance."
  }

  assert {
    condition     = alltrue([for target in aws_appautoscaling_target.variant : target.min_capacity == 1 && target.max_capacity == 4]) && aws_appautoscaling_target.variant["actions-b"].resource_id == "endpoint/bharatchef-actions-staging/variant/b"
    error_message = "A real-time variant never goes below one instance."
  }

  assert {
    condition     = { for analyser, group in aws_sagemaker_model_package_group.this : analyser => group.model_package_group_name } == { actions = "bharatchef-staging-slowfast", objects = "bharatchef-staging-yolov8", heat = "bharatchef-staging-flame", plate = "bharatchef-staging-resnet" }
    error_message = "Each package has the group that its versions are registered in."
  }

  assert {
    condition     = aws_sagemaker_model.batch["actions"].primary_container[0].model_data_url == "s3://models/slowfast-1/model.tar.gz"
    error_message = "Batches run with the variant that answers most."
  }
}

run "nothing_may_more_than_it_must" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for document in [data.aws_iam_policy_document.hosting, data.aws_iam_policy_document.answers, data.aws_iam_policy_document.batches, data.aws_iam_policy_document.training] : [
        for statement in document.statement : alltrue([for action in statement.actions : !strcontains(action, "*")]) && (!contains(statement.resources, "*") || contains(["RegistryToken", "Metrics", "SeeNetwork"], statement.sid))
      ]
    ]))
    error_message = "No action is a pattern, and only what knows no resource stands for all."
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.s3.prefix_list_id == "pl-s3" && aws_vpc_security_group_egress_rule.s3.cidr_ipv4 == null
    error_message = "A model's container reaches S3 alone."
  }
}

run "training" {
  command = plan

  assert {
    condition = toset(flatten([for statement in data.aws_iam_policy_document.training.statement : statement.resources if contains(statement.actions, "s3:GetObject") && statement.sid == "WhatWasSent"])) == toset([
      for name in ["labelled", "start", "code"] : "arn:aws:s3:::bharatchef-processed-results-staging/retraining/*/*/${name}/*"
    ])
    error_message = "A training job reads what a retraining sent it, and no film beside that."
  }

  assert {
    condition = toset(flatten([for statement in data.aws_iam_policy_document.training.statement : statement.resources if contains(statement.actions, "s3:PutObject")])) == toset([
      for name in ["output", "checkpoints"] : "arn:aws:s3:::bharatchef-processed-results-staging/retraining/*/*/${name}/*"
    ])
    error_message = "It leaves checkpoints and what was trained, under its retraining."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.training.statement : statement.resources if statement.sid == "Key"]) == toset([var.kms_key_arn]) && one(data.aws_iam_policy_document.assume.statement).principals != null && toset(keys(output.role_arns)) == toset(["training", "hosting", "batch"])
    error_message = "It uses the one key."
  }

  assert {
    condition     = !anytrue(flatten([for statement in data.aws_iam_policy_document.training.statement : [for action in statement.actions : startswith(action, "iam:") || startswith(action, "sagemaker:") || startswith(action, "dynamodb:") || startswith(action, "ec2:")]]))
    error_message = "A training job asks neither for roles nor for people's records, and joins no network."
  }
}

run "graphics_processors" {
  command = plan

  variables {
    serving_mode = "realtime-gpu"
  }

  assert {
    condition     = alltrue(flatten([for config in aws_sagemaker_endpoint_configuration.this : concat([config.kms_key_arn == null, length(config.data_capture_config) == 0], [for variant in config.production_variants : variant.instance_type == "ml.g4dn.xlarge"])]))
    error_message = "realtime-gpu runs on ml.g4dn.xlarge, which takes no key for its own disk; unless asked for, no call is kept."
  }
}

run "serverless" {
  command = plan

  variables {
    serving_mode = "serverless"
    models       = { objects = { variants = { a = { model_data_url = "s3://models/yolov8n/model.tar.gz", weight = 1 } } } }
  }

  assert {
    condition     = one(one(aws_sagemaker_endpoint_configuration.this["objects"].production_variants).serverless_config).memory_size_in_mb == 3072 && one(aws_sagemaker_endpoint_configuration.this["objects"].production_variants).instance_type == null
    error_message = "A serverless endpoint has memory and no instance."
  }

  assert {
    condition     = length(aws_appautoscaling_target.variant) == 0 && length(aws_sagemaker_model.this["objects-a"].vpc_config) == 0 && aws_sagemaker_model.this["objects-a"].enable_network_isolation == false
    error_message = "A serverless endpoint knows no network, no isolation and no instances to scale."
  }
}

run "asynchronous" {
  command = plan

  variables {
    serving_mode = "async"
    models       = { objects = { variants = { a = { model_data_url = "s3://models/yolov8n/model.tar.gz", weight = 1 } } } }
  }

  assert {
    condition     = aws_appautoscaling_target.variant["objects-a"].min_capacity == 0 && aws_cloudwatch_metric_alarm.wake["objects-a"].metric_name == "HasBacklogWithoutCapacity" && length(aws_cloudwatch_metric_alarm.wake["objects-a"].alarm_actions) == 1
    error_message = "An asynchronous endpoint goes down to no instance and is woken by its backlog."
  }

  assert {
    condition     = one(one(aws_sagemaker_endpoint_configuration.this["objects"].async_inference_config).output_config).kms_key_id == var.kms_key_arn && one(one(one(aws_sagemaker_endpoint_configuration.this["objects"].async_inference_config).output_config).notification_config).error_topic == var.topic_arns["processing-failed"]
    error_message = "Asynchronous answers are encrypted, and failures are announced."
  }
}

run "weights_sum_up" {
  command = plan

  variables {
    models = { actions = { variants = {
      a = { model_data_url = "s3://models/slowfast-1/model.tar.gz", weight = 0.9 }
      b = { model_data_url = "s3://models/slowfast-2/model.tar.gz", weight = 0.2 }
    } } }
  }

  expect_failures = [var.models]
}

run "no_negative_weight" {
  command = plan

  variables {
    models = { actions = { variants = {
      a = { model_data_url = "s3://models/slowfast-1/model.tar.gz", weight = 1.5 }
      b = { model_data_url = "s3://models/slowfast-2/model.tar.gz", weight = -0.5 }
    } } }
  }

  expect_failures = [var.models]
}

run "no_variants_without_instances" {
  command = plan

  variables {
    serving_mode = "serverless"
  }

  expect_failures = [var.models]
}

run "no_other_way_of_serving" {
  command = plan

  variables {
    serving_mode = "fargate-gpu"
  }

  expect_failures = [var.serving_mode]
}

run "torchserve_is_never_on_a_network" {
  command = plan

  variables {
    serving_mode = "serverless"
    model_host   = "torchserve"
    host_images  = { torchserve = "111122223333.dkr.ecr.ap-south-1.amazonaws.com/bharatchef-model-host-staging:0.1.0-torchserve" }
    models       = { objects = { variants = { a = { model_data_url = "s3://models/yolov8n/model.tar.gz", weight = 1 } } } }
  }

  expect_failures = [var.model_host]
}
