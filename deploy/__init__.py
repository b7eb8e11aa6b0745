"""Puts the contracts on a chain: compiler, deployment, development chain."""

import clients  # noqa: F401  # first of all: it ends commands that Ctrl-C stops before they have begun
