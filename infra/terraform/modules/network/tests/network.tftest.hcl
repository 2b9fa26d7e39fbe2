mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:ap-south-1:111122223333:log-group:flow" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/flow" }
  }
}

variables {
  environment = "staging"
  kms_key_arn = "arn:aws:kms:ap-south-1:111122223333:key/11111111-2222-3333-4444-555555555555"
}

run "private_by_default" {
  command = plan

  assert {
    condition     = length(aws_nat_gateway.this) == 0 && length(aws_internet_gateway.this) == 0 && length(aws_route.out) == 0
    error_message = "Without being asked for, there is no way to the internet."
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.private : subnet.map_public_ip_on_launch == false])
    error_message = "A private subnet gives out no public address."
  }

  assert {
    condition     = length(aws_default_security_group.closed.ingress) == 0 && length(aws_default_security_group.closed.egress) == 0
    error_message = "The default security group lets nothing through."
  }

  assert {
    condition     = aws_flow_log.this.traffic_type == "ALL" && aws_cloudwatch_log_group.flow.kms_key_id == var.kms_key_arn
    error_message = "All traffic is logged, encrypted."
  }
}

run "every_service_has_its_door" {
  command = plan

  assert {
    condition = toset(output.endpoint_services) == toset([
      "s3", "dynamodb", "dynamodb-streams", "sagemaker.runtime", "sagemaker.api", "bedrock-runtime", "ecr.api", "ecr.dkr", "logs", "monitoring",
      "secretsmanager", "sqs", "sns", "ecs", "ec2", "kms", "sts", "xray",
    ])
    error_message = "The endpoints are those of the design."
  }

  assert {
    condition     = length(aws_vpc_endpoint.gateway) == 2 && length(aws_vpc_endpoint.interface) == 16
    error_message = "S3 and DynamoDB go through gateways, the rest through interfaces."
  }

  assert {
    condition     = alltrue([for name, endpoint in aws_vpc_endpoint.interface : endpoint.private_dns_enabled == (name != "dynamodb-streams")])
    error_message = "Clients find an endpoint under the service's ordinary name, where AWS has such names."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.endpoints.cidr_ipv4 == var.vpc_cidr && aws_vpc_security_group_ingress_rule.endpoints.from_port == 443 && aws_vpc_security_group_ingress_rule.endpoints.to_port == 443
    error_message = "Endpoints take HTTPS from within the network alone."
  }

  assert {
    condition     = data.aws_iam_policy_document.own_account.statement[0].condition != null && one(data.aws_iam_policy_document.own_account.statement[0].condition).variable == "aws:PrincipalAccount"
    error_message = "An endpoint serves this account's own principals alone."
  }
}

run "optional_door_and_one_zone" {
  command = apply

  variables {
    optional_endpoints = ["rekognition"]
    endpoint_zones     = 1
  }

  assert {
    condition     = contains(output.endpoint_services, "rekognition") && length(aws_vpc_endpoint.interface) == 17
    error_message = "An optional endpoint is made where it is named."
  }

  assert {
    condition     = alltrue([for endpoint in aws_vpc_endpoint.interface : length(endpoint.subnet_ids) == 1])
    error_message = "With one zone each endpoint is billed once."
  }
}

run "a_way_out_where_asked_for" {
  command = plan

  variables {
    nat_gateways = 1
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(aws_route.out) == 2
    error_message = "One gateway serves both zones."
  }
}

run "unknown_environment_is_refused" {
  command = plan

  variables {
    environment = "prod"
  }

  expect_failures = [var.environment]
}

run "unknown_door_is_refused" {
  command = plan

  variables {
    optional_endpoints = ["lambda"]
  }

  expect_failures = [var.optional_endpoints]
}
