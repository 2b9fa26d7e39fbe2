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

run "as_development_is" {
  command = plan

  assert {
    condition     = output.bucket_names["bharatchef-trainee-videos"] == "bharatchef-trainee-videos-development" && output.table_prefix == "bharatchef-development-"
    error_message = "What is made bears this environment's name."
  }

  assert {
    condition     = output.settings["BHARATCHEF_PORTS"] == "aws" && output.settings["BHARATCHEF_ENVIRONMENT"] == "development"
    error_message = "The program is told to use AWS."
  }

  assert {
    condition     = output.at_rest.nat_gateways == 0
    error_message = "Nothing goes over the internet."
  }

  assert {
    condition     = output.at_rest.database_class == "db.t4g.micro" && output.at_rest.database_zones == 1 && output.at_rest.database_readers == 0
    error_message = "The database is the smallest there is."
  }

  assert {
    condition     = output.at_rest.model_instances == 0 && output.at_rest.search_nodes == 0
    error_message = "No model and no search is billed while no film comes."
  }

  assert {
    condition     = output.at_rest.endpoint_addresses == 16
    error_message = "Each endpoint is billed once."
  }

  assert {
    condition     = length(output.replica_bucket_names) == 0
    error_message = "Nothing is copied to the second region."
  }
}
