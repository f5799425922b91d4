.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
LOCKS := requirements.lock requirements-dev.lock
# What builds the wheel inside the image: hatchling and what it needs.
BUILD := hatchling packaging pathspec pluggy tomlkit trove-classifiers

# Where the machine forbids to keep compiled modules, every command would compile all that it imports anew: seconds each time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run test test-long check bench bench-overload bench-disclosure bench-flows lock docs wheelhouse

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
	for name in $(BUILD); do sed -n "/^$$name==/,/[^\\]$$/p" requirements-dev.lock; done > deploy/build.lock

docs: setup ## write docs/problems/, docs/routes.md, docs/checker.md and the table of names anew
	$(BIN)/python docs/make_problems.py
	$(BIN)/python docs/make_routes.py
	$(BIN)/python docs/make_checker.py
	$(BIN)/python docs/make_names.py

wheelhouse: setup ## fetch what the image is built from, so that its build needs no network
	rm -rf wheelhouse
	for lock in requirements.lock deploy/build.lock; do \
	  $(BIN)/python -m pip download -q --disable-pip-version-check --require-hashes --only-binary :all: -d wheelhouse -r $$lock || exit 1; done

run: setup ## set up, migrate, and serve the demo on a SQLite file (Ctrl-C ends it)
	$(BIN)/istmo demo

test: setup ## the whole suite on SQLite and PostgreSQL; what is not about the store by turns (tests/conftest.py)
	$(BIN)/pytest -n 3 --dist worksteal -m "not long"

test-long: setup ## the long form of a suite: make test-long SUITE=writers; SUITE=both: every test on both databases
	@if [ "$(SUITE)" = both ]; then ISTMO_BOTH=1 $(BIN)/pytest -n 3 --dist worksteal -m "not long"; exit; fi; \
	$(BIN)/pytest -s -m long -k "$(SUITE)" --timeout 1800

check: setup ## lint, format, types, floors, dependencies, security, locks, openapi/
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry app istmo
	$(BIN)/bandit -q -r app istmo
	$(BIN)/hadolint Dockerfile
	@! grep -n '://' $(LOCKS) deploy/build.lock
	$(BIN)/python bench/locks.py
	@$(BIN)/istmo openapi --out $(VENV)/openapi && diff -rq $(VENV)/openapi openapi \
	  || { echo "openapi/ is not what the code says: run .venv/bin/istmo openapi"; exit 1; }

bench: setup ## rates beside an empty route, as ratios in one run; a node asked more than it can; a first sync; the protection of numbers; the flows
	$(BIN)/python bench/run.py
	$(BIN)/python bench/overload.py
	$(BIN)/python bench/alerts.py
	$(BIN)/python bench/sync.py
	$(MAKE) bench-disclosure
	$(MAKE) bench-flows

bench-flows: setup ## the analyst query on 750,000 cells: beside Datasette, bare SQL and writers; exports beside the bare driver
	@folder=$$(mktemp -d) && for program in flows flows_load flows_export; do \
	  $(BIN)/python -W ignore bench/$$program.py --store $$folder || failed=1; done; rm -rf $$folder; exit $${failed:-0}

bench-disclosure: setup ## seconds and persons shown of each method, of later versions, of the check of a certificate
	$(BIN)/python bench/disclosure.py
	$(BIN)/python bench/disclosure_round.py
	$(BIN)/python bench/disclosure_history.py

bench-overload: setup ## a node asked once, twice and ten times what it can answer (two cores)
	$(BIN)/python bench/overload.py
