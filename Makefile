# `make demo` and `make test` set up all they need first.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin
DEMO := demo

.PHONY: help setup setup-train setup-emulators ops-test aws-test train-demo mar model-archives demo deploy-check check test bench clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: $(BIN)/.complete ## make .venv with all that the laptop mode and the tests need

$(BIN)/.complete: pyproject.toml constraints.txt scripts/setup.sh
	@scripts/setup.sh

setup-train: $(BIN)/.complete-train ## and what training and all tests need besides

$(BIN)/.complete-train: pyproject.toml constraints.txt scripts/setup.sh scripts/sagemaker.txt
	@scripts/setup.sh train

setup-emulators: .emulators/bin/.complete ## and the servers that stand for AWS, and the linters of infrastructure

.emulators/bin/.complete: scripts/emulators.txt scripts/checkov.txt
	@scripts/setup.sh emulators

demo: setup ## draw a film, evaluate it, print the scorecard and name the report
	@$(BIN)/python -m kitchen_sim demo $(DEMO)
	@BHARATCHEF_HOME=$(DEMO)/home $(BIN)/bharatchef evaluate $(DEMO)/masala-chai-demo.mp4 --dish masala-chai \
	    --user demo --out $(DEMO)/report

deploy-check: setup-train ## prefect.yaml against the flows and work pools, without a server
	@$(BIN)/python -m flows.deploy_check

check: setup ## format, lint, types, the arrows between rooms, the dish files
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache >/tmp/bharatchef-lint-imports.$$$$ 2>&1 \
	    || { cat /tmp/bharatchef-lint-imports.$$$$; rm -f /tmp/bharatchef-lint-imports.$$$$; exit 1; }; \
	    rm -f /tmp/bharatchef-lint-imports.$$$$
	@$(BIN)/bharatchef dishes check

test: setup-train check ## check, then every test that needs no emulator: the fast ones first
	@scripts/two_suites.sh "tests/unit tests/contract tests/golden" "tests/flow tests/e2e"

ops-test: setup-train ## the flows around the main job, each on a real Prefect server
	@$(BIN)/python -m pytest tests/ops

aws-test: setup-train setup-emulators ## what runs on AWS, against emulators and real HTTP servers; Terraform where it is there
	@scripts/two_suites.sh tests/aws tests/infra

# At most 90 minutes on 2 cores. Drawing, training and measuring, in minutes: 9 + 18 + 4; 3 + 3 + 2; 4 + 19 + 3; 1; 2 + 2 + 1;
# 3 + 8 + 4; 2 + 1 + 1. What is drawn and a checkpoint lie in .train/, so the same command goes on where it was stopped.
train-demo: setup-train ## draw films and train the packages that come with the program (interrupted, it goes on)
	@$(BIN)/python -m model_packages.slowfast.train --films 180 --minutes 18
	@$(BIN)/python -m model_packages.slowfast.train_context --films 120
	@$(BIN)/python -m model_packages.yolov8.train --steps 1300 100
	@$(BIN)/python -m model_packages.resnet.train
	@$(BIN)/python -m model_packages.resnet.train_spills --films 600 --steps 1200
	@$(BIN)/python -m model_packages.flame.train --files 64 --epochs 3 8
	@$(BIN)/python -m model_packages.flame.train_burning --kitchens 200 --steps 500

mar: setup-train ## pack the packages that come with the program for TorchServe, into build/mar
	@$(BIN)/python -m model_packages.serving pack-all mar build/mar

model-archives: setup ## and for SageMaker, into build/model-archives/NAME/model.tar.gz
	@$(BIN)/python -m model_packages.serving pack-all archive build/model-archives

bench: setup-train ## every figure that README and docs name (takes a while)
	@$(BIN)/python -m benchmarks

clean: ## remove what was made here, the environment included
	rm -rf .venv .emulators .checkov demo build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
