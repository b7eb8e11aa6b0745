"""Whole runs: what they leave behind, the same again from the same settings, and after any interruption."""

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from matplotlib.figure import Figure

from clients import swarm
from clients.engine import config, journal, rundir
from clients.engine.config import build, read_toml
from clients.engine.figures import draw_all
from clients.engine.swarm import Swarm
from clients.ports import files
from clients.ports.store.memory import MemoryStore
from clients.protocol.simulator import SpecChain
from tests.integration.swarms import lines_of

SMALL = {
    "chain": "spec",
    "store": "memory",
    "model": "logistic",
    "clients": 9,
    "proposers": 2,
    "malicious": 2,
    "rounds": 5,
    "local_epochs": 1,
    "tokens": "40",
    "device": "cpu",
}
FIELDS = {
    *("round", "accepted", "head_cid", "candidate_cid", "accuracy", "loss", "votes_for", "votes_against"),
    *("proposers", "voters", "publisher", "balances", "honest_mean_balance", "malicious_mean_balance"),
    *("slashed", "rewarded", "banned", "gas", "seconds", "bytes"),
}
SUMMARY = {
    *("mechanism", "rounds", "final_accuracy", "best_accuracy", "honest_mean_balance"),
    *("malicious_mean_balance", "malicious_removed", "honest_removed", "head_cid", "gas_total"),
    *("wall_seconds", "seconds", "cpu_seconds"),
}


def command(*words: str, **settings: Any) -> list[str]:
    options = {**SMALL, **settings}
    pairs = [("--" + name.replace("_", "-"), str(value)) for name, value in options.items()]
    return [*words, *(word for pair in pairs for word in pair)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing interrupted."""
    out = tmp_path_factory.mktemp("whole") / "run"
    assert swarm.main(command(out=out)) == 0
    return out


def test_a_run_leaves_what_the_interface_promises(whole: Path) -> None:
    records = [json.loads(line) for line in (whole / "rounds.jsonl").read_text().splitlines()]
    assert [record["round"] for record in records] == [1, 2, 3, 4, 5]
    assert all(record.keys() >= FIELDS for record in records)
    assert all(set(record["seconds"]) >= {"train", "judge", "aggregate", "codec", "chain", "store", "total"}
               for record in records)  # fmt: skip
    summary = json.loads((whole / "summary.json").read_text())
    assert summary.keys() >= SUMMARY
    deployment = json.loads((whole / "deployment.json").read_text())
    assert {"chain_id", "federation", "token"} <= deployment.keys()
    assert {path.suffix for path in (whole / "figures").iterdir()} == {".svg", ".png"}
    settings = read_toml(whole / "config.toml")
    assert settings["chain"] == "spec"
    assert settings["device"] == "cpu"


def test_money_only_changes_hands(whole: Path) -> None:
    for record in lines_of(whole):
        assert sum(record["balances"].values()) <= 9 * 40 * 10**18


def test_the_settings_that_a_run_wrote_give_the_same_run(whole: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    assert swarm.main(["--config", str(whole / "config.toml"), "--out", str(again)]) == 0
    assert lines_of(again) == lines_of(whole)


def test_another_seed_gives_another_run(whole: Path, tmp_path: Path) -> None:
    assert swarm.main(command(out=tmp_path / "other", seed=2, rounds=2)) == 0
    assert lines_of(tmp_path / "other") != lines_of(whole)[:2]


class Stop:
    """Interrupts a run at its `at`-th effect on the world, before or after the effect."""

    def __init__(self, at: int, *, before: bool) -> None:
        self.at, self.before, self.seen = at, before, 0

    def around(self, effect: Callable[..., Any]) -> Callable[..., Any]:
        def stopped(*args: Any, **options: Any) -> Any:
            self.seen += 1
            if self.before and self.seen == self.at:
                raise KeyboardInterrupt
            result = effect(*args, **options)
            if self.seen == self.at:
                raise KeyboardInterrupt
            return result

        return stopped


def effects(patch: pytest.MonkeyPatch, stop: Stop) -> None:
    """Let `stop` watch what a run of ours does to chain, store and disk, and nothing of what libraries do."""
    for owner, name in [
        (SpecChain, "send"),
        (MemoryStore, "put"),
        (files.LineFile, "append"),
        (config, "write_whole"),
        (journal, "write_whole"),
        (rundir, "write_whole"),
        (Swarm, "finish"),
    ]:
        patch.setattr(owner, name, stop.around(getattr(owner, name)))


@pytest.mark.slow
def test_interrupted_at_20_random_points_a_run_ends_the_same(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        counter = Stop(0, before=False)
        effects(patch, counter)
        assert swarm.main(command(out=tmp_path / "count")) == 0
    dice = random.Random(20)
    for number, at in enumerate(sorted(dice.sample(range(3, counter.seen + 1), 20))):
        out = tmp_path / f"run{number}"
        with monkeypatch.context() as patch:
            effects(patch, Stop(at, before=dice.random() < 0.5))
            status = swarm.main(command(out=out))
        assert status == 130, at
        if not (out / "config.toml").exists():
            assert "nothing was kept" in capsys.readouterr().err
            continue
        assert swarm.main(["--resume", str(out)]) == 0, at
        assert lines_of(out) == lines_of(whole), at
        assert (out / "summary.json").exists()


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_killed_from_outside_a_run_goes_on(how: signal.Signals, tmp_path: Path) -> None:
    settings = {"rounds": 400, "model": "mlp"}
    out = tmp_path / "run"
    words = [sys.executable, "-m", "clients.swarm", *command(out=out, **settings)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not ((out / "rounds.jsonl").exists() and len((out / "rounds.jsonl").read_text().splitlines()) >= 5):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(how)
    _, told = process.communicate(timeout=60)
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert "--resume" in told
    kept = len(lines_of(out))
    assert kept >= 5
    assert swarm.main(["--resume", str(out), "--rounds", str(kept + 2)]) == 0
    assert swarm.main(command(out=tmp_path / "whole", **{**settings, "rounds": kept + 2})) == 0
    assert lines_of(out) == lines_of(tmp_path / "whole")


def test_a_finished_run_can_be_taken_further(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert swarm.main(command(out=out, rounds=2)) == 0
    assert swarm.main(["--resume", str(out), "--rounds", "5"]) == 0
    assert lines_of(out) == lines_of(whole)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--dataset", "digit"], "Did you mean 'digits'"),
        (["--model", "mpl"], "Did you mean 'mlp'"),
        (["--attack", "label_flap"], "Did you mean 'label_flip'"),
        (["--partition", "dirichlit:1"], "dirichlet"),
        (["--metric", "auroc"], "takes accuracy"),
        (["--malicious", "10"], "only 9 clients"),
        (["--proposers", "9"], "leave no jury"),
        (["--proposers", "9", "--rules", "paper"], "leave no voters"),
        (["--quorum", "0.6"], "--quorum is a setting of stake_vote under the paper's rules, not under the"),
        (["--mechanism", "stake_jury", "--rules", "paper"], "stake_jury has no paper"),
        (["--validators", "3"], "--validators is a setting of vbfl, not of stake_vote: leave it out."),
        (["--judge", "nonsense"], "unknown judge 'nonsense'. Known: evidence, paper."),
        (
            ["--mechanism", "fedavg", "--judge", "paper"],
            "--judge is a setting of stake_vote and stake_jury and vbfl",
        ),
        (["--informed"], "--informed is a setting of fedavg, not of stake_vote"),
        (["--mechanism", "vbfl", "--quorum", "0.6"], "--quorum is a setting of stake_vote, not of vbfl"),
        (["--mechanism", "vbfl", "--miners", "3"], "--miners is a setting of vbfl under the paper's rules"),
        (["--clients", "5000", "--proposers", "5"], "ask for fewer clients"),
        (["--config", "nowhere.toml"], "can't be read"),
        (["--malicious", "-1"], "malicious = -1: it must lie between 0 and"),
    ],
)
def test_bad_requests_end_with_2_and_leave_nothing(
    words: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert swarm.main([*command(out=out), *words]) == 2
    assert told in capsys.readouterr().err
    assert not out.exists()


def test_what_a_run_left_that_was_killed_before_it_began_isnt_called_a_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "journal").mkdir()
    assert swarm.main(command(out=tmp_path)) == 2
    said = capsys.readouterr().err
    assert "choose another --out, or empty it: it holds no run" in said
    assert "--resume" not in said


def test_a_run_whose_settings_were_changed_says_so(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = shutil.copytree(whole, tmp_path / "run")
    text = (run / "config.toml").read_text()
    assert 'rules = "hardened"' in text
    (run / "config.toml").write_text(text.replace('rules = "hardened"', 'rules = "paper"'))
    assert swarm.main(["--resume", str(run), "--rounds", "99"]) == 2
    assert "Either the settings in config.toml were changed since" in capsys.readouterr().err


def test_rules_are_given_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        swarm.main([*command(out=tmp_path / "run"), "--rules", "paper", "--rules", "hardened"])
    assert ended.value.code == 2
    assert "--rules is given twice, paper and hardened: leave one out" in capsys.readouterr().err


def test_a_setting_of_another_mechanism_at_the_top_of_a_file_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("validators = 3\n[vbfl]\nminers = 2\n")
    assert swarm.main([*command(out=tmp_path / "run"), "--config", str(file)]) == 2
    assert (
        f"{file}: validators is a setting of vbfl, not of stake_jury: leave it out, or put it into the table "
        "[vbfl]." in capsys.readouterr().err
    )
    assert not (tmp_path / "run").exists()


def test_a_folder_with_another_run_is_left_alone(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted((path, path.stat().st_mtime_ns) for path in whole.rglob("*"))
    assert swarm.main(command(out=whole)) == 2
    assert "--resume" in capsys.readouterr().err
    assert sorted((path, path.stat().st_mtime_ns) for path in whole.rglob("*")) == before
    assert swarm.main(["--resume", str(tmp_path)]) == 2
    assert "Start the run anew." in capsys.readouterr().err
    assert swarm.main(["--resume", str(whole), "--seed", "4"]) == 2


def test_the_baseline_runs_in_the_same_runner(tmp_path: Path) -> None:
    out = tmp_path / "fedavg"
    assert swarm.main(command(out=out, mechanism="fedavg", malicious=0, rounds=3)) == 0
    records = lines_of(out)
    assert all(record["accepted"] for record in records)
    assert all(len(record["proposers"]) == 2 for record in records)
    part = tmp_path / "part"
    assert swarm.main(command(out=part, mechanism="fedavg", malicious=0, rounds=1)) == 0
    assert swarm.main(["--resume", str(part), "--rounds", "3"]) == 0
    assert lines_of(part) == records


def test_liars_lose_and_the_honest_do_not(tmp_path: Path) -> None:
    out = tmp_path / "run"
    settings = {
        "clients": 20,
        "malicious": 5,
        "proposers": 4,
        "rounds": 12,
        "model": "mlp",
        "local_epochs": 5,
    }
    assert swarm.main(command(out=out, **settings, tokens=64, attack="label_flip+lying_votes")) == 0
    summary = json.loads((out / "summary.json").read_text())
    assert summary["malicious_mean_balance"] < 64e18 < summary["honest_mean_balance"]


def test_pictures_that_cant_be_drawn_are_a_warning(
    tmp_path: Path, whole: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    shutil.copytree(whole, out)
    shutil.rmtree(out / "figures")
    (out / "figures").write_text("in the way")
    told = f"Results: {out}\n"
    assert swarm.main(["--resume", str(out)]) == 0
    said = capsys.readouterr()
    assert said.out.endswith(told)
    assert said.err.startswith("warning: the pictures can't be drawn: File exists. ")
    with monkeypatch.context() as patch:
        patch.setattr(Figure, "savefig", Mock(side_effect=KeyboardInterrupt))
        (out / "figures").unlink()
        assert swarm.main(["--resume", str(out)]) == 130
    said = capsys.readouterr()
    assert said.out.endswith(told)
    assert said.err.endswith(f"go on with: python -m clients.swarm --resume {out}\n")
    assert swarm.main(["--resume", str(out)]) == 0
    for picture in (whole / "figures").iterdir():
        assert (out / "figures" / picture.name).read_bytes() == picture.read_bytes()
    assert lines_of(out) == lines_of(whole)


def test_pictures_do_not_depend_on_the_day(tmp_path: Path, whole: Path) -> None:
    with Swarm(build({**SMALL, "out": str(whole)}), resume=whole) as run:
        for name in ("a", "b"):
            draw_all(run.lines, tmp_path / name, "title", run.bench.task)
    for picture in ("accuracy.svg", "balances.svg", "verdicts.svg"):
        assert (tmp_path / "a" / picture).read_bytes() == (tmp_path / "b" / picture).read_bytes()
