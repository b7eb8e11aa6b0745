# Everything here starts from nothing: Python 3.11+ and Node are all it asks for.
# Stamps make a second run start at once; `make clean` forgets builds, `make distclean` everything.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

PY := .venv/bin/python
NPM := PATH="$(CURDIR)/.tools/node/bin:$$PATH" npm

.PHONY: help
help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# ---------------------------------------------------------------- set-up

.PHONY: setup
setup: .venv/.ready node_modules/.ready ## .venv and node_modules, from the locks

.venv/.ready: requirements.bootstrap.lock requirements.lock pyproject.toml tools/setup-python
	@tools/setup-python
	@touch $@

node_modules/.ready: package.json package-lock.json tools/setup-node
	@tools/setup-node
	@touch $@
