# Cheap: nothing runs that an hour without films would be paid for, but what Prefect needs.
monthly_budget_usd     = 250
destroyable            = true
image_tag              = "0.1.0"
vpc_cidr               = "10.40.0.0/16"
endpoint_zones         = 1
trainee_film_retention = "delete"
trainee_film_days      = 30
serving_mode           = "serverless"
most_tasks             = 1
log_retention_days     = 30

postgres = {
  instance_class      = "db.t4g.micro"
  multi_az            = false
  performance_insight = false
}

# What words the feedback stays in India.
chat_models = {
  "in.anthropic.claude-haiku-4-5-20251001-v1:0" = "anthropic.claude-haiku-4-5-20251001-v1:0"
}
