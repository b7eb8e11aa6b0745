"""A node takes from the record what its federation agreed on, whatever labels its own data have."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from clients import genesis, node
from clients.ports.chain import open_link, setup_members
from clients.ports.chain.deployment import Deployment
from clients.ports.chain.nodes import AnvilNode
from clients.ports.keys import dev_key
from clients.types.federation import TOKEN, Standing
from deploy.__main__ import main as deploy

pytestmark = [pytest.mark.slow, pytest.mark.needs("anvil")]


@pytest.fixture
def anvil() -> Iterator[str]:
    with AnvilNode(block_time=1, genesis_time=None) as running:
        yield running.url


def save(path: Path, classes: list[int]) -> str:
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    x = rng.normal(size=(90, 4)) + y[:, None]
    kept = np.isin(y, classes)
    np.savez(path, x_train=x[kept], y_train=y[kept], x_test=x[kept], y_test=y[kept])
    return str(path)


def test_a_member_without_the_highest_label_joins(
    anvil: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, learning = f"dir:{tmp_path}/store", str(tmp_path / "learning.toml")
    whole, part = save(tmp_path / "whole.npz", [0, 1, 2]), save(tmp_path / "part.npz", [0, 1])
    made = ["--dataset", whole, "--model", "logistic", "--standardize", "--store", store]
    assert genesis.main([*made, "--learning", learning]) == 0
    cid = capsys.readouterr().out.strip()
    # Whoever has the file makes the same model of its own data.
    assert genesis.main(["--config", learning, "--dataset", part, "--store", store]) == 0
    assert capsys.readouterr().out.strip() == cid

    said = ["--rpc", anvil, "--name", "three", "--dev-key", "0", "--genesis", cid, "--folder", str(tmp_path)]
    assert deploy([*said, "--learning", learning, "--unsafe-terms"]) == 0
    record = tmp_path / "31337" / "three.json"
    deployment = Deployment.load(record)
    assert deployment.learning["task"] == "classes:3"
    account, federation = dev_key(1).address, deployment.federation.address
    with open_link(anvil, [dev_key(0), dev_key(1)]) as link:
        setup_members(
            link, deployment.token.address, federation, [account], 64 * TOKEN, minter=dev_key(0).address
        )
        common = [
            *("--rpc", anvil, "--dev-key", "1", "--store", store, "--dataset", part, "--clients", "1"),
            *("--stake", "64", "--rounds", "0", "--device", "cpu", "--journal", str(tmp_path / "journal")),
        ]
        for more, says in (
            (["--federation", federation, "--model", "logistic"], "Here the task is binary"),
            (["--deployment", str(record), "--task", "binary"], "task is classes:3 in this federation"),
            (
                ["--deployment", str(record), "--stake", "5.5"],
                "--stake 5.5: members stake 16 tokens at least",
            ),
            (
                ["--deployment", str(record), "--tolerance", "0.1"],
                "--tolerance is a setting of stake_vote, not of stake_jury",
            ),
            (["--deployment", str(record), "--stake", "64.1"], f"{account} holds 64 tokens, not 64.1"),
        ):
            assert node.main([*common, *more]) == 2
            assert says in capsys.readouterr().err
        assert node.main([*common, "--deployment", str(record)]) == 0
        assert deployment.open(link).member(account).record.standing == Standing.MEMBER
