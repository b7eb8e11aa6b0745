"""The same seed gives the same decisions and balances on the specification and on every chain."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clients import swarm
from clients.ports.chain import AnvilNode
from clients.ports.store.kubo import KuboNode
from tests.integration.swarms import CHAINS, deploy, heads_of, lines_of, records_of, start

SETTINGS = {
    "store": "memory",
    "model": "logistic",
    "clients": 8,
    "proposers": 2,
    "malicious": 2,
    "rounds": 4,
    "local-epochs": 2,
    "tokens": "30",
    "device": "cpu",
}


def words(out: Path, **settings: object) -> list[str]:
    merged = {**SETTINGS, **{name.replace("_", "-"): value for name, value in settings.items()}, "out": out}
    return [word for name, value in merged.items() for word in (f"--{name}", str(value))]


@pytest.fixture(scope="module")
def specified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("spec") / "run"
    assert swarm.main(words(out, chain="spec")) == 0
    lines = lines_of(out)
    assert any(line["slashed"] for line in lines)  # otherwise equal balances would say little
    assert any(line["accepted"] for line in lines)
    return out


@pytest.mark.parametrize("chain", CHAINS)
def test_any_chain_agrees_with_the_specification(chain: str, specified: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert swarm.main(words(out, chain=chain)) == 0
    assert lines_of(out) == lines_of(specified)
    assert {"propose", "commit", "reveal", "settle"} <= records_of(out)[0]["gas"].keys()


@pytest.mark.slow
@pytest.mark.parametrize("chain", CHAINS)
def test_any_chain_of_our_own_resumes(chain: str, specified: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert swarm.main(words(out, chain=chain, rounds=2)) == 0
    assert swarm.main(["--resume", str(out), "--rounds", "4"]) == 0
    assert lines_of(out) == lines_of(specified)


@pytest.mark.needs("kubo")
def test_the_real_ipfs_node_gives_the_same_lines(specified: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert swarm.main(words(out, chain="spec", store="kubo", rounds=2)) == 0
    assert swarm.main(["--resume", str(out), "--rounds", "4"]) == 0
    assert lines_of(out) == lines_of(specified)


@pytest.fixture
def anvil(tmp_path: Path) -> Iterator[str]:
    with AnvilNode(block_time=1, genesis_time=None) as node:
        yield node.url


@pytest.mark.slow
@pytest.mark.needs("anvil")
def test_a_chain_at_a_url_agrees_and_outlives_the_run(anvil: str, specified: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert swarm.main(words(out, chain=anvil, store="dir", rounds=2)) == 0
    assert swarm.main(["--resume", str(out), "--rounds", "4"]) == 0
    assert lines_of(out) == lines_of(specified)


@pytest.mark.slow
@pytest.mark.needs("anvil", "kubo")
def test_participants_in_processes_of_their_own_run_rounds(anvil: str, tmp_path: Path) -> None:
    count, rounds = 4, 2
    with KuboNode(tmp_path / "ipfs") as ipfs:
        record = deploy(anvil, ipfs.address, tmp_path, count)
        processes = [
            start(number, count, rounds, anvil, ipfs.address, record, tmp_path) for number in range(count)
        ]
        heads = heads_of(processes, rounds, patience=240)
    assert len(set(heads)) == 1
