"""Compile, deploy, devnet: what puts the contracts on a chain."""
