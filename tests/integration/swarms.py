"""What tests of whole runs share: the chains to run on, what a run left, and participants in processes."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from clients import swarm
from clients.engine.config import build, get_owned
from clients.engine.launch import get_terms
from clients.engine.learners import build_bench
from clients.engine.results import TIMED
from clients.learning.codec import encode
from clients.ports.chain import open_link, setup_members
from clients.ports.keys import dev_key
from clients.ports.store.opening import open_store
from clients.types.mechanisms import DEFAULT, resolve
from clients.types.terms import DEFAULT_RULES
from deploy.federation import deploy_federation

CHAINS = [
    pytest.param("anvil", marks=pytest.mark.needs("anvil")),
    pytest.param("eth-tester", marks=pytest.mark.slow),
    pytest.param("hardhat", marks=[pytest.mark.needs("hardhat"), pytest.mark.slow]),
]


def words_of(settings: Mapping[str, Any]) -> list[str]:
    """Return a swarm's command line, `--name=value`; what only other mechanisms have is left out."""
    named = {name.replace("-", "_"): value for name, value in settings.items()}
    rules = named.get("rules", DEFAULT_RULES)
    mechanism, owned = resolve(named.get("mechanism", DEFAULT), rules).name, get_owned()
    return [
        f"--{name.replace('_', '-')}={value}"
        for name, value in named.items()
        if mechanism in owned.get(name, (mechanism,))
    ]


def records_of(out: Path) -> list[dict[str, Any]]:
    """Return the lines of a run."""
    return [json.loads(line) for line in (out / "rounds.jsonl").read_text().splitlines()]


def lines_of(out: Path) -> list[dict[str, Any]]:
    """Return the lines of a run without what measures time, gas and traffic."""
    return [{key: record[key] for key in record if key not in TIMED} for record in records_of(out)]


def run_swarm(settings: Mapping[str, Any], out: Path) -> list[dict[str, Any]]:
    """Return the lines of a swarm that ran by the command, with these settings."""
    assert swarm.main(words_of({**settings, "out": out})) == 0
    return lines_of(out)


def malicious_of(out: Path) -> set[str]:
    """Return the accounts of a run that attacked."""
    return set(json.loads((out / "summary.json").read_text())["malicious"])


def deploy(rpc: str, ipfs: str, folder: Path, count: int, **own: object) -> Path:
    """Deploy a federation for the model that the nodes train, with tokens for their accounts."""
    settings = {"clients": count, "proposers": 1, "malicious": 0, "model": "logistic", "tokens": "30"}
    settings |= {"newcomers": 0, **own}  # a swarm's founders have other accounts
    config = build(settings)
    bench = build_bench(config)
    store = open_store(ipfs, root=folder)
    genesis = store.put(encode(bench.initial_weights(), bench.schema))
    keys = [dev_key(number) for number in range(count)]
    with open_link(rpc, keys) as link:
        deployed = deploy_federation(link, keys[0].address, get_terms(config, genesis.digest))
        accounts = [key.address for key in keys]
        token, federation = deployed.token.address, deployed.federation.address
        setup_members(link, token, federation, accounts, config.stake, minter=accounts[0])
    path = folder / "deployment.json"
    deployed.save(path)
    return path


def start(
    number: int, count: int, rounds: int, rpc: str, ipfs: str, record: Path, folder: Path, *more: str
) -> "subprocess.Popen[str]":
    """Start a participant as a process of its own."""
    command = [
        sys.executable, "-m", "clients.node", "--deployment", str(record), "--rpc", rpc, "--store", ipfs,
        "--dev-key", str(number), "--index", str(number), "--clients", str(count), "--model", "logistic",
        "--local-epochs", "1", "--stake", "30", "--rounds", str(rounds), "--poll", "0.2",
        "--journal", str(folder / f"journal{number}"), "--device", "cpu", *more,
    ]  # fmt: skip
    environ = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ)


def outputs_of(processes: Sequence["subprocess.Popen[str]"], *, patience: float) -> list[str]:
    """Wait for participants to have done their rounds; return what each printed.

    Whoever isn't done after `patience` seconds is killed, and so has failed.
    """
    try:
        deadline = time.monotonic() + patience
        while any(process.poll() is None for process in processes) and time.monotonic() < deadline:
            time.sleep(0.2)
    finally:
        for process in processes:
            process.kill()
    told = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), told
    return [out for out, _ in told]


def heads_in(outputs: Sequence[str], rounds: int) -> list[str]:
    """Return the CID that each participant tells last."""
    ends = [line for out in outputs for line in out.splitlines() if line.startswith(f"round {rounds}:")]
    assert len(ends) == len(outputs), outputs
    return [word for line in ends for word in line.split() if word.startswith("bafy")]


def heads_of(processes: Sequence["subprocess.Popen[str]"], rounds: int, *, patience: float) -> list[str]:
    """Wait for participants to have done their rounds; return the CID that each tells last."""
    return heads_in(outputs_of(processes, patience=patience), rounds)
