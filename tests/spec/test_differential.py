"""The contracts do, in forge, what the specification writes into vectors: the same errors, events and state.

2,000 sequences a mechanism, of 50 steps and more. What was found equal once is not replayed until something
changes on either side; `build/vectors/checked` says what.
"""

import hashlib
import subprocess
from pathlib import Path

import pytest

from clients.ports import binaries
from clients.types.mechanisms import KINDS
from deploy import compiler
from tests.spec.vectors import write_vectors

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "build" / "vectors"
SEQUENCES, STEPS, SEED = 2_000, 50, 0

SPECIFICATION = (
    "clients/protocol/*.py",
    "clients/types/*.py",
    "tests/spec/*.py",
    "contracts/interfaces/*.sol",
)
CONTRACTS = (
    "contracts/**/*.sol",
    "tests/contracts/Vectors.t.sol",
    "tests/contracts/Deployed.sol",
    "foundry.toml",
    "contracts/solc.json",
)


def digest(*patterns: str) -> str:
    """Return the digest of every file that matches, by name and content."""
    hashed = hashlib.sha256(f"{SEQUENCES} {STEPS} {SEED}".encode())
    for path in sorted(path for pattern in patterns for path in ROOT.glob(pattern)):
        hashed.update(f"\n{path.relative_to(ROOT)}\n".encode())
        hashed.update(hashlib.sha256(path.read_bytes()).digest())
    return hashed.hexdigest()


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def bring_up_to_date() -> None:
    """Write the vectors, unless those of this very specification are there."""
    stamp, wanted = VECTORS / "written", digest(*SPECIFICATION)
    if read(stamp) == wanted:
        return
    stamp.unlink(missing_ok=True)
    for coverage in write_vectors(VECTORS, SEQUENCES, STEPS, SEED).values():
        # A blade task is over one day, and its sequence with it.
        assert coverage.steps >= SEQUENCES * STEPS // 2
        assert min(coverage.actions.values()) >= 50
    stamp.write_text(wanted)


def replay(*arguments: str) -> str:
    """Return what forge says of the vectors that are there, replayed on what a deployment sends."""
    forge = binaries.find("forge")
    assert forge is not None
    compiler.build()
    done = subprocess.run(
        [forge, "test", "--match-contract", "VectorsTest", *arguments],
        cwd=ROOT,
        env=binaries.node_environment() | {"FEDJURY_DEPLOYED": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4_000:]
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(3_000)
@pytest.mark.needs("forge")
def test_contracts_and_specification_agree_on_every_step() -> None:
    checked, wanted = VECTORS / "checked", digest(*SPECIFICATION, *CONTRACTS)
    if read(checked) == wanted:
        return
    bring_up_to_date()
    said = replay()
    # Without files the replay skips itself, and that is no agreement.
    assert "0 failed, 0 skipped" in said, said[-4_000:]
    assert all(f"{kind.contract}VectorsTest" in said for kind in KINDS.values())
    checked.write_text(wanted)
