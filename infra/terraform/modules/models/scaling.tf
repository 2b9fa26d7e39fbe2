# Instances follow the calls: on real-time endpoints by calls an instance, on asynchronous ones by the backlog, down to none.

locals {
  scaled = local.serverless ? {} : local.variants
}

resource "aws_appautoscaling_target" "variant" {
  for_each = local.scaled

  service_namespace  = "sagemaker"
  resource_id        = "endpoint/${aws_sagemaker_endpoint.this[each.value.analyser].name}/variant/${each.value.name}"
  scalable_dimension = "sagemaker:variant:DesiredInstanceCount"
  min_capacity       = local.async ? 0 : var.instances.min
  max_capacity       = var.instances.max
}

resource "aws_appautoscaling_policy" "invocations" {
  for_each = local.realtime ? local.scaled : {}

  name               = "bharatchef-${each.key}-invocations-${var.environment}"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.variant[each.key].service_namespace
  resource_id        = aws_appautoscaling_target.variant[each.key].resource_id
  scalable_dimension = aws_appautoscaling_target.variant[each.key].scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = var.invocations_per_instance
    scale_out_cooldown = 60
    scale_in_cooldown  = 600

    predefined_metric_specification {
      predefined_metric_type = "SageMakerVariantInvocationsPerInstance"
    }
  }
}

resource "aws_appautoscaling_policy" "backlog" {
  for_each = local.async ? local.scaled : {}

  name               = "bharatchef-${each.key}-backlog-${var.environment}"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.variant[each.key].service_namespace
  resource_id        = aws_appautoscaling_target.variant[each.key].resource_id
  scalable_dimension = aws_appautoscaling_target.variant[each.key].scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = 5
    scale_out_cooldown = 60
    scale_in_cooldown  = 300

    customized_metric_specification {
      namespace   = "AWS/SageMaker"
      metric_name = "ApproximateBacklogSizePerInstance"
      statistic   = "Average"

      dimensions {
        name  = "EndpointName"
        value = aws_sagemaker_endpoint.this[each.value.analyser].name
      }
    }
  }
}

# A backlog per instance is not defined where there is no instance: the first one comes by this alarm.
resource "aws_appautoscaling_policy" "wake" {
  for_each = local.async ? local.scaled : {}

  name               = "bharatchef-${each.key}-wake-${var.environment}"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.variant[each.key].service_namespace
  resource_id        = aws_appautoscaling_target.variant[each.key].resource_id
  scalable_dimension = aws_appautoscaling_target.variant[each.key].scalable_dimension

  step_scaling_policy_configuration {
    adjustment_type         = "ChangeInCapacity"
    metric_aggregation_type = "Maximum"
    cooldown                = 300

    step_adjustment {
      metric_interval_lower_bound = 0
      scaling_adjustment          = 1
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "wake" {
  for_each = local.async ? local.scaled : {}

  alarm_name          = "bharatchef-${each.key}-wake-${var.environment}"
  alarm_description   = "Calls wait and no instance is there to answer them"
  namespace           = "AWS/SageMaker"
  metric_name         = "HasBacklogWithoutCapacity"
  dimensions          = { EndpointName = aws_sagemaker_endpoint.this[each.value.analyser].name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_appautoscaling_policy.wake[each.key].arn]
}
