"""Experiments from the command: run, stopped and gone on with, never mixed, the same over a real chain."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clients.experiments import pictures, results
from clients.experiments.__main__ import main
from clients.experiments.archive import STAMP
from clients.experiments.figure import find, load, papers
from clients.experiments.saving import save

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "clients" / "experiments"


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the smoke results of Fig. 5 in `results`, its runs in `runs`."""
    folder = tmp_path_factory.mktemp("experiments")
    assert main(command(folder)) == 0
    return folder


def command(folder: Path, *words: str, name: str = "stake_vote/fig5") -> list[str]:
    return [name, "--out", str(folder / "results"), "--runs", str(folder / "runs"), *words]


def copy(where: Path, to: Path) -> Path:
    for part in ("results", "runs"):
        shutil.copytree(where / part, to / part)
    return to


def lines(folder: Path, figure: str = "fig5") -> list[dict[str, Any]]:
    """Return a figure's lines without what measures time."""
    text = (folder / "results" / "stake_vote" / figure / "smoke" / "runs.jsonl").read_text("utf-8")
    found = [json.loads(line) for line in text.splitlines()]
    return [{key: run[key] for key in run if "seconds" not in key} for run in found]


def test_a_figure_leaves_what_the_interface_promises(where: Path) -> None:
    folder = where / "results" / "stake_vote" / "fig5" / "smoke"
    assert {path.name for path in folder.iterdir()} == {
        *("runs.jsonl", "meta.json", "table.json", "table.md", "fig5.svg")
    }
    meta = json.loads((folder / "meta.json").read_text())
    assert meta["command"].startswith("python -m clients.experiments stake_vote/fig5")
    assert meta["versions"].keys() == {"python", "torch", "numpy", "scikit-learn", "code"}
    assert meta["hardware"]["cores"] >= 1
    found = lines(where)
    assert len(found) == meta["runs"] == 12
    assert all(len(run["accuracy"]) == run["rounds"] for run in found)
    table = json.loads((folder / "table.json").read_text())
    figure = load("stake_vote", "fig5")
    assert [claim["name"] for claim in table["claims"]] == [claim.name for claim in figure.claims]


def test_what_is_there_is_not_run_again(
    where: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy(where, tmp_path)
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").rglob("record.json")}
    assert main(command(tmp_path)) == 0
    assert "12 runs, 12 of them there" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    assert lines(tmp_path) == lines(where)


def test_a_half_run_is_gone_on_with(where: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "clients.experiments", *command(tmp_path, "--jobs", "2")]
    process = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        until(lambda: bool(list((tmp_path / "runs").rglob("rounds.jsonl"))))
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "the same command goes on" in said
    assert not (tmp_path / "results").exists()
    assert main(command(tmp_path)) == 0
    assert lines(tmp_path) == lines(where)


@pytest.mark.parametrize("members_there", [2, 3, 4])
def test_stopping_before_anything_is_settled_says_so_alone(tmp_path: Path, members_there: int) -> None:
    """While processes are started, and while they load what they need: none of them complains."""
    words = [sys.executable, "-m", "clients.experiments", *command(tmp_path, "--jobs", "2")]
    process = subprocess.Popen(
        words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        until(lambda: len(members(process.pid)) >= members_there)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        _, said = process.communicate(timeout=60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130
    assert said.strip() == "Stopped. What is done is kept; the same command goes on."


@pytest.mark.parametrize(
    ("option", "place", "status", "told"),
    [
        ("--runs", "file", 2, "file is a file. Name a folder"),
        ("--out", "file", 2, "file is a file. Name a folder"),
        ("--out", "/proc/results", 3, "nothing can be written there"),
    ],
)
def test_where_nothing_can_be_kept_nothing_is_run(
    tmp_path: Path, option: str, place: str, status: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(command(tmp_path, option, str(tmp_path / place))) == status
    said = capsys.readouterr()
    assert told in said.err
    assert said.out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_listing_counts_what_a_run_would_use(
    where: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy(where, tmp_path)
    path = next((tmp_path / "runs").rglob(STAMP))
    path.write_text(path.read_text().replace('"torch": "', '"torch": "0.'))
    assert main(command(tmp_path, "--list")) == 0
    assert "12 runs, 72 rounds, 11 there, 1 of other versions" in capsys.readouterr().out


@pytest.mark.parametrize("place", ["runs", "results"])
def test_another_version_is_refused_and_replaced_if_asked(
    where: Path, tmp_path: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    copy(where, tmp_path)
    if place == "runs":
        path = next((tmp_path / "runs").rglob(STAMP))
        path.write_text(path.read_text().replace('"torch": "', '"torch": "0.'))
    else:
        path = tmp_path / "results" / "stake_vote" / "fig5" / "smoke" / "runs.jsonl"
        path.write_text(path.read_text().replace('"torch":"', '"torch":"0.'))
    assert main(command(tmp_path)) == 2
    said = capsys.readouterr().err
    assert "torch 0." in said
    assert "--replace" in said
    assert main(command(tmp_path, "--replace")) == 0
    assert lines(tmp_path) == lines(where)


def test_results_of_other_settings_are_refused(
    where: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy(where, tmp_path)
    path = tmp_path / "results" / "stake_vote" / "fig5" / "smoke" / "runs.jsonl"
    path.write_text(path.read_text().split("\n", 1)[1])
    assert main(command(tmp_path)) == 2
    assert "other settings" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["stake_vote/fig66"], "Did you mean"),
        (["stake_votes"], "Did you mean 'stake_vote'"),
        (["stake_vote/fig5", "--jobs", "-1"], "--jobs -1"),
    ],
)
def test_a_wrong_request_is_told(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert told in capsys.readouterr().err


def test_listing_runs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(tmp_path, "--list", name="stake_vote")) == 0
    assert "stake_vote/fig5: " in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_a_picture_is_the_same_from_the_same_results(where: Path) -> None:
    figure = find("stake_vote/fig5")[0]
    folder = where / "results" / "stake_vote" / "fig5" / "smoke"
    loaded = results.load(folder, figure, "smoke")
    svg = pictures.to_svg(pictures.draw(loaded, figure.pictures[0]))
    assert svg == (folder / "fig5.svg").read_text("utf-8")
    assert "FedAvg w/ block" in svg


def test_another_paper_needs_toml_alone(tmp_path: Path) -> None:
    """A figure of a paper that isn't there yet, with every kind of picture and of claim."""
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "fig1.toml").write_text(NEW)
    figure = load("new", "fig1", tmp_path)
    from clients.experiments.archive import Archive
    from clients.experiments.plan import make

    plan = make(figure, "smoke")
    archive = Archive(tmp_path / "runs")
    from clients.experiments.runners import RUNNERS

    for request in plan.requests.values():
        RUNNERS[request.runner].run(request.settings, archive.begin(request), lambda rounds: None)
        archive.end(request)
    found = results.collect(plan, archive)
    save(found, tmp_path / "out", "test", "a commit", 0.0)
    assert {path.name for path in pictures.save_all(found, tmp_path / "out")} == {"a.svg", "b.svg", "c.svg"}
    again = results.load(tmp_path / "out", figure, "smoke")
    assert [run["run"] for run in again.runs] == [run["run"] for run in found.runs]


NEW = """
title = "New"
[settings]
model = "logistic"
clients = 6
proposers = 2
rounds = 2
local_epochs = 1
malicious = 1
attack = ["sign_flip"]
[axes.stake]
label = "stake"
setting = "proposer_stake"
values = [4, 8]
[presets.smoke]
seeds = [1, 2]
[[pictures]]
kind = "curves"
name = "a"
values = ["accuracy", "rejected"]
lines = "stake"
[[pictures]]
kind = "verdicts"
name = "b"
panels = "stake"
[[pictures]]
kind = "values"
name = "c"
values = ["honest_tokens", "malicious_tokens"]
x = "stake"
[[tables]]
name = "t"
title = "T"
metric = "minority"
columns = "stake"
[[claims]]
name = "c"
text = "c"
kind = "trend"
metric = "accuracy"
along = "stake"
direction = "rises"
"""


@pytest.mark.slow
@pytest.mark.parametrize("paper", papers())
def test_all_of_a_paper_at_smoke(paper: str, tmp_path: Path) -> None:
    assert main(command(tmp_path, name=paper)) == 0
    for figure in find(paper):
        folder = tmp_path / "results" / paper / figure.name / "smoke"
        assert {picture.name for picture in figure.pictures} == {path.stem for path in folder.glob("*.svg")}


@pytest.mark.slow
@pytest.mark.needs("anvil", "kubo")
def test_a_run_over_anvil_and_kubo_has_the_same_lines(where: Path, tmp_path: Path) -> None:
    copy(where, tmp_path)
    assert main(command(tmp_path, "--over", "anvil", "kubo")) == 0
    path = tmp_path / "results" / "stake_vote" / "fig5" / "smoke" / "over.json"
    found = json.loads(path.read_text())
    assert found["rounds"] == 6
    assert found["gas"] > 0


@pytest.mark.slow
@pytest.mark.needs("anvil", "kubo")
@pytest.mark.parametrize("name", ["fig4", "fig14", "attribution", "attacks", "noniid", "cost"])
def test_every_kind_of_figure_has_the_same_lines_over_anvil_and_kubo(name: str, tmp_path: Path) -> None:
    """Liars, ranked labels, the guilty named, attackers that wait, uneven data, what is on a chain anyway."""
    from clients.experiments.archive import Archive
    from clients.experiments.over import choose, compare_over
    from clients.experiments.plan import make
    from clients.experiments.runners import RUNNERS

    plan = make(find(f"stake_vote/{name}")[0], "smoke")
    request = choose(plan)
    assert request is not None
    archive = Archive(tmp_path / "runs")
    RUNNERS[request.runner].run(request.settings, archive.begin(request), lambda rounds: None)
    archive.end(request)
    told = compare_over(plan, archive, tmp_path, "anvil", "kubo")
    assert f"the same {request.rounds} lines" in told
    assert json.loads((tmp_path / "over.json").read_text())["gas"] > 0


def test_lines_that_differ_over_a_chain_are_an_error() -> None:
    from clients.experiments.over import LinesDiffer, compare_lines

    line = {"round": 1, "accepted": True, "gas": {"a": 1}, "seconds": {}, "bytes": {}}
    assert compare_lines([line], [{**line, "gas": {"a": 2}, "seconds": {"b": 1.0}}]) == 1
    with pytest.raises(LinesDiffer, match="round 1 differs over the chain in accepted"):
        compare_lines([line], [{**line, "accepted": False}])
    with pytest.raises(LinesDiffer, match="0 lines over the chain, 1"):
        compare_lines([line], [])


def test_nothing_is_left_running_where_the_command_is_killed(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "clients.experiments", *command(tmp_path, "--jobs", "2")]
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        until(lambda: bool(list((tmp_path / "runs").rglob("rounds.jsonl"))))
        process.kill()
        process.wait()
        until(lambda: not members(process.pid))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def until(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def members(group: int) -> list[str]:
    """Return the processes of a process group that still run."""
    done = subprocess.run(["ps", "-eo", "pgid=,stat=,pid="], capture_output=True, text=True, check=True)
    rows = [line.split() for line in done.stdout.splitlines()]
    return [pid for found, state, pid in rows if int(found) == group and not state.startswith("Z")]
