output "queue_arns" {
  description = "ARNs of the queues, by the design's names (video-processing-queue, cv-analysis-queue, ai-coaching-queue, dlq-queue)."
  value       = { for name, queue in local.all_queues : name => queue.arn }
}

output "queue_urls" {
  description = "Addresses of the queues, by the design's names."
  value       = { for name, queue in local.all_queues : name => queue.url }
}

output "queue_names" {
  description = "Names of the queues as CloudWatch has them, by the design's names."
  value = merge(
    { for name, queue in aws_sqs_queue.work : name => queue.name },
    { (local.dead) = aws_sqs_queue.dead.name },
  )
}

output "topic_arns" {
  description = "ARNs of the topics, by the design's names (evaluation-complete, processing-failed)."
  value       = { for name, topic in aws_sns_topic.this : name => topic.arn }
}

output "upload_rule_arn" {
  description = "The EventBridge rule that queues uploads."
  value       = aws_cloudwatch_event_rule.uploads.arn
}
