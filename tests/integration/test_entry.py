"""Mechanisms with an entry and times of their own play whole rounds, on the specification and on Anvil."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clients import mechanisms, swarm
from tests.integration import stand_ins
from tests.integration.exact_bench import use_exact_bench
from tests.integration.swarms import lines_of

CONDUCTS = {"bflc": stand_ins.BFLC_CONDUCT, "blade": stand_ins.BLADE_CONDUCT}


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    use_exact_bench(monkeypatch)
    for conduct in CONDUCTS.values():
        mechanisms.register(conduct)
    yield
    for name in CONDUCTS:
        for table in (mechanisms._conducts, mechanisms._settings):
            table.pop(name)  # type: ignore[attr-defined]


def run(out: Path, mechanism: str, chain: str, rounds: int) -> list[dict[str, Any]]:
    words = [
        "--mechanism",
        mechanism,
        "--rules",
        "paper",
        "--chain",
        chain,
        "--store",
        "memory",
        "--clients",
        "9",
    ]
    words += ["--malicious", "0", "--rounds", str(rounds), "--seed", "2", "--out", str(out)]
    assert swarm.main(words) == 0
    return lines_of(out)


@pytest.mark.parametrize("mechanism", CONDUCTS)
def test_whole_rounds_are_played(mechanism: str, tmp_path: Path) -> None:
    lines = run(tmp_path / "run", mechanism, "spec", 3)
    assert [line["outcome"] for line in lines] == ["ACCEPTED"] * 3
    assert lines[-1]["accuracy"] > 0.8
    proposed = {"bflc": 6, "blade": 9}[mechanism]
    assert all(len(line["proposers"]) == proposed for line in lines)
    assert lines[-1]["rewarded"]


@pytest.mark.slow
@pytest.mark.needs("anvil")
@pytest.mark.parametrize("mechanism", CONDUCTS)
def test_a_chain_plays_what_the_specification_plays(mechanism: str, tmp_path: Path) -> None:
    expected = run(tmp_path / "spec", mechanism, "spec", 2)
    assert run(tmp_path / "anvil", mechanism, "anvil", 2) == expected


def test_a_task_that_is_over_ends_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = run(tmp_path / "run", "blade", "spec", 5)
    assert len(lines) == 3
    assert "round 3 was the last: the task is over" in capsys.readouterr().out
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["rounds"] == 3


@pytest.mark.parametrize("mechanism", CONDUCTS)
def test_an_interrupted_run_goes_on(mechanism: str, tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", mechanism, "spec", 3)
    run(tmp_path / "part", mechanism, "spec", 2)
    assert swarm.main(["--resume", str(tmp_path / "part"), "--rounds", "3"]) == 0
    assert lines_of(tmp_path / "part") == whole
