# `make demo` and `make test` are all a newcomer needs; both install into .venv first.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
# Tests wait for engines to start as much as they compute: three at a time keep two cores busy.
WORKERS ?= 3
.DEFAULT_GOAL := help
.PHONY: help install demo test test-faults test-servers servers-up servers-down lint bench bench-servers bench-llm \
	quality-llm clean

help: ## say what each target does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-13s %s\n", $$1, $$2}'

install: .venv/.installed ## install apex and its development tools into .venv
.venv/.installed: pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: no python >= 3.11 found; set PYTHON=/path/to/python3" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: install ## ingest the fixtures into four embedded stores and show what was stored
	@scripts/demo $(BIN)/apex

test: install ## import rules and the whole test suite except the long fault campaigns
	$(BIN)/lint-imports
	$(BIN)/pytest -n $(WORKERS) -m 'not campaign'

test-faults: install ## the long campaigns: kill -9 at random moments, every fault point
	$(BIN)/pytest -n 2 -m 'campaign and not exhaustive'

test-servers: install ## contract, acceptance and a choice of fault tests on PostgreSQL, Redis and Neo4j servers
	@scripts/test-servers $(BIN)

servers-up: install ## start PostgreSQL, Redis and Neo4j on free local ports, without Docker
	@$(BIN)/python -m scripts.servers up

servers-down: install ## end them and remove their data
	@$(BIN)/python -m scripts.servers down

lint: install ## ruff, formatting, mypy --strict, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install ## speed and memory of one run: rates, ratios, peak memory
	$(BIN)/python -m bench

bench-llm: install ## what reading free text costs beside the model: requests, rates, shares, against a test double
	$(BIN)/python -m bench.llm

bench-servers: install ## the same on servers: after `make servers-up` and `. .servers/env`
	$(BIN)/python -m bench.servers

quality-llm: install ## how well free text is understood by the model configured, beside rules alone
	$(BIN)/python -m quality

clean: ## remove .venv, the demo's home and caches
	rm -rf .venv .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
