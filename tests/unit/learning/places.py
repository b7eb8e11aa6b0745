"""What tests of where learning runs share: recipes, the work of a round, and whether a process is there."""

import os
import time
from functools import lru_cache
from typing import Any

import torch

from clients.learning import datasets
from clients.learning.codec import encode
from clients.learning.evaluate import Score
from clients.learning.here import PUBLIC, Here, Made, Order, Place
from clients.learning.recipe import prepare
from clients.types.errors import OwnTrouble
from clients.types.learning import Recipe

SMALL = {"clients": 7, "partition": "quantity:0.5", "local_epochs": 2}
RECIPES = {
    "stacked": Recipe(**SMALL, model="mlp"),
    "side by side": Recipe(**SMALL | {"local_epochs": 1}, model="mnist_cnn"),
    "large": Recipe(**SMALL, model="mlp", batch_size=1000),
    "judged in public": Recipe(**SMALL, model="logistic", validation=0),
}


@lru_cache(maxsize=1)
def digits() -> datasets.Dataset:
    return datasets.load("digits", Recipe().form)


def make(recipe: Recipe) -> Here:
    return Here(digits(), *prepare(recipe, digits()), torch.device("cpu"))


made = lru_cache(maxsize=None)(make)


def told(results: list[Any]) -> list[Any]:
    """Return results as what can be compared to the byte."""
    plain: list[Any] = []
    for one in results:
        if isinstance(one, Made):
            plain.append((encode(one.weights), *told([one.drift])))
        else:
            plain.append((type(one), str(one)) if isinstance(one, OwnTrouble) else one)
            if isinstance(one, Score) and one.marks is not None:
                plain += [None if marks is None else marks.tobytes() for marks in one.marks]
    return plain


def learn(place: Place, here: Here, orders: list[Order], drift_by: str = "") -> list[Any]:
    """Return all that a round's work comes to."""
    trained = place.train(here.initial, orders, drift_by)
    firsts = place.score_first_epochs(here.initial, orders)
    weights = [one.weights for one in trained if isinstance(one, Made)]
    sets = list(dict.fromkeys([*(here.set_of(one.participant) for one in orders), PUBLIC]))
    return [*told(trained), *told(firsts), *map(told, place.score(iter(weights), sets))]


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
