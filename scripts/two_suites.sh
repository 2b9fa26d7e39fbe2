#!/usr/bin/env bash
# Two sets of tests side by side, a core each: two_suites.sh "FOLDER ..." "FOLDER ..." [pytest's words]. What the second
# says is shown when the first has ended. What failed is run once more, alone: processes killed at random instants, with
# another suite beside them, may miss a deadline; what fails twice fails. Ends with 0 where both did.
set -uom pipefail
cd "$(dirname "$0")/.."
read -ra first <<<"$1"
read -ra second <<<"$2"
shift 2
kept=$(mktemp -d)
tests() { # a cache of its own, then folders and words
    .venv/bin/python -m pytest -o cache_dir="$kept/$1" "${@:2}"
}
tests second "${second[@]}" "$@" >"$kept/second.log" 2>&1 &
beside=$!
# An interrupt lets pytest end its servers.
trap 'kill -INT "$beside" 2>/dev/null; wait "$beside"; rm -rf "$kept"' EXIT
trap 'exit 130' INT TERM
tests first "${first[@]}" "$@"
ended=$?
wait "$beside"
beside_ended=$?
cat "$kept/second.log"
if [ "$ended" = 1 ]; then
    echo "Once more, alone, what failed of ${first[*]}:"
    tests first "${first[@]}" --last-failed "$@"
    ended=$?
fi
if [ "$beside_ended" = 1 ]; then
    echo "Once more, alone, what failed of ${second[*]}:"
    tests second "${second[@]}" --last-failed "$@"
    beside_ended=$?
fi
exit $((ended ? ended : beside_ended))
