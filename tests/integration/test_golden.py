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
        "mechanism": "vbfl", "clients": 12, "workers": 6, "validators": 3, "miners": 3, "malicious": 3,
        "rounds": 8, "kick-rounds": 2, "threshold": "adaptive", "pow-bits": 4,
        "attack": "sign_flip+lying_votes+false_block",
    },
    "fedavg": {"mechanism": "fedavg", "clients": 6, "proposers": 3, "malicious": 0, "rounds": 3},
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_the_lines_are_those_written_down(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "build_bench", lambda config: ExactBench())
    words = ["--chain", "spec", "--store", "memory", "--out", str(tmp_path / "run")]
    for option, value in RUNS[name].items():
        words += ["--" + option] if value is True else ["--" + option, str(value)]
    assert swarm.main(words) == 0
    assert lines_of(tmp_path / "run") == [
        json.loads(line) for line in (LINES / f"{name}.jsonl").read_text().splitlines()
    ]
