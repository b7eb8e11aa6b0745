"""Every compiler that touches the contracts makes the same bytecode of them."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from clients.ports import binaries
from clients.types.mechanisms import KINDS
from deploy import compiler

ROOT = binaries.ROOT


def run(program: str, *arguments: str) -> None:
    binary = binaries.find(program)
    assert binary is not None
    done = subprocess.run(
        [binary, *arguments],
        cwd=ROOT,
        env=binaries.node_environment(),
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text())
    return document


@pytest.mark.slow
@pytest.mark.needs("hardhat")
def test_hardhat_makes_the_same_bytecode() -> None:
    artifacts = compiler.artifacts()
    run("hardhat", "build", "--no-tests", "--quiet")
    folder = ROOT / "build" / "hardhat" / "artifacts"
    theirs = {name: read(folder / one.source / f"{name}.json") for name, one in artifacts.items()}
    assert {name: one["bytecode"] for name, one in theirs.items()} == {
        name: "0x" + one.bytecode.hex() for name, one in artifacts.items()
    }
    assert {name: one["deployedBytecode"] for name, one in theirs.items()} == {
        name: "0x" + one.deployed_bytecode.hex() for name, one in artifacts.items()
    }
    assert {name: one["abi"] for name, one in theirs.items()} == {
        name: one.abi for name, one in artifacts.items()
    }


@pytest.mark.needs("forge")
def test_forge_follows_the_same_settings_but_for_the_code_generator() -> None:
    settings = read(compiler.SETTINGS)["settings"]
    binary = binaries.find("forge")
    assert binary is not None
    answer = subprocess.run(
        [binary, "config", "--json"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    config = json.loads(answer.stdout)
    assert {
        "evmVersion": config["evm_version"],
        "viaIR": not config["via_ir"],
        "optimizer": {"enabled": config["optimizer"], "runs": config["optimizer_runs"]},
        "metadata": {"bytecodeHash": config["bytecode_hash"]},
    } == settings


@pytest.fixture
def contracts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose contracts a test may spoil: its folder of contracts, with a token alone."""
    (tmp_path / "contracts").mkdir()
    for name in ("JuryToken.sol", "solc.json"):
        shutil.copy(ROOT / "contracts" / name, tmp_path / "contracts")
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    monkeypatch.setattr(compiler, "ROOT", tmp_path)
    monkeypatch.setattr(compiler, "CONTRACTS", tmp_path / "contracts")
    monkeypatch.setattr(compiler, "BUILD", tmp_path / "build")
    return tmp_path / "contracts"


HEADER = "// SPDX-License-Identifier: Apache-2.0\npragma solidity ^0.8.24;\n"


@pytest.mark.slow
def test_a_warning_fails_and_leaves_nothing(contracts: Path) -> None:
    (contracts / "Odd.sol").write_text(HEADER + "contract Odd { function f() external { uint a = 1; } }")
    with pytest.raises(compiler.CompilationError, match="Unused local variable"):
        compiler.build()
    assert not (contracts.parent / "build").exists()


def test_an_error_is_the_compilers(contracts: Path) -> None:
    (contracts / "Odd.sol").write_text(HEADER + "contract Odd { function f() }")
    with pytest.raises(compiler.CompilationError, match=r"Odd\.sol"):
        compiler.build()


def test_a_missing_import_is_named(contracts: Path) -> None:
    (contracts / "Odd.sol").write_text(HEADER + 'import {A} from "@openzeppelin/contracts/Nowhere.sol";')
    with pytest.raises(compiler.UnavailableError, match=r"Nowhere\.sol: run `make setup`"):
        compiler.build()


@pytest.mark.slow
def test_nothing_is_compiled_twice(contracts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = compiler.build().read_bytes()
    monkeypatch.setattr(compiler, "_compile", lambda *_: pytest.fail("compiled again"))
    assert compiler.build().read_bytes() == first
    (contracts.parent / "build" / "contracts.json").unlink()
    assert compiler.build().read_bytes() == first
    (contracts / "solc.json").touch()
    assert compiler.build().read_bytes() == first


def test_the_native_compiler_of_the_right_version_is_preferred(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    native = tmp_path / "solc"
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    for version, chosen in [("0.8.37", native), ("0.8.11", compiler.SCRIPT)]:
        native.write_text(f"#!/bin/sh\necho 'Version: {version}+commit.0.Linux.g++'\n")
        native.chmod(0o755)
        compiler.solc_binary.cache_clear()
        assert compiler.solc_binary() == chosen
    compiler.solc_binary.cache_clear()


@pytest.mark.parametrize("name", [kind.contract for kind in KINDS.values()])
def test_every_event_and_error_says_what_it_means(name: str) -> None:
    """An explorer shows these words beside what a transaction did, or why it failed."""
    one = compiler.artifact(name)
    output = json.loads(one.metadata)["output"]
    told = {
        signature.partition("(")[0]
        for kind in ("events", "errors")
        for words in ("userdoc", "devdoc")
        for signature in output[words].get(kind, ())
    }
    assert {part["name"] for part in one.abi if part["type"] in ("event", "error")} <= told
