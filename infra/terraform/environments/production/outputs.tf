output "bucket_names" {
  description = "Names of the buckets, by the design's names."
  value       = module.platform.bucket_names
}

output "replica_bucket_names" {
  description = "Names of the copies in the second region, by the design's names."
  value       = module.platform.replica_bucket_names
}

output "queue_urls" {
  description = "Addresses of the queues, by the design's names."
  value       = module.platform.queue_urls
}

output "topic_arns" {
  description = "ARNs of the topics, by the design's names."
  value       = module.platform.topic_arns
}

output "table_prefix" {
  description = "What stands before the names of the tables."
  value       = module.platform.table_prefix
}

output "settings" {
  description = "What the program is told through its environment, by the name of the setting."
  value       = module.platform.settings
}

output "at_rest" {
  description = "What is billed by the hour though no film comes."
  value       = module.platform.at_rest
}

output "cluster_name" {
  description = "The ECS cluster, for BHARATCHEF_ECS_CLUSTER when flows are deployed."
  value       = module.platform.cluster_name
}

output "prefect_api_url" {
  description = "Prefect's API, reached from within the network."
  value       = module.platform.prefect_api_url
}

output "retraining_role_arn" {
  description = "The role of runs that train models and roll them out, for BHARATCHEF_RETRAINING_ROLE when flows are deployed."
  value       = module.platform.retraining_role_arn
}

output "run_job_variables" {
  description = "What the base job template of the pool bharatchef-ecs is given."
  value       = module.platform.run_job_variables
}

output "alarm_topics" {
  description = "Where each alarm goes."
  value       = module.platform.alarm_topics
}
