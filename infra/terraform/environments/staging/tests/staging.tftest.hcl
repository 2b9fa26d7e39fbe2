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
