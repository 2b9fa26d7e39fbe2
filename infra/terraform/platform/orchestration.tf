# What always runs: the Prefect server, its worker, and intake.

module "orchestration" {
  source = "../modules/orchestration"

  environment                = var.environment
  kms_key_arn                = module.governance.kms_key_arn
  vpc_id                     = module.network.vpc_id
  vpc_cidr                   = module.network.vpc_cidr
  private_subnet_ids         = module.network.private_subnet_ids
  endpoint_security_group_id = module.network.endpoint_security_group_id
  gateway_prefix_list_ids    = module.network.gateway_prefix_list_ids
  database                   = module.data.database
  database_security_group_id = module.data.database_security_group_id
  images                     = local.images
  image_repository_arns      = [for repository in ["worker", "intake"] : module.delivery.repository_arns[repository]]
  workload_role_arns         = module.governance.workload_role_arns
  settings                   = local.settings
  workload_secrets           = { for name in keys(local.own_secrets) : "BHARATCHEF_${upper(replace(name, "-", "_"))}" => module.governance.secret_arns[name] }
  log_group_names            = module.observability.log_group_names
  queue_names                = module.queues.queue_names
  cpu_architecture           = var.cpu_architecture
  certificate_arn            = var.certificate_arn
  server_name                = var.server_name
  most_tasks                 = var.most_tasks
  destroyable                = var.destroyable
}
