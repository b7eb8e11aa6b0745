"""Echidna looks for a sequence of actions that makes or loses money."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from clients.ports import binaries
from deploy import compiler

HERE = Path(__file__).parent / "echidna"
BUILD = Path("build") / "echidna"
DEEP = os.environ.get("FOUNDRY_PROFILE") == "long"
CALLS = 20_000 if DEEP else 300
SECONDS = 7000 if DEEP else 600
_PROPERTY = re.compile(r"function (echidna_\w+)")
CONTRACTS = [
    (name, _PROPERTY.findall(path.read_text("utf-8")))
    for path in sorted(HERE.glob("*.sol"))
    for name in re.findall(r"^contract (\w+)", path.read_text("utf-8"), re.MULTILINE)
    if name == path.stem
]


def run(program: str, *arguments: str | Path) -> str:
    """Run a program with what echidna calls on PATH, and return what it said."""
    paths = [binaries.find(name) for name in (program, "forge", "slither")]
    assert None not in paths
    environment = binaries.node_environment()
    environment["PATH"] = os.pathsep.join(
        [*(str(path.parent) for path in paths if path), environment["PATH"]]
    )
    environment |= {"FOUNDRY_SOLC": str(compiler.solc_binary()), "NO_COLOR": "1"}
    done = subprocess.run(
        [str(paths[0]), *arguments],
        cwd=binaries.ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS + 500,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built() -> None:
    run("forge", "build", HERE.relative_to(binaries.ROOT), "--build-info", "--force", "--quiet",
        "--out", BUILD / "out", "--cache-path", BUILD / "cache")  # fmt: skip


@pytest.mark.needs("echidna", "forge", "slither")
@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 600)
@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(("contract", "properties"), CONTRACTS, ids=[name for name, _ in CONTRACTS])
def test_echidna(contract: str, properties: list[str]) -> None:
    framework = f"--compile-force-framework foundry --ignore-compile --foundry-out-directory {BUILD / 'out'}"
    said = run("echidna", ".", "--contract", contract, "--config", HERE / "echidna.yaml",
               "--test-limit", str(CALLS), "--crytic-args", framework)  # fmt: skip
    results = dict(re.findall(r"^(echidna_\w+):\s+(\w+)", said, re.MULTILINE))
    assert properties
    assert set(results) == set(properties), said
    assert set(results.values()) <= {"passed", "passing", "PASSED"}, said
