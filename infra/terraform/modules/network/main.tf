# Private subnets, and a door to each AWS service that is used; nothing here is reachable from the internet.

data "aws_caller_identity" "current" {}

locals {
  name    = "bharatchef-network-${var.environment}"
  subnets = { for index, zone in var.availability_zones : zone => cidrsubnet(var.vpc_cidr, 4, index) }
  # Public subnets take the upper half of the range, so that adding them moves no private one.
  nat_zones = slice(var.availability_zones, 0, var.nat_gateways)
  public_subnets = {
    for index, zone in local.nat_zones : zone => cidrsubnet(var.vpc_cidr, 4, index + 8)
  }
}

resource "aws_vpc" "this" {
  cidr_block           = var.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = local.name }
}

# The default group would let everything in the network speak with everything: emptied, so that nothing rests on it.
resource "aws_default_security_group" "closed" {
  vpc_id  = aws_vpc.this.id
  ingress = []
  egress  = []

  tags = { Name = "${local.name}-closed" }
}

resource "aws_subnet" "private" {
  for_each = local.subnets

  vpc_id                  = aws_vpc.this.id
  cidr_block              = each.value
  availability_zone       = each.key
  map_public_ip_on_launch = false

  tags = { Name = "${local.name}-private-${each.key}" }
}

resource "aws_route_table" "private" {
  for_each = local.subnets

  vpc_id = aws_vpc.this.id

  tags = { Name = "${local.name}-private-${each.key}" }
}

resource "aws_route_table_association" "private" {
  for_each = local.subnets

  subnet_id      = aws_subnet.private[each.key].id
  route_table_id = aws_route_table.private[each.key].id
}
