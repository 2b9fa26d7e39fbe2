#!/usr/bin/env bash
# The build steps of the images as one script, so that they can be tried without a container engine:
#     docker/install.sh SOURCE TARGET worker|intake|trainer|asgi|torchserve
# makes the virtual environment TARGET with what that role needs of the checkout SOURCE, and tries it.
set -euo pipefail
source=$1 target=$2 role=$3
python=${PYTHON:-python3.11}
constraints=$source/constraints.txt
wheels=$(mktemp -d)
trap 'rm -rf "$wheels"' EXIT

"$python" -m venv "$target"
pip() { "$target/bin/python" -m pip --disable-pip-version-check --quiet "$@"; }
pip wheel --no-deps --wheel-dir "$wheels" "$source"
wheel=$(echo "$wheels"/bharatchef-*.whl)

case $role in
    worker)
        pip install --constraint "$constraints" "$wheel[analytics,aws,knowledge,models]" asyncpg
        pip install --no-deps --requirement "$source/scripts/sagemaker.txt" ;;
    intake) pip install --constraint "$constraints" "$wheel[aws]" ;;
    trainer)
        pip install --constraint "$constraints" "$wheel[models,train]"
        # It asks for a second build of OpenCV, which would overwrite the one without windows.
        pip install --constraint "$constraints" --no-deps ultralytics ultralytics-thop ;;
    asgi | torchserve)
        # A host answers for a model and for nothing else: neither Prefect nor AWS comes with it.
        pip install --no-deps "$wheel"
        pip install --constraint "$constraints" pydantic pyyaml uvicorn
        for needs in "$source"/model_packages/*/requirements.txt; do
            pip install --constraint "$constraints" --requirement "$needs"
        done
        if [ "$role" = torchserve ]; then
            # torch-model-archiver and torchserve ask for much that answering does not need.
            pip install --constraint "$constraints" --no-deps torchserve torch-model-archiver enum-compat
            pip install --constraint "$constraints" torch==2.13.0 psutil packaging pyyaml requests wheel pillow
        fi ;;
    *) echo "Expected worker, intake, trainer, asgi or torchserve, got: $role" >&2; exit 2 ;;
esac

# An image whose program does not start is not to be made.
cd /
case $role in
    worker)
        "$target/bin/bharatchef" --version
        "$target/bin/python" -c "import flows.evaluate_video, flows.sweep_evaluations, prefect_aws.workers.ecs_worker"
        "$target/bin/python" -c "import flows.retrain_models, sagemaker.train.model_trainer" ;;
    trainer) "$target/bin/python" -m model_packages.slowfast.train --help >/dev/null ;;
    intake)
        "$target/bin/bharatchef" intake --help >/dev/null
        "$target/bin/python" -c "import app.intake" ;;
    asgi) "$target/bin/python" -m model_packages.serving --help >/dev/null ;;
    torchserve) "$target/bin/python" -c "import ts, model_packages.serving.torchserve" ;;
esac
"$target/bin/python" -m pip --disable-pip-version-check uninstall --quiet --yes pip
