# From an object in a film bucket to one message on video-processing-queue.

resource "aws_cloudwatch_event_rule" "uploads" {
  name        = "bharatchef-uploads-${var.environment}"
  description = "A film was uploaded, in one part or in many"

  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    detail = {
      bucket = {
        name = [
          var.film_bucket_names["bharatchef-expert-videos"],
          var.film_bucket_names["bharatchef-trainee-videos"],
        ]
      }
    }
  })
}

resource "aws_cloudwatch_event_target" "uploads" {
  rule      = aws_cloudwatch_event_rule.uploads.name
  target_id = "video-processing-queue"
  arn       = aws_sqs_queue.work["video-processing-queue"].arn

  # The event's own names stay, so that a plain event is read the same way. Who uploaded, and from which address,
  # goes no further. The object goes as a whole: some buckets have no versions, and a field that is
  # not there would leave a message that is no JSON.
  input_transformer {
    input_paths = {
      id     = "$.id"
      source = "$.source"
      kind   = "$.detail-type"
      time   = "$.time"
      bucket = "$.detail.bucket"
      object = "$.detail.object"
      reason = "$.detail.reason"
    }

    input_template = chomp(<<-JSON
      {"id": <id>, "source": <source>, "detail-type": <kind>, "time": <time>, "detail": {"bucket": <bucket>, "object": <object>, "reason": <reason>}}
    JSON
    )
  }

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.dead.arn
  }
}
