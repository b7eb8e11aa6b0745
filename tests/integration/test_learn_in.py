"""Swarms that learn in processes: the same lines, an orderly end, and nothing left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clients import swarm
from clients.engine.config import read_toml
from tests.integration.swarms import lines_of

WORDS = {
    "stake_vote": [
        "--rules", "paper",
        "--clients", "8", "--proposers", "3", "--malicious", "3", "--model", "mnist_cnn", "--attribution",
        "--attack", "alie+lying_votes", "label_flip", "--rounds", "3", "--local-epochs", "1",
    ],
    "vbfl": [
        "--mechanism", "vbfl", "--rules", "paper",
        "--clients", "8", "--proposers", "4", "--validators", "2", "--miners", "2",
        "--malicious", "2", "--attack", "gaussian_noise", "--threshold", "adaptive", "--model", "logistic",
        "--rounds", "3", "--local-epochs", "2",
    ],
}  # fmt: skip
QUIET = ["--chain", "spec", "--store", "memory", "--device", "cpu"]


@pytest.mark.parametrize("name", [pytest.param("stake_vote", marks=pytest.mark.slow), "vbfl"])
def test_the_lines_are_the_same_wherever_it_learns(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in ("here", "processes"):
        words = [*WORDS[name], *QUIET, "--out", str(tmp_path / place), "--learn-in", place]
        assert swarm.main(words) == 0
        assert read_toml(tmp_path / place / "config.toml")["learn_in"] == place
        assert ("Learning runs in 2 processes, as asked." in capsys.readouterr().out) == (place != "here")
    assert lines_of(tmp_path / "here") == lines_of(tmp_path / "processes")


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="tells processes by /proc")
def test_ctrl_c_ends_processes_and_a_resumed_run_goes_on_alike(tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = [*WORDS["vbfl"], *QUIET, "--out", str(out)]
    run = subprocess.Popen(
        [sys.executable, "-m", "clients.swarm", *words, "--rounds", "400", "--learn-in", "processes"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and run.poll() is None:
        if (out / "rounds.jsonl").exists() and len((out / "rounds.jsonl").read_text().splitlines()) > 1:
            break
        time.sleep(0.1)
    pids = children_of(run.pid)
    assert pids
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "Traceback" not in said
    assert "Every settled round is kept" in said
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    done = len(lines_of(out))
    assert swarm.main(["--resume", str(out), "--rounds", str(done + 2)]) == 0
    assert swarm.main(
        [*words[:-1], str(tmp_path / "whole"), "--rounds", str(done + 2), "--learn-in", "here"]
    ) == 0  # fmt: skip
    assert lines_of(out) == lines_of(tmp_path / "whole")
    summary = json.loads((out / "summary.json").read_text())
    assert summary["rounds"] == done + 2
