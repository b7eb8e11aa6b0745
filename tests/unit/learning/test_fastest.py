"""Learning where it is faster: measured by a clock of our own, with the same results whatever it shows."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import torch

from clients.learning import cores, datasets, fastest
from clients.learning.codec import encode
from clients.learning.fastest import Fastest
from clients.learning.here import PUBLIC, Here, Made, Order
from clients.learning.recipe import prepare
from clients.learning.workbench import Workbench
from clients.types.learning import Recipe

RECIPE = Recipe(clients=4, model="logistic", local_epochs=1)
ORDERS = [Order(index, 5) for index in range(4)]


@lru_cache(maxsize=1)
def made() -> Here:
    dataset = datasets.load("digits", RECIPE.form)
    return Here(dataset, *prepare(RECIPE, dataset), torch.device("cpu"))


class Beside:
    """Stands where processes do, without any: it takes its time by our clock."""

    def __init__(self, world: "World", count: int) -> None:
        self.count, self.over, self.begun, self.ready_in = count, False, False, world.ready_in
        self.started_in: float | None = None
        self._world = world

    def begin(self) -> None:
        self.begun = True

    def is_ready(self) -> bool:
        self.ready_in -= 1
        return self.ready_in < 0

    def train(self, *args: Any) -> Any:
        return self._do("train", made().train(*args))

    def score(self, many: Any, sets: Any) -> Any:
        return self._do("score", made().score(many, sets))

    def _do(self, kind: str, done: Any) -> Any:
        self.started_in = 3.0
        self._world.at("there", kind)
        return done

    def take_news(self) -> list[str]:
        return []

    def close(self) -> None:
        self.over = True


class World:
    """A clock, what each kind of work takes here and there by it, and what was done where."""

    def __init__(self, seconds: dict[tuple[str, str], float], ready_in: int = 0) -> None:
        self.seconds, self.ready_in = seconds, ready_in
        self.now = 0.0
        self.done: list[tuple[str, str]] = []
        self.beside: list[Beside] = []

    def at(self, where: str, kind: str) -> None:
        self.done.append((where, kind))
        self.now += self.seconds[where, kind]

    def begin(self, here: Here, recipe: Recipe, count: int) -> Any:
        self.beside.append(Beside(self, count))
        return self.beside[-1]

    def place(self, rounds: int, cost: float = 4.0, cores: int = 2) -> Fastest:
        world = self

        class Ours(Here):
            def __init__(self) -> None:
                self.__dict__ = made().__dict__

            def train(self, *args: Any, **kwargs: Any) -> Any:
                world.at("here", "train")
                return super().train(*args, **kwargs)

            def score(self, *args: Any) -> Any:
                world.at("here", "score")
                return super().score(*args)

        place = Fastest(Ours(), RECIPE, cost=cost, cores=cores, clock=lambda: self.now, begin=self.begin)
        place.expect(rounds)
        return place


def play(world: World, rounds: int, **more: Any) -> tuple[list[str], list[Any]]:
    """Return what is told, and what comes of so many rounds."""
    place, head, news, results = world.place(rounds, **more), made().initial, [], []
    for _ in range(rounds):
        trained = [one for one in place.train(head, ORDERS) if isinstance(one, Made)]
        results += [encode(one.weights) for one in trained]
        results += place.score((one.weights for one in trained), [PUBLIC])
        head = trained[0].weights
        news += place.take_news()
    place.close()
    return news, results


def where(world: World, kind: str) -> list[str]:
    return [place for place, what in world.done if what == kind]


def paces(train: tuple[float, float], score: tuple[float, float]) -> dict[tuple[str, str], float]:
    return {
        ("here", "train"): train[0], ("there", "train"): train[1],
        ("here", "score"): score[0], ("there", "score"): score[1],
    }  # fmt: skip


@pytest.fixture(autouse=True)
def room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fastest, "count_affordable", lambda: None)


def test_a_short_run_starts_nothing() -> None:
    world = World(paces((0.1, 0.01), (0.1, 0.01)))
    news, _ = play(world, 30)
    assert world.beside == []
    assert news == [
        "Learning stays in this process: it takes 5.6 s more, and another process 4.0 s to start."
    ]
    assert play(World(paces((9.0, 1.0), (0.1, 0.1))), 1)[0] == []
    assert play(World(paces((9.0, 1.0), (0.1, 0.1))), 30, cores=1)[0] == []


def test_what_is_faster_is_found_for_each_kind_of_work_and_nothing_else_changes() -> None:
    world = World(paces((2.0, 1.1), (1.0, 1.0)), ready_in=3)
    news, results = play(world, 15)
    assert [one.count for one in world.beside] == [2]
    assert news == [
        "Learning runs in 2 processes: a round's training takes 1.10 s there, 2.00 s in this one alone. "
        "They started in 3.0 s."
    ]
    assert where(world, "train")[:4] == ["here"] * 4
    assert where(world, "train")[8:] == ["there"] * 7
    assert where(world, "score")[8:] == ["here"] * 7
    assert play(World(paces((0.01, 1.0), (0.01, 1.0))), 15)[1] == results


def test_processes_that_are_faster_at_nothing_are_ended() -> None:
    world = World(paces((2.0, 1.9), (1.0, 1.0)))
    news, _ = play(world, 12)
    assert news == [
        "Learning stays in this process: a round's training takes 2.00 s here, 1.90 s in 2 processes."
    ]
    assert world.beside[0].over
    assert set(where(world, "train")[6:]) == {"here"}


def test_a_long_first_round_tells_enough() -> None:
    world = World(paces((100.0, 60.0), (0.1, 0.1)))
    play(world, 3)
    assert where(world, "train") == ["here", "there", "here"]


def test_there_are_as_many_as_there_is_memory_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for room, count in ((None, 4), (9, 4), (2, 3), (0, 0)):
        monkeypatch.setattr(fastest, "count_affordable", lambda room=room: room)
        world = World(paces((2.0, 1.0), (1.0, 1.0)))
        news, _ = play(world, 15, cores=16)
        assert [one.count for one in world.beside] == ([count] if count else [])
        assert room != 0 or news == ["Learning stays in this process: there is no memory for another one."]


def test_cores_and_memory_are_those_of_the_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "_CONTAINER", tmp_path)
    monkeypatch.setattr(cores, "_MEMORY", tmp_path / "meminfo")
    assert cores.count_cores() >= 1
    assert cores.count_affordable() is None
    for written, count in (("50000 100000", 1), ("max 100000", None), ("9900000 100000", None)):
        (tmp_path / "cpu.max").write_text(written)
        assert cores.count_cores() == count or count is None
    (tmp_path / "meminfo").write_text(f"MemTotal: 1 kB\nMemAvailable: {2**40} kB\n")
    many = cores.count_affordable()
    assert many is not None
    assert many > 1000
    (tmp_path / "memory.max").write_text("max")
    (tmp_path / "memory.current").write_text("1000")
    assert cores.count_affordable() == many
    (tmp_path / "memory.max").write_text("2000")
    assert cores.count_affordable() == 0


def test_processes_that_fail_are_not_asked_again() -> None:
    world = World(paces((2.0, 1.0), (1.0, 1.0)))
    place = world.place(50)
    for number in range(8):
        place.train(made().initial, ORDERS)
        if number == 3:
            world.beside[0].over = True
    assert where(world, "train")[4:] == ["here"] * 4


@pytest.fixture
def benches() -> Iterator[list[Workbench]]:
    there: list[Workbench] = []
    yield there
    for one in there:
        one.close()


def test_a_lone_participant_and_data_of_no_recipe_learn_here(benches: list[Workbench]) -> None:
    dataset = datasets.load("digits", RECIPE.form)
    alone = Recipe(clients=1, model="logistic")
    for recipe, told in ((alone, alone), (RECIPE, None)):
        one = Workbench(dataset, *prepare(recipe, dataset), torch.device("cpu"), told)
        benches.append(one)
        one.learn_in("processes", 9)
        assert isinstance(one._place, Here)
