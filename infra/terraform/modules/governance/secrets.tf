# Where secrets lie. Terraform makes the place; a person puts the value there, a function changes it.

resource "aws_secretsmanager_secret" "this" {
  # checkov:skip=CKV2_AWS_57: a secret that nobody but its other side can change (a signing key, a token) has no function; see `secrets`
  for_each = var.secrets

  name                    = "bharatchef/${var.environment}/${each.key}"
  description             = each.value.description
  kms_key_id              = aws_kms_key.this.arn
  recovery_window_in_days = var.destroyable ? 0 : 30
}

data "aws_iam_policy_document" "secret" {
  for_each = aws_secretsmanager_secret.this

  statement {
    sid       = "OwnAccountAlone"
    effect    = "Deny"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [each.value.arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "aws:PrincipalAccount"
      values   = [local.account]
    }
  }
}

resource "aws_secretsmanager_secret_policy" "this" {
  for_each = aws_secretsmanager_secret.this

  secret_arn          = each.value.arn
  policy              = data.aws_iam_policy_document.secret[each.key].json
  block_public_policy = true
}

resource "aws_secretsmanager_secret_rotation" "this" {
  # checkov:skip=CKV_AWS_304: rotation_days is 90 or less by its own validation
  for_each = { for name, secret in var.secrets : name => secret if secret.rotation_lambda_arn != null }

  secret_id           = aws_secretsmanager_secret.this[each.key].id
  rotation_lambda_arn = each.value.rotation_lambda_arn

  rotation_rules {
    automatically_after_days = each.value.rotation_days
  }
}
