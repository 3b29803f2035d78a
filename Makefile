# Every task of the project. `make` builds its own environment in .venv.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PORT ?= 4566
SPOKES ?= 0
STAGE ?= dev
OUT ?= .build/package/$(STAGE)
# The long files first: what is left for the end is short, so that no worker waits for another.
TESTS ?= tests/e2e tests/adapters tests/unit
ARCH ?=
PARAMETERS ?=
TAGS ?=
BUCKET ?=
YES ?=
ROLE_ARN ?=
SIGN ?=
GRADUAL ?=
SNAPSTART ?=
SOURCE ?=
TARGET ?=
AT ?=
# Twice the two cores that we measure on: end-to-end tests also wait, for queues and schedules. A fifth worker makes
# `make test` 14 seconds longer.
JOBS ?= 4

# Nothing is left outside the clone, downloads included.
export PIP_CACHE_DIR := $(CURDIR)/.build/pip

PYTHON := .venv/bin/python
READY := .venv/.ready
CHECKED := app.py chalicelib access_broker policytool localaws lambda_package bench tests

.PHONY: demo up down status test browser coverage mutate bench package dist deploy restore spoke deploy-spokes check help clean

help: ## explain the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## play the whole scenario on a private embedded AWS; nothing is left
	@$(PYTHON) -m localaws demo

up: $(READY) ## start an embedded AWS with the broker deployed (PORT=4566, SPOKES=2 member accounts); . .local/env points at it
	@$(PYTHON) -m localaws up --port $(PORT) --spokes $(SPOKES)

down: $(READY) ## end what make up started
	@$(PYTHON) -m localaws down

status: $(READY) ## tell whether what make up started runs
	@$(PYTHON) -m localaws status

test: $(READY) ## run the unit, adapter and end-to-end tests (TESTS=tests/unit for some, JOBS=1 one by one)
	@# Every process that a test starts would compile what it imports anew: that took a third of all the time.
	@env -u PYTHONDONTWRITEBYTECODE $(PYTHON) -m pytest $(TESTS) -q -n $(JOBS) --dist loadfile --no-loadscope-reorder

# Not in `make test`: tracing every branch makes these tests half as slow again. The test that compares times is left out.
coverage: $(READY) ## run the unit and adapter tests and want the branch coverage of pyproject.toml
	@env -u PYTHONDONTWRITEBYTECODE $(PYTHON) -m pytest tests/adapters tests/unit -q -n $(JOBS) --dist loadfile \
	  --no-loadscope-reorder --cov --cov-report term --deselect \
	  tests/unit/core/handlers/test_edge.py::test_no_body_costs_more_than_its_length

mutate: $(READY) ## change the deciding code in every small way and want a test to fail for each (survivors: tests/mutation)
	@HYPOTHESIS_PROFILE=mutation $(PYTHON) -m tests.mutation --jobs $(JOBS)

browser: $(READY) ## install what the browser tests need: playwright, and headless Chromium where apt-get may (root)
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-browser.txt
	@# The shell is Chromium without a window: the same engine for half the CPU. Not every distribution has it.
	@command -v chromium-headless-shell > /dev/null || { test "$$(id -u)" = 0 && command -v apt-get > /dev/null \
	  && apt-get update -qq && for program in chromium-headless-shell chromium; do \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$program fonts-noto-cjk && exit; done; } \
	  || command -v chromium chromium-browser google-chrome > /dev/null

bench: $(READY) ## measure against a bare AssumeRole and write bench/results.json
	@$(PYTHON) -m bench

package: $(READY) ## make sam.json and deployment.zip for a stage (STAGE=dev OUT=... ARCH=arm64)
	@$(PYTHON) -m localaws package --stage $(STAGE) $(if $(ARCH),--architecture $(ARCH)) $(OUT)

dist: $(READY) ## build the wheel of the broker command into dist/ and check it; the same commit gives the same bytes
	@rm -rf build dist
	@umask 022; export SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct -- access_broker pyproject.toml docs/cli.md LICENSE); \
	  $(PYTHON) -m build --wheel --no-isolation --outdir dist . > .venv/dist.log 2>&1 \
	  || { echo "building the wheel failed: see .venv/dist.log" >&2; exit 1; }
	@rm -rf build
	@.venv/bin/twine check --strict dist/*.whl
	@sha256sum dist/*.whl

deploy: package ## show what changes in the account of your AWS credentials, ask, deploy (STAGE=dev BUCKET=access-broker-... YES=1 GRADUAL=1 SNAPSTART=1 TAGS=... PARAMETERS=... ROLE_ARN=... SIGN=profile)
	@$(PYTHON) -m lambda_package.deployment $(OUT) --stage $(STAGE) --bucket "$(BUCKET)" $(if $(YES),--yes) \
	  $(if $(GRADUAL),--gradual) $(if $(SNAPSTART),--snap-start) \
	  $(if $(ROLE_ARN),--role-arn $(ROLE_ARN)) $(if $(SIGN),--signing-profile $(SIGN)) \
	  $(if $(TAGS),--tags $(TAGS)) $(if $(PARAMETERS),--parameters $(PARAMETERS))

restore: $(READY) ## restore tables, ledger and log of a stage into a new one, and verify the chain (SOURCE=prod TARGET=drill AT=2026-11-28T12:00:00Z)
	@$(PYTHON) -m lambda_package.restoring --source "$(SOURCE)" --target "$(TARGET)" $(if $(AT),--at $(AT))

SPOKE := .build/spoke/template.json

spoke: $(READY) ## write the template that a member account deploys (docs/accounts.md)
	@$(PYTHON) -m policytool.spoke $(SPOKE)
	@.venv/bin/cfn-lint --non-zero-exit-code error $(SPOKE)
	@echo $(SPOKE)

deploy-spokes: spoke ## deploy it to organizational units as a stack set (STAGE=dev OUS="ou-… ou-…" PROVISION_ROLE=arn:… CALL_AS=DELEGATED_ADMIN)
	@test -n "$(OUS)" || { echo "say which organizational units: make deploy-spokes STAGE=$(STAGE) OUS=ou-abcd-12345678" >&2; exit 1; }
	@$(PYTHON) -m lambda_package.deployment.spokes $(OUS) --stage $(STAGE) \
	  $(if $(PROVISION_ROLE),--provision-role $(PROVISION_ROLE)) $(if $(CALL_AS),--call-as $(CALL_AS))

check: $(READY) package ## lint, types, layers, policies and the CloudFormation template
	@.venv/bin/ruff check $(CHECKED)
	@.venv/bin/ruff format --check $(CHECKED)
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@.venv/bin/cfn-lint --non-zero-exit-code error $(OUT)/sam.json .chalice/deployment-roles.json
	@$(PYTHON) -m policytool.linters $(OUT)/sam.json .chalice/deployment-roles.json
	@.venv/bin/broker policy check
	@.venv/bin/broker policy test
	@$(PYTHON) -m bench.budgets

clean: ## remove what was built (not .venv); make down first
	@rm -rf .build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# The environment: python3 of 3.11 to 3.13, and nothing on the machine is changed.
$(READY): requirements.txt requirements-dev.txt pyproject.toml
	@command -v python3 >/dev/null || { echo "python3 is not installed: access-broker needs 3.11, 3.12 or 3.13" >&2; exit 1; }
	@python3 -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "python3 is $$(python3 -c 'import platform; print(platform.python_version())'): access-broker needs 3.11, 3.12 or 3.13" >&2; exit 1; }
	@echo "-> building .venv (once, about a minute; log: .venv/install.log)"
	@python3 -m venv .venv
	@# --no-compile: Python compiles what is used when it is used; compiling everything costs half a minute here.
	@# compat: a path is added for the checkout. The usual hook made every start of this Python three times as slow.
	@.venv/bin/python -m pip install --quiet --no-compile --disable-pip-version-check -r requirements-dev.txt \
	  --config-settings editable_mode=compat -e . > .venv/install.log 2>&1 \
	  || { echo "installing the requirements failed: see .venv/install.log" >&2; exit 1; }
	@touch $(READY)
