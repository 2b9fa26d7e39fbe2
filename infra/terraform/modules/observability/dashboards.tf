# One page that says how the evaluations are doing.

data "aws_region" "current" {}

locals {
  ours  = [local.namespace]
  where = ["Environment", var.environment]

  charts = [
    { title = "Evaluations and errors", stat = "Sum", metrics = [for name in ["Evaluations", "Errors"] : concat(local.ours, [name], local.where)] },
    { title = "Processing time, seconds", stat = "p95", metrics = concat(
      [concat(local.ours, ["ProcessingTimeSeconds"], local.where)],
      [for stat in ["p50", "p99"] : concat(local.ours, ["ProcessingTimeSeconds"], local.where, [{ stat = stat }])],
    ) },
    { title = "Cost of an evaluation, rupees", stat = "Average", metrics = concat(
      [concat(local.ours, ["EvaluationCostInr"], local.where)],
      [concat(local.ours, ["EvaluationCostInr"], local.where, [{ stat = "Maximum" }])],
    ) },
    { title = "Model confidence, %", stat = "Average", metrics = [concat(local.ours, ["ModelConfidence"], local.where)] },
    { title = "Time of each stage, p95, seconds", stat = "p95", metrics = [
      [{ expression = "SEARCH('{${local.namespace},Environment,Stage} MetricName=\"StageSeconds\" Environment=\"${var.environment}\"', 'p95', 900)" }],
    ] },
    { title = "Messages that wait", stat = "Maximum", metrics = [for name in sort(values(var.queue_names)) : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name]] },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = "bharatchef-${var.environment}"

  dashboard_body = jsonencode({
    widgets = [
      for index, chart in local.charts : {
        type   = "metric"
        x      = index % 2 * 12
        y      = floor(index / 2) * 6
        width  = 12
        height = 6
        properties = {
          title   = chart.title
          region  = data.aws_region.current.name
          view    = "timeSeries"
          period  = 900
          stat    = chart.stat
          metrics = chart.metrics
        }
      }
    ]
  })
}
