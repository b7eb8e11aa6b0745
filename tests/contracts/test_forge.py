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
# Those of invariants run side by side, for they take long. The replay of the specification's vectors has a
# test of its own, which writes them first: tests/spec.
INVARIANTS = set(HERE.glob("Invariants*.t.sol"))
FILES = sorted(set(HERE.glob("*.t.sol")) - {HERE / "Vectors.t.sol"} - INVARIANTS)
# Compiling is what takes long: of the Solidity tests, the fast part has these alone.
FAST = {"Draw", "StakeVote", "BladeRounds"}
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
def built(request: pytest.FixtureRequest) -> None:
    wanted = {
        item.callspec.id
        for item in request.session.items
        if getattr(item, "originalname", "") == "test_forge"
    }
    files = [] if wanted - FAST else [str(HERE / f"{name}.t.sol") for name in sorted(wanted)]
    done = forge("build", "--quiet", *files)
    assert done.returncode == 0, done.stdout + done.stderr


def case(file: Path) -> Any:
    name = file.name.removesuffix(".t.sol")
    return pytest.param(file.name, {file}, id=name, marks=[] if name in FAST else pytest.mark.slow)


@pytest.mark.needs("forge")
@pytest.mark.timeout(LONGEST)
@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    ("pattern", "files"),
    [
        pytest.param("Invariants*.t.sol", INVARIANTS, marks=pytest.mark.slow, id="Invariants"),
        *map(case, FILES),
    ],
)
def test_forge(pattern: str, files: set[Path]) -> None:
    path = f"{HERE.relative_to(binaries.ROOT).as_posix()}/{pattern}"
    done = forge("test", "--json", "--match-path", path)
    try:
        suites = json.loads(done.stdout)
    except ValueError:
        pytest.fail(done.stdout + done.stderr, pytrace=False)
    failed = [
        f"{suite.rpartition(':')[2]}.{name}: {one.get('reason') or one.get('counterexample')}"
        for suite, ran in suites.items()
        for name, one in ran["test_results"].items()
        if one["status"] != "Success"
    ]
    if failed:
        pytest.fail(
            "\n".join([*failed, f"to see more: forge test -vvvv --match-path '{path}'"]), pytrace=False
        )
    assert done.returncode == 0, done.stdout + done.stderr
    # A file in which forge finds no test would pass for ever.
    ran_in = {suite.rpartition(":")[0] for suite, ran in suites.items() if ran["test_results"]}
    for file in files:
        missed = _TEST.search(file.read_text()) and file.relative_to(binaries.ROOT).as_posix() not in ran_in
        assert not missed, f"forge ran no test of {file.name}"
