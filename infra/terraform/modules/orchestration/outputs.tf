output "prefect_api_url" {
  description = "Prefect's API, reached from within the network."
  value       = local.api_url
}

output "cluster_name" {
  description = "The cluster, for BHARATCHEF_ECS_CLUSTER."
  value       = aws_ecs_cluster.this.name
}

output "service_names" {
  description = "The services, by prefect-server, prefect-worker and intake."
  value       = merge({ prefect-server = aws_ecs_service.server.name }, { for name, service in aws_ecs_service.this : name => service.name })
}

output "task_definition_arns" {
  description = "Task definitions, by prefect-server, prefect-worker, intake and evaluation."
  value       = { for name, definition in aws_ecs_task_definition.this : name => definition.arn }
}

output "listener_arn" {
  description = "Where the load balancer listens, for CodeDeploy."
  value       = aws_lb_listener.server.arn
}

output "target_group_names" {
  description = "The two target groups, by blue and green, for CodeDeploy."
  value       = { for colour, group in aws_lb_target_group.server : colour => group.name }
}

output "task_security_group_id" {
  description = "Group of worker, intake and runs."
  value       = aws_security_group.tasks.id
}

output "passed_role_arns" {
  description = "Roles that whoever deploys a task definition passes on."
  value       = concat([aws_iam_role.execution.arn, aws_iam_role.worker.arn], [for name in ["evaluation", "intake"] : var.workload_role_arns[name]])
}

output "retraining_role_arn" {
  description = "The role of runs that train models and roll them out, for BHARATCHEF_RETRAINING_ROLE when flows are deployed."
  value       = var.workload_role_arns["retraining"]
}

output "run_job_variables" {
  description = "What the base job template of the pool bharatchef-ecs is given (`python -m flows.work_pools` reads it): where a run stands and with which roles; `task_definition` is what a run's own definition has of the evaluation's."
  value = {
    cluster                    = aws_ecs_cluster.this.arn
    vpc_id                     = var.vpc_id
    execution_role_arn         = aws_iam_role.execution.arn
    task_role_arn              = var.workload_role_arns["evaluation"]
    capacity_provider_strategy = [for provider, weight in { FARGATE_SPOT = 3, FARGATE = 1 } : { capacityProvider = provider, base = 0, weight = weight }]
    network_configuration      = { subnets = var.private_subnet_ids, securityGroups = [aws_security_group.tasks.id], assignPublicIp = "DISABLED" }
    env                        = local.settings
    task_definition = {
      runtimePlatform = { operatingSystemFamily = "LINUX", cpuArchitecture = var.cpu_architecture }
      volumes         = [{ name = "tmp" }]
      container = {
        for name, value in jsondecode(aws_ecs_task_definition.this["evaluation"].container_definitions)[0] : name => value
        if contains(["secrets", "mountPoints", "readonlyRootFilesystem", "linuxParameters", "logConfiguration", "stopTimeout"], name)
      }
    }
  }
}
