"""Participants with heads of their own train and test as they would alone."""

from functools import cache

import numpy as np
import pytest
import torch

from clients.learning.attacks import parse_all
from clients.learning.codec import encode
from clients.learning.recipe import prepare
from clients.learning.schema import Weights
from clients.learning.workbench import Workbench
from clients.types.errors import raise_trouble
from tests.unit.learning.places import RECIPES, digits

SEEDS = (3, 1)
WHO = [(0, None), (1, parse_all("label_flip")), (2, None), (3, parse_all("alie"))]


@cache
def bench(recipe: str) -> Workbench:
    return Workbench(digits(), *prepare(RECIPES[recipe], digits()), torch.device("cpu"))


def shifted(weights: Weights, by: float) -> Weights:
    return {name: np.asarray(array + np.float32(by)) for name, array in weights.items()}


def files(results: list[object]) -> list[bytes]:
    return [encode(raise_trouble(one)[0]) for one in results]  # type: ignore[index]


@pytest.mark.parametrize("recipe", ["stacked", "large"])
def test_a_head_of_ones_own_changes_nothing_for_others(recipe: str) -> None:
    one = bench(recipe)
    head, other = one.initial_weights(), shifted(one.initial_weights(), 0.01)
    assert files(one.train_each({index: head for index, _ in WHO}, WHO, SEEDS)) == files(
        one.train(head, WHO, SEEDS)
    )
    mixed = files(one.train_each({0: head, 1: other, 2: other, 3: head}, WHO, SEEDS))
    assert [mixed[0], mixed[3]] == files(one.train(head, [WHO[0], WHO[3]], SEEDS))
    assert mixed[1:3] == files(one.train(other, WHO[1:3], SEEDS))


def test_each_tests_its_own_model() -> None:
    one = bench("stacked")
    models = {index: shifted(one.initial_weights(), index / 100) for index in (4, 0, 2)}
    assert one.answers_own(models, "accuracy") == {
        index: one.answers(weights, [index], "accuracy")[0] for index, weights in models.items()
    }
