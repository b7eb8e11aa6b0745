"""Compile, deploy, devnet: what puts the contracts on a chain."""

import clients  # noqa: F401  # first of all: it ends commands that Ctrl-C stops before they have begun
