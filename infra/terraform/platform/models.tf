# Where models are served.

module "models" {
  source = "../modules/models"

  environment             = var.environment
  serving_mode            = var.serving_mode
  model_host              = var.model_host
  host_images             = { (var.model_host) = "${module.delivery.repository_urls["model-host"]}:${var.image_tag}" }
  models                  = var.models
  instances               = var.model_instances
  artifact_bucket_arns    = [module.storage.bucket_arns["bharatchef-processed-results"]]
  image_repository_arns   = [for repository in ["model-host", "trainer"] : module.delivery.repository_arns[repository]]
  bucket_names            = module.storage.bucket_names
  topic_arns              = module.queues.topic_arns
  kms_key_arn             = module.governance.kms_key_arn
  vpc_id                  = module.network.vpc_id
  private_subnet_ids      = module.network.private_subnet_ids
  gateway_prefix_list_ids = module.network.gateway_prefix_list_ids
}
