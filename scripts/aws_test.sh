#!/usr/bin/env bash
# The tests of the AWS side and those of Terraform side by side, a core each: `make aws-test`. What Terraform's say is
# shown when the others have ended. Ends with 0 where both did. Words are handed on to both.
set -uom pipefail
cd "$(dirname "$0")/.."
log=$(mktemp)
.venv/bin/python -m pytest tests/infra "$@" >"$log" 2>&1 &
infra=$!
# An interrupt lets pytest end its servers.
trap 'kill -INT "$infra" 2>/dev/null; wait "$infra"; rm -f "$log"' EXIT
trap 'exit 130' INT TERM
.venv/bin/python -m pytest tests/aws "$@"
aws=$?
wait "$infra"
infra_ended=$?
cat "$log"
exit $((aws ? aws : infra_ended))
