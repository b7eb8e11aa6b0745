# Everything here starts from nothing: Python 3.11+ and Node are all it asks for, and Go where it is there.
# What was set up or built once is not done again; `make clean` forgets builds, `make distclean` all of it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

PY := .venv/bin/python
# As many processes as there are cores; tests/conftest.py says which tests stay together.
SHARED := -n logical
# More for the command behind a target: make swarm ARGS='--rounds 5', make test ARGS='-k draw'.
ARGS ?=

.PHONY: help
help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

# ---------------------------------------------------------------- set-up

.PHONY: setup lock
setup: .venv/.ready node_modules/.ready ## .venv and node_modules, from the locks
	@: # says nothing where nothing is to do

.venv/.ready: requirements.bootstrap.lock requirements.lock pyproject.toml tools/setup-python
	@tools/setup-python
	@touch $@

node_modules/.ready: package.json package-lock.json tools/setup-node
	@tools/setup-node
	@touch $@

lock: setup ## write the locks anew, for changed pins
	@tools/lock

.PHONY: analysis analysis-if-can
analysis: .tools/analysis/.ready ## Slither and Halmos, in an environment of their own
	@:

.tools/analysis/.ready: requirements.analysis.lock tools/setup-analysis | setup
	@tools/setup-analysis
	@touch $@

# Tests want Halmos, but not where no package of it is to be had.
analysis-if-can: setup
	@$(MAKE) --no-print-directory analysis \
	  || echo 'analysis: no Slither and Halmos here; tests that need them will be skipped' >&2

# ---------------------------------------------------------------- run

.PHONY: swarm devnet
swarm: setup ## a watched stake_vote run with attackers
	@$(PY) -m clients.swarm --mechanism stake_vote $(ARGS)

# Whoever names another model to start from, or terms that do, has no need of ours.
LEARNING := $(if $(findstring --genesis,$(ARGS))$(findstring --terms,$(ARGS)),,build/learning.toml)

devnet: setup $(LEARNING) ## Anvil and Kubo in the foreground, with the contracts deployed
	@$(PY) -m deploy.devnet $(LEARNING:%=--learning % --genesis-file build/genesis.safetensors) $(ARGS)

build/learning.toml: | setup
	@$(PY) -m clients.genesis --save build/genesis.safetensors --learning $@ >/dev/null

# What is built once and out of date is built again by the command itself, which knows all that goes into it.
.PHONY: explorer
explorer: setup ## the audit page, into build/explorer
	@$(PY) -m deploy.explorer --build-only $(ARGS)

# ---------------------------------------------------------------- real nodes, from their Go modules

.PHONY: ipfs ipfs-if-can geth
ipfs: .tools/bin/ipfs ## build the IPFS node Kubo into .tools/bin
	@:

geth: .tools/bin/geth ## build geth with Clique into .tools/bin
	@:

.tools/bin/ipfs: deploy/kubo/go.mod deploy/kubo/go.sum deploy/kubo/tools.go tools/build-node
	@tools/build-node kubo ipfs github.com/ipfs/kubo/cmd/ipfs

# Without the flag this old version doesn't link by a newer Go.
.tools/bin/geth: deploy/geth/go.mod deploy/geth/go.sum deploy/geth/tools.go tools/build-node
	@tools/build-node geth geth github.com/ethereum/go-ethereum/cmd/geth -ldflags=-checklinkname=0

# Tests want Kubo, but not at any price: without it and without Go, those that need it are skipped.
ipfs-if-can:
	@if command -v go >/dev/null; then \
	  $(MAKE) --no-print-directory ipfs; \
	elif [ ! -x .tools/bin/ipfs ] && ! command -v ipfs >/dev/null; then \
	  echo 'ipfs: no Kubo here and no Go to build it with; tests that need it will be skipped' >&2; \
	fi

# ---------------------------------------------------------------- a browser, out of its Node package

.PHONY: chromium chromium-if-can
chromium: .tools/bin/chromium ## unpack the browser that the audit page is tested in into .tools
	@:

.tools/bin/chromium: package-lock.json tools/chromium.cjs | setup
	@.tools/node/bin/node tools/chromium.cjs

# Tests want a browser, but there are machines that this one doesn't run on, and most have another.
chromium-if-can: setup
	@$(MAKE) --no-print-directory chromium \
	  || echo 'chromium: this one runs on Linux x64 alone; tests look for another' >&2

# ---------------------------------------------------------------- tests and gates

.PHONY: test test-fast test-deep
test: setup ipfs-if-can analysis-if-can chromium-if-can ## every test
	@$(PY) -m pytest $(SHARED) $(ARGS)

test-fast: setup ## the part of it under three minutes
	@$(PY) -m pytest $(SHARED) -m 'not slow' $(ARGS)

test-deep: setup ipfs-if-can analysis-if-can chromium-if-can ## every test, with many more random cases; then mutants and coverage
	@HYPOTHESIS_PROFILE=deep FOUNDRY_PROFILE=long $(PY) -m pytest $(SHARED) --timeout 7200 $(ARGS)
	@$(PY) tools/mutate.py
	@$(PY) tools/coverage.py

.PHONY: halmos echidna mutants coverage
halmos: analysis ## prove what the contracts keep to
	@$(PY) -m pytest tests/contracts/test_halmos.py $(ARGS)

echidna: analysis ## look for a way to make or lose money
	@$(PY) -m pytest tests/contracts/test_echidna.py $(ARGS)

mutants: setup ## seed faults in the contracts and see whether tests notice
	@$(PY) tools/mutate.py $(ARGS)

coverage: setup ## lines and branches of the contracts that tests run
	@$(PY) tools/coverage.py

.PHONY: lint lint-python lint-types lint-layers lint-explorer lint-contracts lint-solidity lint-slither format
lint: lint-python lint-types lint-layers lint-explorer lint-contracts lint-solidity lint-slither ## every gate

lint-python: setup
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

lint-types: setup
	@$(PY) -m mypy

lint-layers: setup
	@.venv/bin/lint-imports

lint-explorer: setup
	@PATH="$$PWD/.tools/node/bin:$$PATH" node_modules/.bin/tsc --project deploy/explorer/app

# The compiler's warnings are errors here.
lint-contracts: setup
	@$(PY) -m deploy.compiler

lint-solidity: setup
	@tools/solhint

lint-slither: analysis
	@$(PY) tools/slither.py

format: setup ## bring the Python code into form
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

# ---------------------------------------------------------------- clean

.PHONY: clean distclean
clean: ## forget what was compiled and cached
	@rm -rf build coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -not -path './.venv/*' -not -path './node_modules/*' -prune -exec rm -rf {} +

distclean: clean ## and all that was set up
	@rm -rf .venv node_modules .tools
