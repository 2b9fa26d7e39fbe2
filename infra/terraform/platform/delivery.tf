# Where images come from and how they get into the cluster. The Prefect server runs in the worker's image.

locals {
  images = {
    for image, repository in { server = "worker", worker = "worker", intake = "intake" } :
    image => "${module.delivery.repository_urls[repository]}:${var.image_tag}"
  }
}

module "delivery" {
  source = "../modules/delivery"

  environment        = var.environment
  kms_key_arn        = module.governance.kms_key_arn
  source_location    = var.source_location
  artifact_bucket    = module.storage.bucket_names["bharatchef-processed-results"]
  log_group_name     = module.observability.log_group_names["build"]
  cluster_name       = module.orchestration.cluster_name
  service_names      = module.orchestration.service_names
  listener_arn       = module.orchestration.listener_arn
  target_group_names = module.orchestration.target_group_names
  passed_role_arns   = module.orchestration.passed_role_arns
  cpu_architecture   = var.cpu_architecture
}
