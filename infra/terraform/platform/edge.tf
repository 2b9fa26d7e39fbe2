# Expert films are played from the edge, as soon as there is a key that addresses are signed with.

module "edge" {
  source = "../modules/edge"
  count  = length(var.signing_public_keys) > 0 ? 1 : 0

  environment               = var.environment
  expert_bucket_domain_name = module.storage.bucket_regional_domain_names["bharatchef-expert-videos"]
  signing_public_keys       = var.signing_public_keys
  origins                   = var.upload_origins
}
