"""What Hardhat tests by itself: deployments, and how much of the contracts the Solidity tests run."""

import subprocess
import sys

import pytest

from clients.ports import binaries
from deploy import compiler

ROOT = binaries.ROOT
LEAVES = sorted(path.stem for path in (ROOT / "contracts" / "federations").glob("*.sol"))


def run(*arguments: str) -> str:
    done = subprocess.run(
        arguments,
        cwd=ROOT,
        env=binaries.node_environment() | {"NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.fail((done.stdout + done.stderr)[-6000:], pytrace=False)
    return done.stdout


@pytest.mark.needs("hardhat")
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_each_federation_deploys_on_hardhat() -> None:
    compiler.build()  # what the tests deploy
    told = run(str(binaries.find("hardhat")), "test", "solidity")
    # A leaf without a test, or a test that Hardhat doesn't find, would pass for ever.
    missing = [leaf for leaf in LEAVES if f":{leaf}DeploymentTest" not in told]
    assert not missing, f"tests/hardhat/Deployment.t.sol has no test of {', '.join(missing)}"


@pytest.mark.needs("hardhat", "forge")
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_tests_run_every_line_and_almost_every_branch() -> None:
    run(sys.executable, "tools/coverage.py")
