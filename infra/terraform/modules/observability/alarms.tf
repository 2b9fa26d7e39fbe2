# The five alarms of the design, each to its topic, and one for what lies among the dead letters.

locals {
  topics = {
    for alarm in ["processing-time", "cost", "error-rate", "queue-depth", "model-confidence"] :
    alarm => lookup(var.alarm_topic_arns, alarm, var.topic_arns["processing-failed"])
  }

  limits = {
    processing-time = {
      description = "An evaluation took longer than 7 minutes"
      metric      = "ProcessingTimeSeconds"
      statistic   = "Maximum"
      comparison  = "GreaterThanThreshold"
      threshold   = 420
    }
    cost = {
      description = "An evaluation cost more than Rs 2.50"
      metric      = "EvaluationCostInr"
      statistic   = "Maximum"
      comparison  = "GreaterThanThreshold"
      threshold   = 2.5
    }
    # The metric is in percent, as adapters/aws/metrics.py writes it.
    model-confidence = {
      description = "The models were less than 60 % sure of what they saw, on average over a quarter of an hour"
      metric      = "ModelConfidence"
      statistic   = "Average"
      comparison  = "LessThanThreshold"
      threshold   = 60
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "limit" {
  for_each = local.limits

  alarm_name          = "bharatchef-${each.key}-${var.environment}"
  alarm_description   = each.value.description
  namespace           = local.namespace
  metric_name         = each.value.metric
  dimensions          = { Environment = var.environment }
  statistic           = each.value.statistic
  period              = 900
  evaluation_periods  = 1
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  # Without films there is nothing to be late, dear or unsure about.
  treat_missing_data = "notBreaching"
  alarm_actions      = [local.topics[each.key]]
  ok_actions         = [local.topics[each.key]]
}

resource "aws_cloudwatch_metric_alarm" "error_rate" {
  alarm_name          = "bharatchef-error-rate-${var.environment}"
  alarm_description   = "More than 5 % of the evaluations of a quarter of an hour failed"
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 5
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topics["error-rate"]]
  ok_actions          = [local.topics["error-rate"]]

  # A failed evaluation counts in both metrics.
  metric_query {
    id          = "rate"
    label       = "Failed evaluations, %"
    expression  = "IF(evaluations > 0, 100 * errors / evaluations, 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { errors = "Errors", evaluations = "Evaluations" }

    content {
      id = metric_query.key

      metric {
        namespace   = local.namespace
        metric_name = metric_query.value
        dimensions  = { Environment = var.environment }
        stat        = "Sum"
        period      = 900
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "queue_depth" {
  for_each = toset(["video-processing-queue", "cv-analysis-queue", "ai-coaching-queue"])

  alarm_name          = "bharatchef-queue-depth-${each.key}-${var.environment}"
  alarm_description   = "More than 100 messages wait on ${each.key}"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = var.queue_names[each.key] }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = 100
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topics["queue-depth"]]
  ok_actions          = [local.topics["queue-depth"]]
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  alarm_name          = "bharatchef-dead-letters-${var.environment}"
  alarm_description   = "A message could not be handled: docs/runbooks/intake.md says how to look at it and send it again"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = var.queue_names["dlq-queue"] }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic_arns["processing-failed"]]
}
