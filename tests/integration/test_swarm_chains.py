"""The same seed gives the same decisions and balances on the specification and on every chain."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clients import swarm
from clients.engine.results import TIMED
from clients.ports.chain import AnvilNode
from clients.ports.store.kubo import KuboNode

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
CHAINS = [
    "eth-tester",
    pytest.param("anvil", marks=pytest.mark.needs("anvil")),
    pytest.param("hardhat", marks=pytest.mark.needs("hardhat")),
]


def words(out: Path, **settings: object) -> list[str]:
    merged = {**SETTINGS, **{name.replace("_", "-"): value for name, value in settings.items()}, "out": out}
    return [word for name, value in merged.items() for word in (f"--{name}", str(value))]


def lines_of(folder: Path) -> list[dict[str, Any]]:
    records = [json.loads(line) for line in (folder / "rounds.jsonl").read_text().splitlines()]
    return [{key: record[key] for key in record if key not in TIMED} for record in records]


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
    record = json.loads((out / "rounds.jsonl").read_text().splitlines()[0])
    assert {"propose", "commit", "reveal", "settle"} <= record["gas"].keys()


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
        try:
            deadline = time.monotonic() + 240
            while any(process.poll() is None for process in processes) and time.monotonic() < deadline:
                time.sleep(0.2)
        finally:
            for process in processes:
                process.kill()
        told = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0] * count, told
    ends = [line for out, _ in told for line in out.splitlines() if line.startswith(f"round {rounds}:")]
    heads = {word for line in ends for word in line.split() if word.startswith("bafy")}
    assert len(heads) == 1, told


def deploy(rpc: str, ipfs: str, folder: Path, count: int, **own: object) -> Path:
    """Deploy a federation for the model that the nodes train, with tokens for their accounts."""
    from clients.engine.config import build
    from clients.engine.launch import get_terms
    from clients.engine.learners import build_bench
    from clients.learning.codec import encode
    from clients.ports.chain import open_link, setup_members
    from clients.ports.keys import dev_key
    from clients.ports.store.opening import open_store
    from deploy.federation import deploy_federation

    settings = {"clients": count, "proposers": 1, "malicious": 0, "model": "logistic", "tokens": "30", **own}
    config = build(settings)
    bench = build_bench(config)
    store = open_store(ipfs, root=folder)
    genesis = store.put(encode(bench.initial_weights(), bench.schema))
    keys = [dev_key(number) for number in range(count)]
    with open_link(rpc, keys) as link:
        deployed = deploy_federation(link, keys[0].address, get_terms(config, genesis.digest))
        accounts = [key.address for key in keys]
        token, federation = deployed.token.address, deployed.federation.address
        setup_members(link, token, federation, accounts, config.units("tokens"), minter=accounts[0])
    path = folder / "deployment.json"
    deployed.save(path)
    return path


def start(
    number: int, count: int, rounds: int, rpc: str, ipfs: str, record: Path, folder: Path, *more: str
) -> "subprocess.Popen[str]":
    command = [
        sys.executable, "-m", "clients.node", "--deployment", str(record), "--rpc", rpc, "--store", ipfs,
        "--dev-key", str(number), "--index", str(number), "--clients", str(count), "--model", "logistic",
        "--local-epochs", "1", "--stake", "30", "--rounds", str(rounds), "--poll", "0.2",
        "--journal", str(folder / f"journal{number}"), "--device", "cpu", *more,
    ]  # fmt: skip
    environ = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ)
