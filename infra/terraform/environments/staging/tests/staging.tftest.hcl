mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
}

mock_provider "aws" {
  alias = "replica"
}

run "as_staging_is" {
  command = plan

  assert {
    condition     = output.bucket_names["bharatchef-trainee-videos"] == "bharatchef-trainee-videos-staging" && output.table_prefix == "bharatchef-staging-"
    error_message = "What is made bears this environment's name."
  }

  assert {
    condition     = output.settings["BHARATCHEF_PORTS"] == "aws" && output.settings["BHARATCHEF_ENVIRONMENT"] == "staging"
    error_message = "The program is told to use AWS."
  }

  assert {
    condition     = output.at_rest.nat_gateways == 0
    error_message = "Nothing goes over the internet."
  }

  assert {
    condition     = output.at_rest.model_instances == 0 && output.at_rest.database_zones == 1
    error_message = "What is tried here is billed once."
  }
}

run "without_servers_nothing_is_tried_there" {
  command = plan

  variables {
    models = { actions = { variants = { champion = { model_data_url = "s3://bharatchef-processed-results-staging/models/a.tar.gz", weight = 1 } } } }
  }

  assert {
    condition     = output.settings["BHARATCHEF_HOSTING_IMAGE"] == "" && output.settings["BHARATCHEF_TRAINING_IMAGE"] != ""
    error_message = "A serverless endpoint has no second variant: a challenger is tried in the runs themselves."
  }
}

run "all_that_can_be_switched_on" {
  command = plan

  variables {
    moderation          = true
    second_region       = true
    cost_tags           = ["Project"]
    alert_emails        = ["operator@example.org"]
    upload_origins      = ["https://bharatchef.example.org"]
    signing_public_keys = { "2026-11" = "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----" }
    search              = { master_role_arn = "arn:aws:iam::111122223333:role/search-admin" }
  }

  assert {
    condition     = output.at_rest.search_nodes == 2 && output.at_rest.endpoint_addresses == 17 && length(output.replica_bucket_names) == 2
    error_message = "What is switched on is made, and counted."
  }
}
