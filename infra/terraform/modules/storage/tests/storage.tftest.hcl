mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

mock_provider "aws" {
  alias = "replica"
}

variables {
  environment = "staging"
}

run "films_are_safe" {
  command = plan

  assert {
    condition = output.bucket_names == {
      "bharatchef-trainee-videos"    = "bharatchef-trainee-videos-staging"
      "bharatchef-expert-videos"     = "bharatchef-expert-videos-staging"
      "bharatchef-processed-results" = "bharatchef-processed-results-staging"
    }
    error_message = "The buckets bear the design's names and the environment."
  }

  assert {
    condition = length(aws_s3_bucket_public_access_block.this) == 3 && alltrue([
      for block in aws_s3_bucket_public_access_block.this :
      block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets
    ])
    error_message = "No bucket is open to the public in any way."
  }

  assert {
    condition = length(aws_s3_bucket_server_side_encryption_configuration.this) == 3 && alltrue([
      for bucket in aws_s3_bucket_server_side_encryption_configuration.this :
      one(one(bucket.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    ])
    error_message = "Without a key, S3's own keys encrypt."
  }

  assert {
    condition = length(data.aws_iam_policy_document.bucket) == 3 && alltrue([
      for document in data.aws_iam_policy_document.bucket :
      document.statement[0].effect == "Deny" && contains(document.statement[0].actions, "s3:*") && one(document.statement[0].condition).variable == "aws:SecureTransport"
      && document.statement[1].effect == "Deny" && one(document.statement[1].condition).variable == "s3:TlsVersion" && contains(one(document.statement[1].condition).values, "1.2")
    ])
    error_message = "What comes without TLS 1.2 is denied, on each bucket."
  }

  assert {
    condition     = alltrue([for document in data.aws_iam_policy_document.bucket : alltrue([for statement in document.statement : statement.effect == "Deny"])])
    error_message = "Without a distribution, no bucket policy allows anybody anything."
  }

  assert {
    condition     = alltrue([for controls in aws_s3_bucket_ownership_controls.this : one(controls.rule).object_ownership == "BucketOwnerEnforced"])
    error_message = "Access lists are off."
  }

  assert {
    condition     = alltrue([for bucket in aws_s3_bucket.this : bucket.force_destroy == false])
    error_message = "A bucket with films in it is not destroyed unless asked for."
  }
}

run "films_are_kept_as_long_as_said" {
  command = plan

  assert {
    condition     = toset(keys(aws_s3_bucket_versioning.this)) == toset(["bharatchef-expert-videos", "bharatchef-processed-results"]) && alltrue([for bucket in aws_s3_bucket_versioning.this : one(bucket.versioning_configuration).status == "Enabled"])
    error_message = "Expert films and results have versions; a trainee's film, once deleted, is gone."
  }

  assert {
    condition = anytrue([
      for rule in aws_s3_bucket_lifecycle_configuration.trainee.rule :
      rule.status == "Enabled" && anytrue([for transition in rule.transition : transition.days == 90 && transition.storage_class == "GLACIER"])
    ])
    error_message = "A trainee's film goes to Glacier at 90 days."
  }

  assert {
    condition     = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.trainee.rule : length(rule.expiration) == 0])
    error_message = "An archived film is not deleted."
  }

  assert {
    condition = alltrue([
      for bucket in concat([aws_s3_bucket_lifecycle_configuration.trainee], values(aws_s3_bucket_lifecycle_configuration.versioned)) :
      anytrue([for rule in bucket.rule : anytrue([for abort in rule.abort_incomplete_multipart_upload : abort.days_after_initiation == 3])])
    ])
    error_message = "Parts of uploads that never ended are removed."
  }

  assert {
    condition = [
      for rule in aws_s3_bucket_lifecycle_configuration.versioned["bharatchef-processed-results"].rule :
      "${rule.filter[0].prefix} ${rule.expiration[0].days}" if rule.id == "end-task-results" && rule.status == "Enabled"
    ] == ["prefect-results/ 14"]
    error_message = "What tasks give one another is not kept for ever."
  }

  assert {
    condition = length(aws_s3_bucket_lifecycle_configuration.versioned) == 2 && alltrue([
      for bucket in aws_s3_bucket_lifecycle_configuration.versioned :
      anytrue([for rule in bucket.rule : anytrue([for transition in rule.transition : transition.storage_class == "INTELLIGENT_TIERING"])])
    ])
    error_message = "Expert films and results are tiered by use."
  }
}

run "uploads_start_the_work" {
  command = plan

  assert {
    condition     = length(aws_s3_bucket_notification.films) == 2 && alltrue([for bucket in aws_s3_bucket_notification.films : bucket.eventbridge])
    error_message = "EventBridge hears of uploads to both film buckets."
  }

  assert {
    condition     = length(aws_s3_bucket_accelerate_configuration.films) == 2 && alltrue([for bucket in aws_s3_bucket_accelerate_configuration.films : bucket.status == "Enabled"])
    error_message = "Films may be uploaded through the nearest edge."
  }

  assert {
    condition     = length(aws_s3_bucket_cors_configuration.films) == 0
    error_message = "No web page may upload before its origin is named."
  }
}

run "deleted_where_the_variable_says_so" {
  command = plan

  variables {
    trainee_film_retention = "delete"
    trainee_film_days      = 30
  }

  assert {
    condition = anytrue([
      for rule in aws_s3_bucket_lifecycle_configuration.trainee.rule :
      anytrue([for expiration in rule.expiration : expiration.days == 30])
    ]) && alltrue([for rule in aws_s3_bucket_lifecycle_configuration.trainee.rule : length(rule.transition) == 0])
    error_message = "The film is deleted after the days that were said, and archived nowhere."
  }
}

run "own_key" {
  command = plan

  variables {
    kms_key_arn                   = "arn:aws:kms:ap-south-1:111122223333:key/11111111-2222-3333-4444-555555555555"
    expert_film_distribution_arns = ["arn:aws:cloudfront::111122223333:distribution/E1"]
  }

  assert {
    condition = alltrue([
      for bucket in aws_s3_bucket_server_side_encryption_configuration.this :
      one(one(bucket.rule).apply_server_side_encryption_by_default).sse_algorithm == "aws:kms" && one(one(bucket.rule).apply_server_side_encryption_by_default).kms_master_key_id == var.kms_key_arn && one(bucket.rule).bucket_key_enabled
    ])
    error_message = "With a key, that key encrypts."
  }

  assert {
    condition = alltrue([
      for name, document in data.aws_iam_policy_document.bucket :
      length([for statement in document.statement : statement if statement.effect != "Deny"]) == (name == "bharatchef-expert-videos" ? 1 : 0)
    ])
    error_message = "CloudFront reads expert films, and nothing else."
  }

  assert {
    condition     = data.aws_iam_policy_document.bucket["bharatchef-expert-videos"].statement[2].actions == toset(["s3:GetObject"]) && one(data.aws_iam_policy_document.bucket["bharatchef-expert-videos"].statement[2].condition).values == tolist(var.expert_film_distribution_arns)
    error_message = "It reads for the one distribution that was named."
  }

  assert {
    condition     = length(aws_s3_bucket.replica) == 0
    error_message = "Nothing is copied unless asked for."
  }
}

run "copied_where_asked_for" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:ap-south-1:111122223333:key/11111111-2222-3333-4444-555555555555"
    replication = { kms_key_arn = "arn:aws:kms:ap-south-2:111122223333:key/11111111-2222-3333-4444-555555555555" }
  }

  assert {
    condition     = toset(keys(aws_s3_bucket_replication_configuration.this)) == toset(["bharatchef-expert-videos", "bharatchef-processed-results"])
    error_message = "Expert films and results are copied, films of trainees stay."
  }

  assert {
    condition     = alltrue([for bucket in aws_s3_bucket_replication_configuration.this : one(one(one(bucket.rule).destination).encryption_configuration).replica_kms_key_id == var.replication.kms_key_arn])
    error_message = "A copy is encrypted with the other region's key."
  }
}

run "a_copy_needs_its_key" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:ap-south-1:111122223333:key/11111111-2222-3333-4444-555555555555"
    replication = {}
  }

  expect_failures = [aws_s3_bucket.replica]
}

run "any_origin_is_refused" {
  command = plan

  variables {
    upload_origins = ["https://*"]
  }

  expect_failures = [var.upload_origins]
}
