"""The Solidity tests, a file a test, so that one summary tells of all tests."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from clients.ports import binaries
from deploy import compiler

HERE = Path(__file__).parent
# The replay of the specification's vectors has a test of its own, which writes them first: tests/spec.
FILES = sorted(set(HERE.glob("*.t.sol")) - {HERE / "Vectors.t.sol"})
_TEST = re.compile(r"^\s*function\s+(?:test|invariant)", re.MULTILINE)


PROFILE = os.environ.get("FOUNDRY_PROFILE") or ("ci" if os.environ.get("CI") else "default")
# In seconds; the long profile's invariants take hours where cores are few.
LONGEST = 12 * 3600 if PROFILE == "long" else 1800


def forge(*arguments: str) -> subprocess.CompletedProcess[str]:
    binary = binaries.find("forge")
    assert binary is not None
    environment = {**binaries.node_environment(), "FOUNDRY_PROFILE": PROFILE, "NO_COLOR": "1"}
    environment["FOUNDRY_SOLC"] = str(compiler.solc_binary())
    return subprocess.run(
        [binary, *arguments],
        cwd=binaries.ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def built() -> None:
    done = forge("build", "--quiet")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.needs("forge")
@pytest.mark.timeout(LONGEST)
@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    "file",
    [pytest.param(file, marks=pytest.mark.slow) if "Invariants" in file.name else file for file in FILES],
    ids=lambda file: file.name.removesuffix(".t.sol"),
)
def test_forge(file: Path) -> None:
    done = forge("test", "--json", "--match-path", file.relative_to(binaries.ROOT).as_posix())
    try:
        suites = json.loads(done.stdout)
    except ValueError:
        pytest.fail(done.stdout + done.stderr, pytrace=False)
    results = {name: one for suite in suites.values() for name, one in suite["test_results"].items()}
    failed = [
        f"{name}: {one.get('reason') or one.get('counterexample') or one['status']}"
        for name, one in results.items()
        if one["status"] != "Success"
    ]
    if failed:
        more = f"to see more: forge test -vvvv --match-path {file.relative_to(binaries.ROOT)}"
        pytest.fail("\n".join([*failed, more]), pytrace=False)
    assert done.returncode == 0, done.stdout + done.stderr
    # A file in which forge finds no test would pass for ever.
    assert results or not _TEST.search(file.read_text()), f"forge ran no test of {file.name}"
