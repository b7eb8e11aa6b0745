"""Odd models on odd data through whole runs: they end well or with one sentence, and never otherwise."""

import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from clients import swarm
from clients.engine import swarm as engine
from clients.engine.learners import load_dataset
from clients.learning.attacks import ATTACKS
from clients.mechanisms import SETTINGS
from tests.integration.odd import Made
from tests.integration.swarms import records_of, words_of

pytestmark = pytest.mark.slow


class Scaled(nn.Module):
    """A weight and a buffer of no dimension, and one of no elements."""

    def __init__(self) -> None:
        super().__init__()
        self.scale, self.none = nn.Parameter(torch.tensor(1.0)), nn.Parameter(torch.zeros(0, 3))
        self.register_buffer("seen", torch.tensor(0.0))

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.seen += 1
        return x * self.scale


class Table(nn.Module):
    """An embedding with as many rows as somebody thought there are categories."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.rows = nn.Embedding(7, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.rows(x.flatten(1).long()).mean(1)


class By(nn.Module):
    """Any function as a layer."""

    def __init__(self, how: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.how = how

    def forward(self, x: Tensor) -> Any:
        return self.how(x)


def tied(width: int) -> nn.Module:
    pair = nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, width))
    pair[2].weight = pair[0].weight
    return pair


def fail_on_large(x: Tensor) -> Tensor:
    if float(x.detach().abs().max()) > 4:
        raise ValueError("too large for me")
    return x


BLOCKS: dict[str, Callable[[int], nn.Module]] = {
    "dense": lambda width: nn.Linear(width, width),
    "relu": lambda width: nn.ReLU(inplace=True),
    "prelu": lambda width: nn.PReLU(),
    "batch norm": nn.BatchNorm1d,
    "cumulative batch norm": lambda width: nn.BatchNorm1d(width, momentum=None),
    "group norm": lambda width: nn.GroupNorm(1, width),
    "channels' group norm": lambda width: nn.GroupNorm(width, width),
    "layer norm": nn.LayerNorm,
    "dropout": lambda width: nn.Dropout(0.4),
    "scaled": lambda width: Scaled(),
    "tied": tied,
    "weight norm": lambda width: torch.nn.utils.parametrizations.weight_norm(nn.Linear(width, width)),
    "spectral norm": lambda width: torch.nn.utils.spectral_norm(nn.Linear(width, width)),
    "table": Table,
    "lazy": lambda width: nn.LazyLinear(width),
    "root": lambda width: By(torch.sqrt),
    "picky": lambda width: By(fail_on_large),
}
TAILS: dict[str, Callable[[int, int], nn.Module]] = {
    "dense": nn.Linear,
    "softmax": lambda width, classes: nn.Sequential(nn.Linear(width, classes), nn.Softmax(1)),
    "tuple": lambda width, classes: nn.Sequential(nn.Linear(width, classes), By(lambda x: (x, x))),
    "squeezed": lambda width, classes: nn.Sequential(nn.Linear(width, classes), By(torch.squeeze)),
    "no numbers": lambda width, classes: nn.Sequential(nn.Linear(width, classes), By(lambda x: x * math.nan)),
    "none": lambda width, classes: nn.Identity(),
}


@st.composite
def models(draw: st.DrawFn) -> Callable[[tuple[int, ...], int], nn.Module]:
    names = draw(st.lists(st.sampled_from(list(BLOCKS)), max_size=4))
    tail = draw(st.sampled_from(["dense"] * 8 + list(TAILS)))

    def make(shape: tuple[int, ...], classes: int) -> nn.Module:
        width = math.prod(shape)
        return nn.Sequential(
            nn.Flatten(), *(BLOCKS[name](width) for name in names), TAILS[tail](width, classes)
        )

    make.__name__ = f"{names} {tail}"
    return make


def spoil(x: np.ndarray, kind: str, rng: np.random.Generator) -> Any:
    if kind == "amounts":
        return x * np.array([10.0 ** int(rng.integers(3, 9)), *[1] * (x.shape[1] - 1)]).reshape(
            -1, *[1] * (x.ndim - 2)
        )
    if kind == "absurd":
        return x * 1e25
    if kind == "categories":
        return rng.integers(0, int(rng.integers(2, 9)), x.shape)
    if kind == "one value":
        return np.ones_like(x)
    if kind == "a spoilt row":
        return np.concatenate([x[:-1], 1e20 * x[-1:]])
    if kind == "bytes":
        return rng.integers(0, 256, x.shape).astype(np.uint8)
    if kind == "a list":
        return x.tolist()
    if kind == "ragged":
        return [*x.tolist()[:-1], [1.0]]
    if kind == "objects":
        return x.astype(object)
    if kind == "gaps":
        return np.where(rng.random(x.shape) < 0.01, np.nan, x)
    return x


KINDS = [
    "amounts",
    "absurd",
    "categories",
    "one value",
    "a spoilt row",
    "bytes",
    "a list",
    "ragged",
    "objects",
    "gaps",
]


@st.composite
def data(draw: st.DrawFn) -> Callable[[], Any]:
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    shape = draw(st.sampled_from([(1,), (4,), (6,), (1, 4, 4)]))
    count, classes = draw(st.sampled_from([8, 60, 73, 120])), draw(st.sampled_from([1, *[2, 3, 4] * 3]))
    kind = draw(st.sampled_from(["plain"] * 4 + KINDS))
    several = draw(st.booleans())
    made = {}
    for part, size in (("train", count), ("test", draw(st.sampled_from([1, 2, 30])))):
        made[f"x_{part}"] = spoil(rng.normal(size=(size, *shape)), kind, rng)
        made[f"y_{part}"] = rng.integers(0, 2, (size, classes)) if several else rng.integers(0, classes, size)
    return lambda: made


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "mechanism": draw(st.sampled_from(list(SETTINGS))),
        "batch-size": draw(st.sampled_from([1, 2, 5, 16])),
        "validation": draw(st.sampled_from([0, 0.2, 0.9])),
        "optimizer": draw(st.sampled_from(["sgd", "adam"])),
        "learning-rate": draw(st.sampled_from([1e-3, 0.1, 100])),
        "partition": draw(st.sampled_from(["iid", "quantity:0.3", "dirichlet:0.3"])),
        "malicious": draw(st.integers(0, 3)),
        "attack": draw(st.sampled_from([*ATTACKS, "backdoor+scaled_update:3"])),
        "threshold": draw(st.sampled_from(["0.08", "adaptive"])),
        "seed": draw(st.integers(0, 99)),
    }


@pytest.mark.filterwarnings("ignore::FutureWarning")
@settings(max_examples=45)
@given(models(), data(), requests())
def test_it_runs_or_one_sentence_says_why_not(
    make: Callable[[tuple[int, ...], int], nn.Module], load: Callable[[], Any], request_: dict[str, Any]
) -> None:
    fixed = {
        "dataset": "tests.integration.odd:data", "model": "tests.integration.odd:model", "chain": "spec",
        "store": "memory", "clients": 6, "proposers": 2, "validators": 2, "miners": 2,
        "rounds": 2, "local-epochs": 2, "device": "cpu",
    }  # fmt: skip
    load_dataset.cache_clear()
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(Made, "data", staticmethod(load))
        patch.setattr(Made, "model", staticmethod(make))
        patch.setattr(engine.Swarm, "draw", lambda _: None)
        told: list[str] = []
        patch.setattr("builtins.print", lambda *words, **_: told.append(" ".join(map(str, words))))
        out = Path(folder) / "run"
        status = swarm.main(words_of({**fixed, **request_, "out": out}))
        if status == 0:
            assert [line["round"] for line in records_of(out)] == [1, 2]
        else:
            assert status == 2
            [sentence] = told
            assert sentence.startswith("error: ")
            assert "\n" not in sentence
