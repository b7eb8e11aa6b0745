"""vbfl: the same seed gives the same rounds on the specification, every chain and every store."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clients import swarm
from clients.ports.chain import AnvilNode
from clients.ports.store.kubo import KuboNode
from tests.integration.swarms import CHAINS, deploy, heads_of, lines_of, records_of, run_swarm, start

SETTINGS = {
    "mechanism": "vbfl", "rules": "paper", "store": "memory", "model": "logistic", "clients": 12,
    "proposers": 6, "validators": 3, "miners": 3, "malicious": 3, "rounds": 4,
    "attack": "gaussian_noise+lying_votes+false_block+false_claim",
    "local_epochs": 2, "optimizer": "sgd", "learning_rate": 0.05, "validation": 0,
    "kick_rounds": 2, "device": "cpu",
}  # fmt: skip


def run(out: Path, **changes: object) -> list[dict[str, Any]]:
    return run_swarm({**SETTINGS, **changes}, out)


@pytest.fixture(scope="module")
def specified(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    lines = run(tmp_path_factory.mktemp("vbfl") / "run", chain="spec")
    refused = {one["method"] for line in lines for one in line["refused"]}
    assert refused == {"propose", "publish"}  # otherwise agreement would say little
    assert any(line["blamed"] for line in lines)
    assert any(line["accepted"] for line in lines)
    return lines


@pytest.mark.parametrize("chain", CHAINS)
def test_any_chain_agrees_with_the_specification(
    chain: str, specified: list[dict[str, Any]], tmp_path: Path
) -> None:
    assert run(tmp_path / "run", chain=chain) == specified
    assert {"propose", "commit", "reveal", "publish", "settle"} <= records_of(tmp_path / "run")[0][
        "gas"
    ].keys()


@pytest.mark.slow
@pytest.mark.parametrize("chain", CHAINS)
def test_any_chain_of_our_own_resumes(chain: str, specified: list[dict[str, Any]], tmp_path: Path) -> None:
    run(tmp_path / "run", chain=chain, rounds=2)
    assert swarm.main(["--resume", str(tmp_path / "run"), "--rounds", "4"]) == 0
    assert lines_of(tmp_path / "run") == specified


@pytest.mark.slow
@pytest.mark.needs("anvil", "kubo")
def test_anvil_and_the_real_ipfs_node_give_the_same_lines(
    specified: list[dict[str, Any]], tmp_path: Path
) -> None:
    assert run(tmp_path / "run", chain="anvil", store="kubo") == specified


@pytest.fixture
def anvil() -> Iterator[str]:
    with AnvilNode(block_time=1, genesis_time=None) as node:
        yield node.url


@pytest.mark.slow
@pytest.mark.needs("anvil")
def test_a_chain_at_a_url_outlives_the_run_and_its_pool_is_filled_again(anvil: str, tmp_path: Path) -> None:
    settings = {"chain": anvil, "store": "dir", "attack": "gaussian_noise"}
    run(tmp_path / "run", rounds=1, **settings)
    assert swarm.main(["--resume", str(tmp_path / "run"), "--rounds", "2"]) == 0
    lines = lines_of(tmp_path / "run")
    assert [line["round"] for line in lines] == [1, 2]
    assert lines[1]["rewarded"]


@pytest.mark.slow
@pytest.mark.needs("anvil", "kubo")
def test_participants_in_processes_of_their_own_run_rounds(anvil: str, tmp_path: Path) -> None:
    """Two workers, two validators, two miners, by proof of work; whoever cheats is refused and goes on."""
    count, rounds = 6, 2
    terms = {
        "mechanism": "vbfl", "rules": "paper", "proposers": 2, "validators": 2, "miners": 2,
        "local_epochs": 1, "pow_bits": 4,
    }  # fmt: skip
    with KuboNode(tmp_path / "ipfs") as ipfs:
        record = deploy(anvil, ipfs.address, tmp_path, count, **terms)
        mistaken = start(1, count, rounds, anvil, ipfs.address, record, tmp_path, "--threshold", "banana")
        out, told = mistaken.communicate(timeout=120)
        assert mistaken.returncode == 2
        assert "threshold = 'banana'" in told
        assert "joined" not in out, "a mistake is told before a stake is at stake"
        processes = [
            start(
                number,
                count,
                rounds,
                anvil,
                ipfs.address,
                record,
                tmp_path,
                *(["--behaviour", "false_block+false_claim"] if number == 0 else []),
            )
            for number in range(count)
        ]
        heads = heads_of(processes, rounds, patience=400)
    assert len(set(heads)) == 1
