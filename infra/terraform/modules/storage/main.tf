# The three buckets: films of trainees, films of experts, results. What each keeps, for how long, and for whom.

locals {
  buckets = {
    "bharatchef-trainee-videos"    = { films = true, versions = false }
    "bharatchef-expert-videos"     = { films = true, versions = true }
    "bharatchef-processed-results" = { films = false, versions = true }
  }
  names = {
    for name, bucket in local.buckets :
    name => join("-", compact([name, var.environment, var.bucket_suffix]))
  }
  films     = { for name, bucket in local.buckets : name => bucket if bucket.films }
  versioned = { for name, bucket in local.buckets : name => bucket if bucket.versions }
  trainee   = "bharatchef-trainee-videos"
  expert    = "bharatchef-expert-videos"
}

resource "aws_s3_bucket" "this" {
  # checkov:skip=CKV_AWS_18: who reads and writes objects is recorded by CloudTrail's data events (module governance)
  # checkov:skip=CKV_AWS_144: expert films and results are copied where `replication` is set; a trainee's film is not, it is to be forgotten
  # checkov:skip=CKV2_AWS_62: EventBridge takes the events of both film buckets; nothing waits for a result's object
  # checkov:skip=CKV_AWS_21: a trainee's film has no versions, so that deleting it deletes it
  # checkov:skip=CKV_AWS_145: `kms_key_arn` chooses between KMS and S3's own keys
  for_each = local.names

  bucket        = each.value
  force_destroy = var.destroyable
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = aws_s3_bucket.this

  bucket                  = each.value.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    # A bucket key asks KMS once for many objects.
    bucket_key_enabled = var.kms_key_arn != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = local.versioned

  bucket = aws_s3_bucket.this[each.key].id

  versioning_configuration {
    status = "Enabled"
  }
}

# Film uploads are what starts the work; multipart ones count too, which S3's own Put notification would miss.
resource "aws_s3_bucket_notification" "films" {
  for_each = local.films

  bucket      = aws_s3_bucket.this[each.key].id
  eventbridge = true
}

resource "aws_s3_bucket_accelerate_configuration" "films" {
  for_each = var.transfer_acceleration ? local.films : {}

  bucket = aws_s3_bucket.this[each.key].id
  status = "Enabled"
}

resource "aws_s3_bucket_cors_configuration" "films" {
  for_each = length(var.upload_origins) > 0 ? local.films : {}

  bucket = aws_s3_bucket.this[each.key].id

  cors_rule {
    allowed_origins = var.upload_origins
    allowed_methods = ["GET", "PUT", "POST"]
    allowed_headers = ["*"]
    expose_headers  = ["ETag"]
    max_age_seconds = 3600
  }
}
