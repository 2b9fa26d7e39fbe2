# What this environment may cost, and who hears when it costs more than it did.

resource "aws_budgets_budget" "this" {
  name         = "bharatchef-budget-${var.environment}"
  budget_type  = "COST"
  limit_amount = format("%.2f", var.monthly_budget_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  cost_filter {
    name = "TagKeyValue"
    # format, because "$" before a brace means something else to Terraform.
    values = [format("user:Environment$%s", var.environment)]
  }

  notification {
    comparison_operator       = "GREATER_THAN"
    threshold                 = 80
    threshold_type            = "PERCENTAGE"
    notification_type         = "ACTUAL"
    subscriber_sns_topic_arns = [var.topic_arns["processing-failed"]]
  }

  notification {
    comparison_operator       = "GREATER_THAN"
    threshold                 = 100
    threshold_type            = "PERCENTAGE"
    notification_type         = "FORECASTED"
    subscriber_sns_topic_arns = [var.topic_arns["processing-failed"]]
  }
}

resource "aws_ce_anomaly_monitor" "this" {
  name         = "bharatchef-anomalies-${var.environment}"
  monitor_type = "CUSTOM"

  monitor_specification = jsonencode({
    And            = null
    CostCategories = null
    Dimensions     = null
    Not            = null
    Or             = null
    Tags = {
      Key          = "Environment"
      MatchOptions = null
      Values       = [var.environment]
    }
  })
}

resource "aws_ce_anomaly_subscription" "this" {
  name             = "bharatchef-anomalies-${var.environment}"
  frequency        = "IMMEDIATE"
  monitor_arn_list = [aws_ce_anomaly_monitor.this.arn]

  subscriber {
    type    = "SNS"
    address = var.topic_arns["processing-failed"]
  }

  threshold_expression {
    dimension {
      key           = "ANOMALY_TOTAL_IMPACT_ABSOLUTE"
      match_options = ["GREATER_THAN_OR_EQUAL"]
      values        = [tostring(var.anomaly_usd)]
    }
  }
}

resource "aws_ce_cost_allocation_tag" "this" {
  for_each = var.owns_account ? var.cost_tags : []

  tag_key = each.value
  status  = "Active"
}

resource "aws_computeoptimizer_enrollment_status" "this" {
  count = var.owns_account ? 1 : 0

  status = "Active"
}
