# Films of people: kept in two zones and copied to the second region, never destroyed by Terraform.
monthly_budget_usd     = 2000
image_tag              = "0.1.0"
vpc_cidr               = "10.42.0.0/16"
endpoint_zones         = 2
owns_account           = false
trainee_film_retention = "archive"
trainee_film_days      = 90
second_region          = true
serving_mode           = "realtime-cpu"
log_retention_days     = 365
most_tasks             = 10
model_instances        = { min = 1, max = 8 }

postgres = {
  instance_class = "db.t4g.medium"
  multi_az       = true
  read_replica   = true
  storage_gb     = 50
  max_storage_gb = 500
}

# What words the feedback stays in India.
chat_models = {
  "in.anthropic.claude-haiku-4-5-20251001-v1:0" = "anthropic.claude-haiku-4-5-20251001-v1:0"
}
