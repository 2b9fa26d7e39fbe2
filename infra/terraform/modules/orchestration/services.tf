# What runs all the time, and how many of it: the server behind its load balancer, the worker, intake.

resource "aws_ecs_service" "server" {
  name            = "bharatchef-prefect-server-${var.environment}"
  cluster         = aws_ecs_cluster.this.id
  task_definition = aws_ecs_task_definition.this["prefect-server"].arn
  desired_count   = var.environment == "production" ? 2 : 1
  launch_type     = "FARGATE"

  # CodeDeploy sets a new one beside it and moves the traffic over (module delivery).
  deployment_controller {
    type = "CODE_DEPLOY"
  }

  network_configuration {
    subnets          = var.private_subnet_ids
    security_groups  = [aws_security_group.server.id]
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.server["blue"].arn
    container_name   = "prefect-server"
    container_port   = 4200
  }

  health_check_grace_period_seconds = 180

  lifecycle {
    # Which of the two is live, and with which image, is CodeDeploy's to say.
    ignore_changes = [task_definition, load_balancer]
  }

  depends_on = [aws_lb_listener.server]
}

locals {
  # One on demand always runs; what comes beyond it is on Spot, three of four.
  services = {
    prefect-worker = { security_group = aws_security_group.tasks.id, least = 1 }
    intake         = { security_group = aws_security_group.tasks.id, least = 1 }
  }
}

resource "aws_ecs_service" "this" {
  for_each = local.services

  name            = "bharatchef-${each.key}-${var.environment}"
  cluster         = aws_ecs_cluster.this.id
  task_definition = aws_ecs_task_definition.this[each.key].arn
  desired_count   = each.value.least

  capacity_provider_strategy {
    capacity_provider = "FARGATE"
    base              = 1
    weight            = 1
  }

  capacity_provider_strategy {
    capacity_provider = "FARGATE_SPOT"
    weight            = 3
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.private_subnet_ids
    security_groups  = [each.value.security_group]
    assign_public_ip = false
  }

  lifecycle {
    # How many is the queue's to say.
    ignore_changes = [desired_count]
  }

  depends_on = [aws_ecs_cluster_capacity_providers.this]
}

resource "aws_appautoscaling_target" "service" {
  for_each = local.services

  service_namespace  = "ecs"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.this[each.key].name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = each.value.least
  max_capacity       = var.most_tasks
}

resource "aws_appautoscaling_policy" "queue" {
  for_each = local.services

  name               = "bharatchef-${each.key}-queue-${var.environment}"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = "ecs"
  resource_id        = aws_appautoscaling_target.service[each.key].resource_id
  scalable_dimension = aws_appautoscaling_target.service[each.key].scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = var.messages_per_task
    scale_out_cooldown = 60
    scale_in_cooldown  = 300

    customized_metric_specification {
      namespace   = "AWS/SQS"
      metric_name = "ApproximateNumberOfMessagesVisible"
      statistic   = "Average"

      dimensions {
        name  = "QueueName"
        value = var.queue_names["video-processing-queue"]
      }
    }
  }
}
