"""Proofs about the contracts: Halmos looks for a counterexample among all inputs, and may find none."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from clients.ports import binaries
from deploy import compiler

FILES = sorted((Path(__file__).parent / "symbolic").glob("*.t.sol"))
BUILD = Path("build") / "halmos"
# What a whole action does takes minutes to prove.
DEEP = {"Money"}
LONG = os.environ.get("FOUNDRY_PROFILE") == "long"
_CONTRACT = re.compile(r"^contract (\w+)", re.MULTILINE)
_PROOF = re.compile(r"(/// @custom:halmos --loop \d+\n\s*)?function (check_\w+)")
SECONDS = 900
WATCHED = 120  # what the solver may take for one question


def halmos(contract: str, report: Path) -> subprocess.CompletedProcess[str]:
    forge, binary = binaries.find("forge"), binaries.find("halmos")
    assert forge is not None
    assert binary is not None
    environment = binaries.node_environment()
    # Its solver lies next to it.
    environment["PATH"] = os.pathsep.join([str(binary.parent), str(forge.parent), environment["PATH"]])
    return subprocess.run(
        [
            *(binary, "--no-status", "--contract", contract, "--json-output", report),
            *("--forge-build-out", BUILD / "out", "--solver-timeout-assertion", f"{WATCHED}s"),
        ],
        cwd=binaries.ROOT,
        env={
            **environment,
            "FOUNDRY_SOLC": str(compiler.solc_binary()),
            "FOUNDRY_TEST": "tests/contracts/symbolic",
            "FOUNDRY_OUT": str(BUILD / "out"),
            "FOUNDRY_CACHE_PATH": str(BUILD / "cache"),
            "NO_COLOR": "1",
        },
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def case(file: Path) -> Any:
    name = file.name.removesuffix(".t.sol")
    skipped = pytest.mark.skipif(name in DEEP and not LONG, reason="takes minutes: `make test-deep`")
    return pytest.param(file, id=name, marks=skipped)


@pytest.mark.needs("forge", "halmos")
@pytest.mark.slow
@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("file", [case(file) for file in FILES])
def test_halmos(file: Path, tmp_path: Path) -> None:
    source = file.read_text("utf-8")
    contracts = _CONTRACT.findall(source)
    assert len(contracts) == 1
    wanted = {name: bool(bounded) for bounded, name in _PROOF.findall(source)}
    assert wanted
    report = tmp_path / "report.json"
    done = halmos(contracts[0], report)
    assert report.exists(), done.stdout + done.stderr
    results = [one for many in json.loads(report.read_text())["test_results"].values() for one in many]
    proven = {one["name"].split("(")[0]: one for one in results}
    failed = [name for name, one in proven.items() if one["exitcode"] != 0]
    assert not failed, f"not proven: {', '.join(failed)}\n{done.stdout}{done.stderr}"
    assert set(proven) == set(wanted), done.stdout + done.stderr
    # Where a loop is cut off, the bound has to stand with the proof that says why it may.
    cut = {name for name, one in proven.items() if one["num_bounded_loops"]}
    assert cut <= {name for name, bounded in wanted.items() if bounded}, done.stdout
    assert done.returncode == 0, done.stdout + done.stderr
