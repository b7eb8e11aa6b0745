"""What README, tutorial and how-to pages tell a reader to type works, in order and as it stands there."""

from pathlib import Path

import pytest

from clients.ports.binaries import ROOT
from tests.pages import Page, Reader, check, find_stale, read_steps

DOCS = ROOT / "docs"
PATHS = [ROOT / "README.md", *sorted(DOCS.glob("tutorial/*.md")), *sorted(DOCS.glob("how-to/*.md"))]
PYTHON = ".venv/bin/python"
SWARM, EXPERIMENTS = f"{PYTHON} -m clients.swarm", f"{PYTHON} -m clients.experiments"
AUDIT = f"{PYTHON} -m clients.audit --rpc http://127.0.0.1:8545 --deployment deployments/31337/devnet.json"
CAST = "node_modules/.bin/cast"
KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
"""Anvil's first test key, known to all."""

KEEPING = (
    f"echo secret > phrase; {CAST} wallet import --keystore-dir . --unsafe-password secret "
    f"--private-key {KEY} deployer.json"
)
DEPLOYER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
FEDERATION = (
    """import json; print(json.load(open("deployments/31337/hospitals.json"))["federation"]["address"])"""
)
"""A program that prints the address of the federation that the page deployed."""

BARE = f'make devnet ARGS="--genesis 0x{"11" * 32}"'
"""Nodes for pages that need no model to start from."""

RUN_BY = "tests/integration/test_{}.py runs its like"
PAGES = {
    "README.md": Page(left={"make swarm": "the tutorial runs it", "make test": "that is what runs this"}),
    "docs/tutorial/first-federation.md": Page(
        swaps={"make swarm": 'make swarm ARGS="--rounds 1"', "sed -n 6p": "sed -n 1p"},
        left={
            f"{SWARM} --mechanism fedavg": RUN_BY.format("swarm"),
            f"{SWARM} --attack": RUN_BY.format("swarm"),
        },
    ),
    "docs/how-to/audit-a-federation.md": Page(
        before=["make devnet", "echo secret > secret.txt", f"{CAST} wallet new . auditor.json"],
        swaps={"/ip4/127.0.0.1/tcp/5001": "{store}"},
        left={
            f"{AUDIT} --store /ip4/127.0.0.1/tcp/5001 --rounds": "no round is played here",
            f"{AUDIT} --no-models": RUN_BY.format("audit_command"),
            f"{AUDIT} --store /ip4/127.0.0.1/tcp/5001 --checkpoint": RUN_BY.format("audit_command"),
        },
    ),
    "docs/how-to/bring-your-own.md": Page(swaps={"mine:narrow_net": "mine:narrow_net --rounds 1"}),
    "docs/how-to/browse-rounds.md": Page(before=[BARE]),
    "docs/how-to/deploy.md": Page(
        before=[KEEPING],
        swaps={
            "bafybei…": "{genesis}",
            "https://node.example.org": "{chain}",
            "--chain-id 4321": "--chain-id 31337",
            "0x…": "{token}",
            '["0xMANAGER1", "0xMANAGER2", "0xMANAGER3"]': f'["{DEPLOYER}"]',
            "0xFEDERATION": f"$({PYTHON} -c '{FEDERATION}')",
            "[0xMEMBER1,0xMEMBER2]": "[0x70997970C51812dc3A010C7d01b50e0d17dc79C8]",
            "manager.json": "deployer.json",
        },
    ),
    "docs/how-to/run-a-participant.md": Page(
        swaps={
            "/ip4/127.0.0.1/tcp/41397": "{store}",
            "--rounds 3": "--rounds 1",
            "--proposers 2 --pledge": "--proposers 1 --min-voters 1 --pledge",
            "--proposers 2 --validators": "--proposers 1 --validators",
            "0 1 2 3": "0",
        },
        left={
            f"{PYTHON} -m clients.node --rpc https://node.example.org": "two like it run above",
            f"{PYTHON} -m clients.audit --rpc https://node.example.org": "audit-a-federation has one like it",
        },
    ),
    "docs/how-to/run-a-swarm.md": Page(
        swaps={"--rounds 5": "--rounds 1"},
        left={
            f"{SWARM} --mechanism vbfl": RUN_BY.format("swarm_vbfl_chains"),
            f"{SWARM} --chain anvil": RUN_BY.format("swarm_chains"),
            f"{SWARM} --chain spec": RUN_BY.format("swarm"),
            f"{SWARM} --resume": RUN_BY.format("swarm"),
        },
    ),
    "docs/how-to/run-an-experiment.md": Page(
        left={EXPERIMENTS: RUN_BY.format("experiments") + "; all of it takes hours"}
    ),
    "docs/how-to/run-on-your-chain.md": Page(
        before=[
            BARE,
            KEEPING,
            "printf 'task = \"classes:3\"\\nstandardize = true\\n' > draft.toml",
            f"{PYTHON} -c 'import numpy as np; y = np.arange(90) % 3; x = np.eye(3)[y]; "
            'np.savez("ours.npz", x_train=x, y_train=y, x_test=x, y_test=y)\'',
        ],
        swaps={
            "/ip4/127.0.0.1/tcp/5001": "{store}",
            "--keystore deployer.json": "--keystore deployer.json --password secret",
            "URL": "{chain}",
            "TOKEN": "{token}",
            "ACCOUNT": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
            "FEDERATION": "{federation}",
        },
    ),
}
"""Pages that have commands."""

pytestmark = [pytest.mark.slow, pytest.mark.needs("anvil", "cast", "kubo", "node")]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_page_s_commands_work(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page, steps = PAGES.get(str(path.relative_to(ROOT)), Page()), read_steps(path.read_text("utf-8"))
    assert find_stale(page, steps) == []
    if not steps:
        return
    with Reader(tmp_path) as reader:
        for command in page.before:
            reader.run(reader.fill_in(command, {}))
        for step in steps:
            text = reader.fill_in(step.text, page.swaps)
            if step.name:
                reader.save(step.name, text)
            elif any(step.text.startswith(left) for left in page.left):
                check(step.text, monkeypatch)
            else:
                reader.run(text)
