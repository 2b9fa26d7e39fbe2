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

run "as_production_is" {
  command = plan

  assert {
    condition     = output.bucket_names["bharatchef-trainee-videos"] == "bharatchef-trainee-videos-production" && output.table_prefix == "bharatchef-production-"
    error_message = "What is made bears this environment's name."
  }

  assert {
    condition     = output.settings["BHARATCHEF_PORTS"] == "aws" && output.settings["BHARATCHEF_ENVIRONMENT"] == "production"
    error_message = "The program is told to use AWS."
  }

  assert {
    condition     = output.at_rest.nat_gateways == 0
    error_message = "Nothing goes over the internet."
  }

  assert {
    condition     = output.at_rest.database_zones == 2
    error_message = "The database outlives the loss of a zone."
  }

  assert {
    condition     = output.at_rest.endpoint_addresses == 26
    error_message = "Every endpoint outlives the loss of a zone."
  }

  assert {
    condition     = toset(keys(output.replica_bucket_names)) == toset(["bharatchef-expert-videos", "bharatchef-processed-results"])
    error_message = "Expert films and results outlive the loss of the region."
  }
}

