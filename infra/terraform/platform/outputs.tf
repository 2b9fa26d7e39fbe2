output "bucket_names" {
  description = "Names of the buckets, by the design's names."
  value       = module.storage.bucket_names
}

output "replica_bucket_names" {
  description = "Names of the copies in the second region, by the design's names."
  value       = module.storage.replica_bucket_names
}

output "queue_urls" {
  description = "Addresses of the queues, by the design's names."
  value       = module.queues.queue_urls
}

output "topic_arns" {
  description = "ARNs of the topics, by the design's names."
  value       = module.queues.topic_arns
}

output "table_prefix" {
  description = "What stands before the names of the tables."
  value       = module.data.table_prefix
}

output "settings" {
  description = "What the program is told through its environment, by the name of the setting."
  value       = local.settings
}

output "at_rest" {
  description = "What is billed by the hour though no film comes."
  value = {
    endpoint_addresses = module.network.billed_endpoint_addresses
    nat_gateways       = module.network.nat_gateways
    database_class     = var.postgres.instance_class
    database_zones     = module.data.database.multi_az ? 2 : 1
    database_readers   = var.postgres.read_replica ? 1 : 0
    search_nodes       = var.search == null ? 0 : var.search.data_nodes
    model_instances    = contains(["realtime-cpu", "realtime-gpu"], var.serving_mode) ? sum(concat([0], [for model in values(var.models) : length(model.variants) * var.model_instances.min])) : 0
  }
}

output "cluster_name" {
  description = "The ECS cluster, for BHARATCHEF_ECS_CLUSTER when flows are deployed."
  value       = module.orchestration.cluster_name
}

output "prefect_api_url" {
  description = "Prefect's API, reached from within the network."
  value       = module.orchestration.prefect_api_url
}

output "retraining_role_arn" {
  description = "The role of runs that train models and roll them out, for BHARATCHEF_RETRAINING_ROLE when flows are deployed."
  value       = module.orchestration.retraining_role_arn
}

output "run_job_variables" {
  description = "What the base job template of the pool bharatchef-ecs is given."
  value       = module.orchestration.run_job_variables
}

output "alarm_topics" {
  description = "Where each alarm goes."
  value       = module.observability.alarm_topics
}
