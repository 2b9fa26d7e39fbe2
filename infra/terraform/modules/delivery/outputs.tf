output "repository_urls" {
  description = "Registries of the images, by worker, intake, model-host and trainer."
  value       = { for name, repository in aws_ecr_repository.this : name => repository.repository_url }
}

output "repository_arns" {
  description = "ARNs of the registries, by worker, intake, model-host and trainer."
  value       = { for name, repository in aws_ecr_repository.this : name => repository.arn }
}

output "pipeline_name" {
  description = "The pipeline; null without a source."
  value       = one([for pipeline in aws_codepipeline.this : pipeline.name])
}
