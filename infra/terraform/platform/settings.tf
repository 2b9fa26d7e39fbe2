# What the program finds in its environment on AWS; the names are those of bharatchef/settings.py.

locals {
  settings = merge(local.program_settings, module.analytics.settings, var.search == null ? {} : { BHARATCHEF_OPENSEARCH_URL = module.knowledge.url })

  program_settings = {
    BHARATCHEF_PORTS               = "aws"
    BHARATCHEF_ENVIRONMENT         = var.environment
    BHARATCHEF_KMS_KEY             = module.governance.kms_key_arn
    BHARATCHEF_TRACE_PERCENT       = tostring(module.observability.trace_percent)
    BHARATCHEF_REKOGNITION         = tostring(var.moderation)
    BHARATCHEF_SAGEMAKER_ENDPOINTS = jsonencode(module.models.endpoint_names)
    # A retraining trains on SageMaker. What it made is tried there where an endpoint can have two variants: on instances.
    BHARATCHEF_TRAINING_IMAGE   = "${module.delivery.repository_urls["trainer"]}:${var.image_tag}"
    BHARATCHEF_TRAINING_ROLE    = module.models.role_arns["training"]
    BHARATCHEF_HOSTING_IMAGE    = length(var.models) > 0 && startswith(var.serving_mode, "realtime-") ? module.models.image : ""
    BHARATCHEF_HOSTING_ROLE     = module.models.role_arns["hosting"]
    BHARATCHEF_BATCH_ROLE       = module.models.role_arns["batch"]
    BHARATCHEF_BATCH_INSTANCE   = coalesce(module.models.instance_type, "ml.g4dn.xlarge")
    BHARATCHEF_HOSTING_INSTANCE = coalesce(module.models.instance_type, "ml.g4dn.xlarge")
    BHARATCHEF_SAGEMAKER_MODE   = var.serving_mode == "async" ? "async" : "realtime"
    # A serverless endpoint takes 4 MB, the others 6.
    BHARATCHEF_SAGEMAKER_MAX_BODY_BYTES = tostring(var.serving_mode == "serverless" ? 4194304 : 6291456)
    # The results of a run's tasks outlive the task of ECS that made them; flows/aws_blocks.py makes the block.
    PREFECT_DEFAULT_RESULT_STORAGE_BLOCK = "s3-bucket/bharatchef-results"
    PREFECT_RESULTS_DEFAULT_SERIALIZER   = "json"
    BHARATCHEF_AWS_REGION                = var.region
    BHARATCHEF_DYNAMODB_STREAMS_URL      = module.network.streams_address
    BHARATCHEF_TRAINEE_BUCKET            = module.storage.bucket_names["bharatchef-trainee-videos"]
    BHARATCHEF_EXPERT_BUCKET             = module.storage.bucket_names["bharatchef-expert-videos"]
    BHARATCHEF_RESULTS_BUCKET            = module.storage.bucket_names["bharatchef-processed-results"]
    BHARATCHEF_TABLE_PREFIX              = module.data.table_prefix
    BHARATCHEF_COMPLETE_TOPIC            = module.queues.topic_arns["evaluation-complete"]
    BHARATCHEF_FAILED_TOPIC              = module.queues.topic_arns["processing-failed"]
    BHARATCHEF_VIDEO_PROCESSING_QUEUE    = module.queues.queue_urls["video-processing-queue"]
    BHARATCHEF_CV_ANALYSIS_QUEUE         = module.queues.queue_urls["cv-analysis-queue"]
    BHARATCHEF_AI_COACHING_QUEUE         = module.queues.queue_urls["ai-coaching-queue"]
    BHARATCHEF_DLQ_QUEUE                 = module.queues.queue_urls["dlq-queue"]
  }
}
