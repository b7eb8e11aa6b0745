"""Trouble of one participant's own, in whole runs: it sits out, says so and pays for nothing."""

import logging
from pathlib import Path
from typing import Any

import pytest

from clients import swarm
from clients.engine import swarm as engine
from clients.engine.config import SwarmConfig, build
from clients.engine.driver import Driver
from clients.mechanisms import SETTINGS as MECHANISMS
from clients.types.errors import OwnTrouble
from clients.types.federation import Act, Outcome
from clients.types.mechanisms import resolve
from tests.integration.swarms import lines_of, records_of, words_of
from tests.integration.test_driver import COUNT, World

SETTINGS: dict[str, Any] = {
    "chain": "spec", "store": "memory", "dataset": "tests.integration.spoilt:one_writer",
    "model": "tests.integration.spoilt:table", "partition": "writer", "clients": 6, "malicious": 0,
    "proposers": 2, "rounds": 3, "local_epochs": 1, "device": "cpu", "tolerance": 1,
    "validators": 3, "miners": 1, "threshold": 1,
}  # fmt: skip
VBFL = {"mechanism": "vbfl", "rules": "paper"}


@pytest.fixture(autouse=True)
def _no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.Swarm, "draw", lambda _: None)


def run(out: Path, *more: str, **changes: Any) -> int:
    return swarm.main([*words_of({**SETTINGS, **changes, "out": out}), *more])


@pytest.mark.parametrize(
    ("more", "changes"),
    [
        ((), {}),
        (("--attribution",), {"rules": "paper", "malicious": 1, "attack": "alie+lying_votes"}),
        ((), VBFL),
        ((), {**VBFL, "threshold": "adaptive", "malicious": 1}),
        ((), {"mechanism": "fedavg"}),
    ],
)
def test_whose_data_fail_sits_out_and_the_run_goes_on(
    more: tuple[str, ...], changes: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert run(out, *more, **changes) == 0
    said = capsys.readouterr().out
    lines = records_of(out)
    assert [line["round"] for line in lines] == [1, 2, 3]
    troubles = [one for line in lines for one in line.get("trouble", [])]
    [(who, number)] = {(one["account"], one["participant"]) for one in troubles}
    assert f"participant {number} sits out: " in said
    assert "failed: IndexError: index out of range" in said
    for line in lines:
        assert line["accepted"] or changes.get("threshold") == "adaptive"
        assert who not in line["proposers"]
        assert who not in line["slashed"]


@pytest.mark.parametrize("absent_after", [0, 1])
def test_who_does_nothing_when_drawn_is_put_out_and_loses_nothing(absent_after: int, tmp_path: Path) -> None:
    """Whose training fails can't judge either, but a juror publishes, and so has done something."""
    out = tmp_path / "run"
    assert run(out, absent_after=absent_after, rounds=4) == 0
    lines = records_of(out)
    [who] = {one["account"] for line in lines for one in line.get("trouble", [])}
    assert [line.get("missed", []) for line in lines] == ([[], [who], [], []] if absent_after else [[]] * 4)
    assert ["trouble" in line for line in lines] == [True, True, not absent_after, not absent_after]
    assert not any(who in line["slashed"] + line["banned"] for line in lines)


@pytest.mark.needs("anvil")
def test_a_chain_puts_out_whom_the_specification_puts_out(tmp_path: Path) -> None:
    changes = {"absent_after": 1, "rounds": 4}
    assert run(tmp_path / "spec", **changes) == run(tmp_path / "anvil", chain="anvil", **changes) == 0
    assert lines_of(tmp_path / "anvil") == lines_of(tmp_path / "spec")
    gas = [record["gas"].keys() & {"report", "evict"} for record in records_of(tmp_path / "anvil")]
    assert gas == [set(), {"report"}, {"evict"}, set()]


@pytest.mark.parametrize("changes", [{}, VBFL])
def test_a_juror_with_too_few_samples_sends_no_ballot(
    changes: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two lost samples are a loss of a half at most, by evidence, and that is tolerated here."""
    own = {"dataset": "tests.integration.spoilt:few", "tolerance": 0.5, "threshold": 0.5, "rounds": 6}
    own["decoy_odds"] = 0  # a round of two updates may be one of two decoys
    assert run(tmp_path / "run", **{**own, **changes}) == 0
    said = capsys.readouterr().out
    troubles = [one for line in records_of(tmp_path / "run") for one in line.get("trouble", [])]
    assert troubles
    assert {one["participant"] for one in troubles} == {5}
    assert "participant 5 sits out: 2 samples are too few to judge by" in said
    for line in records_of(tmp_path / "run"):
        assert line["accepted"]
        for one in line.get("trouble", []):
            assert one["account"] not in line["voters"]
            assert one["account"] not in line["slashed"]
    assert run(tmp_path / "paper", **{**own, **changes}, judge="paper") == 0
    assert not any("trouble" in line for line in records_of(tmp_path / "paper"))


def test_a_run_in_which_somebody_sat_out_is_gone_on_with(tmp_path: Path) -> None:
    assert run(tmp_path / "part", rounds=2) == 0
    assert any("trouble" in line for line in records_of(tmp_path / "part"))
    assert swarm.main(["--resume", str(tmp_path / "part"), "--rounds", "3"]) == 0
    assert run(tmp_path / "whole", rounds=3) == 0
    assert lines_of(tmp_path / "part") == lines_of(tmp_path / "whole")


def get_rules(mechanism: str) -> str:
    """Return the rules that lead to a mechanism itself, and to none that stands for it."""
    return "hardened" if resolve(mechanism, "hardened").name == mechanism else "paper"


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_where_nobody_can_train_the_request_is_wrong(
    mechanism: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = {"model": "mlp", "optimizer": "sgd", "learning_rate": 1000, "rules": get_rules(mechanism)}
    assert run(tmp_path / "run", mechanism=mechanism, **changes) == 2
    said = capsys.readouterr().err
    assert "none of the participants can train. Participant" in said
    assert "Lower the learning rate (1000)" in said


@pytest.mark.parametrize(("mechanism", "seed"), [("stake_vote", 13), ("vbfl", 13), ("fedavg", 4)])
def test_where_the_only_one_drawn_cannot_train_the_next_round_comes(
    mechanism: str, seed: int, tmp_path: Path
) -> None:
    changes = {"proposers": 1, "rounds": 2, "rules": get_rules(mechanism)}
    assert run(tmp_path / "run", mechanism=mechanism, seed=seed, **changes) == 0
    first, second = lines_of(tmp_path / "run")
    assert first["outcome"] == "UNDECIDED"
    assert not first["accepted"]
    assert first["proposers"] == first["slashed"] == []
    assert first["candidate_cid"] is None
    assert len(first["trouble"]) == 1
    assert second["accepted"]


def test_batch_norm_trains_over_a_column_of_amounts_and_names_one_that_is_too_large(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = {
        "partition": "iid",
        "model": "tests.integration.spoilt:normalised",
        "learning_rate": 0.05,
        "local_epochs": 4,
    }
    assert run(tmp_path / "run", dataset="tests.integration.spoilt:amounts", **own) == 0
    lines = lines_of(tmp_path / "run")
    assert all(line["accepted"] and "trouble" not in line for line in lines)
    assert lines[-1]["accuracy"] > 0.9
    assert run(tmp_path / "absurd", dataset="tests.integration.spoilt:absurd", **own) == 2
    said = capsys.readouterr().err
    assert "training diverged: 0.running_var: weight 1 is" in said
    assert "Scale the data (--standardize), whose column 1 reaches" in said


# ---------------------------------------------------------------------- a node each


@pytest.fixture(scope="module")
def config() -> SwarmConfig:
    settings = {"clients": COUNT, "proposers": 2, "malicious": 0, "model": "logistic", "device": "cpu"}
    return build({"mechanism": "stake_vote", "rules": "paper", **settings})


def play(world: World) -> None:
    """Drive everybody until round 1 is settled; where nobody has anything to do, let time pass."""
    for _ in range(100):
        acted = False
        for driver in world.drivers:
            status = driver._look()
            if status.record.outcome != Outcome.NONE:
                return
            driver._clock = lambda: 1e9
            acted |= driver.sweep(status)
        if not acted:
            world.chain.advance(seconds=3600)
    raise AssertionError(world.chain.status())


def spoil(driver: Driver, task: str) -> None:
    def fail(indices: list[int], *_: Any, **__: Any) -> list[OwnTrouble]:
        return [OwnTrouble("training failed: a reason") for _ in indices]

    def fail_to_judge(digest: bytes, indices: list[int]) -> list[OwnTrouble]:
        return fail(indices)

    setattr(driver.cohort, task, fail if task == "train" else fail_to_judge)


@pytest.mark.parametrize("task", ["train", "answers"])
def test_a_node_says_so_once_a_round_and_is_voted_neither_for_nor_against(
    task: str, config: SwarmConfig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever it is: the round comes to its end without it, and nobody pays for that."""
    with caplog.at_level(logging.WARNING):
        world = World(config, tmp_path)
        for driver in world.drivers[: COUNT - 2]:
            spoil(driver, task)
        play(world)
    status = world.chain.status()
    silent = [driver for driver in world.drivers if driver.notes.troubles]
    assert 0 < len(silent) < COUNT
    assert len([line for line in caplog.messages if "sits out: training failed: a reason." in line]) == len(
        silent
    )
    act = Act.PROPOSED if task == "train" else Act.COMMITTED
    for member in world.chain.members():
        failed = any(member.account in driver.participants for driver in silent)
        assert not (failed and act in member.record.acts)
        assert member.balance >= config.stake or status.record.outcome == Outcome.REJECTED
