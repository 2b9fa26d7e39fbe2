# How long things are kept, and in which class of storage.

resource "aws_s3_bucket_lifecycle_configuration" "trainee" {
  bucket = aws_s3_bucket.this[local.trainee].id

  rule {
    id     = "abort-incomplete-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 3
    }
  }

  rule {
    id     = "${var.trainee_film_retention}-films"
    status = "Enabled"

    filter {
      prefix = "trainee/"
    }

    dynamic "transition" {
      for_each = var.trainee_film_retention == "archive" ? [1] : []

      content {
        days          = var.trainee_film_days
        storage_class = "GLACIER"
      }
    }

    dynamic "expiration" {
      for_each = var.trainee_film_retention == "delete" ? [1] : []

      content {
        days = var.trainee_film_days
      }
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "versioned" {
  for_each = local.versioned

  # A rule on versions asks for versioning to be there.
  bucket = aws_s3_bucket_versioning.this[each.key].bucket

  rule {
    id     = "abort-incomplete-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 3
    }
  }

  rule {
    id     = "tier-by-use"
    status = "Enabled"

    filter {}

    transition {
      days          = 0
      storage_class = "INTELLIGENT_TIERING"
    }

    noncurrent_version_expiration {
      noncurrent_days = var.old_version_days
    }
  }

  # What tasks give one another: of use while a run may still be taken up again, and made anew where it is gone.
  dynamic "rule" {
    for_each = each.key == "bharatchef-processed-results" ? [1] : []

    content {
      id     = "end-task-results"
      status = "Enabled"

      filter {
        prefix = "prefect-results/"
      }

      expiration {
        days = var.task_result_days
      }
    }
  }
}
