"""Learning in processes: the same bytes as here, however work is dealt out and whatever goes wrong."""

import io
import json
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.learning import datasets, processes
from clients.learning.attacks import parse_all
from clients.learning.codec import encode
from clients.learning.frames import MAX_HEADER, Garbled, read_frame, write_frame
from clients.learning.here import PUBLIC, Here, Made, Order, Place
from clients.learning.processes import Lost, Processes, Sibling
from clients.learning.recipe import prepare
from clients.learning.schema import BadUpdate, Weights
from clients.learning.wire import Bench
from clients.learning.workbench import Workbench
from clients.types.errors import OwnTrouble
from clients.types.learning import Recipe

SMALL = {"clients": 7, "partition": "quantity:0.5", "local_epochs": 2}
RECIPES = {
    "stacked": Recipe(**SMALL, model="mlp"),
    "side by side": Recipe(**SMALL | {"local_epochs": 1}, model="mnist_cnn"),
    "large": Recipe(**SMALL, model="mlp", batch_size=1000),
    "judged in public": Recipe(**SMALL, model="logistic", validation=0),
}
ATTACKS = ("", "label_flip", "backdoor:0.5+scaled_update:3", "label_flip_low_divergence:2", "sign_flip")


@lru_cache(maxsize=1)
def digits() -> datasets.Dataset:
    return datasets.load("digits", Recipe().form)


def make(recipe: Recipe) -> Here:
    return Here(digits(), *prepare(recipe, digits()), torch.device("cpu"))


made = lru_cache(maxsize=None)(make)


class Inside:
    """A sibling in this process: what it is told and answers are messages all the same."""

    pid = 0

    def __init__(self, here: Here, spoil: Callable[[bytes], bytes] = lambda data: data) -> None:
        self.start: Weights | None = None
        self.asked: list[dict[str, Any]] = []
        self.ended = False
        self._here, self._bench, self._spoil = here, Bench(here), spoil

    def ask(self, request: Any, body: bytes = b"", max_body: int = 0) -> "Future[Any]":
        future: Future[Any] = Future()
        self.asked.append(request)
        try:
            answer = {"identity": self._here.identity()}, b""
            if "do" in request:
                answer = self._bench.do(*again(request, body))
            pipe = io.BytesIO()
            write_frame(pipe, *answer)
            data = pipe.getvalue() if "identity" in answer[0] else self._spoil(pipe.getvalue())
            future.set_result(read_frame(io.BytesIO(data), max_body))
        except (EOFError, Garbled) as error:
            future.set_exception(error if isinstance(error, Garbled) else Lost("it has ended"))
        return future

    def end(self) -> None:
        self.ended = True


def again(header: Any, body: bytes) -> tuple[dict[str, Any], bytes]:
    pipe = io.BytesIO()
    write_frame(pipe, header, body)
    pipe.seek(0)
    return read_frame(pipe)


def beside(recipe: Recipe, count: int, spoil: Callable[[bytes], bytes] = lambda data: data) -> Processes:
    """Return processes that are none. Model and data are shared: orders are done one after the other."""
    return Processes(made(recipe), recipe, count, start=lambda: Inside(made(recipe), spoil))  # type: ignore[return-value, arg-type]


def told(results: list[Any]) -> list[Any]:
    """Return results as what can be compared to the byte."""
    plain: list[Any] = []
    for one in results:
        if isinstance(one, Made):
            plain.append((encode(one.weights), *told([one.drift])))
        else:
            plain.append((type(one), str(one)) if isinstance(one, OwnTrouble) else one)
    return plain


def learn(place: Place, here: Here, orders: list[Order], drift_by: str = "") -> list[Any]:
    """Return all that a round's work comes to."""
    trained = place.train(here.initial, orders, drift_by)
    firsts = place.score_first_epochs(here.initial, orders, "loss")
    weights = [one.weights for one in trained if isinstance(one, Made)]
    sets = list(dict.fromkeys([*(here.set_of(one.participant) for one in orders), PUBLIC]))
    return [*told(trained), *told(firsts), *place.score(iter(weights), sets)]


# ---------------------------------------------------------------------- messages


@given(
    st.dictionaries(st.text(), st.none() | st.booleans() | st.floats(allow_nan=False) | st.text()),
    st.binary(),
)
def test_a_message_arrives_as_it_was_sent(header: dict[str, Any], body: bytes) -> None:
    pipe = io.BytesIO()
    write_frame(pipe, header, body)
    write_frame(pipe, {}, b"")
    pipe.seek(0)
    assert read_frame(pipe, len(body)) == (header, body)
    assert read_frame(pipe) == ({}, b"")
    with pytest.raises(EOFError):
        read_frame(pipe)


def frame(header: bytes, body: bytes = b"", size: int | None = None, length: int | None = None) -> bytes:
    sizes = len(header) if length is None else length, len(body) if size is None else size
    return b"FJ" + struct.pack(">IQ", *sizes) + header + body


GARBAGE = {
    "text": b"Epoch 1: loss 0.3\n",
    "a piece": frame(b"{}")[:9],
    "cut": frame(b'{"a": 1}', b"abc")[:-2],
    "no JSON": frame(b"{]"),
    "bytes": frame(b"\xff\xfe"),
    "no table": frame(b"[1]"),
    "deep": frame(b"[" * 200_000),
    "a huge header": frame(b"{}", length=MAX_HEADER + 1),
    "a huge body": frame(b"{}", size=2**63),
    "nothing asked for": frame(b'{"made": "all", "scores": 3, "row": null}'),
    "too many": frame(b'{"made": [{}, {}, {}, {}, {}, {}, {}, {}], "scores": [], "row": []}'),
    "other kinds": frame(b'{"made": [1, 2], "scores": ["a", null], "row": [3]}'),
    "no weights": frame(b'{"made": [{}], "scores": [{}], "row": [{}]}'),
    "an end": b"",
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_for_an_answer_changes_no_result(name: str) -> None:
    recipe = RECIPES["stacked"]
    here, orders = made(recipe), [Order(index, 9 + index) for index in range(4)]
    expected = learn(here, here, orders, "accuracy")
    place = beside(recipe, 3, lambda _: GARBAGE[name])
    assert learn(place, here, orders, "accuracy") == expected
    [news] = place.take_news()
    assert news.startswith("Learning goes on in this process alone: ")
    assert place.over
    assert place.pids == []
    assert place.take_news() == []


@settings(max_examples=12)
@given(st.data())
def test_an_answer_bent_anywhere_is_no_error(data: st.DataObject) -> None:
    recipe = RECIPES["judged in public"]
    here, orders = made(recipe), [Order(index, 3) for index in range(3)]

    def bend(answer: bytes) -> bytes:
        at = data.draw(st.integers(0, min(len(answer) - 1, 120)))
        return answer[:at] + bytes([data.draw(st.integers(0, 255))]) + answer[at + 1 :]

    results = beside(recipe, 2, bend).train(here.initial, orders, "loss")
    assert len(results) == len(orders)


# ---------------------------------------------------------------------- the same bytes


@settings(max_examples=12)
@given(
    kind=st.sampled_from(["stacked", "judged in public"]),
    count=st.integers(2, 9),
    participants=st.lists(st.integers(0, 6), min_size=1, max_size=7, unique=True),
    attacks=st.lists(st.sampled_from(ATTACKS), min_size=7, max_size=7),
    drifts=st.booleans(),
)
def test_no_split_changes_a_byte(
    kind: str, count: int, participants: list[int], attacks: list[str], drifts: bool
) -> None:
    recipe = RECIPES[kind]
    here, by = made(recipe), "loss" if drifts else ""
    orders = [Order(index, 100 + index, attacks[index]) for index in participants]
    place = beside(recipe, count)
    assert learn(place, here, orders, by) == learn(here, here, orders, by)
    assert place.take_news() == []


@pytest.mark.parametrize(("kind", "count"), [("side by side", 3), ("large", 2), ("large", 7)])
def test_no_split_changes_a_byte_of_larger_models(kind: str, count: int) -> None:
    recipe = RECIPES[kind]
    here, orders = made(recipe), [Order(index, 5, ATTACKS[index % 5]) for index in range(6)]
    assert learn(beside(recipe, count), here, orders) == learn(here, here, orders)


def test_weights_that_trainings_start_from_go_out_once_a_round() -> None:
    recipe = RECIPES["stacked"]
    here, orders = made(recipe), [Order(index, 1) for index in range(4)]
    siblings = [Inside(here), Inside(here)]
    pending = iter(siblings)
    bodies: list[tuple[str, int]] = []
    for one in siblings:
        real = one.ask

        def ask(request: Any, body: bytes = b"", max_body: int = 0, real: Any = real) -> Any:
            bodies.append((request.get("do", "build"), len(body)))
            return real(request, body, max_body)

        one.ask = ask  # type: ignore[method-assign]
    place = Processes(here, recipe, 3, start=lambda: next(pending))  # type: ignore[return-value, arg-type]
    place.train(here.initial, orders)
    place.score_first_epochs(here.initial, orders, "accuracy")
    size = here.schema.encoded_size
    assert bodies == [("build", 0)] * 2 + [("train", size)] * 2 + [("first epochs", 0)] * 2
    for one in siblings:
        assert all(json.dumps(request) for request in one.asked)
    place.close()
    assert all(one.ended for one in siblings)


def test_troubles_come_back_as_data_and_want_of_memory_is_looked_into(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recipe = Recipe(**SMALL, model="logistic", learning_rate=999.0, optimizer="sgd")
    here = make(recipe)
    here._train[1] = here._train[1].take(np.arange(0))
    huge = here._train[2]
    here._train[2] = type(huge)(huge.x * 1e30, huge.y, huge.task)
    orders = [Order(index, 1) for index in range(5)]
    place = Processes(here, recipe, 3, start=lambda: Inside(here))  # type: ignore[return-value, arg-type]
    results = place.train(here.initial, orders)
    assert told(list(results)) == told(list(here.train(here.initial, orders)))
    assert "no samples" in str(results[1])
    assert type(results[2]).__name__ == "Diverged"
    calls: list[int] = []
    real = here.train

    def train(start: Weights, some: Any, drift_by: str = "", *, cores: int | None = None) -> Any:
        calls.append(len(some))
        if len(calls) in (1, 2):
            return [OwnTrouble("training failed: out of memory (x). Lower") for _ in some]
        return real(start, some, drift_by, cores=cores)

    monkeypatch.setattr(here, "train", train)
    results = place.train(here.initial, orders)
    assert sum(calls[:3]) == len(orders)
    assert calls[3:] == [calls[0] + calls[1]]  # what siblings had no memory for is tried here
    assert not place.over


def test_weights_that_fit_no_model_are_refused_as_they_are_here() -> None:
    recipe = RECIPES["judged in public"]
    here, place = made(recipe), beside(recipe, 3)
    orders = [Order(0, 1), Order(1, 1)]
    bad = {name: array[:1] for name, array in here.initial.items()}
    nan = {name: array * np.float32("nan") for name, array in here.initial.items()}
    with pytest.raises(BadUpdate):
        place.train(bad, orders)
    with pytest.raises(BadUpdate):
        place.score([bad, bad], [PUBLIC])
    assert place.score([nan, nan, here.initial], [PUBLIC]) == here.score([nan, nan, here.initial], [PUBLIC])
    assert place.score([], [PUBLIC]) == []
    assert place.score([here.initial], []) == [[]]
    assert not place.over


# ---------------------------------------------------------------------- real processes


def gone(pid: int, patience: float = 10.0) -> bool:
    """Return whether a process ends within so many seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        with open(f"/proc/{pid}/stat") as stat:
            if stat.read().rsplit(")")[-1].split()[0] == "Z":
                return True
        time.sleep(0.05)
    return False


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
            done += one.scores_each([weights for weights, *_ in sent], range(7), "loss")
            head = sent[3][0]
        assert one.take_news() == (["Learning runs in 2 processes, as asked."] if place != "here" else [])
        one.close()
        results.append(done)
    assert results[0] == results[1]


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
    assert why in news


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


@pytest.mark.parametrize("seed", [pytest.param("1", marks=pytest.mark.slow), "os.getpid()"])
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


@pytest.mark.parametrize("when", ["starting", pytest.param("busy", marks=pytest.mark.slow)])
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
