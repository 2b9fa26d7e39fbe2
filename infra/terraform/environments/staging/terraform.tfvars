# As production is, smaller: what is tried here is what runs there.
monthly_budget_usd     = 500
image_tag              = "0.1.0"
vpc_cidr               = "10.41.0.0/16"
endpoint_zones         = 1
owns_account           = false
trainee_film_retention = "delete"
trainee_film_days      = 30
serving_mode           = "serverless"

postgres = {
  instance_class = "db.t4g.small"
  multi_az       = false
}

# What words the feedback stays in India.
chat_models = {
  "in.anthropic.claude-haiku-4-5-20251001-v1:0" = "anthropic.claude-haiku-4-5-20251001-v1:0"
}
