"""A workbench whose learning is exact on any machine: what lets whole runs be held to lines written down."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pytest

from clients.engine import swarm
from clients.learning.attacks import Attack
from clients.learning.evaluate import Score
from clients.learning.schema import Schema, Weights
from clients.types.answers import Answers
from clients.types.learning import Form, Task

STEP = 2.0**-10
TARGET = np.arange(8, dtype=np.float32) * np.float32(0.0625)


class ExactBench:
    """Stands where a `Workbench` does. Its numbers are small multiples of 2^-10, so no sum of them rounds.

    Training moves the weights towards `TARGET`, each participant to a place of its own near it; poisoned
    training moves them away. A score is how near weights are.
    """

    epochs = 3
    task = Task("classes", 2)
    form = Form(task, (8,), "NF")
    guess = 0.5

    def __init__(self) -> None:
        self._initial = {"w": np.zeros(8, np.float32)}
        self.schema = Schema.of(self._initial)

    def learn_in(self, place: str, rounds: int) -> None:
        """It learns here, whatever is asked for."""

    def take_news(self) -> list[str]:
        return []

    def close(self) -> None:
        pass

    def initial_weights(self) -> Weights:
        return self._initial

    def samples(self, index: int) -> int:
        return 40 + 8 * (index % 3)

    def train(self, start: Weights, who: Sequence[tuple[int, Attack | None]], seeds: tuple[int, int]) -> Any:
        return [
            ({"w": self._move(start["w"], index, attack, seeds[1])}, self.samples(index))
            for index, attack in who
        ]

    def train_with_drifts(
        self,
        start: Weights,
        who: Sequence[tuple[int, Attack | None]],
        seeds: tuple[int, int],
        metric: str,
    ) -> Any:
        sent = self.train(start, who, seeds)
        return [(*one, (index % 3 - 1) * STEP) for one, (index, _) in zip(sent, who, strict=True)]

    def answer_first_epochs(
        self, start: Weights, indices: Sequence[int], seeds: tuple[int, int], metric: str
    ) -> list[Answers]:
        moved = [self._move(start["w"], index, None, seeds[1]) for index in indices]
        return [
            self.answers({"w": one}, [index], metric)[0] for index, one in zip(indices, moved, strict=True)
        ]

    def shares_tests(self, index: int) -> bool:
        return False

    def test_samples(self, index: int) -> int:
        return 10

    def _move(self, start: Any, index: int, attack: Attack | None, number: int) -> Any:
        halfway = np.round((TARGET - start) / 2 / STEP) * STEP
        noise = ((np.arange(8) * (index + 3) + number) % 7 - 3) * STEP
        if attack is not None and attack.poisons:
            halfway = -2 * halfway + ((np.arange(8) + index) % 3 - 1)
        return (start + halfway + noise).astype(np.float32)

    def answers(self, weights: Weights, indices: Sequence[int], metric: str) -> list[Answers]:
        away = np.abs(weights["w"].astype(np.float64) - TARGET)
        scores = [max(0.0, 1.0 - float(away[index % 4 :].sum()) / 4) for index in indices]
        return [Answers.alike(score, self.test_samples(0), self.guess) for score in scores]

    def answers_each(
        self, many: Iterable[Weights], indices: Sequence[int], metric: str
    ) -> list[list[Answers]]:
        return [self.answers(weights, indices, metric) for weights in many]

    def test(self, weights: Weights) -> Score:
        accuracy = self.answers(weights, [0], "accuracy")[0].score
        return Score(accuracy, 1.0 - accuracy, None, 100)


def use_exact_bench(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let swarms of this process learn on it, and draw no picture."""
    monkeypatch.setattr(swarm, "build_bench", lambda config: ExactBench())
    monkeypatch.setattr(swarm.Swarm, "draw", lambda _: None)
