"""Attribution, end to end: a rejected round costs those their stake whom its voters name, on every chain."""

import json
from pathlib import Path
from typing import Any

import pytest

from clients import swarm
from clients.engine.config import read_toml
from tests.integration.swarms import CHAINS, lines_of

SETTINGS = {
    "store": "memory", "model": "logistic", "clients": 8, "proposers": 3, "malicious": 2, "rounds": 5,
    "local-epochs": 2, "tokens": "60", "device": "cpu", "seed": 2, "attack": "gaussian_noise+lying_votes",
}  # fmt: skip
RULES = ("--rules", "paper")
"""Attribution is theirs alone."""
STAKE = 16 * 10**18


def run(out: Path, *words: str, **settings: object) -> list[dict[str, Any]]:
    """Run a swarm; return its lines without what measures time, gas and traffic."""
    pairs = {**SETTINGS, **settings, "out": out}.items()
    assert (
        swarm.main([*RULES, *words, *(word for name, value in pairs for word in (f"--{name}", str(value)))])
        == 0
    )
    return lines_of(out)


@pytest.fixture(scope="module")
def specified(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return run(tmp_path_factory.mktemp("attributed") / "run", "--attribution", chain="spec")


def test_only_the_blamed_pay_for_a_rejected_round(specified: list[dict[str, Any]], tmp_path: Path) -> None:
    plain = run(tmp_path / "plain", chain="spec")
    rejected = [line for line in specified if line["outcome"] == "REJECTED"]
    assert any(set(line["blamed"]) < set(line["proposers"]) for line in rejected)
    before = dict.fromkeys(specified[0]["balances"], 60 * 10**18)
    for line in specified:
        change = {who: line["balances"][who] - before[who] for who in before}
        before = line["balances"]
        if line["outcome"] != "REJECTED":
            assert line["blamed"] == []
            continue
        assert {who: change[who] for who in line["proposers"]} == {
            who: -STAKE if who in line["blamed"] else 0 for who in line["proposers"]
        }
    for line in plain:
        assert line["blamed"] == (line["proposers"] if line["outcome"] == "REJECTED" else [])
    first = next(place for place, line in enumerate(specified) if line["outcome"] == "REJECTED")
    same = [{key: line[key] for key in ("proposers", "outcome", "head_cid")} for line in plain[: first + 1]]
    assert same == [{key: line[key] for key in same[0]} for line in specified[: first + 1]]


@pytest.mark.parametrize("chain", CHAINS)
def test_any_chain_agrees_with_the_specification(
    chain: str, specified: list[dict[str, Any]], tmp_path: Path
) -> None:
    assert run(tmp_path / "run", "--attribution", chain=chain) == specified


def test_an_interrupted_run_goes_on_and_its_settings_can_be_turned_off(
    specified: list[dict[str, Any]], tmp_path: Path
) -> None:
    out = tmp_path / "run"
    run(out, "--attribution", chain="spec", rounds=3)
    assert swarm.main(["--resume", str(out), "--rounds", "5"]) == 0
    lines = [json.loads(line) for line in (out / "rounds.jsonl").read_text().splitlines()]
    assert [{key: line[key] for key in specified[0]} for line in lines] == specified
    assert read_toml(out / "config.toml")["stake_vote"]["attribution"] is True
    off = tmp_path / "off"
    given = ["--config", str(out / "config.toml"), "--no-attribution", "--rounds", "1", "--out", str(off)]
    assert swarm.main(given) == 0
    assert read_toml(off / "config.toml")["stake_vote"]["attribution"] is False
