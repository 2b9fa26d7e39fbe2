# Where tips are searched, if not in an index within the program.

module "knowledge" {
  source = "../modules/knowledge"

  environment               = var.environment
  kms_key_arn               = module.governance.kms_key_arn
  enabled                   = var.search != null
  vpc_id                    = module.network.vpc_id
  private_subnet_ids        = module.network.private_subnet_ids
  client_security_group_ids = { tasks = module.orchestration.task_security_group_id }
  reader_role_arns          = [module.governance.workload_role_arns["evaluation"]]
  # Without a domain nobody administers it.
  master_role_arn = try(var.search.master_role_arn, module.governance.workload_role_arns["evaluation"])
  instance_type   = try(var.search.instance_type, "t3.small.search")
  data_nodes      = try(var.search.data_nodes, 2)
  volume_gb       = try(var.search.volume_gb, 10)
  log_group_arn   = module.observability.log_group_arns["search"]
}
