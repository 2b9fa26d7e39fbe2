# What is known of a running installation: logs with an end, saved questions to them, and traces.
# Metrics are written into the logs by adapters/aws/metrics.py (namespace BharatChef, dimensions Environment and Stage).

locals {
  services  = toset(["prefect-server", "prefect-worker", "evaluation", "intake", "build", "search"])
  namespace = "BharatChef"
}

resource "aws_cloudwatch_log_group" "this" {
  # checkov:skip=CKV_AWS_338: how long logs are kept is `log_retention_days`; they are no record, CloudTrail is
  for_each = local.services

  name              = "bharatchef-${each.key}-${var.environment}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

# OpenSearch writes its logs by a policy of the log group's side.
data "aws_iam_policy_document" "search" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this["search"].arn}:*"]

    principals {
      type        = "Service"
      identifiers = ["es.amazonaws.com"]
    }
  }
}

resource "aws_cloudwatch_log_resource_policy" "search" {
  policy_name     = "bharatchef-search-${var.environment}"
  policy_document = data.aws_iam_policy_document.search.json
}

locals {
  questions = {
    slowest-evaluations = <<-EOT
      fields @timestamp, evaluationId, dishId, ProcessingTimeSeconds
      | filter ispresent(ProcessingTimeSeconds)
      | sort ProcessingTimeSeconds desc
      | limit 20
    EOT
    dearest-evaluations = <<-EOT
      fields @timestamp, evaluationId, dishId, EvaluationCostInr
      | filter ispresent(EvaluationCostInr)
      | sort EvaluationCostInr desc
      | limit 20
    EOT
    stages              = <<-EOT
      filter ispresent(StageSeconds)
      | stats count(*) as runs, pct(StageSeconds, 50) as p50, pct(StageSeconds, 95) as p95, pct(StageSeconds, 99) as p99 by Stage
      | sort p95 desc
    EOT
    failures            = <<-EOT
      fields @timestamp, evaluationId
      | filter Errors = 1
      | sort @timestamp desc
      | limit 50
    EOT
    unsure-models       = <<-EOT
      filter ispresent(ModelConfidence)
      | stats count(*) as evaluations, avg(ModelConfidence) as confidence by dishId
      | sort confidence asc
    EOT
  }
}

resource "aws_cloudwatch_query_definition" "this" {
  for_each = local.questions

  name            = "bharatchef/${var.environment}/${each.key}"
  log_group_names = [aws_cloudwatch_log_group.this["evaluation"].name]
  query_string    = each.value
}

resource "aws_xray_group" "this" {
  group_name        = "bharatchef-${var.environment}"
  filter_expression = "annotation.environment = \"${var.environment}\""
}
