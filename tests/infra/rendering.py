"""The policies of module governance as Terraform's own provider renders them, which asks no AWS for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from terraforming import TERRAFORM, Terraform

ACCOUNT = "111122223333"
HERE = f"ap-south-1:{ACCOUNT}"
KEY = f"arn:aws:kms:{HERE}:key/11111111-2222-3333-4444-555555555555"
SECRET = f"arn:aws:secretsmanager:{HERE}:secret:bharatchef/staging/chat-key-AbCdEf"
MODEL = "arn:aws:bedrock:ap-south-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0"
TABLES = [
    f"arn:aws:dynamodb:{HERE}:table/bharatchef-staging-{name}"
    for name in ("Users", "Dishes", "Evaluations", "ActionSequences", "Feedback")
]
QUEUES = {
    name: f"arn:aws:sqs:{HERE}:bharatchef-{name}-staging"
    for name in ("video-processing-queue", "cv-analysis-queue", "ai-coaching-queue", "dlq-queue")
}
BUCKETS = {
    "trainee": "arn:aws:s3:::bharatchef-trainee-videos-staging",
    "expert": "arn:aws:s3:::bharatchef-expert-videos-staging",
    "results": "arn:aws:s3:::bharatchef-processed-results-staging",
}
TOPICS = {
    name: f"arn:aws:sns:{HERE}:bharatchef-{name}-staging"
    for name in ("evaluation-complete", "processing-failed")
}
LENT = {
    "training": f"arn:aws:iam::{ACCOUNT}:role/bharatchef-model-training-staging",
    "hosting": f"arn:aws:iam::{ACCOUNT}:role/bharatchef-model-endpoints-staging",
    "batch": f"arn:aws:iam::{ACCOUNT}:role/bharatchef-model-batch-staging",
}
REGION = "ap-south-1"
MOST_OF_A_POLICY = 10_240
"""Characters of all inline policies of one role, blanks aside: IAM's quota."""
Statement = dict[str, Any]
_ROOT = f"""
terraform {{
  required_providers {{
    aws = {{ source = "hashicorp/aws" }}
  }}
}}
provider "aws" {{
  region                      = "{REGION}"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}}
locals {{
  account   = "{ACCOUNT}"
  trail_arn = "arn:aws:cloudtrail:{HERE}:trail/bharatchef-staging"
}}
output "policies" {{
  value = merge(local.workload_policies, {{ key = data.aws_iam_policy_document.key.json }})
}}
"""


def render_policies(terraform: Terraform, folder: Path) -> dict[str, list[Statement]]:
    """The statements of each workload's policy, and under ``key`` those of the key, made in ``folder``."""
    module = TERRAFORM / "modules" / "governance"
    main, workloads, retraining = (
        (module / name).read_text(encoding="utf-8") for name in ("main.tf", "workloads.tf", "retraining.tf")
    )
    # What is said of policies, without what they are given to.
    documents = "\n".join(
        (
            main[main.index("locals {") : main.index('resource "aws_kms_key"')].replace(
                "  account = data.aws_caller_identity.current.account_id\n", ""
            ),
            workloads[: workloads.index('resource "aws_iam_role"')],
            retraining,
        )
    )
    documents = documents.replace("aws_kms_key.this.arn", f'"{KEY}"')
    documents = documents.replace("values(aws_secretsmanager_secret.this)[*].arn", f'["{SECRET}"]')
    (folder / "documents.tf").write_text(documents, encoding="utf-8")
    (folder / "variables.tf").write_text((module / "variables.tf").read_text("utf-8"), encoding="utf-8")
    (folder / "main.tf").write_text(_ROOT, encoding="utf-8")
    given = {
        "environment": "staging",
        "monthly_budget_usd": 300,
        "bucket_arns": {
            f"bharatchef-{name}": arn
            for name, arn in zip(
                ("trainee-videos", "expert-videos", "processed-results"), BUCKETS.values(), strict=True
            )
        },
        "table_arns": {arn.rsplit("-", 1)[1]: arn for arn in TABLES},
        "queue_arns": QUEUES,
        "topic_arns": TOPICS,
        "bedrock_model_arns": [MODEL],
        "moderation": True,
        "sagemaker_role_arns": LENT,
        "secrets": {"chat-key": {"description": "A key."}},
    }
    (folder / "terraform.tfvars.json").write_text(json.dumps(given), encoding="utf-8")
    terraform.succeed(folder, "init", "-input=false")
    terraform.succeed(folder, "apply", "-auto-approve", "-input=false")
    said = json.loads(terraform.succeed(folder, "output", "-json"))["policies"]["value"]
    for name, policy in said.items():
        assert len("".join(policy.split())) <= MOST_OF_A_POLICY, f"IAM refuses the policy of {name}"
    return {name: json.loads(policy)["Statement"] for name, policy in said.items()}


def listed(value: Any) -> list[str]:
    """What a policy may write as one string or as a list of them."""
    return [value] if isinstance(value, str) else list(value)
