mock_provider "aws" {
  override_during = plan

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:ap-south-1:111122223333:key/11111111-2222-3333-4444-555555555555" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::bharatchef-audit-staging" }
  }
  mock_resource "aws_secretsmanager_secret" {
    defaults = { arn = "arn:aws:secretsmanager:ap-south-1:111122223333:secret:bharatchef/staging/one" }
  }
  mock_resource "aws_ce_anomaly_monitor" {
    defaults = { arn = "arn:aws:ce::111122223333:anomalymonitor/one" }
  }
}

mock_provider "aws" {
  alias = "replica"
}

variables {
  environment        = "staging"
  monthly_budget_usd = 300
  bucket_arns = {
    "bharatchef-trainee-videos"    = "arn:aws:s3:::bharatchef-trainee-videos-staging"
    "bharatchef-expert-videos"     = "arn:aws:s3:::bharatchef-expert-videos-staging"
    "bharatchef-processed-results" = "arn:aws:s3:::bharatchef-processed-results-staging"
  }
  table_arns = {
    Users       = "arn:aws:dynamodb:ap-south-1:111122223333:table/bharatchef-staging-Users"
    Evaluations = "arn:aws:dynamodb:ap-south-1:111122223333:table/bharatchef-staging-Evaluations"
  }
  queue_arns = {
    for name in ["video-processing-queue", "cv-analysis-queue", "ai-coaching-queue", "dlq-queue"] :
    name => "arn:aws:sqs:ap-south-1:111122223333:bharatchef-${name}-staging"
  }
  topic_arns = {
    for name in ["evaluation-complete", "processing-failed"] :
    name => "arn:aws:sns:ap-south-1:111122223333:bharatchef-${name}-staging"
  }
  cost_tags = ["Project", "CostCentre"]
  sagemaker_role_arns = {
    training = "arn:aws:iam::111122223333:role/bharatchef-model-training-staging"
    hosting  = "arn:aws:iam::111122223333:role/bharatchef-model-endpoints-staging"
    batch    = "arn:aws:iam::111122223333:role/bharatchef-model-batch-staging"
  }
  secrets = {
    prefect-api-auth = { description = "What a client shows to Prefect's server." }
    changed          = { description = "One that a function changes.", rotation_lambda_arn = "arn:aws:lambda:ap-south-1:111122223333:function:change" }
  }
}

run "the_key" {
  command = plan

  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_kms_key.this.deletion_window_in_days == 30
    error_message = "The key changes every year, and can be kept for 30 days after somebody deleted it."
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.key.statement :
      length(statement.condition) > 0 if one(statement.principals).type == "Service" && statement.sid != "Events"
    ])
    error_message = "A service uses the key for this account's own things alone; EventBridge, which says no account, is bounded by the queues."
  }

  assert {
    condition = toset(flatten([
      for statement in data.aws_iam_policy_document.key.statement : one(statement.principals).identifiers if one(statement.principals).type == "AWS"
    ])) == toset(["arn:aws:iam::111122223333:root"])
    error_message = "No other account may use the key."
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.key.statement :
      !contains(statement.actions, "kms:*") if one(statement.principals).type == "Service"
    ])
    error_message = "No service may do everything with the key."
  }

  assert {
    condition     = length(aws_kms_replica_key.this) == 0
    error_message = "The key stays in the region unless asked for."
  }
}

run "the_trail" {
  command = plan

  assert {
    condition     = aws_cloudtrail.this.is_multi_region_trail && aws_cloudtrail.this.enable_log_file_validation && aws_cloudtrail.this.include_global_service_events && aws_cloudtrail.this.kms_key_id == aws_kms_key.this.arn
    error_message = "The trail spans all regions, is encrypted, and shows when it was changed."
  }

  assert {
    condition = anytrue([
      for selector in aws_cloudtrail.this.advanced_event_selector :
      anytrue([for field in selector.field_selector : try(contains(field.starts_with, "arn:aws:s3:::bharatchef-trainee-videos-staging/"), false)])
    ])
    error_message = "Each read and write of a film is recorded."
  }

  assert {
    condition     = aws_s3_bucket_public_access_block.audit.block_public_acls && aws_s3_bucket_public_access_block.audit.block_public_policy && aws_s3_bucket_public_access_block.audit.ignore_public_acls && aws_s3_bucket_public_access_block.audit.restrict_public_buckets
    error_message = "The records are open to nobody."
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.audit.statement :
      one(statement.principals).identifiers == toset(["cloudtrail.amazonaws.com"]) && one(statement.condition).variable == "aws:SourceArn" if statement.effect != "Deny"
    ]) && data.aws_iam_policy_document.audit.statement[0].effect == "Deny"
    error_message = "Only this trail writes to the audit bucket."
  }
}

run "costs" {
  command = plan

  assert {
    condition     = toset([for notification in aws_budgets_budget.this.notification : "${notification.notification_type} ${notification.threshold}"]) == toset(["ACTUAL 80", "FORECASTED 100"]) && alltrue([for notification in aws_budgets_budget.this.notification : notification.subscriber_sns_topic_arns == toset([var.topic_arns["processing-failed"]])])
    error_message = "The topic hears of 80 % spent and of 100 % forecast."
  }

  assert {
    condition     = one(aws_budgets_budget.this.cost_filter).values == tolist(["user:Environment$staging"])
    error_message = "The budget counts this environment alone."
  }

  assert {
    condition     = jsondecode(aws_ce_anomaly_monitor.this.monitor_specification).Tags.Values == ["staging"] && one(aws_ce_anomaly_subscription.this.subscriber).address == var.topic_arns["processing-failed"]
    error_message = "Anomalies of this environment are announced on the topic."
  }

  assert {
    condition     = toset(keys(aws_ce_cost_allocation_tag.this)) == toset(["Project", "CostCentre"]) && one(aws_computeoptimizer_enrollment_status.this).status == "Active"
    error_message = "Costs are split by tag, and Compute Optimizer looks for what is too large."
  }

  assert {
    condition     = one(aws_accessanalyzer_analyzer.this).type == "ACCOUNT"
    error_message = "What can be reached from outside the account is found."
  }
}

run "workloads" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for document in [data.aws_iam_policy_document.evaluation, data.aws_iam_policy_document.intake, data.aws_iam_policy_document.retraining] : [
        for statement in document.statement : [
          for action in statement.actions : !strcontains(action, "*")
        ]
      ]
    ]))
    error_message = "Every action is named in full."
  }

  assert {
    condition = toset(flatten([
      for document in [data.aws_iam_policy_document.evaluation, data.aws_iam_policy_document.intake, data.aws_iam_policy_document.retraining] : [
        for statement in document.statement : statement.sid if contains(statement.resources, "*")
      ]
    ])) == toset(["Traces", "FindTraining", "CompareVariants"])
    error_message = "No wildcard but where AWS knows no resource."
  }

  assert {
    condition = alltrue(flatten([
      for document in [data.aws_iam_policy_document.evaluation, data.aws_iam_policy_document.intake, data.aws_iam_policy_document.retraining] : [
        for statement in document.statement : [
          for resource in statement.resources : resource == "*" || resource == aws_kms_key.this.arn || strcontains(resource, "staging") || can(regex(":(training|transform)-job/bharatchef-[*]$", resource))
        ]
      ]
    ]))
    error_message = "A workload reaches this environment alone."
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.evaluation.statement :
      !strcontains(join(" ", statement.resources), "expert-videos") if contains(statement.actions, "s3:PutObject") || contains(statement.actions, "s3:DeleteObject")
    ])
    error_message = "A run changes no expert's film."
  }

  assert {
    condition     = toset(keys(output.workload_role_arns)) == toset(["evaluation", "intake", "retraining"]) && one(one(data.aws_iam_policy_document.task_assume.statement).principals).identifiers == toset(["ecs-tasks.amazonaws.com"]) && length(one(data.aws_iam_policy_document.task_assume.statement).condition) == 2
    error_message = "Only this account's ECS tasks take on the roles."
  }
}

run "retraining" {
  command = plan

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.retraining.statement : toset(statement.resources) if contains(statement.actions, "iam:PassRole")]) == toset(values(var.sagemaker_role_arns)) && one(one([for statement in data.aws_iam_policy_document.retraining.statement : statement.condition if contains(statement.actions, "iam:PassRole")])).values == tolist(["sagemaker.amazonaws.com"])
    error_message = "Exactly the roles of models are lent, and to SageMaker alone."
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.retraining.statement :
      one(statement.condition).variable == "sagemaker:NetworkIsolation" && one(statement.condition).values == tolist(["true"])
      if contains(statement.actions, "sagemaker:CreateTrainingJob") || contains(statement.actions, "sagemaker:CreateModel")
    ])
    error_message = "Nothing is trained or served with a way out."
  }

  assert {
    condition = alltrue(flatten([
      for document in [data.aws_iam_policy_document.evaluation, data.aws_iam_policy_document.intake] : [
        for statement in document.statement : [for action in statement.actions : !contains(["iam:PassRole", "sagemaker:CreateTrainingJob", "sagemaker:UpdateEndpoint"], action)]
      ]
    ]))
    error_message = "A run that opens people's films lends no role and changes no endpoint."
  }
}

run "no_retraining_without_roles" {
  command = plan

  variables {
    sagemaker_role_arns = {}
  }

  assert {
    condition     = !anytrue([for statement in data.aws_iam_policy_document.retraining.statement : contains(statement.actions, "iam:PassRole")])
    error_message = "Without roles none is lent."
  }
}

run "any_role_is_not_lent" {
  command = plan

  variables {
    sagemaker_role_arns = { training = "arn:aws:iam::111122223333:role/*" }
  }

  expect_failures = [var.sagemaker_role_arns]
}

run "moderation_where_asked_for" {
  command = plan

  variables {
    moderation         = true
    bedrock_model_arns = ["arn:aws:bedrock:ap-south-1:111122223333:inference-profile/in.model"]
  }

  assert {
    condition     = toset([for statement in data.aws_iam_policy_document.evaluation.statement : statement.sid if contains(["Moderate", "WordFeedback"], statement.sid)]) == toset(["Moderate", "WordFeedback"])
    error_message = "A run shows pictures to Rekognition and asks Bedrock where it is to."
  }
}

run "any_model_is_refused" {
  command = plan

  variables {
    bedrock_model_arns = ["arn:aws:bedrock:ap-south-1::foundation-model/*"]
  }

  expect_failures = [var.bedrock_model_arns]
}

run "secrets" {
  command = plan

  assert {
    condition     = alltrue([for secret in aws_secretsmanager_secret.this : secret.kms_key_id == aws_kms_key.this.arn]) && alltrue([for policy in aws_secretsmanager_secret_policy.this : policy.block_public_policy])
    error_message = "Secrets are encrypted with the key and open to nobody outside."
  }

  assert {
    condition     = toset(keys(aws_secretsmanager_secret_rotation.this)) == toset(["changed"]) && one(aws_secretsmanager_secret_rotation.this["changed"].rotation_rules).automatically_after_days == 30
    error_message = "A secret that has a function is changed every 30 days."
  }
}

run "a_second_environment_of_one_account" {
  command = plan

  variables {
    owns_account = false
    replica_key  = true
  }

  assert {
    condition     = length(aws_ce_cost_allocation_tag.this) == 0 && length(aws_computeoptimizer_enrollment_status.this) == 0 && length(aws_accessanalyzer_analyzer.this) == 0 && length(aws_kms_replica_key.this) == 1
    error_message = "What an account has once is set once; the key is copied where asked for."
  }
}
