mock_provider "aws" {
  override_during = plan

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_region" {
    defaults = { name = "ap-south-1" }
  }
  mock_resource "aws_ecs_cluster" {
    defaults = { arn = "arn:aws:ecs:ap-south-1:111122223333:cluster/bharatchef-staging" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/made" }
  }
  mock_resource "aws_lb" {
    defaults = {
      arn      = "arn:aws:elasticloadbalancing:ap-south-1:111122223333:loadbalancer/app/prefect/1"
      dns_name = "internal-prefect.ap-south-1.elb.amazonaws.com"
    }
  }
  mock_resource "aws_lb_target_group" {
    defaults = { arn = "arn:aws:elasticloadbalancing:ap-south-1:111122223333:targetgroup/prefect/1" }
  }
  mock_resource "aws_lb_listener" {
    defaults = { arn = "arn:aws:elasticloadbalancing:ap-south-1:111122223333:listener/app/prefect/1/1" }
  }
  mock_resource "aws_ecs_task_definition" {
    defaults = { arn = "arn:aws:ecs:ap-south-1:111122223333:task-definition/bharatchef:1" }
  }
}

variables {
  environment                = "staging"
  kms_key_arn                = "arn:aws:kms:ap-south-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  vpc_id                     = "vpc-1"
  vpc_cidr                   = "10.41.0.0/16"
  private_subnet_ids         = ["subnet-1", "subnet-2"]
  endpoint_security_group_id = "sg-endpoints"
  gateway_prefix_list_ids    = { s3 = "pl-s3", dynamodb = "pl-dynamodb" }
  database_security_group_id = "sg-database"
  database = {
    address    = "prefect.ap-south-1.rds.amazonaws.com"
    port       = 5432
    name       = "prefect"
    secret_arn = "arn:aws:secretsmanager:ap-south-1:111122223333:secret:rds-1"
  }
  images = {
    server = "111122223333.dkr.ecr.ap-south-1.amazonaws.com/bharatchef-worker-staging:0.1.0"
    worker = "111122223333.dkr.ecr.ap-south-1.amazonaws.com/bharatchef-worker-staging:0.1.0"
    intake = "111122223333.dkr.ecr.ap-south-1.amazonaws.com/bharatchef-intake-staging:0.1.0"
  }
  workload_secrets      = { BHARATCHEF_PSEUDONYM_KEY = "arn:aws:secretsmanager:ap-south-1:111122223333:secret:bharatchef/staging/pseudonym-key-1" }
  image_repository_arns = ["arn:aws:ecr:ap-south-1:111122223333:repository/bharatchef-worker-staging"]
  workload_role_arns = {
    evaluation = "arn:aws:iam::111122223333:role/bharatchef-evaluation-staging"
    intake     = "arn:aws:iam::111122223333:role/bharatchef-intake-staging"
    retraining = "arn:aws:iam::111122223333:role/bharatchef-retraining-staging"
  }
  settings = { BHARATCHEF_PORTS = "aws" }
  log_group_names = {
    "prefect-server" = "bharatchef-prefect-server-staging"
    "prefect-worker" = "bharatchef-prefect-worker-staging"
    "evaluation"     = "bharatchef-evaluation-staging"
    "intake"         = "bharatchef-intake-staging"
  }
  queue_names = { "video-processing-queue" = "bharatchef-video-processing-queue-staging" }
}

run "what_runs" {
  command = plan

  assert {
    condition = alltrue([
      for name in ["intake", "evaluation"] :
      strcontains(aws_ecs_task_definition.this[name].container_definitions, "\"name\":\"BHARATCHEF_PSEUDONYM_KEY\",\"valueFrom\":\"arn:aws:secretsmanager:ap-south-1:111122223333:secret:bharatchef/staging/pseudonym-key-1\"")
    ]) && contains(one([for statement in data.aws_iam_policy_document.execution.statement : statement.resources if statement.sid == "SecretsOfTasks"]), var.workload_secrets["BHARATCHEF_PSEUDONYM_KEY"])
    error_message = "Runs and intake are given their secrets by ECS."
  }

  assert {
    condition     = alltrue([for group in aws_lb_target_group.server : one(group.health_check).path == "/api/ready"])
    error_message = "A server that cannot log in to its database any more is replaced."
  }

  assert {
    condition     = alltrue([for definition in aws_ecs_task_definition.this : jsondecode(definition.container_definitions)[0].readonlyRootFilesystem && jsondecode(definition.container_definitions)[0].logConfiguration.options.awslogs-group != null && one(definition.runtime_platform).cpu_architecture == "ARM64"])
    error_message = "Every container is read-only, logs, and runs on ARM."
  }

  assert {
    condition     = [for secret in jsondecode(aws_ecs_task_definition.this["prefect-server"].container_definitions)[0].secrets : secret.name] == ["PREFECT_SERVER_DATABASE_PASSWORD", "PREFECT_SERVER_DATABASE_USER"] && alltrue([for variable in jsondecode(aws_ecs_task_definition.this["prefect-server"].container_definitions)[0].environment : !strcontains(variable.name, "PASSWORD")])
    error_message = "The database's password comes from its secret and stands in no environment."
  }

  assert {
    condition     = contains([for variable in jsondecode(aws_ecs_task_definition.this["intake"].container_definitions)[0].environment : "${variable.name}=${variable.value}"], "PREFECT_API_URL=http://internal-prefect.ap-south-1.elb.amazonaws.com/api")
    error_message = "Intake knows where Prefect is."
  }

  assert {
    condition     = aws_lb.server.internal && aws_lb.server.enable_deletion_protection && aws_vpc_security_group_ingress_rule.balancer.cidr_ipv4 == "10.41.0.0/16"
    error_message = "Prefect is reached from within the network alone."
  }

  assert {
    condition     = alltrue([for service in concat(values(aws_ecs_service.this), [aws_ecs_service.server]) : one(service.network_configuration).assign_public_ip == false])
    error_message = "No task has a public address."
  }

  assert {
    condition     = { for strategy in aws_ecs_service.this["prefect-worker"].capacity_provider_strategy : strategy.capacity_provider => [strategy.base, strategy.weight] }["FARGATE"] == [1, 1] && { for strategy in aws_ecs_service.this["prefect-worker"].capacity_provider_strategy : strategy.capacity_provider => strategy.weight }["FARGATE_SPOT"] == 3
    error_message = "One worker is always on demand, what comes beyond is on Spot."
  }

  assert {
    condition     = toset(aws_ecs_cluster_capacity_providers.this.capacity_providers) == toset(["FARGATE", "FARGATE_SPOT"])
    error_message = "The cluster has Spot and on demand."
  }

  assert {
    condition     = alltrue([for policy in aws_appautoscaling_policy.queue : one(one(one(policy.target_tracking_scaling_policy_configuration).customized_metric_specification).dimensions).value == "bharatchef-video-processing-queue-staging"]) && alltrue([for target in aws_appautoscaling_target.service : target.min_capacity == 1 && target.max_capacity == 3])
    error_message = "How many run follows the queue."
  }

  assert {
    condition     = one(aws_ecs_service.server.deployment_controller).type == "CODE_DEPLOY" && toset(keys(output.target_group_names)) == toset(["blue", "green"]) && aws_ecs_service.server.desired_count == 1
    error_message = "The server is replaced blue/green."
  }
}

run "nothing_may_more_than_it_must" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for document in [data.aws_iam_policy_document.execution, data.aws_iam_policy_document.worker] : [
        for statement in document.statement : alltrue([for action in statement.actions : !strcontains(action, "*")]) && (!contains(statement.resources, "*") || contains(["RegistryToken", "DefineRuns", "FindNetwork"], statement.sid))
      ]
    ]))
    error_message = "No action is a pattern, and only what knows no resource stands for all."
  }

  assert {
    condition     = toset(one([for statement in data.aws_iam_policy_document.worker.statement : statement.resources if statement.sid == "LendRoles"])) == toset(["arn:aws:iam::111122223333:role/made", "arn:aws:iam::111122223333:role/bharatchef-evaluation-staging", "arn:aws:iam::111122223333:role/bharatchef-retraining-staging"])
    error_message = "The worker lends a run the run's roles alone."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.database.security_group_id == "sg-database" && aws_vpc_security_group_ingress_rule.database.from_port == 5432 && aws_ecs_task_definition.this["prefect-server"].task_role_arn == null
    error_message = "The server reaches its database and nothing of AWS."
  }
}

run "production_has_two_servers_and_tls" {
  command = plan

  variables {
    environment     = "production"
    certificate_arn = "arn:aws:acm:ap-south-1:111122223333:certificate/1"
    server_name     = "prefect.example.internal"
  }

  assert {
    condition     = aws_ecs_service.server.desired_count == 2 && aws_lb_listener.server.protocol == "HTTPS" && startswith(aws_lb_listener.server.ssl_policy, "ELBSecurityPolicy-TLS13") && output.prefect_api_url == "https://prefect.example.internal/api"
    error_message = "Production runs two servers, and TLS where there is a certificate."
  }
}

run "images_are_pinned" {
  command = plan

  variables {
    images = {
      server = "111122223333.dkr.ecr.ap-south-1.amazonaws.com/bharatchef-worker-staging:latest"
      worker = "111122223333.dkr.ecr.ap-south-1.amazonaws.com/bharatchef-worker-staging:0.1.0"
      intake = "111122223333.dkr.ecr.ap-south-1.amazonaws.com/bharatchef-intake-staging:0.1.0"
    }
  }

  expect_failures = [var.images]
}

run "settings_hold_no_secret" {
  command = plan

  variables {
    settings = { BHARATCHEF_DB_PASSWORD = "x" }
  }

  expect_failures = [var.settings]
}
