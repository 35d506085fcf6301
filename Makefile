# Orderdock. `make` lists the tasks; every one of them works as the first command in a fresh clone.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

PYTHON := .venv/bin/python
PACKAGES := billing common contracts fulfillment gateway inventory localhost orders sandbox sync
MEMBERS := $(wildcard libs/* services/*) deploy/localhost deploy/sandbox

ARGS ?=

# Compiling every module anew costs each start of a process seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## list the tasks
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## install uv where it is missing, and the locked packages into .venv
	@deploy/localhost/setup

.PHONY: demo
demo: setup ## play a day of orders (EXIT=1 ORDERS=file.csv SEED= COUNT= CHAOS=1 TARGET=compose)
	@$(PYTHON) -m localhost demo $(ARGS)

.PHONY: up
up: setup ## put the whole installation up and keep it up until Ctrl-C
	@$(PYTHON) -m localhost up $(ARGS)

.PHONY: check
check: setup ## have every service of the installation that is up prove its invariants
	@$(PYTHON) -m localhost check $(ARGS)

.PHONY: test
test: setup ## run all tests, with servers found or started for them (ARGS="-k name")
	@$(PYTHON) -m localhost exec -- $(PYTHON) -m pytest $(ARGS)

.PHONY: bench
bench: setup ## measure orders per second, latency, memory and processor time per order
	@$(PYTHON) -m localhost exec -- $(PYTHON) -m tests.bench $(ARGS)

.PHONY: lint
lint: setup ## check style, types, layers and dependencies
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy --strict $(addprefix -p ,$(PACKAGES))
	@.venv/bin/mypy --config-file tests/mypy.ini $(wildcard $(addsuffix /tests,$(MEMBERS))) tests
	@.venv/bin/lint-imports
	@for member in $(MEMBERS); do (cd $$member && $(CURDIR)/.venv/bin/deptry .) || exit; done

.PHONY: fmt
fmt: setup ## format the code and repair what can be repaired by itself
	@.venv/bin/ruff check --fix-only .
	@.venv/bin/ruff format .

.PHONY: docs
docs: setup ## write the reference pages that are made from the code
	@$(PYTHON) -m localhost docs $(ARGS)

.PHONY: clean
clean: ## remove what the tasks made in this clone
	@rm -rf .venv .tools .run .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
