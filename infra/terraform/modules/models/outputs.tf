output "endpoint_names" {
  description = "Names of the endpoints, by analyser."
  value       = { for analyser, endpoint in aws_sagemaker_endpoint.this : analyser => endpoint.name }
}

output "endpoint_arns" {
  description = "ARNs of the endpoints, by analyser, for the policy of whoever calls them."
  value       = { for analyser, endpoint in aws_sagemaker_endpoint.this : analyser => endpoint.arn }
}

output "batch_model_names" {
  description = "Models that a batch transform job names, by analyser."
  value       = { for analyser, model in aws_sagemaker_model.batch : analyser => model.name }
}

output "model_package_group_arns" {
  description = "Groups that versions of models are registered in, by analyser."
  value       = { for analyser, group in aws_sagemaker_model_package_group.this : analyser => group.arn }
}

output "role_arns" {
  description = "Roles that a retraining lends to SageMaker: training (its jobs), hosting (models behind endpoints) and batch (models of batch transform)."
  value       = { training = aws_iam_role.training.arn, hosting = aws_iam_role.endpoints.arn, batch = aws_iam_role.batch.arn }
}

output "image" {
  description = "What serves in a model's container."
  value       = local.image
}

output "instance_type" {
  description = "What the endpoints run on; null: serverless."
  value       = local.serverless ? null : local.instance_type
}
