#!/usr/bin/env bash
# Packs what the job of Glue installs, as Glue 5.0 takes it: a zip whose name ends in .gluewheels.zip, with the program's
# own wheel, the wheels of adapters/analytics/requirements.txt, and their names. Nothing is then fetched by the job.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${1:-build/bharatchef.gluewheels.zip}
case $target in
    *.gluewheels.zip) ;;
    *) echo "Expected a file that ends in .gluewheels.zip, got: $target" >&2; exit 2 ;;
esac
mkdir -p "$(dirname "$target")"
target=$(realpath "$target")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
pip() { .venv/bin/python -m pip --disable-pip-version-check "$@" --quiet; }
pip wheel --no-deps --wheel-dir "$folder/wheels" .
pip download --no-deps --only-binary=:all: --python-version 3.11 --implementation cp --abi cp311 --abi abi3 --abi none \
    --platform manylinux2014_x86_64 --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 --platform any \
    --dest "$folder/wheels" --requirement adapters/analytics/requirements.txt
{ cat adapters/analytics/requirements.txt; echo bharatchef; } >"$folder/wheels/requirements.txt"
(cd "$folder" && rm -f "$target" && "$OLDPWD/.venv/bin/python" -m zipfile -c "$target" wheels)
echo "$target"
