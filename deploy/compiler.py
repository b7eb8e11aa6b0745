"""Compile the contracts, with the settings that Hardhat and forge follow too (`contracts/solc.json`).

`python -m deploy.compiler` writes `build/contracts.json`. Nothing is compiled twice: the result is kept under
the digest of the compiler's version, the settings and every source, including OpenZeppelin's.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from clients.ports.binaries import ROOT, node_environment
from clients.ports.chain.abi import Abi
from clients.ports.command import guard
from clients.ports.files import write_whole
from clients.types.errors import FedJuryError, RequestError, UnavailableError, unknown_name

CONTRACTS = ROOT / "contracts"
BUILD = ROOT / "build"
SETTINGS = CONTRACTS / "solc.json"
SCRIPT = ROOT / "tools" / "solc.cjs"

_IMPORT = re.compile(r'^\s*import\b[^;"\']*["\']([^"\']+)["\']', re.MULTILINE)
_VERSION = re.compile(r"Version: (\S+)")
_KEPT_OUTPUTS = 4

Json: TypeAlias = dict[str, Any]


class CompilationError(FedJuryError):
    """The contracts don't compile, or not without a warning; the message is the compiler's."""


@dataclass(frozen=True)
class Artifact:
    """A compiled contract.

    `bytecode` is what a deployment sends (constructor arguments go behind it), `deployed_bytecode` what is on
    chain afterwards, but for immutables; `metadata` is the compiler's, in JSON: its settings, and the hash of
    every source. All three are empty for interfaces and abstract contracts.
    """

    name: str
    source: str
    abi: list[Json]
    bytecode: bytes
    deployed_bytecode: bytes
    metadata: str = ""

    def encode_arguments(self, arguments: Sequence[object]) -> bytes:
        """Return the constructor's arguments in the ABI's encoding."""
        return Abi(self.abi).construct(arguments)

    def build_creation(self, arguments: Sequence[object]) -> bytes:
        """Return the data of the transaction that creates the contract: `deploy` sends it, the audit compares
        it."""
        return self.bytecode + self.encode_arguments(arguments)


def artifact(name: str) -> Artifact:
    """Return one compiled contract of ours by its name, compiling first where that is needed."""
    known = artifacts()
    if name not in known:
        raise unknown_name("contract", name, known)
    return known[name]


@cache
def artifacts() -> Mapping[str, Artifact]:
    """Return every compiled contract of ours by its name, compiling first where that is needed.

    Raises:
        CompilationError: the contracts don't compile without a warning.
        UnavailableError: there is no compiler, or OpenZeppelin's contracts are missing.
    """
    contracts: Mapping[str, Json] = json.loads(build().read_text(encoding="utf-8"))["contracts"]
    return {
        name: Artifact(
            name=name,
            source=entry["source"],
            abi=entry["abi"],
            bytecode=bytes.fromhex(entry["bytecode"].removeprefix("0x")),
            deployed_bytecode=bytes.fromhex(entry["deployedBytecode"].removeprefix("0x")),
            metadata=entry["metadata"],
        )
        for name, entry in contracts.items()
    }


def build() -> Path:
    """Bring `build/contracts.json` up to date and return its path.

    It holds `{"compiler": version, "digest": hex, "contracts": {name: …}}`, and for every contract `source`,
    `abi`, `metadata`, and `bytecode` and `deployedBytecode` as 0x-prefixed hex.
    """
    path = BUILD / "contracts.json"
    settings = _settings()
    sources = read_sources()
    digest = _digest(settings, sources)
    kept = BUILD / "solc" / f"{digest}.json"
    if not kept.exists():
        contracts = _compile(settings, sources)
        document = {"compiler": settings["version"], "digest": digest, "contracts": contracts}
        write_whole(kept, json.dumps(document, indent=1, sort_keys=True))
        _forget_old(kept.parent)
    if not path.exists() or path.read_bytes() != kept.read_bytes():
        write_whole(path, kept.read_text(encoding="utf-8"))
    return path


def read_sources() -> dict[str, str]:
    """Return every source by its unit name: those under `contracts/`, and what they import."""
    sources: dict[str, str] = {}
    waiting = sorted(path.relative_to(ROOT).as_posix() for path in CONTRACTS.rglob("*.sol"))
    while waiting:
        unit = waiting.pop()
        if unit in sources:
            continue
        path = ROOT / unit if unit.startswith("contracts/") else ROOT / "node_modules" / unit
        try:
            sources[unit] = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise UnavailableError(f"no Solidity source at {path}: run `make setup`.") from None
        waiting += [_resolve(unit, imported) for imported in _IMPORT.findall(sources[unit])]
    return dict(sorted(sources.items()))


def _resolve(unit: str, imported: str) -> str:
    """Return the unit name that an import means, as Solidity reads it."""
    if imported.startswith("."):
        return os.path.normpath(Path(unit).parent / imported).replace(os.sep, "/")
    return imported


@cache
def solc_binary() -> Path:
    """Return a compiler of the pinned version: a native one on PATH, else npm's behind `tools/solc.cjs`.

    Raises:
        UnavailableError: neither is there.
    """
    wanted = _settings()["version"]
    native = shutil.which("solc")
    if native and _version(Path(native)).split("+")[0] == wanted:
        return Path(native)
    version = _version(SCRIPT)
    if version.split("+")[0] != wanted:
        raise UnavailableError(
            f"no solc {wanted}: node_modules has {version or 'none'}. "
            "Run `make setup`, or put that compiler on PATH."
        )
    return SCRIPT


def _version(binary: Path) -> str:
    """Return a compiler's version with its commit, or the empty string where it doesn't answer."""
    try:
        # solcjs and its like answer other questions to the same name; a minute is ample for any of them.
        answer = subprocess.run(
            [binary, "--version"],
            capture_output=True,
            text=True,
            env=node_environment(),
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = _VERSION.search(answer.stdout)
    return found[1] if found else ""


def _settings() -> Json:
    try:
        settings: Json = json.loads(SETTINGS.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RequestError(f"{SETTINGS}: {error}") from error
    return settings


def _digest(settings: Json, sources: Mapping[str, str]) -> str:
    # The "2" is the version of the kept format: a newer version must not read what an older one kept.
    text = json.dumps(["2", settings, sources], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _compile(settings: Json, sources: Mapping[str, str]) -> dict[str, Json]:
    from solcx import compile_standard  # late: it loads slowly, and mostly there is nothing to compile
    from solcx.exceptions import SolcError

    request = {
        "language": "Solidity",
        "sources": {unit: {"content": content} for unit, content in sources.items()},
        "settings": {
            **settings["settings"],
            "outputSelection": {
                "*": {"*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object", "metadata"]}
            },
        },
    }
    path = os.environ.get("PATH", "")
    os.environ["PATH"] = node_environment()["PATH"]
    try:
        output = compile_standard(request, solc_binary=solc_binary())
    except SolcError as error:
        raise CompilationError(str(error)) from error
    finally:
        os.environ["PATH"] = path
    if complaints := [one["formattedMessage"] for one in output.get("errors", []) if _counts(one)]:
        raise CompilationError("\n".join(complaints))
    return _select(output)


def _counts(complaint: Json) -> bool:
    """Tell whether a complaint of the compiler fails the build: every one about our own sources does."""
    if complaint["severity"] == "error":
        return True
    ours = complaint.get("sourceLocation", {}).get("file", "contracts/").startswith("contracts/")
    return bool(ours and complaint["severity"] == "warning")


def _select(output: Json) -> dict[str, Json]:
    """Return our own contracts from the compiler's output, by name."""
    contracts: dict[str, Json] = {}
    for unit, named in output["contracts"].items():
        if not unit.startswith("contracts/"):
            continue
        for name, entry in named.items():
            if name in contracts:
                raise CompilationError(
                    f"two contracts are called {name}: {contracts[name]['source']} and {unit}"
                )
            contracts[name] = {
                "source": unit,
                "abi": entry["abi"],
                "bytecode": "0x" + entry["evm"]["bytecode"]["object"],
                "deployedBytecode": "0x" + entry["evm"]["deployedBytecode"]["object"],
                "metadata": entry["metadata"] if entry["evm"]["bytecode"]["object"] else "",
            }
    return contracts


def _forget_old(folder: Path) -> None:
    newest = sorted(folder.glob("*.json"), key=lambda one: one.stat().st_mtime, reverse=True)
    for one in newest[_KEPT_OUTPUTS:]:
        one.unlink(missing_ok=True)


def main() -> int:
    """Compile, and print each contract's size; return the exit status."""
    return guard(_run)


def _run() -> int:
    path = build()
    for name, one in sorted(artifacts().items()):
        if one.bytecode:
            print(f"{name:<20} {len(one.deployed_bytecode):>6} B")
    print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
