#!/usr/bin/env bash
# The tests of the AWS side and those of Terraform side by side, a core each: `make aws-test`. What Terraform's say is
# shown when the others have ended. What failed is run once more, alone: processes killed at random instants, with
# another suite beside them, may miss a deadline; what fails twice fails. Ends with 0 where both did. Words are handed
# on to both.
set -uom pipefail
cd "$(dirname "$0")/.."
kept=$(mktemp -d)
tests() { .venv/bin/python -m pytest -o cache_dir="$kept/$1" "tests/$1" "${@:2}"; }
tests infra "$@" >"$kept/infra.log" 2>&1 &
infra=$!
# An interrupt lets pytest end its servers.
trap 'kill -INT "$infra" 2>/dev/null; wait "$infra"; rm -rf "$kept"' EXIT
trap 'exit 130' INT TERM
tests aws "$@"
aws=$?
wait "$infra"
infra_ended=$?
cat "$kept/infra.log"
if [ "$aws" = 1 ]; then
    echo "Once more, alone, what failed of tests/aws:"
    tests aws --last-failed "$@"
    aws=$?
fi
if [ "$infra_ended" = 1 ]; then
    echo "Once more, alone, what failed of tests/infra:"
    tests infra --last-failed "$@"
    infra_ended=$?
fi
exit $((aws ? aws : infra_ended))
