mock_provider "aws" {
  override_during = plan

  mock_resource "aws_cloudfront_key_group" {
    defaults = { id = "keys-1" }
  }
  mock_resource "aws_cloudfront_origin_access_control" {
    defaults = { id = "oac-1" }
  }
  mock_resource "aws_cloudfront_public_key" {
    defaults = { id = "key-1" }
  }
}

variables {
  environment               = "staging"
  expert_bucket_domain_name = "bharatchef-expert-videos-staging.s3.ap-south-1.amazonaws.com"
  signing_public_keys       = { "2026-11" = "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n" }
}

run "only_signed_addresses" {
  command = plan

  assert {
    condition     = one(aws_cloudfront_distribution.this.default_cache_behavior).trusted_key_groups == tolist(["keys-1"]) && toset(aws_cloudfront_key_group.this.items) == toset(["key-1"])
    error_message = "A film is given to a signed address of our keys alone."
  }

  assert {
    condition     = one(aws_cloudfront_distribution.this.origin).origin_access_control_id == "oac-1" && aws_cloudfront_origin_access_control.this.signing_behavior == "always" && aws_cloudfront_origin_access_control.this.signing_protocol == "sigv4"
    error_message = "The bucket is asked with a signature, always."
  }

  assert {
    condition     = one(aws_cloudfront_distribution.this.default_cache_behavior).viewer_protocol_policy == "redirect-to-https" && toset(one(aws_cloudfront_distribution.this.default_cache_behavior).allowed_methods) == toset(["GET", "HEAD"])
    error_message = "Films are read, over HTTPS."
  }

  assert {
    condition     = one(one(aws_cloudfront_response_headers_policy.this.security_headers_config).referrer_policy).referrer_policy == "no-referrer"
    error_message = "A signed address goes into no other site's log."
  }

  assert {
    condition     = one(one(aws_cloudfront_distribution.this.restrictions).geo_restriction).restriction_type == "whitelist" && toset(one(one(aws_cloudfront_distribution.this.restrictions).geo_restriction).locations) == toset(["IN"])
    error_message = "Films are watched in India unless more is said."
  }
}

run "a_key_there_must_be" {
  command = plan

  variables {
    signing_public_keys = {}
  }

  expect_failures = [var.signing_public_keys]
}

run "india_is_served" {
  command = plan

  variables {
    price_class = "PriceClass_100"
  }

  expect_failures = [var.price_class]
}
