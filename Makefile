# `make demo` and `make test` are all a newcomer needs; both install into .venv first.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
# Tests wait for engines to start as much as they compute: three at a time keep two cores busy. The tests of a file run
# in one process, so what they share is made once. The folders with long tests come first.
WORKERS ?= 3
PYTEST := $(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
# How much `make quality` measures: orders of arrival, and papers in every format.
ORDERS ?= 10
PAPERS ?= 42
# How many records `make bench-peers` loads.
RECORDS ?= 1000
.DEFAULT_GOAL := help
.PHONY: help install demo test test-faults test-servers test-server-profile campaign-servers servers-up servers-down \
	lint docs docs-check bench bench-peers bench-servers bench-llm quality quality-llm quality-meaning quality-search \
	clean

help: ## show what each target does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-19s %s\n", $$1, $$2}'

install: .venv/.installed ## install apex and its development tools into .venv
.venv/.installed: pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: no python >= 3.11 found; set PYTHON=/path/to/python3" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: install ## ingest the fixtures into four embedded stores and show what was stored
	@scripts/demo $(BIN)/apex

.PHONY: shell
shell: install ## open a shell in which `apex` works on the demo's memory
	@echo "apex works on the memory of 'make demo'; exit with: exit"
	@PATH="$(CURDIR)/$(BIN):$$PATH" APEX_HOME="$(CURDIR)/.demo/home" "$${SHELL:-/bin/sh}"

test: install ## the whole test suite except the long fault campaigns; on servers too where APEX_TEST_*_URL name them
	$(BIN)/lint-imports
	$(PYTEST) -m 'not campaign' --ignore-glob='tests/faults/test_server_*.py'

test-faults: install ## the long campaigns: kill -9 at random moments, every fault point
	$(BIN)/pytest -n $(WORKERS) -m 'campaign and not exhaustive' --ignore-glob='tests/faults/test_server_*.py'

test-servers: install ## all tests that need servers: PostgreSQL, Redis and Neo4j are started and ended
	@scripts/with-servers sh -c "$(PYTEST) -m 'not campaign' tests/contract tests/integration \
		tests/acceptance/test_doctor_servers.py tests/acceptance/test_secrets.py && \
		$(MAKE) --no-print-directory test-server-profile"

# The fault tests of servers start servers of their own to stop and kill: one set of them is enough for a machine.
test-server-profile: install ## acceptance and fault tests on the servers that APEX_TEST_*_URL name
	APEX_TEST_PROFILE=servers $(PYTEST) -m 'not campaign' tests/acceptance \
		tests/faults/test_kill_points.py tests/faults/test_errors.py tests/faults/test_random_kills.py
	$(BIN)/pytest -m 'not campaign' tests/faults/test_server_*.py

campaign-servers: install ## the long campaign against servers that are stopped, killed, paused and cut off
	@scripts/with-servers $(BIN)/pytest -m 'campaign and not exhaustive' tests/faults/test_server_*.py

servers-up: install ## start PostgreSQL, Redis and Neo4j on free local ports, without Docker
	@$(BIN)/python -m scripts.servers up

servers-down: install ## stop them and remove their data
	@$(BIN)/python -m scripts.servers down

lint: install docs-check ## ruff, formatting, mypy --strict, import rules, documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The notice that it turns off is about a later release of MkDocs; both packages are pinned.
docs: install ## the documents as a site in site/; ends with an error on a broken link or a page that is in no menu
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "open site/index.html"

docs-check: install ## what documents name exists, and what exists is documented
	$(BIN)/python -m tests.docs_check

bench: install ## speed and memory of one run: rates, processor seconds, ratios, peak memory
	$(BIN)/python -m bench

bench-peers: install ## cocoindex, LightRAG, cognee and dlt on the same records (RECORDS=1000), in environments of their own
	$(BIN)/python -m bench.peers --records $(RECORDS)

bench-llm: install ## what reading free text costs beside the model: requests, rates, shares, against the fake OpenAI server
	$(BIN)/python -m bench.llm

bench-servers: install ## the same on servers, which are started and ended
	@scripts/with-servers $(BIN)/python -m bench.servers

quality: install ## is the memory true in every order of arrival, and is what stands in texts, papers, tables and EDI found
	$(BIN)/python -m quality.records --orders $(ORDERS)
	$(BIN)/python -m quality.texts
	$(BIN)/python -m quality.mentions
	$(BIN)/python -m quality.documents --papers $(PAPERS)

quality-llm: install ## how well the configured model reads free text, compared with the rules alone
	$(BIN)/python -m quality

quality-meaning: install ## does search find the text that answers a question asked in other words, by each embedding model
	$(BIN)/python -m quality.meaning

quality-search: install ## does search find what is asked for by id, name, misspelt name, time and meaning: hit@1, hit@5, MRR
	$(BIN)/python -m quality.search

clean: ## remove .venv, the demo's home and caches
	rm -rf .venv .bench-peers .demo site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
