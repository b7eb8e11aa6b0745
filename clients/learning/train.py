"""Local training: plain loops over tensors that are already on the device, reproducible by the seed."""

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from clients.learning.optim import Adam, Optimizer, Sgd
from clients.learning.schema import BadUpdate, Weights
from clients.learning.tensors import Samples, buffers_kept, load_weights, schema_of, tensors_of, weights_of
from clients.learning.threads import is_small, torch_threads
from clients.learning.trial import get_largest_column, refuses_one, tell
from clients.types.errors import OwnTrouble, RequestError, unknown_name
from clients.types.learning import OPTIMIZERS, Kind, Task

log = logging.getLogger(__name__)
MOST_MOVED = 2.0**20
"""A training that moves a parameter this far has diverged, even if it ends with a number."""
NO_SAMPLES = "it has no samples to train on"
UNSCALED = 1e3
"""Data as large as this are unscaled, and the likeliest cause when training diverges."""
_LOSSES: dict[Kind, Callable[..., Tensor]] = {
    "classes": F.cross_entropy,
    "labels": F.binary_cross_entropy_with_logits,
    "regression": F.mse_loss,
}


class Diverged(OwnTrouble):
    """Training ended in weights that aren't finite or are absurdly large: settings and data don't fit."""


@dataclass(frozen=True)
class TrainConfig:
    """How a client trains in one round. Checks itself; raises `RequestError`.

    `proximal` is μ in the added loss μ/2·‖w - w₀‖², which pulls the weights towards those at the round's
    start.
    """

    optimizer: Literal["sgd", "adam"] = "sgd"
    learning_rate: float = 0.05
    epochs: int = 1
    batch_size: int = 10
    momentum: float = 0.0
    weight_decay: float = 0.0
    proximal: float = 0.0

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            raise unknown_name("optimizer", self.optimizer, OPTIMIZERS)
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise RequestError(f"learning rate {self.learning_rate}; expected a number above 0")
        for name, count in (("epochs", self.epochs), ("batch size", self.batch_size)):
            if count < 1:
                raise RequestError(f"{name} {count}; expected at least 1")
        for name, value in (("weight decay", self.weight_decay), ("proximal", self.proximal)):
            if not (math.isfinite(value) and value >= 0):
                raise RequestError(f"{name} {value}; expected a number not below 0")
        if not 0 <= self.momentum < 1:
            raise RequestError(f"momentum {self.momentum}; expected at least 0 and less than 1")
        if self.momentum and self.optimizer == "adam":
            raise RequestError("momentum is for sgd; adam has its own")


def make_optimizer(config: TrainConfig, *, fused: bool = True) -> Optimizer:
    """Return the optimizer of a configuration."""
    if config.optimizer == "adam":
        return Adam(config.learning_rate, config.weight_decay, fused)
    return Sgd(config.learning_rate, config.momentum, config.weight_decay)


def sample_losses(logits: Tensor, y: Tensor, task: Task) -> Tensor:
    """Return each sample's loss, shape (N,): cross-entropy, the mean of its labels', or its squared error.

    logits: (N, K), the outputs. y: int64 (N,) for classes, else float32 (N, K).
    """
    if task.kind == "classes":
        return F.cross_entropy(logits, y, reduction="none")
    return _LOSSES[task.kind](logits, y, reduction="none").mean(dim=1)


def mean_loss(logits: Tensor, y: Tensor, task: Task) -> Tensor:
    """Return the mean of `sample_losses`."""
    return _LOSSES[task.kind](logits, y)


def shuffles(samples: int, config: TrainConfig, seed: int) -> Iterator[Tensor]:
    """Yield the order of the samples for each epoch: the seed fixes it on any device."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(config.epochs):
        yield torch.randperm(samples, generator=generator)


def train(
    model: nn.Module,
    weights: Weights,
    data: Samples,
    config: TrainConfig,
    seed: int,
    on_first: Callable[[Weights], None] | None = None,
) -> Weights:
    """Return the weights after `config.epochs` epochs on `data`, starting at `weights`.

    `model` supplies architecture and device; its own weights are overwritten. The same arguments on the same
    machine give the same bytes. Torch's global random state doesn't change. `on_first` is called with the
    weights after the first epoch.

    Raises `OwnTrouble`, such as `Diverged`, if the participant can't train on its data, and `BadUpdate` if
    `weights` don't fit the model.
    """
    one = 1 if data.x.device.type == "cpu" and is_small(model, config.batch_size) else None
    with torch_threads(one), seeded(seed, data.x.device):
        return fit(model, weights, data, config, seed, on_first)


def fit(
    model: nn.Module,
    weights: Weights,
    data: Samples,
    config: TrainConfig,
    seed: int,
    on_first: Callable[[Weights], None] | None = None,
) -> Weights:
    """Like `train`, but with torch's present random state and threads."""
    if len(data) == 0:
        raise OwnTrouble(NO_SAMPLES)
    load_weights(model, weights)
    # Leave nothing to the next participant's training: neither gradients nor buffers that aren't sent.
    model.zero_grad(set_to_none=True)
    why = ""
    with buffers_kept(model, but=tensors_of(model)):
        try:
            trained = _fit(model, data, config, seed, on_first)
        except OwnTrouble:
            raise
        except Exception as error:
            log.debug("training failed", exc_info=True)
            why = tell(error)
    if why:  # raised here, since inside the handler it would keep all tensors in memory
        raise OwnTrouble(f"training failed: {why}")
    return checked(model, weights, trained, data, config)


def _fit(
    model: nn.Module,
    data: Samples,
    config: TrainConfig,
    seed: int,
    on_first: Callable[[Weights], None] | None,
) -> Weights:
    model.train()
    sizes = _batch_sizes(data, config.batch_size, model)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    anchors = [parameter.detach().clone() for parameter in parameters] if config.proximal else []
    optimizer = make_optimizer(config)
    for epoch, order in enumerate(shuffles(len(data), config, seed)):
        shuffled = order.to(data.x.device)
        batches = zip(torch.split(data.x[shuffled], sizes), torch.split(data.y[shuffled], sizes), strict=True)
        for x, y in batches:
            mean_loss(model(x), y, data.task).backward()  # type: ignore[no-untyped-call]
            if anchors:
                pull_back(parameters, anchors, config.proximal)
            optimizer.step(parameters)
        if epoch == 0 and on_first is not None:
            on_first(weights_of(model))
    return weights_of(model)


def pull_back(parameters: Sequence[Tensor], anchors: Sequence[Tensor], strength: float) -> None:
    """Add the gradient of strength/2·‖w - anchor‖² to each gradient."""
    with torch.no_grad():
        for parameter, anchor in zip(parameters, anchors, strict=True):
            if parameter.grad is not None:
                if parameter.grad.is_sparse:
                    parameter.grad = parameter.grad.to_dense()
                parameter.grad.add_(parameter - anchor, alpha=strength)


def checked(
    model: nn.Module, start: Weights, trained: Weights, data: Samples, config: TrainConfig
) -> Weights:
    """Return `trained`, the result of training from `start` on `data`; raise `Diverged` if it is unusable."""
    try:
        schema_of(model).check(trained)
    except BadUpdate as error:
        raise _diverged(error.where, error.why, data, config) from error
    for name in (name for name, _ in model.named_parameters() if name in trained):
        moved = np.abs(trained[name] - start[name])
        if moved.max(initial=0.0) >= MOST_MOVED:
            why = f"a weight moved by {moved.max():.3g}; expected less than {MOST_MOVED:.3g}"
            raise _diverged(name, why, data, config)
    return trained


def _diverged(where: str, why: str, data: Samples, config: TrainConfig) -> Diverged:
    """Return the error, with advice."""
    column, largest = get_largest_column(data.x)
    advice = f"ower the learning rate ({config.learning_rate:g})"
    if largest >= UNSCALED:
        advice = f"Scale the data (--standardize), whose {column} reaches {largest:.3g}, or l{advice}"
    else:
        advice = f"L{advice}"
    return Diverged(f"training diverged: {where}: {why}. {advice}")


def _batch_sizes(data: Samples, size: int, model: nn.Module) -> list[int]:
    """Return how many samples each step of an epoch takes.

    A lone last sample joins the batch before it if the model, as with BatchNorm, can't be trained on one
    sample.
    """
    count = len(data)
    sizes = [min(size, count - start) for start in range(0, count, size)]
    if sizes[-1] == 1 and refuses_one(model, data.x[:1]):
        if count == 1:
            raise OwnTrouble("it has one sample to train on, and the model takes two or more at a time")
        if size == 1:
            raise OwnTrouble("the model takes two samples or more at a time: raise --batch-size")
        sizes[-2:] = [sizes[-2] + 1]
    return sizes


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch's global random state, from which dropout draws, and restore it afterwards."""
    kind = device.type if device.type != "cpu" else "cuda"
    devices = [] if device.type == "cpu" else [device.index or 0]
    with torch.random.fork_rng(devices=devices, device_type=kind):
        torch.manual_seed(seed)
        yield
