.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
LOCKS := requirements.lock requirements-dev.lock

.PHONY: help setup run test test-long check bench lock

help: ## what each target does
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 14

setup: $(VENV)/.ready ## make the virtual environment from the two locks (hashes checked)

$(VENV)/.ready: $(LOCKS) pyproject.toml
	python3 -m venv $(VENV)
	@sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.lock > $(VENV)/uv.txt
	@if $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $(VENV)/uv.txt \
	   && $(BIN)/uv pip sync -q --python $(BIN)/python --require-hashes $(LOCKS); then :; else \
	   echo "uv is not to be had here: plain pip does it, more slowly"; \
	   for lock in $(LOCKS); do $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $$lock || exit 1; done; fi
	@if [ -x $(BIN)/uv ]; then $(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .; \
	   else $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .; fi
	@touch $@

lock: ## resolve pyproject.toml anew and write both locks
	$(BIN)/uv lock -q
	$(BIN)/uv export -q --no-header --no-emit-project --format requirements-txt --extra server --no-default-groups > requirements.lock
	$(BIN)/uv export -q --no-header --no-emit-project --format requirements-txt --only-group dev > requirements-dev.lock

run: setup ## set up, migrate, and serve the demo on a SQLite file (Ctrl-C ends it)
	$(BIN)/istmo demo

test: setup ## the whole suite on SQLite and PostgreSQL
	$(BIN)/pytest -n 2 --dist worksteal -m "not long"

test-long: setup ## the long form of a suite: make test-long SUITE=writers
	$(BIN)/pytest -s -m long -k "$(SUITE)" --timeout 1800

check: setup ## lint, format, types, floors, dependencies, security, locks, openapi/
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy app
	$(BIN)/lint-imports
	$(BIN)/deptry app
	$(BIN)/bandit -q -r app
	@! grep -n '://' $(LOCKS)
	$(BIN)/python bench/locks.py
	@$(BIN)/istmo openapi --out $(VENV)/openapi && diff -q $(VENV)/openapi/openapi.json openapi/openapi.json \
	  || { echo "openapi/ is not what the code says: run .venv/bin/istmo openapi"; exit 1; }

bench: setup ## rates of flows and of 304 beside an empty route, as ratios in one run
	$(BIN)/python bench/run.py
