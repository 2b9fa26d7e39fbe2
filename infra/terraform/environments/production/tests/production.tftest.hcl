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
    condition     = output.at_rest.endpoint_addresses == 32
    error_message = "Every endpoint outlives the loss of a zone."
  }

  assert {
    condition     = toset(keys(output.replica_bucket_names)) == toset(["bharatchef-expert-videos", "bharatchef-processed-results"])
    error_message = "Expert films and results outlive the loss of the region."
  }

  assert {
    condition     = toset(keys(output.alarm_topics)) == toset(["processing-time", "cost", "error-rate", "queue-depth", "model-confidence"])
    error_message = "Each of the five alarms goes somewhere."
  }
}


run "a_model_in_two_variants" {
  command = plan

  variables {
    models = {
      actions = {
        variants = {
          champion   = { model_data_url = "s3://bharatchef-processed-results-production/models/a.tar.gz", weight = 0.9 }
          challenger = { model_data_url = "s3://bharatchef-processed-results-production/models/b.tar.gz", weight = 0.1 }
        }
      }
    }
  }

  assert {
    condition     = jsondecode(output.settings["BHARATCHEF_SAGEMAKER_ENDPOINTS"]) == { actions = "bharatchef-actions-production" }
    error_message = "The program is told which endpoint answers."
  }

  assert {
    condition     = output.settings["BHARATCHEF_HOSTING_IMAGE"] != ""
    error_message = "What a retraining makes is tried behind that endpoint."
  }

  assert {
    condition     = output.at_rest.model_instances == 2
    error_message = "Each variant is billed for its fewest instances."
  }
}
