# Gateways are free; an interface endpoint is billed by the hour and zone, so optional ones are asked for by name.

locals {
  endpoints = {
    for name, endpoint in yamldecode(file("${path.module}/endpoints.yaml")) : name => endpoint
    if !try(endpoint.optional, false) || contains(var.optional_endpoints, name)
  }
  gateways   = { for name, endpoint in local.endpoints : name => endpoint if endpoint.type == "Gateway" }
  interfaces = { for name, endpoint in local.endpoints : name => endpoint if endpoint.type == "Interface" }

  endpoint_subnets = slice(var.availability_zones, 0, var.endpoint_zones)
}

resource "aws_security_group" "endpoints" {
  name        = "bharatchef-endpoints-${var.environment}"
  description = "HTTPS from the private network to the endpoints of AWS services"
  vpc_id      = aws_vpc.this.id

  tags = { Name = "bharatchef-endpoints-${var.environment}" }
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  security_group_id = aws_security_group.endpoints.id
  description       = "HTTPS from within the network"
  cidr_ipv4         = var.vpc_cidr
  from_port         = 443
  to_port           = 443
  ip_protocol       = "tcp"
}

# An endpoint serves this account's own principals alone: stolen keys of another account cannot carry data out.
data "aws_iam_policy_document" "own_account" {
  # checkov:skip=CKV_AWS_1: an endpoint's policy narrows what roles and resources allow, it allows nothing by itself
  # checkov:skip=CKV_AWS_49: the same; which actions are allowed is said by each role
  statement {
    sid     = "OwnAccount"
    actions = ["*"]
    # The endpoint names no resources; what each principal may do is said by its own role and by each resource.
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

data "aws_iam_policy_document" "s3" {
  # checkov:skip=CKV_AWS_283: layers of images are read with a signature of the registry, which is another account
  source_policy_documents = [data.aws_iam_policy_document.own_account.json]

  # Layers of container images lie in a bucket that AWS owns, read with ECR's own signature.
  statement {
    sid       = "ImageLayers"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::prod-${var.region}-starport-layer-bucket/*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
  }
}

resource "aws_vpc_endpoint" "gateway" {
  for_each = local.gateways

  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${var.region}.${each.value.service}"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [for table in aws_route_table.private : table.id]
  policy            = each.key == "s3" ? data.aws_iam_policy_document.s3.json : data.aws_iam_policy_document.own_account.json

  tags = { Name = "bharatchef-${each.key}-${var.environment}" }
}

resource "aws_vpc_endpoint" "interface" {
  for_each = local.interfaces

  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${var.region}.${each.value.service}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = try(each.value.private_dns, true)
  subnet_ids          = [for zone in local.endpoint_subnets : aws_subnet.private[zone].id]
  security_group_ids  = [aws_security_group.endpoints.id]
  policy              = data.aws_iam_policy_document.own_account.json

  tags = { Name = "bharatchef-${each.key}-${var.environment}" }
}
