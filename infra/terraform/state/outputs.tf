output "bucket" {
  description = "Bucket that the states lie in; `terraform init` of an environment is given it."
  value       = aws_s3_bucket.state.bucket
}
