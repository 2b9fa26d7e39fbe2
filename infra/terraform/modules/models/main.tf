# What SageMaker hosts: a model a variant, an endpoint an analyser, in one of four ways that `serving_mode` chooses.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  serverless = var.serving_mode == "serverless"
  gpu        = var.serving_mode == "realtime-gpu"
  async      = var.serving_mode == "async"
  realtime   = startswith(var.serving_mode, "realtime-")

  instance_type = local.gpu ? "ml.g4dn.xlarge" : var.cpu_instance_type
  image         = var.host_images[var.model_host]
  results       = "s3://${var.bucket_names["bharatchef-processed-results"]}"
  results_arn   = "arn:aws:s3:::${var.bucket_names["bharatchef-processed-results"]}"

  variants = merge([
    for analyser, model in var.models : {
      for name, variant in model.variants :
      "${analyser}-${name}" => {
        analyser       = analyser
        name           = name
        weight         = variant.weight
        model_data_url = variant.model_data_url
      }
    }
  ]...)

  # Batches are run with the variant that answers most; of two equal ones, the first by name.
  batch = {
    for analyser, model in var.models : analyser => [
      for name in sort(keys(model.variants)) : model.variants[name].model_data_url
      if model.variants[name].weight == max([for variant in values(model.variants) : variant.weight]...)
    ][0]
  }
}

resource "aws_security_group" "models" {
  # checkov:skip=CKV2_AWS_5: the models of this module stand in it
  name        = "bharatchef-models-${var.environment}"
  description = "Model containers: they fetch their archive from S3 and speak with nothing else"
  vpc_id      = var.vpc_id

  tags = { Name = "bharatchef-models-${var.environment}" }
}

resource "aws_vpc_security_group_egress_rule" "s3" {
  security_group_id = aws_security_group.models.id
  description       = "Archives of models, and answers of asynchronous calls"
  prefix_list_id    = var.gateway_prefix_list_ids["s3"]
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_sagemaker_model" "this" {
  # checkov:skip=CKV_AWS_370: isolated wherever SageMaker can isolate, which is everywhere but on serverless endpoints
  for_each = local.variants

  # A model cannot be changed: another archive, image or way of serving is another model, made before the old one goes.
  name               = "bharatchef-${each.key}-${var.environment}-${substr(sha256(join(" ", [local.image, each.value.model_data_url, tostring(local.serverless)])), 0, 8)}"
  execution_role_arn = aws_iam_role.endpoints.arn
  # Serverless endpoints know neither a network of one's own nor isolation.
  enable_network_isolation = !local.serverless

  primary_container {
    image          = local.image
    model_data_url = each.value.model_data_url
  }

  dynamic "vpc_config" {
    for_each = local.serverless ? [] : [1]

    content {
      subnets            = var.private_subnet_ids
      security_group_ids = [aws_security_group.models.id]
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

# Batch transform: Terraform makes the model and its role; jobs are started by code, which names this model.
resource "aws_sagemaker_model" "batch" {
  for_each = local.batch

  name                     = "bharatchef-batch-${each.key}-${var.environment}-${substr(sha256("${local.image} ${each.value}"), 0, 8)}"
  execution_role_arn       = aws_iam_role.batch.arn
  enable_network_isolation = true

  primary_container {
    image          = local.image
    model_data_url = each.value
  }

  vpc_config {
    subnets            = var.private_subnet_ids
    security_group_ids = [aws_security_group.models.id]
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_sagemaker_endpoint_configuration" "this" {
  # checkov:skip=CKV_AWS_98: a serverless endpoint has no volume to encrypt, and SageMaker refuses a key for ml.g4dn, whose own disk its hardware encrypts; all others have the key
  for_each = var.models

  name_prefix = "bharatchef-${each.key}-${var.environment}-"
  kms_key_arn = local.serverless || local.gpu ? null : var.kms_key_arn

  dynamic "production_variants" {
    for_each = each.value.variants

    content {
      variant_name           = production_variants.key
      model_name             = aws_sagemaker_model.this["${each.key}-${production_variants.key}"].name
      initial_variant_weight = production_variants.value.weight
      instance_type          = local.serverless ? null : local.instance_type
      initial_instance_count = local.serverless ? null : var.instances.min

      dynamic "serverless_config" {
        for_each = local.serverless ? [1] : []

        content {
          memory_size_in_mb = var.serverless_memory_mb
          max_concurrency   = var.serverless_concurrency
        }
      }
    }
  }

  dynamic "data_capture_config" {
    for_each = local.realtime && var.data_capture_percent > 0 ? [1] : []

    content {
      enable_capture              = true
      initial_sampling_percentage = var.data_capture_percent
      destination_s3_uri          = "${local.results}/model-capture/${each.key}"
      kms_key_id                  = var.kms_key_arn

      capture_options {
        capture_mode = "Input"
      }

      capture_options {
        capture_mode = "Output"
      }
    }
  }

  dynamic "async_inference_config" {
    for_each = local.async ? [1] : []

    content {
      client_config {
        max_concurrent_invocations_per_instance = 1
      }

      output_config {
        s3_output_path  = "${local.results}/model-answers/${each.key}"
        s3_failure_path = "${local.results}/model-failures/${each.key}"
        kms_key_id      = var.kms_key_arn

        notification_config {
          error_topic = var.topic_arns["processing-failed"]
        }
      }
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_sagemaker_endpoint" "this" {
  for_each = var.models

  name                 = "bharatchef-${each.key}-${var.environment}"
  endpoint_config_name = aws_sagemaker_endpoint_configuration.this[each.key].name
}

resource "aws_sagemaker_model_package_group" "this" {
  # The name that adapters/aws/model_registry.py registers versions under: by package, not by analyser.
  for_each = { actions = "slowfast", objects = "yolov8", heat = "flame", plate = "resnet" }

  model_package_group_name        = "bharatchef-${var.environment}-${each.value}"
  model_package_group_description = "Versions of ${each.value}, which analyses ${each.key}; each waits for approval before it is served"
}
