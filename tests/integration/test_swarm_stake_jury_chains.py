"""stake_jury: the same seed gives the same rounds on the specification and every chain, and nodes agree."""

import re
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from clients import swarm
from clients.ports.chain import AnvilNode, open_link
from clients.ports.chain.deployment import Deployment
from clients.ports.keys import KeyedSalts, dev_key
from clients.roles.lots import find_secrets
from tests.integration.swarms import (
    CHAINS,
    deploy,
    heads_in,
    lines_of,
    outputs_of,
    records_of,
    run_swarm,
    start,
)

SETTINGS = {
    "mechanism": "stake_jury", "store": "memory", "model": "logistic", "clients": 12, "proposers": 4,
    "malicious": 3, "rounds": 4, "attack": "gaussian_noise:1+lying_votes+false_block+false_claim",
    "local_epochs": 3, "optimizer": "sgd", "learning_rate": 0.2, "validation": 0, "device": "cpu",
    "decoy_odds": 3,
}  # fmt: skip


def run(out: Path, **changes: object) -> list[dict[str, Any]]:
    return run_swarm({**SETTINGS, **changes}, out)


@pytest.fixture(scope="module")
def specified(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    lines = run(tmp_path_factory.mktemp("stake_jury") / "run", chain="spec")
    assert {one["method"] for line in lines for one in line["refused"]} == {"publish"}
    assert any(line["blamed"] for line in lines)  # otherwise agreement would say little
    assert any(line["rewarded"] for line in lines)
    assert any(line["accepted"] for line in lines)
    assert any(line["decoys"] for line in lines)
    assert all(len(line["shown"]) == len(line["proposers"]) for line in lines)
    return lines


@pytest.mark.parametrize("chain", CHAINS)
def test_any_chain_agrees_with_the_specification(
    chain: str, specified: list[dict[str, Any]], tmp_path: Path
) -> None:
    assert run(tmp_path / "run", chain=chain) == specified
    called = records_of(tmp_path / "run")[0]["gas"].keys()
    assert {"anchor", "pledge", "propose", "commit", "reveal", "show", "publish", "settle"} <= called


@pytest.mark.slow
@pytest.mark.parametrize("chain", CHAINS)
def test_any_chain_of_our_own_resumes(chain: str, specified: list[dict[str, Any]], tmp_path: Path) -> None:
    run(tmp_path / "run", chain=chain, rounds=2)
    assert swarm.main(["--resume", str(tmp_path / "run"), "--rounds", "4"]) == 0
    assert lines_of(tmp_path / "run") == specified


@pytest.fixture
def anvil() -> Iterator[str]:
    with AnvilNode(block_time=1, genesis_time=None) as node:
        yield node.url


@pytest.mark.slow
@pytest.mark.needs("anvil")
def test_participants_in_processes_of_their_own_run_rounds(anvil: str, tmp_path: Path) -> None:
    """Two proposers and three jurors; whoever publishes something else is refused and goes on. Everybody
    anchored before the first round, and every lot is shown; of a decoy its owner is told, and nobody else."""
    count, rounds, ipfs = 5, 2, f"dir:{tmp_path / 'store'}"
    terms = {"mechanism": "stake_jury", "proposers": 2, "local_epochs": 1, "decoy_odds": 2}
    record = deploy(anvil, ipfs, tmp_path, count, **terms)
    processes = [
        start(
            number, count, rounds, anvil, ipfs, record, tmp_path,
            *(["--behaviour", "false_block+false_claim"] if number == 0 else []),
        )
        for number in range(count)
    ]  # fmt: skip
    outputs = outputs_of(processes, patience=400)
    assert len(set(heads_in(outputs, rounds))) == 1
    with open_link(anvil, []) as link:
        chain = Deployment.load(record).open(link)
        events, federation = chain.events(), chain.federation
    names = [event.name for event in events]
    anchored = [event.args for event in events if event.name == "Anchored"]
    anchors = {str(args["account"]): args["anchor"] for args in anchored}
    assert len(anchors) == len(anchored) == count
    assert "Anchored" not in names[names.index("Opened") :]
    assert names.count("Shown") == names.count("Proposed") == 2 * rounds
    shown = [event for event in events if event.name == "Shown"]
    decoys = [(event.args["proposer"], str(event.args["round"])) for event in shown if event.args["decoy"]]
    for number, output in enumerate(outputs):
        said = re.findall(r"^(\w+) planted a decoy in round (\d+):", output, re.MULTILINE)
        assert said == [one for one in decoys if one[0] == dev_key(number).address]
    told: dict[str, list[Any]] = {}
    for event in shown:
        told.setdefault(str(event.args["proposer"]), []).append(event.args["secret"])
    keys = {dev_key(number).address: dev_key(number) for number in range(count)}
    for who, secrets in told.items():
        root = partial(KeyedSalts(keys[who]).root, 31337, federation)
        for anchor, secret in pairwise([anchors[who], *secrets]):
            assert find_secrets(root, bytes(anchor)).next == secret
