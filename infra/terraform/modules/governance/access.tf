# Finds what of this account can be reached from outside it, whatever the policies were meant to say.

resource "aws_accessanalyzer_analyzer" "this" {
  count = var.owns_account ? 1 : 0

  analyzer_name = "bharatchef-outside-access-${var.environment}"
  type          = "ACCOUNT"
}
