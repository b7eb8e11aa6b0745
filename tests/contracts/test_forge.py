"""The Solidity tests, a file a test, so that one summary tells of all tests."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from clients.ports import binaries
from deploy import compiler

HERE = Path(__file__).parent
# The replay of the specification's vectors has a test of its own, which writes them first: tests/spec.
FOLDER = HERE.relative_to(binaries.ROOT).as_posix()
_ALL = {path.name.removesuffix(".t.sol") for path in HERE.glob("*.t.sol")}
INVARIANTS = sorted(name for name in _ALL if name.startswith("Invariants"))
NAMES = sorted(_ALL - {"Vectors", *INVARIANTS})
# Compiling is what takes long: of the Solidity tests, the fast part has these alone.
FAST = {"Draw", "StakeVote"}
_TEST = re.compile(r"^\s*function\s+(?:test|invariant)|is \w*Invariants", re.MULTILINE)


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
def suites(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What forge says of all files that are asked for, in one run: it shares them among the cores."""
    items = [item for item in request.session.items if getattr(item, "originalname", "") == "test_forge"]
    names = sorted({name for item in items for name in item.callspec.params["names"]})
    pattern = names[0] if len(names) == 1 else f"{{{','.join(names)}}}"
    compiler.build()  # what gas is measured of
    done = forge("test", "--json", "--match-path", f"{FOLDER}/{pattern}.t.sol")
    try:
        return dict(json.loads(done.stdout))
    except ValueError:
        pytest.fail(done.stdout + done.stderr, pytrace=False)


def case(name: str) -> Any:
    return pytest.param([name], id=name, marks=[] if name in FAST else pytest.mark.slow)


@pytest.mark.needs("forge")
@pytest.mark.timeout(LONGEST)
@pytest.mark.parametrize(
    "names", [pytest.param(INVARIANTS, marks=pytest.mark.slow, id="Invariants"), *map(case, NAMES)]
)
def test_forge(names: list[str], suites: dict[str, Any]) -> None:
    paths = {f"{FOLDER}/{name}.t.sol" for name in names}
    ran = {suite: one["test_results"] for suite, one in suites.items() if suite.rpartition(":")[0] in paths}
    failed = [
        f"{suite.rpartition(':')[2]}.{name}: {one.get('reason') or one.get('counterexample')}"
        for suite, results in ran.items()
        for name, one in results.items()
        if one["status"] != "Success"
    ]
    if failed:
        more = "".join(f"\nto see more: forge test -vvvv --match-path {path}" for path in sorted(paths))
        pytest.fail("\n".join(failed) + more, pytrace=False)
    # A file in which forge finds no test would pass for ever.
    ran_in = {suite.rpartition(":")[0] for suite, results in ran.items() if results}
    for path in sorted(paths - ran_in):
        assert not _TEST.search((binaries.ROOT / path).read_text()), f"forge ran no test of {path}"
