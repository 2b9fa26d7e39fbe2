# Expert films come from the edge, to whoever holds a signed address; the bucket answers CloudFront alone.

locals {
  origin = "expert-films"
}

resource "aws_cloudfront_public_key" "this" {
  for_each = var.signing_public_keys

  name        = "bharatchef-${each.key}-${var.environment}"
  comment     = "Signs addresses of expert films"
  encoded_key = each.value
}

resource "aws_cloudfront_key_group" "this" {
  name  = "bharatchef-signing-${var.environment}"
  items = [for key in aws_cloudfront_public_key.this : key.id]
}

resource "aws_cloudfront_origin_access_control" "this" {
  name                              = "bharatchef-expert-films-${var.environment}"
  description                       = "CloudFront signs what it asks of the bucket"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

data "aws_cloudfront_cache_policy" "optimized" {
  name = "Managed-CachingOptimized"
}

resource "aws_cloudfront_response_headers_policy" "this" {
  name = "bharatchef-expert-films-${var.environment}"

  security_headers_config {
    strict_transport_security {
      access_control_max_age_sec = 63072000
      include_subdomains         = true
      preload                    = true
      override                   = true
    }

    content_type_options {
      override = true
    }

    frame_options {
      frame_option = "DENY"
      override     = true
    }

    referrer_policy {
      # A signed address is a key: it goes into no other site's log.
      referrer_policy = "no-referrer"
      override        = true
    }
  }

  dynamic "cors_config" {
    for_each = length(var.origins) > 0 ? [1] : []

    content {
      access_control_allow_credentials = false
      origin_override                  = true

      access_control_allow_headers {
        items = ["Range"]
      }

      access_control_allow_methods {
        items = ["GET", "HEAD"]
      }

      access_control_allow_origins {
        items = var.origins
      }
    }
  }
}

resource "aws_cloudfront_distribution" "this" {
  # checkov:skip=CKV_AWS_68: films without a signed address are refused before anything is looked up; there are no forms to attack
  # checkov:skip=CKV2_AWS_47: films without a signed address are refused before anything is looked up; there are no forms to attack
  # checkov:skip=CKV_AWS_86: an access log would hold who watched what, and the signed addresses; CloudTrail's data events record the bucket's side
  # checkov:skip=CKV_AWS_305: there is no page at the root, only films
  # checkov:skip=CKV_AWS_310: expert films have one origin; the copy in the other region is for recovery, not for serving
  # checkov:skip=CKV_AWS_174: CloudFront's own name speaks what CloudFront chooses; a name of one's own comes with the web app
  # checkov:skip=CKV2_AWS_42: CloudFront's own name has CloudFront's certificate; a name of one's own comes with the web app
  # checkov:skip=CKV_AWS_374: `countries` chooses where films may be watched from, by default India alone
  comment         = "BharatChef expert films, ${var.environment}"
  enabled         = true
  is_ipv6_enabled = true
  http_version    = "http2and3"
  price_class     = var.price_class

  origin {
    origin_id                = local.origin
    domain_name              = var.expert_bucket_domain_name
    origin_access_control_id = aws_cloudfront_origin_access_control.this.id
  }

  default_cache_behavior {
    target_origin_id           = local.origin
    viewer_protocol_policy     = "redirect-to-https"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    cache_policy_id            = data.aws_cloudfront_cache_policy.optimized.id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.this.id
    trusted_key_groups         = [aws_cloudfront_key_group.this.id]
    compress                   = false
  }

  restrictions {
    geo_restriction {
      restriction_type = length(var.countries) > 0 ? "whitelist" : "none"
      locations        = var.countries
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = true
  }
}
