# The five tables, named and keyed as bharatchef/records.py has them.

locals {
  tables = {
    Users           = { key = "userId" }
    Dishes          = { key = "dishId" }
    Evaluations     = { key = "evaluationId", sort = "userId", index = { name = "userId-timestamp-index", key = "userId", sort = "createdAt" } }
    ActionSequences = { key = "evaluationId" }
    Feedback        = { key = "evaluationId" }
  }
  table_prefix = "bharatchef-${var.environment}-"
}

resource "aws_dynamodb_table" "this" {
  for_each = local.tables

  name                        = "${local.table_prefix}${each.key}"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = each.value.key
  range_key                   = try(each.value.sort, null)
  deletion_protection_enabled = var.deletion_protection
  stream_enabled              = true
  stream_view_type            = "NEW_AND_OLD_IMAGES"

  dynamic "attribute" {
    for_each = toset(compact([
      each.value.key, try(each.value.sort, null), try(each.value.index.key, null), try(each.value.index.sort, null),
    ]))

    content {
      name = attribute.value
      # ISO 8601 times in UTC sort as text.
      type = "S"
    }
  }

  dynamic "global_secondary_index" {
    for_each = can(each.value.index) ? [each.value.index] : []

    content {
      name            = global_secondary_index.value.name
      hash_key        = global_secondary_index.value.key
      range_key       = global_secondary_index.value.sort
      projection_type = "ALL"
    }
  }

  point_in_time_recovery {
    enabled                 = true
    recovery_period_in_days = var.recovery_days
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }

  dynamic "replica" {
    for_each = var.table_replica == null ? [] : [var.table_replica]

    content {
      region_name            = replica.value.region
      kms_key_arn            = replica.value.kms_key_arn
      point_in_time_recovery = true
      propagate_tags         = true
    }
  }

  lifecycle {
    precondition {
      condition     = var.table_replica == null || (var.kms_key_arn == null) == (try(var.table_replica.kms_key_arn, null) == null)
      error_message = "A table under a KMS key is copied under a key of the other region: set table_replica.kms_key_arn."
    }
  }
}
