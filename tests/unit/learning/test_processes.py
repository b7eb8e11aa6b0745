"""Learning in processes: the same bytes as here, however work is dealt out and whatever goes wrong."""

import io
import json
import struct
from collections.abc import Callable
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.learning import wire
from clients.learning.codec import encode
from clients.learning.evaluate import Failure, Score
from clients.learning.frames import MAX_HEADER, Garbled, read_frame, write_frame
from clients.learning.here import PUBLIC, Here, Order
from clients.learning.marks import Marks
from clients.learning.processes import Lost, Processes
from clients.learning.schema import BadUpdate, Weights
from clients.learning.wire import Bench
from clients.types.errors import OwnTrouble
from clients.types.learning import Recipe
from tests.unit.learning.places import RECIPES, SMALL, learn, made, make, told

ATTACKS = ("", "label_flip", "backdoor:0.5+scaled_update:3", "label_flip_low_divergence:2", "sign_flip")


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


def frame_again(answer: bytes, bend: Callable[[bytes], bytes]) -> bytes:
    """Return an answer with its marks bent; one of weights as it was."""
    header, body = read_frame(io.BytesIO(answer))
    pipe = io.BytesIO()
    write_frame(pipe, header, body if "made" in header else bend(body))
    return pipe.getvalue()


BENT: dict[str, Callable[[bytes], bytes]] = {
    "none": lambda body: b"",
    "a mark short": lambda body: body[:-8],
    "a byte short": lambda body: body[1:],
    "a mark more": lambda body: body + bytes(8),
    "too many": lambda body: body * 9,
}


@pytest.mark.parametrize("name", BENT)
def test_marks_too_few_or_too_many_change_no_result(name: str) -> None:
    recipe = RECIPES["stacked"]
    here, orders = made(recipe), [Order(index, 9 + index) for index in range(4)]
    place = beside(recipe, 3, lambda answer: frame_again(answer, BENT[name]))
    assert learn(place, here, orders, "accuracy") == learn(here, here, orders, "accuracy")
    [news] = place.take_news()
    assert news.startswith("Learning goes on in this process alone: ")


@st.composite
def scores(draw: st.DrawFn) -> Score:
    size, numbers = draw(st.integers(1, 4)), st.floats(allow_nan=False)
    arrays = [np.array(draw(st.lists(numbers, min_size=size, max_size=size))) for _ in range(5)]
    auroc = draw(st.none() | numbers)
    marks = Marks(*arrays[:4], None if auroc is None else arrays[4])
    return Score(draw(numbers), draw(numbers), auroc, size, marks)


FOUND = st.lists(scores() | st.text().map(lambda why: Failure(why, memory=False)), max_size=4)


def say(found: list[Any]) -> tuple[dict[str, Any], bytes]:
    """Return how a sibling answers with these scores of one model."""
    here: Any = SimpleNamespace(score=lambda weights, sets: [found], schema=made(RECIPES["stacked"]).schema)
    body = encode(made(RECIPES["stacked"]).initial, here.schema)
    return again(*Bench(here).do(wire.ask_score(range(len(found))), body))


@settings(max_examples=40)
@given(FOUND)
def test_marks_arrive_as_they_were_sent(found: list[Any]) -> None:
    row = wire.read_row(say(found), len(found))
    assert told(row) == told(found)


@settings(max_examples=40)
@given(FOUND, st.data())
def test_a_body_that_marks_do_not_fill_is_garbled(found: list[Any], data: st.DataObject) -> None:
    header, body = say(found)
    at, more = data.draw(st.integers(0, len(body))), data.draw(st.binary(min_size=1, max_size=40))
    bodies = [body + more, body[:at] + more + body[at:], *([body[:at]] if at < len(body) else [])]
    for bent in bodies:
        with pytest.raises(Garbled, match="marks"):
            wire.read_row((header, bent), len(found))
    for one in header["row"]:
        with pytest.raises(Garbled):
            wire.read_row(({"row": [{**one, "samples": 0}]}, b""), 1)
    for place, one in enumerate(header["row"]):
        for samples in (0, -1, 10**30, one.get("samples", 1) + 1, True, 1.0, None, "1"):
            row = [*header["row"]]
            row[place] = {**one, "samples": samples}
            with pytest.raises(Garbled):
                wire.read_row(({"row": row}, body), len(found))


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
    place.score_first_epochs(here.initial, orders)
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
