"""Runs are what they were: their lines are written down, CIDs and all."""

import json
from pathlib import Path
from typing import Any

import pytest

from clients import swarm
from clients.engine import swarm as engine
from tests.integration.exact_bench import ExactBench
from tests.integration.swarms import lines_of

LINES = Path(__file__).parent / "golden"
RUNS: dict[str, dict[str, Any]] = {
    "stake_vote": {"clients": 9, "proposers": 2, "malicious": 2, "rounds": 8, "tokens": 40},
    "attribution": {
        "clients": 8, "proposers": 3, "malicious": 2, "rounds": 8, "tokens": 60, "seed": 2,
        "attribution": True, "attack": "gaussian_noise+lying_votes",
    },
    "liars": {"clients": 9, "proposers": 2, "malicious": 5, "rounds": 6, "attack": "lying_votes", "seed": 3},
    "vbfl": {
        "mechanism": "vbfl", "clients": 12, "proposers": 6, "validators": 3, "miners": 3, "malicious": 3,
        "rounds": 8, "kick-rounds": 2, "threshold": "adaptive", "pow-bits": 4,
        "attack": "sign_flip+lying_votes+false_block",
    },
    "fedavg": {"mechanism": "fedavg", "clients": 6, "proposers": 3, "malicious": 0, "rounds": 3},
    "attacks": {
        "clients": 12, "proposers": 3, "malicious": 6, "rounds": 8, "tokens": 80, "seed": 4,
        "attack": [
            "label_flip", "sign_flip:2", "gaussian_noise:1",
            "lying_votes", "false_claim", "until_rich+sign_flip",
        ],
    },
    "gap": {
        "mechanism": "vbfl", "clients": 11, "proposers": 6, "validators": 3, "miners": 2, "malicious": 2,
        "rounds": 6, "kick-rounds": 2, "threshold": "gap", "attack": "sign_flip+false_claim", "seed": 5,
    },
    "blocks": {
        "mechanism": "vbfl", "clients": 10, "proposers": 5, "validators": 2, "miners": 3, "malicious": 4,
        "rounds": 6, "attack": ["false_block", "lying_votes+false_block"], "seed": 6,
    },
    "poisoned": {
        "mechanism": "fedavg", "clients": 6, "proposers": 4, "malicious": 2, "rounds": 3,
        "attack": "sign_flip+false_claim", "seed": 7,
    },
    "informed": {
        "mechanism": "fedavg", "clients": 6, "proposers": 4, "malicious": 2, "rounds": 3, "informed": True,
        "seed": 8,
    },
}  # fmt: skip
# The papers' rules; "evidence" are runs by our rule for jurors.
RUNS |= {
    name: run | {"rules": "paper", "judge": "paper"}
    for name, run in RUNS.items()
    if run.get("mechanism") != "fedavg"
}
RUNS["evidence"] = RUNS["attacks"] | {"judge": "evidence"}
RUNS["evidence_vbfl"] = RUNS["vbfl"] | {
    "judge": "evidence",
    "threshold": "0.08",
    "clients": 13,
    "validators": 4,
}
RUNS["stake_jury"] = {
    "mechanism": "stake_jury", "clients": 12, "proposers": 4, "voters": 7, "malicious": 3, "rounds": 8,
    "floor": 60, "attack": ["sign_flip+lying_votes", "false_block", "sign_flip+false_claim"], "seed": 9,
    "decoy-odds": 10, "update-shares": 3, "seat-shares": 1,
}  # fmt: skip


@pytest.fixture(autouse=True)
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "build_bench", lambda config: ExactBench())


def written(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (LINES / f"{name}.jsonl").read_text().splitlines()]


def words(name: str, **more: Any) -> list[str]:
    """Return the run's command line."""
    said: list[str] = []
    for option, value in (RUNS[name] | more).items():
        values = value if isinstance(value, list) else [value]
        said += ["--" + option] if value is True else ["--" + option, *map(str, values)]
    return said


@pytest.mark.parametrize("name", RUNS)
def test_the_lines_are_those_written_down(name: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert swarm.main([*words(name), "--chain", "spec", "--store", "memory", "--out", str(out)]) == 0
    assert lines_of(out) == written(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["attribution", "vbfl", "poisoned", "stake_jury"])
def test_a_run_that_goes_on_leaves_the_same_lines(name: str, tmp_path: Path) -> None:
    out, rounds = tmp_path / "run", RUNS[name]["rounds"]
    begun = words(name, rounds=rounds - 1)
    assert swarm.main([*begun, "--chain", "spec", "--store", "memory", "--out", str(out)]) == 0
    assert swarm.main(["--resume", str(out), "--rounds", str(rounds)]) == 0
    assert lines_of(out) == written(name)


@pytest.mark.slow
@pytest.mark.needs("anvil")
@pytest.mark.parametrize("name", ["attacks", "blocks", "stake_jury"])
def test_a_chain_gives_the_same_lines(name: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert swarm.main([*words(name), "--chain", "anvil", "--store", "memory", "--out", str(out)]) == 0
    assert lines_of(out) == written(name)
