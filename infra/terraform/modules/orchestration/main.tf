# The cluster and what always runs in it: the Prefect server, its worker, and intake. A run of a flow is a task of its own,
# which the worker starts.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  account  = data.aws_caller_identity.current.account_id
  region   = data.aws_region.current.name
  scheme   = var.certificate_arn == null ? "http" : "https"
  port     = var.certificate_arn == null ? 80 : 443
  api_url  = "${local.scheme}://${coalesce(var.server_name, aws_lb.server.dns_name)}/api"
  settings = merge(var.settings, { PREFECT_API_URL = local.api_url, PREFECT_HOME = "/tmp/prefect", DO_NOT_TRACK = "1" })

  tasks = {
    prefect-server = {
      image     = var.images.server
      command   = ["prefect", "server", "start", "--host", "0.0.0.0", "--port", "4200"]
      cpu       = 512
      memory    = 1024
      role_arn  = null
      port      = 4200
      variables = merge(local.database, { PREFECT_HOME = "/tmp/prefect", PREFECT_SERVER_ANALYTICS_ENABLED = "false", DO_NOT_TRACK = "1" })
      secrets   = { for name, field in { USER = "username", PASSWORD = "password" } : "PREFECT_SERVER_DATABASE_${name}" => "${var.database.secret_arn}:${field}::" }
    }
    prefect-worker = {
      image     = var.images.worker
      command   = null
      cpu       = 256
      memory    = 512
      role_arn  = aws_iam_role.worker.arn
      port      = null
      variables = { PREFECT_API_URL = local.api_url, PREFECT_HOME = "/tmp/prefect", DO_NOT_TRACK = "1" }
      secrets   = {}
    }
    intake = {
      image     = var.images.intake
      command   = null
      cpu       = 256
      memory    = 512
      role_arn  = var.workload_role_arns["intake"]
      port      = null
      variables = local.settings
      secrets   = var.workload_secrets
    }
    # What the worker starts a run with; the deployment says with how much processor and memory.
    evaluation = {
      image     = var.images.worker
      command   = ["prefect", "flow-run", "execute"]
      cpu       = 2048
      memory    = 8192
      role_arn  = var.workload_role_arns["evaluation"]
      port      = null
      variables = local.settings
      secrets   = var.workload_secrets
    }
  }

  database = {
    PREFECT_SERVER_DATABASE_DRIVER = "postgresql+asyncpg"
    PREFECT_SERVER_DATABASE_HOST   = var.database.address
    PREFECT_SERVER_DATABASE_PORT   = tostring(var.database.port)
    # Connections made with an old password do not outlive it by more than this, seconds.
    PREFECT_SERVER_DATABASE_SQLALCHEMY_POOL_RECYCLE                    = "900"
    PREFECT_SERVER_DATABASE_NAME                                       = var.database.name
    PREFECT_SERVER_DATABASE_SQLALCHEMY_CONNECT_ARGS_TLS_ENABLED        = "true"
    PREFECT_SERVER_DATABASE_SQLALCHEMY_CONNECT_ARGS_TLS_CHECK_HOSTNAME = "true"
  }
}

resource "aws_ecs_cluster" "this" {
  name = "bharatchef-${var.environment}"

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name       = aws_ecs_cluster.this.name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]

  # What names no strategy of its own, as runs do: three of four on Spot. A run that Spot takes away is taken up again by
  # whoever finds its claim dead.
  default_capacity_provider_strategy {
    capacity_provider = "FARGATE_SPOT"
    weight            = 3
  }

  default_capacity_provider_strategy {
    capacity_provider = "FARGATE"
    weight            = 1
  }
}

resource "aws_ecs_task_definition" "this" {
  for_each = local.tasks

  family                   = "bharatchef-${each.key}-${var.environment}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = each.value.cpu
  memory                   = each.value.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = each.value.role_arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  # The root of the containers is read-only; this is all that they may write to.
  volume {
    name = "tmp"
  }

  container_definitions = jsonencode([merge(
    {
      name                   = each.key
      image                  = each.value.image
      essential              = true
      readonlyRootFilesystem = true
      environment            = [for name in sort(keys(each.value.variables)) : { name = name, value = each.value.variables[name] }]
      secrets                = [for name in sort(keys(each.value.secrets)) : { name = name, valueFrom = each.value.secrets[name] }]
      mountPoints            = [{ sourceVolume = "tmp", containerPath = "/tmp", readOnly = false }]
      portMappings           = each.value.port == null ? [] : [{ containerPort = each.value.port, protocol = "tcp" }]
      stopTimeout            = 30
      linuxParameters        = { initProcessEnabled = true }
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = var.log_group_names[each.key]
          awslogs-region        = local.region
          awslogs-stream-prefix = each.key
        }
      }
    },
    each.value.command == null ? {} : { command = each.value.command },
  )])
}
