output "url" {
  description = "Address of the domain, for BHARATCHEF_OPENSEARCH_URL; null without a domain."
  value       = one([for domain in aws_opensearch_domain.this : "https://${domain.endpoint}"])
}

output "domain_arn" {
  description = "ARN of the domain; null without one."
  value       = one([for domain in aws_opensearch_domain.this : domain.arn])
}
