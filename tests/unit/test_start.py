"""What a command loads before it needs it: nothing that takes seconds."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
COMMANDS = (
    "clients.swarm", "clients.node", "clients.audit", "clients.genesis", "clients.experiments", "deploy",
    "deploy.devnet", "deploy.explorer",
)  # fmt: skip
CHAINS = {"web3", "eth_tester", "eth"}
HEAVY = CHAINS | {"torch", "torchvision", "matplotlib", "sklearn", "pandas", "scipy"}
# Runs a module as `python -m` does; then tells on stderr what is loaded, and which loggers there are.
AS_MODULE = """
import json, logging, runpy, sys
module, *sys.argv[1:] = sys.argv[1:]
def tell(what, **more):
    loggers = list(logging.root.manager.loggerDict)
    print(json.dumps({"at": what, "loaded": list(sys.modules), "loggers": loggers, **more}), file=sys.stderr)
"""
TO_ITS_END = """
try:
    runpy.run_module(module, run_name="__main__", alter_sys=True)
finally:
    tell("the end")
"""
# A swarm draws its pictures last.
UNTIL_IT_DRAWS = """
from clients.engine.swarm import Swarm
draw = Swarm.draw
def draw_told(self):
    tell("the pictures")
    draw(self)
Swarm.draw = draw_told
"""
# The logger's own globals are gone with the module, but for the traceback of its SystemExit.
LOGGING = """
try:
    runpy.run_module(module, run_name="__main__", alter_sys=True)
except SystemExit as end:
    trace = end.__traceback__
    while "log" not in trace.tb_frame.f_globals:
        trace = trace.tb_next
    log = trace.tb_frame.f_globals["log"]
    assert trace.tb_frame.f_globals["__name__"] == "__main__"
    for level in (logging.DEBUG, logging.INFO, logging.WARNING):
        log.log(level, "%s in %s", logging.getLevelName(level), log.name)
"""


def run(script: str, module: str, *words: str, out: Path) -> "subprocess.CompletedProcess[str]":
    with open(out, "w") as stdout:
        return subprocess.run(
            [sys.executable, "-c", AS_MODULE + script, module, *words],
            cwd=ROOT, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip


def told(done: "subprocess.CompletedProcess[str]") -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_loads_nothing_heavy_and_needs_nobody_to_read_it(command: str) -> None:
    done = run(TO_ITS_END, command, "--help", out=Path("/dev/full"))
    assert done.returncode == 0, done.stderr
    [end] = told(done)
    assert not HEAVY.intersection(end["loaded"])
    assert "__main__" not in end["loggers"]  # it would be heard at the level of the libraries
    assert done.stderr.startswith("warning: stdout can't be written")


@pytest.mark.slow
def test_a_run_on_the_specification_loads_torch_alone_and_pictures_come_last(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 4)).astype(np.float32), np.arange(60) % 3
    np.savez(tmp_path / "data.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    settings = {
        "chain": "spec", "store": "memory", "dataset": tmp_path / "data.npz", "model": "logistic",
        "clients": 3, "proposers": 1, "malicious": 0, "rounds": 1, "device": "cpu", "out": tmp_path / "run",
    }  # fmt: skip
    words = [word for name, value in settings.items() for word in (f"--{name}", str(value))]
    done = run(UNTIL_IT_DRAWS + TO_ITS_END, "clients.swarm", *words, out=tmp_path / "said")
    assert done.returncode == 0, done.stderr
    pictures, end = told(done)
    assert HEAVY.intersection(pictures["loaded"]) == {"torch"}
    assert not CHAINS.intersection(end["loaded"])
    assert "matplotlib" in end["loaded"]
    assert (tmp_path / "said").read_text().endswith(f"Results: {tmp_path / 'run'}\n")


def test_a_node_logs_under_its_own_name() -> None:
    done = run(LOGGING, "clients.node", "--rpc", "nowhere", out=Path("/dev/null"))
    assert "error: name a store" in done.stderr
    heard = [
        line.split(" ", 2)[2] for line in done.stderr.splitlines() if " in " in line and "error" not in line
    ]
    assert heard == [f"{level} in clients.node" for level in ("INFO", "WARNING")]
