"""Processes that learn beside this one: what they give, and what becomes of them and of those that fail."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from clients.learning import datasets, processes
from clients.learning.attacks import parse_all
from clients.learning.codec import encode
from clients.learning.here import Here, Order
from clients.learning.processes import Processes, Sibling
from clients.learning.recipe import prepare
from clients.learning.workbench import Workbench
from clients.types.learning import Recipe
from tests.unit.learning.places import RECIPES, digits, gone, learn, made


@pytest.fixture
def started() -> Iterator[list[Processes]]:
    there: list[Processes] = []
    yield there
    for place in there:
        pids = place.pids
        place.close()
        assert all(gone(pid) for pid in pids)


def bench(recipe: Recipe) -> Workbench:
    return Workbench(digits(), *prepare(recipe, digits()), torch.device("cpu"), recipe)


@pytest.mark.parametrize(
    "kind", ["large", pytest.param("stacked", marks=pytest.mark.slow),
             pytest.param("side by side", marks=pytest.mark.slow)],
)  # fmt: skip
def test_processes_give_the_bytes_of_here_conspiracies_included(kind: str) -> None:
    attacks = ["alie", "label_flip", "inner_product+gaussian_noise", "", "", "backdoor"]
    who = [(index, parse_all(spec) if spec else None) for index, spec in enumerate(attacks)]
    results = []
    for place in ("here", "processes"):
        one = bench(RECIPES[kind])
        one.learn_in(place, 2)
        head, done = one.initial_weights(), []
        for number in (1, 2):
            sent: list[Any] = one.train_with_drifts(head, who, (1, number), "accuracy")
            done += [(encode(weights), samples, drift) for weights, samples, drift in sent]
            done += one.answers_each([weights for weights, *_ in sent], range(7), "accuracy")
            head = sent[3][0]
        assert one.take_news() == (["Learning runs in 2 processes, as asked."] if place != "here" else [])
        one.close()
        results.append(done)
    assert results[0] == results[1]


@pytest.mark.slow
def test_a_process_that_is_killed_or_stopped_loses_nothing(
    started: list[Processes], monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = RECIPES["stacked"]
    here, orders = made(recipe), [Order(index, 7) for index in range(7)]
    expected = learn(here, here, orders)
    place = Processes(here, recipe, 2)
    started.append(place)
    assert learn(place, here, orders) == expected
    [pid] = place.pids
    os.kill(pid, signal.SIGKILL)
    assert learn(place, here, orders) == expected
    assert place.take_news() == ["Learning goes on in this process alone: a process beside it has ended."]
    assert gone(pid)
    # One that is alive and does nothing.
    monkeypatch.setattr(processes, "_PATIENCE_S", 0.3)
    slow = partial(Sibling, (sys.executable, "-c", "import time; time.sleep(60)"))
    monkeypatch.setattr(processes, "_START_S", 0.3)
    place = Processes(here, recipe, 2, start=slow)
    started.append(place)
    place.begin()
    pids = place.pids
    assert learn(place, here, orders) == expected
    assert place.take_news() == ["Learning goes on in this process alone: a process beside it didn't start."]
    assert all(gone(pid) for pid in pids)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("print('hello')", "no message begins"),
        ("import sys; sys.exit(3)", "has ended"),
        ("import os; os.write(1, b'FJ' + bytes(12))", "is not JSON"),
    ],
)
def test_a_process_that_is_something_else_is_done_without(
    code: str, why: str, started: list[Processes]
) -> None:
    recipe = RECIPES["judged in public"]
    here, orders = made(recipe), [Order(index, 7) for index in range(3)]
    place = Processes(here, recipe, 3, start=partial(Sibling, (sys.executable, "-c", code)))
    started.append(place)
    assert learn(place, here, orders) == learn(here, here, orders)
    [news] = place.take_news()
    assert why in news or "has ended" in news  # it may be gone before its words are read


ACTING = """
import sys, time
from clients.learning.frames import read_frame, write_frame
pipes = sys.stdin.buffer, sys.stdout.buffer
read_frame(pipes[0])
write_frame(pipes[1], {"identity": sys.argv[1]})
request, _ = read_frame(pipes[0])
"""


@pytest.mark.parametrize(
    ("then", "why"),
    [
        ("sys.exit()", "has ended"),
        ("time.sleep(60)", "doesn't answer"),
        ("pipes[1].write(b'FJ12'); sys.exit()", "no message begins"),
        ("write_frame(pipes[1], {'error': 'MemoryError'})", "says: MemoryError"),
        ("write_frame(pipes[1], {'made': []}, bytes(2**20))", "are expected at most"),
    ],
)
def test_a_process_that_fails_at_work_loses_nothing(
    then: str, why: str, started: list[Processes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_PATIENCE_S", 0.5)
    recipe = RECIPES["judged in public"]
    here, orders = made(recipe), [Order(index, 7) for index in range(3)]
    command = (sys.executable, "-c", ACTING + then, here.identity())
    place = Processes(here, recipe, 3, start=partial(Sibling, command))
    started.append(place)
    place.begin()
    pids = place.pids
    assert learn(place, here, orders) == learn(here, here, orders)
    [news] = place.take_news()
    assert why in news
    assert all(gone(pid) for pid in pids)


def test_what_cannot_be_started_is_done_without() -> None:
    recipe = RECIPES["judged in public"]
    here, orders = made(recipe), [Order(index, 7) for index in range(3)]
    place = Processes(here, recipe, 2, start=partial(Sibling, ("/nonexistent/python",)))
    assert learn(place, here, orders) == learn(here, here, orders)
    assert "no process can be started" in place.take_news()[0]


OWN = """
import os
import numpy as np
from torch import nn
from clients.learning.datasets import Dataset
from clients.types.learning import Task
print("hello from a factory")
def data():
    x = np.random.default_rng({seed}).normal(size=(80, 4)).astype(np.float32)
    y = np.arange(80) % 3
    return Dataset("own", x, y, x, y, Task("classes", 3))
def model(shape, classes):
    return nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.3), nn.Linear(8, classes))
"""


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["1", "os.getpid()"])
def test_factories_are_called_by_their_names_and_their_data_compared(
    seed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started: list[Processes]
) -> None:
    name = f"own_of_{abs(hash(tmp_path))}"
    (tmp_path / f"{name}.py").write_text(OWN.replace("{seed}", seed))
    monkeypatch.syspath_prepend(tmp_path)
    recipe = Recipe(clients=4, dataset=f"{name}:data", model=f"{name}:model", local_epochs=2)
    dataset = datasets.load(recipe.dataset, recipe.form)
    here = Here(dataset, *prepare(recipe, dataset), torch.device("cpu"))
    place = Processes(here, recipe, 2)
    started.append(place)
    orders = [Order(index, 3) for index in range(4)]
    assert learn(place, here, orders) == learn(here, here, orders)
    news = place.take_news()
    assert news == ([] if seed == "1" else [
        "Learning goes on in this process alone: data or model came out different in a process beside it."
    ])  # fmt: skip


ORPHANS = """
import sys, time, torch
from clients.learning import datasets
from clients.learning.here import Here, Order
from clients.learning.processes import Processes
from clients.learning.recipe import prepare
from clients.types.learning import Recipe
recipe = Recipe(clients=2, model="logistic", local_epochs=4000)
dataset = datasets.load("digits", recipe.form)
here = Here(dataset, *prepare(recipe, dataset), torch.device("cpu"))
place = Processes(here, recipe, 3)
place.begin()
print(*place.pids, flush=True)
if sys.argv[1] == "busy":
    place._attend()
    place.train(here.initial, [Order(n, 1) for n in range(2)] * 3)
time.sleep(60)
"""


@pytest.mark.slow
@pytest.mark.parametrize("when", ["starting", "busy"])
def test_no_process_outlives_the_one_it_works_for(when: str) -> None:
    parent = subprocess.Popen([sys.executable, "-c", ORPHANS, when], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent:
        pids = [int(word) for word in parent.stdout.readline().split()]
        time.sleep(0.2 if when == "starting" else 8)
        assert len(pids) == 2
        parent.kill()
        parent.wait()
        assert all(gone(pid) for pid in pids)
