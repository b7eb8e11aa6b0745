"""Writes the standard-JSON input by which a block explorer verifies the code on the chain."""

import json
from pathlib import Path
from typing import Any

from clients.ports.chain.deployment import Deployment
from clients.ports.files import write_whole
from deploy.compiler import SETTINGS, artifact, read_sources


def compiler_settings() -> dict[str, Any]:
    """Return the compiler's version and settings, as they are in `contracts/solc.json`."""
    settings: dict[str, Any] = json.loads(SETTINGS.read_text(encoding="utf-8"))
    return settings


def standard_input() -> dict[str, Any]:
    """Return the standard-JSON input of every contract of ours."""
    return {
        "language": "Solidity",
        "sources": {unit: {"content": content} for unit, content in read_sources().items()},
        "settings": compiler_settings()["settings"]
        | {"outputSelection": {"*": {"*": ["abi", "evm.bytecode.object"]}}},
    }


def write_sources(record: Path, deployment: Deployment) -> None:
    """Write, beside a deployment's record, the files with which explorers (Sourcify too) verify it.

    `sources/<name>.json` is the standard-JSON input. `sources/<name>/<contract>.metadata.json` is the
    compiler's metadata of each deployed contract: settings, interface, and the hash of every source in it.
    """
    folder = record.parent / "sources"
    write_whole(folder / record.name, json.dumps(standard_input(), indent=1, sort_keys=True) + "\n")
    for contract in (deployment.federation, deployment.token, deployment.beacon):
        # a token that existed before was compiled by others
        if contract is not None and contract.transaction:
            path = folder / record.stem / f"{contract.contract}.metadata.json"
            write_whole(path, artifact(contract.contract).metadata)
