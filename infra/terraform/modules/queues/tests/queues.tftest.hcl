mock_provider "aws" {
  override_during = plan

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:ap-south-1:111122223333:topic" }
  }
  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:ap-south-1:111122223333:rule/uploads" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = {
      arn = "arn:aws:sqs:ap-south-1:111122223333:work"
      url = "https://sqs.ap-south-1.amazonaws.com/111122223333/work"
    }
  }
}

override_resource {
  target          = aws_sqs_queue.dead
  override_during = plan
  values = {
    arn = "arn:aws:sqs:ap-south-1:111122223333:dead"
    url = "https://sqs.ap-south-1.amazonaws.com/111122223333/dead"
  }
}

variables {
  environment = "staging"
  kms_key_arn = "arn:aws:kms:ap-south-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  film_bucket_names = {
    "bharatchef-trainee-videos"    = "bharatchef-trainee-videos-staging"
    "bharatchef-expert-videos"     = "bharatchef-expert-videos-staging"
    "bharatchef-processed-results" = "bharatchef-processed-results-staging"
  }
}

run "four_queues" {
  command = plan

  assert {
    condition     = toset(keys(output.queue_arns)) == toset(["video-processing-queue", "cv-analysis-queue", "ai-coaching-queue", "dlq-queue"]) && output.queue_names["video-processing-queue"] == "bharatchef-video-processing-queue-staging"
    error_message = "The four queues of the design, named for the environment."
  }

  assert {
    condition     = alltrue([for queue in aws_sqs_queue.work : jsondecode(queue.redrive_policy).maxReceiveCount == 10 && jsondecode(queue.redrive_policy).deadLetterTargetArn == "arn:aws:sqs:ap-south-1:111122223333:dead"])
    error_message = "After ten receives a message goes to dlq-queue."
  }

  assert {
    condition     = alltrue([for queue in aws_sqs_queue.work : queue.visibility_timeout_seconds == 900])
    error_message = "A message that was received is hidden for 15 minutes."
  }

  assert {
    condition     = alltrue([for queue in concat(values(aws_sqs_queue.work), [aws_sqs_queue.dead]) : queue.kms_master_key_id == var.kms_key_arn])
    error_message = "Every queue is encrypted with the key."
  }

  assert {
    condition     = aws_sqs_queue.dead.message_retention_seconds == 1209600 && alltrue([for queue in aws_sqs_queue.work : queue.message_retention_seconds < aws_sqs_queue.dead.message_retention_seconds])
    error_message = "A dead letter is kept for 14 days, longer than where it came from: the clock does not start anew."
  }

  assert {
    condition     = alltrue([for queue in aws_sqs_queue.work : queue.fifo_queue != true]) && length(aws_sqs_queue.dead_fifo) == 0
    error_message = "No queue is FIFO unless asked for."
  }
}

run "nobody_but_the_rule_may_send" {
  command = plan

  assert {
    condition = length(data.aws_iam_policy_document.queue) == 4 && alltrue([
      for document in data.aws_iam_policy_document.queue :
      document.statement[0].effect == "Deny" && one(document.statement[0].condition).variable == "aws:SecureTransport" && one(document.statement[0].condition).values == tolist(["false"])
    ])
    error_message = "Without TLS nothing is sent or received."
  }

  assert {
    condition = alltrue(flatten([
      for document in data.aws_iam_policy_document.queue : [
        for statement in document.statement :
        one(statement.principals).type == "Service" && one(statement.condition).variable == "aws:SourceArn" && one(statement.condition).values == tolist(["arn:aws:events:ap-south-1:111122223333:rule/uploads"])
        if statement.effect != "Deny"
      ]
    ]))
    error_message = "A queue's policy lets the upload rule send, and nobody else."
  }

  assert {
    condition     = alltrue([for name, document in data.aws_iam_policy_document.queue : length(document.statement) == (contains(["video-processing-queue", "dlq-queue"], name) ? 2 : 1)])
    error_message = "EventBridge sends to video-processing-queue, and to dlq-queue what it could not deliver."
  }
}

run "uploads_are_queued" {
  command = plan

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.uploads.event_pattern)["detail-type"] == ["Object Created"] && !can(jsondecode(aws_cloudwatch_event_rule.uploads.event_pattern).detail.reason)
    error_message = "An object that was created in any way counts, multipart uploads too."
  }

  assert {
    condition     = toset(jsondecode(aws_cloudwatch_event_rule.uploads.event_pattern).detail.bucket.name) == toset(["bharatchef-trainee-videos-staging", "bharatchef-expert-videos-staging"])
    error_message = "Films count, results do not."
  }

  assert {
    condition     = one(aws_cloudwatch_event_target.uploads.dead_letter_config).arn == "arn:aws:sqs:ap-south-1:111122223333:dead"
    error_message = "What cannot be delivered is not lost."
  }

  assert {
    condition     = !strcontains(one(aws_cloudwatch_event_target.uploads.input_transformer).input_template, "requester") && !contains(values(one(aws_cloudwatch_event_target.uploads.input_transformer).input_paths), "$.detail")
    error_message = "Who uploaded, and from where, goes no further."
  }
}

run "topics" {
  command = plan

  assert {
    condition     = toset(keys(output.topic_arns)) == toset(["evaluation-complete", "processing-failed"]) && alltrue([for topic in aws_sns_topic.this : topic.kms_master_key_id == var.kms_key_arn])
    error_message = "The two topics of the design, encrypted."
  }

  assert {
    condition = alltrue(flatten([
      for document in data.aws_iam_policy_document.topic : [
        for statement in document.statement :
        one(statement.principals).type == "Service" && one(statement.condition).variable == "aws:SourceAccount" && one(statement.condition).values == tolist(["111122223333"])
        if statement.effect != "Deny"
      ]
    ]))
    error_message = "Only services of this account publish by the topic's own policy."
  }
}

run "without_a_key_still_encrypted" {
  command = plan

  variables {
    kms_key_arn = null
  }

  assert {
    condition     = alltrue([for queue in concat(values(aws_sqs_queue.work), [aws_sqs_queue.dead]) : queue.sqs_managed_sse_enabled == true])
    error_message = "Without a key, SQS's own encrypts."
  }
}

run "ordered_where_asked_for" {
  command = plan

  variables {
    ordered_queues = ["ai-coaching-queue"]
  }

  assert {
    condition     = aws_sqs_queue.work["ai-coaching-queue"].fifo_queue == true && endswith(aws_sqs_queue.work["ai-coaching-queue"].name, ".fifo") && length(aws_sqs_queue.dead_fifo) == 1
    error_message = "A FIFO queue comes with a FIFO queue for its dead letters."
  }
}

run "uploads_are_never_fifo" {
  command = plan

  variables {
    ordered_queues = ["video-processing-queue"]
  }

  expect_failures = [var.ordered_queues]
}

run "few_receives_are_refused" {
  command = plan

  variables {
    max_receives = 1
  }

  expect_failures = [var.max_receives]
}
