output "domain_name" {
  description = "Where expert films are played from."
  value       = aws_cloudfront_distribution.this.domain_name
}

output "distribution_arn" {
  description = "The distribution, for the bucket's policy (storage: expert_film_distribution_arns)."
  value       = aws_cloudfront_distribution.this.arn
}

output "signing_key_ids" {
  description = "What a signed address names its key by, by the key's name."
  value       = { for name, key in aws_cloudfront_public_key.this : name => key.id }
}
