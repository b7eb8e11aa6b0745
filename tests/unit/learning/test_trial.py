"""Odd models: each works, or a sentence says before anything starts why it can't."""

import logging
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from clients.learning import trial
from clients.learning.aggregate import Contribution, fedavg
from clients.learning.attacks import ATTACKS, parse
from clients.learning.codec import decode, encode
from clients.learning.evaluate import evaluate
from clients.learning.stacked import Training, is_stackable, train_many
from clients.learning.tensors import Samples, load_weights, schema_of, weights_of
from clients.learning.train import TrainConfig, train
from clients.learning.trial import check_model, refuses_one
from clients.types.errors import OwnTrouble, RequestError

FEATURES, CLASSES = 6, 3
RNG = np.random.default_rng(0)
DATA = Samples.of(RNG.normal(size=(25, FEATURES)).astype(np.float32), RNG.integers(0, CLASSES, 25))
Forward = Callable[[Any, Tensor], Any]


class Own(nn.Module):
    """A dense layer, with whatever else."""

    def __init__(self, forward: Forward | None = None, **more: Any) -> None:
        super().__init__()
        self.dense = nn.Linear(FEATURES, CLASSES)
        self.how: Forward = forward or (lambda self, x: self.dense(x))
        for name, one in more.items():
            if isinstance(one, Tensor) and not isinstance(one, nn.Parameter):
                self.register_buffer(name, one)
            else:
                setattr(self, name, one)

    def forward(self, x: Tensor) -> Any:
        return self.how(self, x)


def zeros(*shape: int, **kind: Any) -> nn.Parameter:
    return nn.Parameter(torch.zeros(shape, **kind))


def frozen(model: nn.Module) -> nn.Module:
    return model.requires_grad_(False)


def tied() -> nn.Module:
    model = nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 6), nn.Linear(6, CLASSES))
    model[2].weight = model[0].weight
    return model


def with_norm(norm: nn.Module) -> nn.Module:
    return nn.Sequential(norm, nn.Linear(FEATURES, CLASSES))


class Standardising(nn.Module):
    """A norm of somebody's own, which knows no class of torch's."""

    def forward(self, x: Tensor) -> Tensor:
        if self.training and len(x) < 2:
            raise ValueError("more than one, please")
        return x - x.mean(0) if self.training else x


class Counting(nn.Module):
    """Keeps at home how often it was trained, and goes by it."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("seen", torch.tensor(0))
        self.register_buffer("last", torch.zeros(()), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.seen += 1
            self.last = self.last + 1  # another tensor, and not this one changed
        return x * (1 + 0.1 * self.seen + self.last)


parametrizations = torch.nn.utils.parametrizations
WORKING: dict[str, Callable[[], nn.Module]] = {
    "a scalar weight and a scalar buffer": lambda: Own(
        lambda self, x: self.dense(x) * self.scale + self.offset,
        scale=nn.Parameter(torch.tensor(1.0)),
        offset=torch.tensor(0.5),
    ),
    "nothing but a scalar": lambda: Own(
        lambda self, x: x[:, :CLASSES] * self.scale, dense=None, scale=nn.Parameter(torch.tensor(1.0))
    ),
    "weights of no elements": lambda: Own(empty=zeros(0, 3), none=torch.zeros(0)),
    "a weight of two names": tied,
    "whole numbers and truths": lambda: Own(
        count=torch.tensor(3), which=torch.ones(2, 2, dtype=torch.bool), at=torch.arange(3).expand(2, 3)
    ),
    "a weight of whole numbers": lambda: Own(at=nn.Parameter(torch.arange(3), requires_grad=False)),
    "a weight without a part in it": lambda: Own(idle=nn.Linear(3, 3)),
    "lazy layers": lambda: nn.Sequential(nn.LazyLinear(4), nn.LazyBatchNorm1d(), nn.LazyLinear(CLASSES)),
    "weight norm": lambda: nn.Sequential(parametrizations.weight_norm(nn.Linear(6, CLASSES), dim=None)),
    "spectral norm": lambda: nn.Sequential(parametrizations.spectral_norm(nn.Linear(6, CLASSES))),
    "hooked weight norm": lambda: nn.Sequential(torch.nn.utils.spectral_norm(nn.Linear(6, CLASSES))),
    "noise": lambda: Own(lambda self, x: self.dense(x + torch.randn_like(x))),
    "a changed input": lambda: Own(lambda self, x: self.dense(x.mul_(2))),
    "changed weights": lambda: Own(
        lambda self, x: (self.dense.weight.data.clamp_(-0.1, 0.1), self.dense(x))[1]
    ),
    "something kept for later": lambda: Own(
        lambda self, x: self.dense(x) * self.__dict__.setdefault("kept", torch.ones(CLASSES))
    ),
    "a class that is masked": lambda: Own(
        lambda self, x: self.dense(x).masked_fill(torch.arange(CLASSES) == CLASSES, -math.inf)
    ),
    "sparse gradients": lambda: Own(
        lambda self, x: self.table(x.long().clamp(0, 4)).mean(1), table=nn.Embedding(5, CLASSES, sparse=True)
    ),
    "batch norm": lambda: with_norm(nn.BatchNorm1d(FEATURES)),
    "batch norm without momentum": lambda: with_norm(nn.BatchNorm1d(FEATURES, momentum=None)),
    "an own norm": lambda: with_norm(Standardising()),
    "what stays at home": lambda: with_norm(Counting()),
    "odd names": lambda: Own(**{'é" \n\\ \u2028': zeros(1), "__metadata_": zeros(2)}),
}  # fmt: skip


def made(how: Callable[[], nn.Module]) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = how()
        check_model("own", model, DATA.x[:2], CLASSES)
    return model.train()


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("name", WORKING)
def test_it_trains_travels_and_is_attacked(name: str) -> None:
    model = made(WORKING[name])
    start, schema = weights_of(model), schema_of(model)
    config = TrainConfig("adam", 0.01, batch_size=4)  # the last batch has one sample
    jobs = [Training(start, DATA, config, seed) for seed in range(3)]
    trained = train_many(model, jobs)
    assert not any(isinstance(one, OwnTrouble) for one in trained), trained
    assert any(not np.array_equal(trained[0][name], start[name]) for name in start)
    # Who trains after others, or by another way, ends with the same.
    assert encode(train_many(model, jobs[2:])[0], schema) == encode(trained[2], schema)
    assert encode(train(model, start, DATA, config, 0), schema) == encode(trained[0], schema) or is_stackable(
        model, config
    )
    for attack in (parse(name) for name in ATTACKS):
        sent = attack.after(trained[0], start, 1)
        sent = attack.conspire(start, [sent, trained[1]]) if attack.conspire else sent
        assert all(isinstance(array, np.ndarray) for array in sent.values())
        encode(sent, schema)
    average = fedavg([Contribution(one, 10 + n) for n, one in enumerate(trained)], schema)
    assert {name: array.shape for name, array in average.items()} == dict(schema.shapes)
    load_weights(model, decode(encode(average, schema), schema))
    assert encode(weights_of(model), schema) == encode(average, schema)
    score = evaluate(model, average, DATA)
    assert evaluate(model, average, DATA) == score or name in ("noise", "what stays at home")


REFUSED: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "all frozen": (lambda: frozen(Own()), "nothing of it trains: no parameter has requires_grad"),
    "what trains is empty": (
        lambda: Own(lambda self, x: x[:, :CLASSES], dense=None, empty=zeros(0)),
        "nothing of it trains",
    ),
    "no gradient": (lambda: Own(lambda self, x: self.dense(x).detach()), "nothing of it trains: no gradient"),
    "a tuple": (lambda: Own(lambda self, x: (self.dense(x), x)), "two samples give tuple; expected a tensor"),
    "a tuple in training": (
        lambda: Own(lambda self, x: (self.dense(x), x) if self.training else self.dense(x)),
        "two samples give tuple in training",
    ),
    "a dict": (lambda: Own(lambda self, x: {"logits": self.dense(x)}), "two samples give dict"),
    "classes": (lambda: Own(lambda self, x: self.dense(x).argmax(1)), r"give torch.int64 of shape \(2,\)"),
    "whole numbers": (lambda: Own(lambda self, x: self.dense(x).long()), r"torch.int64 of shape \(2, 3\);"),
    "too few": (lambda: nn.Linear(FEATURES, CLASSES - 1), r"two samples give \(2, 2\); expected .* \(2, 3\)"),
    "one sample squeezed": (lambda: Own(lambda self, x: self.dense(x).squeeze()), r"one sample gives \(3,\)"),
    "two inputs": (lambda: Own(lambda self, x: nn.Bilinear(6, 6, 3)(x)), "missing 1 required .* 'input2'"),
    "no numbers": (lambda: Own(lambda self, x: self.dense(x) * math.nan), "are not finite"),
    "no numbers in training": (
        lambda: Own(lambda self, x: self.dense(x) * (math.inf if self.training else 1)),
        "are not finite in training",
    ),
    "fails": (lambda: Own(lambda self, x: 1 / 0), "does not take samples of shape 6: ZeroDivisionError"),
    "fails in training": (
        lambda: Own(lambda self, x: 1 / 0 if self.training else self.dense(x)),
        "does not take samples of shape 6 in training: ZeroDivisionError",
    ),
    "float64": (lambda: Own().double(), "dense.weight is float64; only float32 is averaged"),
    "bfloat16": (lambda: Own().bfloat16(), "dense.weight is bfloat16"),
    "a float64 buffer": (lambda: Own(more=torch.zeros(1, dtype=torch.float64)), "more is float64"),
    "complex": (lambda: Own(more=zeros(1, dtype=torch.complex64)), "more is complex64"),
    "infinite": (lambda: Own(more=torch.full((2,), -math.inf)), r"more: weight 0 is -inf.*persistent=False"),
    "too large": (lambda: Own(more=torch.full((2,), 2.0**60)), "more: weight 0 is 1.15292e.18"),
    "one value a channel": (lambda: with_norm(nn.GroupNorm(FEATURES, FEATURES)), "more than 1 value"),
    "lazy without a sample": (lambda: Own(idle=nn.LazyLinear(3)), "lazy idle.weight has no shape yet"),
    "expanded": (lambda: Own(more=torch.ones(1).expand(4)), "weights can't be written: RuntimeError"),
    "no weights": (lambda: Own(lambda self, x: x[:, :CLASSES], dense=None), "the model has no weights"),
    "a surrogate": (lambda: Own(**{"\ud800": zeros(1)}), "can't be written as UTF-8"),
    "a reserved name": (lambda: Own(**{"__metadata__": zeros(1)}), "cannot hold the tensor '__metadata__'"),
    "a long name": (lambda: Own(**{"n" * 2**20: zeros(1)}), "names take 1048.* bytes"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_sentence_says_what_is_wrong(name: str) -> None:
    how, says = REFUSED[name]
    with pytest.raises(RequestError, match=f"^model own: .*{says}"):
        made(how)


def test_there_are_not_more_tensors_than_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "MAX_TENSORS", 3)
    with pytest.raises(RequestError, match=r"it has 4 tensors, .* names 3 in"):
        made(lambda: Own(one=zeros(1), other=zeros(1)))


def hidden(change: Callable[[dict[str, Any]], dict[str, Any]]) -> nn.Module:
    class Hidden(Own):
        def state_dict(self, *args: Any, **options: Any) -> Any:
            return change(super().state_dict(*args, **options))

    return Hidden()


def test_weights_must_travel() -> None:
    for change, says in (
        (lambda state: {"dense.weight": state["dense.weight"]}, "dense.bias isn't in its state_dict"),
        (lambda state: {name: one.clone() for name, one in state.items()}, "don't arrive in it"),
        (lambda state: state["other"], "it can't be used: KeyError"),
    ):
        with pytest.raises(RequestError, match=says):
            made(lambda change=change: hidden(change))


def test_trying_a_model_leaves_it_as_it_was() -> None:
    model = with_norm(nn.BatchNorm1d(FEATURES))
    before = {name: one.clone() for name, one in model.state_dict().items()}
    check_model("own", model, DATA.x[:2], CLASSES)
    assert all(torch.equal(one, before[name]) for name, one in model.state_dict().items())
    assert all(one.grad is None for one in model.parameters())
    model, state = WORKING["noise"](), torch.random.get_rng_state()
    assert not refuses_one(model, DATA.x[:1])
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_softmax_too_many_is_hinted_at(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        made(lambda: Own(lambda self, x: self.dense(x).log_softmax(1)))
        assert not caplog.messages
        made(lambda: Own(lambda self, x: self.dense(x).double().softmax(1)))
    assert "softmax" in caplog.text
