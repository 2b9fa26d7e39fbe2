# Copies of expert films and of results in another region, so that its loss loses neither. Off unless asked for.

locals {
  replicated = var.replication == null ? {} : local.versioned
}

resource "aws_s3_bucket" "replica" {
  # checkov:skip=CKV_AWS_18: it receives copies alone, nobody reads it while the region lives
  # checkov:skip=CKV_AWS_144: it is the copy
  # checkov:skip=CKV2_AWS_62: nothing waits for a copy
  for_each = local.replicated
  provider = aws.replica

  bucket        = "${local.names[each.key]}-copy"
  force_destroy = var.destroyable

  lifecycle {
    precondition {
      condition     = var.kms_key_arn == null || try(var.replication.kms_key_arn, null) != null
      error_message = "Objects under a KMS key are copied under a key of the other region: set replication.kms_key_arn."
    }
  }
}

resource "aws_s3_bucket_public_access_block" "replica" {
  for_each = aws_s3_bucket.replica
  provider = aws.replica

  bucket                  = each.value.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "replica" {
  for_each = aws_s3_bucket.replica
  provider = aws.replica

  bucket = each.value.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "replica" {
  for_each = aws_s3_bucket.replica
  provider = aws.replica

  bucket = each.value.id

  rule {
    bucket_key_enabled = var.kms_key_arn != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = try(var.replication.kms_key_arn, null)
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "replica" {
  for_each = aws_s3_bucket.replica
  provider = aws.replica

  bucket = aws_s3_bucket_versioning.replica[each.key].bucket

  rule {
    id     = "keep-old-versions-for-a-while"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.old_version_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 3
    }
  }
}

data "aws_iam_policy_document" "replica" {
  for_each = local.replicated

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.replica[each.key].arn, "${aws_s3_bucket.replica[each.key].arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "replica" {
  for_each = local.replicated
  provider = aws.replica

  bucket = aws_s3_bucket.replica[each.key].id
  policy = data.aws_iam_policy_document.replica[each.key].json
}

data "aws_iam_policy_document" "replication_assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["s3.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [for name in keys(local.versioned) : "arn:aws:s3:::${local.names[name]}"]
    }
  }
}

data "aws_iam_policy_document" "replication" {
  count = var.replication == null ? 0 : 1

  statement {
    sid       = "ReadSource"
    actions   = ["s3:GetReplicationConfiguration", "s3:ListBucket"]
    resources = [for name in keys(local.replicated) : aws_s3_bucket.this[name].arn]
  }

  statement {
    sid = "ReadVersions"
    actions = [
      "s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging",
    ]
    resources = [for name in keys(local.replicated) : "${aws_s3_bucket.this[name].arn}/*"]
  }

  statement {
    sid       = "WriteCopies"
    actions   = ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"]
    resources = [for name in keys(local.replicated) : "${aws_s3_bucket.replica[name].arn}/*"]
  }

  dynamic "statement" {
    for_each = var.kms_key_arn == null ? [] : [1]

    content {
      sid       = "DecryptSource"
      actions   = ["kms:Decrypt"]
      resources = [var.kms_key_arn]
    }
  }

  dynamic "statement" {
    for_each = var.kms_key_arn == null ? [] : [1]

    content {
      sid       = "EncryptCopy"
      actions   = ["kms:Encrypt", "kms:GenerateDataKey"]
      resources = [var.replication.kms_key_arn]
    }
  }
}

resource "aws_iam_role" "replication" {
  count = var.replication == null ? 0 : 1

  name               = "bharatchef-replication-${var.environment}"
  assume_role_policy = data.aws_iam_policy_document.replication_assume.json
}

resource "aws_iam_role_policy" "replication" {
  count = var.replication == null ? 0 : 1

  name   = "copy-objects"
  role   = aws_iam_role.replication[0].id
  policy = data.aws_iam_policy_document.replication[0].json
}

resource "aws_s3_bucket_replication_configuration" "this" {
  for_each = local.replicated

  bucket = aws_s3_bucket_versioning.this[each.key].bucket
  role   = aws_iam_role.replication[0].arn

  rule {
    id     = "copy-all"
    status = "Enabled"

    filter {}

    # An object that is deleted here is deleted there, or forgetting a person would stop at the border.
    delete_marker_replication {
      status = "Enabled"
    }

    dynamic "source_selection_criteria" {
      for_each = var.kms_key_arn == null ? [] : [1]

      content {
        sse_kms_encrypted_objects {
          status = "Enabled"
        }
      }
    }

    destination {
      bucket        = aws_s3_bucket.replica[each.key].arn
      storage_class = "STANDARD_IA"

      dynamic "encryption_configuration" {
        for_each = var.kms_key_arn == null ? [] : [1]

        content {
          replica_kms_key_id = var.replication.kms_key_arn
        }
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.replica]
}
