output "bucket_names" {
  description = "Names of the buckets, by the design's names (bharatchef-trainee-videos, bharatchef-expert-videos, bharatchef-processed-results)."
  value       = { for name, bucket in aws_s3_bucket.this : name => bucket.bucket }
}

output "bucket_arns" {
  description = "ARNs of the buckets, by the design's names."
  value       = { for name, bucket in aws_s3_bucket.this : name => bucket.arn }
}

output "bucket_regional_domain_names" {
  description = "Domain names that a CDN reads the buckets at, by the design's names."
  value       = { for name, bucket in aws_s3_bucket.this : name => bucket.bucket_regional_domain_name }
}

output "replica_bucket_names" {
  description = "Names of the copies in the other region, by the design's names; empty without replication."
  value       = { for name, bucket in aws_s3_bucket.replica : name => bucket.bucket }
}
