mock_provider "aws" {
  override_during = plan

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_region" {
    defaults = { name = "ap-south-1" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:ap-south-1:111122223333:log-group:search" }
  }
}

variables {
  environment = "staging"
  kms_key_arn = "arn:aws:kms:ap-south-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  queue_names = {
    "video-processing-queue" = "bharatchef-video-processing-queue-staging"
    "cv-analysis-queue"      = "bharatchef-cv-analysis-queue-staging"
    "ai-coaching-queue"      = "bharatchef-ai-coaching-queue-staging"
    "dlq-queue"              = "bharatchef-dlq-queue-staging"
  }
  topic_arns = { "processing-failed" = "arn:aws:sns:ap-south-1:111122223333:bharatchef-processing-failed-staging" }
}

run "five_alarms" {
  command = plan

  assert {
    condition = { for name, alarm in aws_cloudwatch_metric_alarm.limit : name => [alarm.metric_name, alarm.threshold, alarm.comparison_operator] } == {
      processing-time  = ["ProcessingTimeSeconds", 420, "GreaterThanThreshold"]
      cost             = ["EvaluationCostInr", 2.5, "GreaterThanThreshold"]
      model-confidence = ["ModelConfidence", 60, "LessThanThreshold"]
    }
    error_message = "7 minutes, Rs 2.50, 60 %."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.limit : alarm.namespace == "BharatChef" && alarm.dimensions == tomap({ Environment = "staging" })])
    error_message = "The metrics are those that the program writes."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.error_rate.threshold == 5 && toset(flatten([for query in aws_cloudwatch_metric_alarm.error_rate.metric_query : [for metric in query.metric : metric.metric_name]])) == toset(["Errors", "Evaluations"])
    error_message = "5 % of the evaluations."
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.queue_depth) == 3 && alltrue([for queue, alarm in aws_cloudwatch_metric_alarm.queue_depth : alarm.threshold == 100 && alarm.dimensions["QueueName"] == "bharatchef-${queue}-staging"])
    error_message = "100 messages on any of the three work queues."
  }

  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.limit), values(aws_cloudwatch_metric_alarm.queue_depth), [aws_cloudwatch_metric_alarm.error_rate, aws_cloudwatch_metric_alarm.dead_letters]) : alarm.alarm_actions == toset([var.topic_arns["processing-failed"]])])
    error_message = "Every alarm goes to its topic."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.dead_letters.threshold == 0 && aws_cloudwatch_metric_alarm.dead_letters.dimensions["QueueName"] == "bharatchef-dlq-queue-staging"
    error_message = "One dead letter is enough to look."
  }
}

run "an_alarm_may_have_a_topic_of_its_own" {
  command = plan

  variables {
    alarm_topic_arns = { cost = "arn:aws:sns:ap-south-1:111122223333:money" }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.limit["cost"].alarm_actions == toset(["arn:aws:sns:ap-south-1:111122223333:money"]) && aws_cloudwatch_metric_alarm.limit["processing-time"].alarm_actions == toset([var.topic_arns["processing-failed"]])
    error_message = "The costs' alarm goes to its own topic, the others stay."
  }
}

run "logs_have_an_end" {
  command = plan

  assert {
    condition     = length(aws_cloudwatch_log_group.this) == 6 && alltrue([for group in aws_cloudwatch_log_group.this : group.retention_in_days == 90 && group.kms_key_id == var.kms_key_arn])
    error_message = "Logs are encrypted with the key and kept for 90 days."
  }

  assert {
    condition     = alltrue([for name in ["ProcessingTimeSeconds", "EvaluationCostInr", "ModelConfidence", "StageSeconds", "Evaluations", "Errors"] : strcontains(aws_cloudwatch_dashboard.this.dashboard_body, name)])
    error_message = "The dashboard shows every metric that the program writes."
  }

  assert {
    condition     = length(aws_cloudwatch_query_definition.this) == 5 && alltrue([for query in aws_cloudwatch_query_definition.this : query.log_group_names == tolist(["bharatchef-evaluation-staging"])])
    error_message = "Saved questions ask the evaluations' logs."
  }

  assert {
    condition     = output.trace_percent == 100 && aws_xray_group.this.filter_expression == "annotation.environment = \"staging\""
    error_message = "Evaluations are traced, and those of this environment are found together."
  }
}

run "no_unknown_alarm" {
  command = plan

  variables {
    alarm_topic_arns = { humidity = "arn:aws:sns:ap-south-1:111122223333:money" }
  }

  expect_failures = [var.alarm_topic_arns]
}
