# How the server is reached, from within the network alone, and who may speak with whom.

resource "aws_lb" "server" {
  # checkov:skip=CKV_AWS_150: it is protected unless the whole environment is `destroyable`
  # checkov:skip=CKV_AWS_91: who called which run is in Prefect's own log; an access log would need a bucket that ELB writes to
  # checkov:skip=CKV2_AWS_20: plain HTTP stays within the private network where no certificate is given
  # checkov:skip=CKV2_AWS_28: it is internal; nothing on the internet reaches it
  name                       = "bharatchef-prefect-${var.environment}"
  internal                   = true
  load_balancer_type         = "application"
  subnets                    = var.private_subnet_ids
  security_groups            = [aws_security_group.balancer.id]
  drop_invalid_header_fields = true
  enable_deletion_protection = !var.destroyable
}

resource "aws_lb_target_group" "server" {
  # checkov:skip=CKV_AWS_378: TLS ends at the load balancer; from there it is one step within the network
  for_each = toset(["blue", "green"])

  name        = "bharatchef-${each.key}-${var.environment}"
  vpc_id      = var.vpc_id
  port        = 4200
  protocol    = "HTTP"
  target_type = "ip"

  deregistration_delay = 30

  health_check {
    # Ready is a server that reaches its database. One that cannot, because the password was changed since it
    # started, is replaced by a new one, which reads the new password.
    path                = "/api/ready"
    matcher             = "200"
    interval            = 15
    timeout             = 10
    healthy_threshold   = 2
    unhealthy_threshold = 4
  }
}

resource "aws_lb_listener" "server" {
  # checkov:skip=CKV_AWS_2: plain HTTP stays within the private network where no certificate is given
  # checkov:skip=CKV_AWS_103: with a certificate, the policy asks for TLS 1.2 at least
  load_balancer_arn = aws_lb.server.arn
  port              = local.port
  protocol          = upper(local.scheme)
  certificate_arn   = var.certificate_arn
  ssl_policy        = var.certificate_arn == null ? null : "ELBSecurityPolicy-TLS13-1-2-2021-06"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.server["blue"].arn
  }

  lifecycle {
    # CodeDeploy moves it between blue and green.
    ignore_changes = [default_action]
  }
}

resource "aws_security_group" "balancer" {
  # checkov:skip=CKV2_AWS_5: the load balancer of this module stands in it
  name        = "bharatchef-prefect-balancer-${var.environment}"
  description = "The load balancer before the Prefect server"
  vpc_id      = var.vpc_id

  tags = { Name = "bharatchef-prefect-balancer-${var.environment}" }
}

resource "aws_security_group" "server" {
  # checkov:skip=CKV2_AWS_5: the Prefect server of this module stands in it
  name        = "bharatchef-prefect-server-${var.environment}"
  description = "The Prefect server: called by its load balancer, calls its database"
  vpc_id      = var.vpc_id

  tags = { Name = "bharatchef-prefect-server-${var.environment}" }
}

resource "aws_security_group" "tasks" {
  # checkov:skip=CKV2_AWS_5: the worker, intake and the runs of this module stand in it
  name        = "bharatchef-tasks-${var.environment}"
  description = "Worker, intake and runs: they call AWS and Prefect, nobody calls them"
  vpc_id      = var.vpc_id

  tags = { Name = "bharatchef-tasks-${var.environment}" }
}

resource "aws_vpc_security_group_ingress_rule" "balancer" {
  security_group_id = aws_security_group.balancer.id
  description       = "Prefect, from within the network"
  cidr_ipv4         = var.vpc_cidr
  ip_protocol       = "tcp"
  from_port         = local.port
  to_port           = local.port
}

resource "aws_vpc_security_group_egress_rule" "balancer" {
  security_group_id            = aws_security_group.balancer.id
  description                  = "To the Prefect server"
  referenced_security_group_id = aws_security_group.server.id
  ip_protocol                  = "tcp"
  from_port                    = 4200
  to_port                      = 4200
}

resource "aws_vpc_security_group_ingress_rule" "server" {
  security_group_id            = aws_security_group.server.id
  description                  = "From the load balancer"
  referenced_security_group_id = aws_security_group.balancer.id
  ip_protocol                  = "tcp"
  from_port                    = 4200
  to_port                      = 4200
}

resource "aws_vpc_security_group_egress_rule" "database" {
  security_group_id            = aws_security_group.server.id
  description                  = "To the database"
  referenced_security_group_id = var.database_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = var.database.port
  to_port                      = var.database.port
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  security_group_id            = var.database_security_group_id
  description                  = "From the Prefect server"
  referenced_security_group_id = aws_security_group.server.id
  ip_protocol                  = "tcp"
  from_port                    = var.database.port
  to_port                      = var.database.port
}

resource "aws_vpc_security_group_egress_rule" "prefect" {
  security_group_id            = aws_security_group.tasks.id
  description                  = "To Prefect"
  referenced_security_group_id = aws_security_group.balancer.id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

# Within the network: the endpoints of AWS services, and OpenSearch where there is a domain.
resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.tasks.id
  description       = "HTTPS within the network"
  cidr_ipv4         = var.vpc_cidr
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "server_endpoints" {
  security_group_id            = aws_security_group.server.id
  description                  = "Image, logs and secrets through the endpoints"
  referenced_security_group_id = var.endpoint_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "gateways" {
  for_each = merge([for service, list in var.gateway_prefix_list_ids : {
    "tasks-${service}"  = { group = aws_security_group.tasks.id, list = list, service = service }
    "server-${service}" = { group = aws_security_group.server.id, list = list, service = service }
  }]...)

  security_group_id = each.value.group
  description       = "To ${each.value.service}"
  prefix_list_id    = each.value.list
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
