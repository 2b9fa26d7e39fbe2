# What the job and the crawler may reach and read: the tables' stream, results, two secrets, one key.

resource "aws_security_group" "glue" {
  # checkov:skip=CKV2_AWS_5: Glue puts it on the interfaces of its job, by the connection of this module
  for_each = local.this

  name        = local.name
  description = "Glue's workers: among themselves, to PostgreSQL, and to the services of AWS"
  vpc_id      = var.vpc_id

  tags = { Name = local.name }
}

# Glue's workers speak with each other on any port; nobody else speaks with them.
resource "aws_vpc_security_group_ingress_rule" "itself" {
  # checkov:skip=CKV_AWS_24: it names this very group and no address
  # checkov:skip=CKV_AWS_25: it names this very group and no address
  # checkov:skip=CKV_AWS_260: it names this very group and no address
  for_each = local.this

  security_group_id            = aws_security_group.glue["this"].id
  description                  = "Glue's workers among themselves"
  referenced_security_group_id = aws_security_group.glue["this"].id
  ip_protocol                  = "tcp"
  from_port                    = 0
  to_port                      = 65535
}

resource "aws_vpc_security_group_egress_rule" "itself" {
  for_each = local.this

  security_group_id            = aws_security_group.glue["this"].id
  description                  = "Glue's workers among themselves"
  referenced_security_group_id = aws_security_group.glue["this"].id
  ip_protocol                  = "tcp"
  from_port                    = 0
  to_port                      = 65535
}

resource "aws_vpc_security_group_egress_rule" "services" {
  for_each = local.this

  security_group_id = aws_security_group.glue["this"].id
  description       = "HTTPS: DynamoDB, S3, secrets and logs"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "database" {
  for_each = local.database_clients

  security_group_id            = each.value
  description                  = "PostgreSQL of the analytics"
  referenced_security_group_id = var.database_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  for_each = local.database_clients

  security_group_id            = var.database_security_group_id
  description                  = "PostgreSQL of the analytics from ${each.key}"
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

locals {
  database_clients = merge(
    { for name, group in var.client_security_group_ids : name => group },
    { for name, _ in local.this : "glue" => aws_security_group.glue[name].id },
  )
}

# The tasks read the password themselves, each time: RDS changes it.
data "aws_iam_policy_document" "login" {
  statement {
    sid       = "ReadTheDatabasesLogin"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.database.secret_arn]
  }
}

resource "aws_iam_role_policy" "login" {
  for_each = var.client_role_arns

  name   = "analytics-login"
  role   = reverse(split("/", each.value))[0]
  policy = data.aws_iam_policy_document.login.json
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["glue.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

data "aws_iam_policy_document" "glue" {
  statement {
    sid       = "ReadEvaluations"
    actions   = ["dynamodb:DescribeTable", "dynamodb:Scan"]
    resources = [var.evaluations_table_arn]
  }

  statement {
    sid       = "FollowEvaluations"
    actions   = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
    resources = ["${var.evaluations_table_arn}/stream/*"]
  }

  statement {
    sid       = "ReadResultsAndCode"
    actions   = ["s3:GetObject"]
    resources = ["${var.results_bucket_arn}/*", "arn:aws:s3:::${var.code.bucket}/${var.code.script_key}", "arn:aws:s3:::${var.code.bucket}/${var.code.wheels_key}"]
  }

  # Without it S3 says of what is not there that it may not be read.
  statement {
    sid       = "FindResults"
    actions   = ["s3:ListBucket"]
    resources = [var.results_bucket_arn]
  }

  statement {
    sid       = "ReadSecrets"
    actions   = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
    resources = [var.database.secret_arn, var.pseudonym_key_secret_arn]
  }

  statement {
    sid       = "UseTheKey"
    actions   = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:DescribeKey"]
    resources = [var.kms_key_arn]
  }

  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:AssociateKmsKey"]
    resources = ["arn:aws:logs:${var.region}:${local.account}:log-group:/aws-glue/*"]
  }

  statement {
    sid = "KeepTheCatalogue"
    actions = [
      "glue:GetConnection", "glue:GetConnections", "glue:GetDatabase", "glue:GetTable", "glue:GetTables",
      "glue:CreateTable", "glue:UpdateTable", "glue:BatchGetPartition", "glue:GetSecurityConfiguration",
      "glue:GetJob", "glue:GetJobRun",
    ]
    resources = [
      "arn:aws:glue:${var.region}:${local.account}:catalog",
      "arn:aws:glue:${var.region}:${local.account}:database/${replace(local.name, "-", "_")}",
      "arn:aws:glue:${var.region}:${local.account}:table/${replace(local.name, "-", "_")}/*",
      "arn:aws:glue:${var.region}:${local.account}:connection/${local.name}",
      "arn:aws:glue:${var.region}:${local.account}:job/${local.name}",
    ]
  }

  statement {
    sid     = "StandInTheNetwork"
    actions = ["ec2:DescribeSubnets", "ec2:DescribeSecurityGroups", "ec2:DescribeVpcEndpoints", "ec2:DescribeRouteTables", "ec2:DescribeNetworkInterfaces"]
    # EC2 describes no single thing: these actions know no resource.
    resources = ["*"]
  }

  statement {
    sid     = "MakeItsInterfaces"
    actions = ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:CreateTags"]
    resources = [
      "arn:aws:ec2:${var.region}:${local.account}:network-interface/*",
      "arn:aws:ec2:${var.region}:${local.account}:subnet/${var.private_subnet_id}",
      "arn:aws:ec2:${var.region}:${local.account}:security-group/*",
    ]
  }
}

resource "aws_iam_role" "glue" {
  for_each = local.this

  name               = local.name
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "glue" {
  for_each = local.this

  name   = "load"
  role   = aws_iam_role.glue["this"].id
  policy = data.aws_iam_policy_document.glue.json
}
