"""Whole runs with a phase Pledge: honest work comes to the same as without it, attackers' claims too."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clients import swarm
from clients.engine import swarm as engine
from clients.engine.driver import Driver
from clients.engine.launch import get_terms
from clients.ports.chain import AnvilNode, open_link
from clients.ports.chain.deployment import Deployment
from clients.ports.keys import dev_key
from clients.roles import proposer
from clients.types.chain import Call
from clients.types.federation import Act
from clients.types.mechanisms import Terms
from tests.integration import swarms
from tests.integration.exact_bench import use_exact_bench
from tests.integration.swarms import (
    CHAINS,
    deploy,
    heads_of,
    lines_of,
    records_of,
    run_swarm,
    start,
    words_of,
)

PLEDGE = 600
SETTINGS: dict[str, dict[str, Any]] = {
    "stake_vote": {"clients": 9, "proposers": 3, "malicious": 3, "attack": "label_flip+lying_votes"},
    "vbfl": {
        "mechanism": "vbfl",
        "clients": 20,
        "malicious": 3,
        "attack": "gaussian_noise",
        "kick_rounds": 3,
    },
}


@pytest.fixture(autouse=True)
def _exact(monkeypatch: pytest.MonkeyPatch) -> None:
    use_exact_bench(monkeypatch)


@pytest.fixture
def pledging(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what makes later federations have a phase Pledge."""

    def get_pledged(*args: Any) -> Terms:
        terms = get_terms(*args)
        return replace(terms, schedule=replace(terms.schedule, pledge=PLEDGE))

    def pledge() -> None:
        for module in (engine, swarms):
            monkeypatch.setattr(module, "get_terms", get_pledged)

    return pledge


def run(mechanism: str, out: Path, **changes: Any) -> list[dict[str, Any]]:
    settings = {"chain": "spec", "store": "memory", "rounds": 6, "rules": "paper"}
    settings |= {**SETTINGS[mechanism], **changes}
    return run_swarm(settings, out)


@pytest.mark.parametrize("mechanism", SETTINGS)
def test_with_pledges_a_run_comes_to_the_same(
    mechanism: str, pledging: Callable[[], None], tmp_path: Path
) -> None:
    """Attackers on data and votes pledge like others, and nothing else of a round changes."""
    without = run(mechanism, tmp_path / "without")
    pledging()
    assert run(mechanism, tmp_path / "with") == without
    gas = [line["gas"] for line in records_of(tmp_path / "with")]
    assert all("pledge" in one for one in gas)
    assert any(line["accepted"] for line in without)


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("mechanism", SETTINGS)
def test_any_chain_agrees_with_the_specification(
    mechanism: str, chain: str, pledging: Callable[[], None], tmp_path: Path
) -> None:
    pledging()
    specified = run(mechanism, tmp_path / "spec", rounds=3)
    assert run(mechanism, tmp_path / "chain", rounds=3, chain=chain) == specified


@pytest.mark.parametrize("mechanism", SETTINGS)
def test_who_would_claim_too_much_pledges_what_the_terms_allow(
    mechanism: str, pledging: Callable[[], None], tmp_path: Path
) -> None:
    liars = {"attack": "false_claim", "rounds": 3}
    without = run(mechanism, tmp_path / "without", **liars)
    pledging()
    found = run(mechanism, tmp_path / "with", **liars)
    assert any(line["refused"] for line in without)
    assert not any(line["refused"] for line in found)
    for one, other in zip(without, found, strict=True):  # who is refused first proposes later
        assert sorted(one["proposers"]) == sorted(other["proposers"])
        assert [one[name] for name in ("head_cid", "balances")] == [
            other[name] for name in ("head_cid", "balances")
        ]


@pytest.mark.parametrize("mechanism", SETTINGS)
def test_a_run_with_pledges_goes_on_once_interrupted(
    mechanism: str, pledging: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The current round starts over, wherever it stood: in the middle of its pledges."""
    pledging()
    whole = run(mechanism, tmp_path / "whole", rounds=3)
    sent: list[str] = []
    send = Driver._send

    def stop(driver: Driver, calls: list[Call], round_number: int) -> None:
        sent.extend(call.method for call in calls)
        if round_number == 2 and sent[-1] == "propose":
            raise KeyboardInterrupt
        send(driver, calls, round_number)

    part = tmp_path / "part"
    with monkeypatch.context() as patch:
        patch.setattr(Driver, "_send", stop)
        settings = {
            "chain": "spec",
            "store": "dir",
            "rounds": 3,
            "rules": "paper",
            **SETTINGS[mechanism],
            "out": part,
        }
        assert swarm.main(words_of(settings)) == 130
    assert not (part / "journal" / "waiting").exists(), "on a chain of our own nothing needs to wait on disk"
    assert swarm.main(["--resume", str(part)]) == 0
    assert lines_of(part) == whole


def test_who_does_not_propose_what_it_pledged_is_named(
    pledging: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pledging()
    breaker: list[str] = []
    step = proposer.step

    def change_its_mind(view: Any) -> list[Any]:
        found = step(view)
        calls = [action.call for action in found if hasattr(action, "call")]
        if calls and calls[0].method == "propose" and set(breaker) <= {view.me}:
            breaker[:] = [view.me]
            return []
        return found

    roles = (change_its_mind, *engine.CONDUCTS["stake_vote"].roles[1:])
    conducts = {"stake_vote": replace(engine.CONDUCTS["stake_vote"], roles=roles)}
    monkeypatch.setattr(engine, "CONDUCTS", conducts)
    lines = run("stake_vote", tmp_path / "run", malicious=0)
    broken = [line for line in lines if "broken_pledges" in line]
    assert broken
    for line in broken:
        assert line["broken_pledges"] == breaker
        assert breaker[0] not in line["proposers"]
        assert breaker[0] in line["slashed"]


@pytest.mark.slow
@pytest.mark.needs("anvil")
def test_nodes_agree_though_one_is_killed_after_its_pledge(
    pledging: Callable[[], None], tmp_path: Path
) -> None:
    pledging()
    count, rounds, store = 4, 2, f"dir:{tmp_path}/store"
    with AnvilNode(block_time=1, genesis_time=None) as anvil:
        record = deploy(anvil.url, store, tmp_path, count, proposers=2)
        nodes = [start(number, count, rounds, anvil.url, store, record, tmp_path) for number in range(count)]
        with open_link(anvil.url, [dev_key(0)]) as link:
            chain = Deployment.load(record).open(link)
            killed = -1
            for _ in range(600):
                records = [chain.member(dev_key(number).address).record for number in range(count)]
                pledged = [n for n, one in enumerate(records) if one.acts == Act.PLEDGED]
                if pledged:
                    killed = pledged[0]
                    break
                time.sleep(0.1)
            assert killed >= 0, "nobody pledged"
            nodes[killed].kill()
            nodes[killed].communicate()
            assert list((tmp_path / f"journal{killed}" / "waiting").iterdir())
            nodes[killed] = start(killed, count, rounds, anvil.url, store, record, tmp_path)
            heads = heads_of(nodes, rounds, patience=240)
            assert len(set(heads)) == 1
            for number in range(1, rounds + 1):
                assert (chain.round(number).pledges, chain.round(number).broken_pledges) == (2, 0)
