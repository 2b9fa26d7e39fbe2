output "kms_key_arn" {
  description = "The key that everything of this environment is encrypted with."
  value       = aws_kms_key.this.arn
}

output "replica_kms_key_arn" {
  description = "The same key in the replica's region; null without one."
  value       = one(aws_kms_replica_key.this[*].arn)
}

output "secret_arns" {
  description = "ARNs of the secrets, by name."
  value       = { for name, secret in aws_secretsmanager_secret.this : name => secret.arn }
}

output "trail_arn" {
  description = "The trail of who did what."
  value       = aws_cloudtrail.this.arn
}

output "workload_role_arns" {
  description = "Roles of the workloads: evaluation (a run that evaluates a film), intake, and retraining (a run that trains models and rolls them out)."
  value       = { for name, role in aws_iam_role.workload : name => role.arn }
}
