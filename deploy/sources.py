"""What a block explorer asks for: the standard-JSON input that compiles to what is on chain."""

import json
from typing import Any

from deploy.compiler import SETTINGS, read_sources


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
