"""Trains many clients: each apart on its own core, or small models all in the same steps.

A step of a tiny dense model is mostly overhead. Stacking the clients' weights along a new first axis, and
running all of them through one batched matrix product per layer, pays that overhead once. `torch.func.vmap`
would do the same to such a model; written out it is faster still, and has none of vmap's seconds of start-up.
Middling models gain from training side by side instead, one core each. Large ones fill the machine alone, one
after the other. `benchmarks/training.py` measures all of this.
"""

import copy
import queue
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from clients.learning.cores import count_cores
from clients.learning.schema import Weights
from clients.learning.tensors import Samples, load_weights, stack_weights, tensors_of, unstack_weights
from clients.learning.threads import is_small, torch_threads
from clients.learning.train import (
    NO_SAMPLES,
    TrainConfig,
    checked,
    fit,
    make_optimizer,
    pull_back,
    sample_losses,
    shuffles,
    train,
)
from clients.learning.trial import tell
from clients.types.errors import OwnTrouble, catch_trouble

_ELEMENTWISE = (nn.Identity, nn.LeakyReLU, nn.ReLU, nn.Sigmoid, nn.Tanh)
# Modules that draw no random numbers, so that clients can train at the same time in one process.
_DRAWLESS = (
    *_ELEMENTWISE,
    nn.AvgPool2d,
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.Conv2d,
    nn.Flatten,
    nn.GroupNorm,
    nn.LayerNorm,
    nn.Linear,
    nn.MaxPool2d,
    nn.Sequential,
)
_MAX_STACKED_WEIGHTS = 100_000
_MAX_STACK = 16
_MAX_WORKERS = 8


@dataclass(frozen=True, eq=False)
class Training:
    """One client's training: first weights, data, configuration, and its own seed."""

    weights: Weights
    data: Samples
    config: TrainConfig
    seed: int


Layers = list[tuple[str, nn.Module]]
OnFirst = Callable[[Training, Weights], None]
"""Called with each training's weights after its first epoch, in any order and from any thread."""


TrainedWeights = Weights | OwnTrouble
"""A client's trained weights, or why there are none."""


def train_many(
    model: nn.Module, jobs: Sequence[Training], on_first: OnFirst | None = None, *, cores: int | None = None
) -> list[TrainedWeights]:
    """Return each training's result, in order, or the `OwnTrouble` that it raises: that client's alone.

    Trainings of the same configuration run together if `is_stackable` says so, up to 16 at a time; their
    results are those of `train` to within rounding. The others run apart, and give the very bytes of `train`.
    Either way a client's bytes depend neither on the clients trained with it nor on how their training ends.
    The choice follows only from model and settings, never from timing or the number of `cores` to use (by
    default all). Raises `BadUpdate` if a training's first weights don't fit the model.
    """
    results: dict[int, TrainedWeights] = {}
    alike: dict[TrainConfig, list[int]] = defaultdict(list)
    for place, job in enumerate(jobs):
        alike[job.config].append(place)
    for config, places in alike.items():
        if is_stackable(model, config):
            for start in range(0, len(places), _MAX_STACK):
                group = places[start : start + _MAX_STACK]
                together = train_stacked(model, [jobs[i] for i in group], on_first)
                results.update(zip(group, together, strict=True))
        else:
            apart = train_apart(model, [jobs[i] for i in places], on_first, cores=cores)
            results.update(zip(places, apart, strict=True))
    return [results[place] for place in range(len(jobs))]


def is_stackable(model: nn.Module, config: TrainConfig) -> bool:
    """Return whether clients train faster together: a rule measured in `benchmarks/training.py`.

    That holds for a plain chain of dense layers and elementwise functions, with at most 100,000 weights and
    small batches. It doesn't hold for convolutions, which are slower as grouped convolutions, for dropout or
    buffers, which differ from client to client, or for layers that share a weight.
    """
    if layers_of(model) is None or not all(parameter.requires_grad for parameter in model.parameters()):
        return False
    if any(True for _ in model.buffers()) or _shares_weights(model):
        return False
    size = sum(parameter.numel() for parameter in model.parameters())
    return size <= _MAX_STACKED_WEIGHTS and is_small(model, config.batch_size)


def _shares_weights(model: nn.Module) -> bool:
    names = sum(1 for _ in model.named_parameters(remove_duplicate=False))
    return names != sum(1 for _ in model.parameters())


def train_apart(
    model: nn.Module, jobs: Sequence[Training], on_first: OnFirst | None = None, *, cores: int | None = None
) -> list[TrainedWeights]:
    """Return the result or trouble of `train` for each training, to the byte; on the CPU side by side if
    batches are small."""
    side_by_side = (
        len(jobs) > 1
        and all(type(module) in _DRAWLESS and not _has_hooks(module) for module in model.modules())
        and all(job.data.x.device.type == "cpu" and is_small(model, job.config.batch_size) for job in jobs)
    )
    if not side_by_side:
        return [_train_one(train, model, job, on_first) for job in jobs]
    workers = min(len(jobs), cores or count_cores(), _MAX_WORKERS)
    idle: queue.SimpleQueue[nn.Module] = queue.SimpleQueue()
    for _ in range(workers):
        idle.put(copy.deepcopy(model))

    def work(job: Training) -> TrainedWeights:
        own = idle.get()
        try:
            return _train_one(fit, own, job, on_first)
        finally:
            idle.put(own)

    with torch_threads(1), ThreadPoolExecutor(workers) as pool:
        return list(pool.map(work, jobs))


def _train_one(
    how: Callable[..., Weights], model: nn.Module, job: Training, on_first: OnFirst | None
) -> TrainedWeights:
    return catch_trouble(
        lambda: how(model, job.weights, job.data, job.config, job.seed, _tell(on_first, job))
    )


def _has_hooks(module: nn.Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks)


def _tell(on_first: OnFirst | None, job: Training) -> Callable[[Weights], None] | None:
    return None if on_first is None else lambda weights: on_first(job, weights)


def layers_of(model: nn.Module) -> Layers | None:
    """Return the layers of a plain chain with their names, or None if the model is something else."""
    if type(model) is nn.Sequential:
        layers = []
        for name, child in model._modules.items():  # unlike children(), lists repeated modules twice
            inner = layers_of(child)
            if inner is None:
                return None
            layers += [(f"{name}.{path}" if path else name, layer) for path, layer in inner]
        # A repeated layer shares its weights, and only has its first name.
        return layers if len({id(layer) for _, layer in layers}) == len(layers) else None
    plain_flatten = type(model) is nn.Flatten and (model.start_dim, model.end_dim) == (1, -1)
    plain_linear = type(model) is nn.Linear and not _has_hooks(model)
    return [("", model)] if plain_flatten or plain_linear or type(model) in _ELEMENTWISE else None


def run_stacked(layers: Layers, weights: dict[str, Tensor], x: Tensor) -> Tensor:
    """Return the logits of all clients, (clients, batch, K), for x of shape (clients, batch, ...)."""
    for name, layer in layers:
        if isinstance(layer, nn.Linear):
            prefix = f"{name}." if name else ""
            transposed = weights[f"{prefix}weight"].transpose(1, 2)
            bias = weights.get(f"{prefix}bias")
            x = torch.bmm(x, transposed) if bias is None else torch.baddbmm(bias.unsqueeze(1), x, transposed)
        else:
            x = x.flatten(2) if isinstance(layer, nn.Flatten) else layer(x)
    return x


def train_stacked(
    model: nn.Module, jobs: Sequence[Training], on_first: OnFirst | None = None
) -> list[TrainedWeights]:
    """Return the trained weights of trainings that share one configuration, all done in the same steps, or
    the troubles of those that fail.

    Clients with more batches than others continue when the others have finished.
    """
    layers = layers_of(model)
    if layers is None:
        raise ValueError("the model is not a plain chain; ask is_stackable first")
    empty = [not len(job.data) for job in jobs]
    working = [job for job, nothing in zip(jobs, empty, strict=True) if not nothing]
    one = 1 if jobs[0].data.x.device.type == "cpu" else None
    with torch_threads(one):
        trained = iter(_train_together(model, layers, working, on_first))
    return [OwnTrouble(NO_SAMPLES) if nothing else next(trained) for nothing in empty]


def _train_together(
    model: nn.Module, layers: Layers, jobs: Sequence[Training], on_first: OnFirst | None
) -> list[TrainedWeights]:
    if not jobs:
        return []
    for job in jobs:
        load_weights(model, job.weights)  # checks that they fit; a few microseconds each
    stacked: list[Weights] = []
    why = ""
    try:
        stacked = _train_stacked(model, layers, jobs, on_first)
    except Exception as error:
        why = tell(error)
    if why and len(jobs) == 1:
        return [OwnTrouble(f"training failed: {why}")]
    if why:
        # One client's data may be the cause, or all clients' memory: train each alone, which gives the same
        # bytes.
        return [_train_together(model, layers, [job], on_first)[0] for job in jobs]
    return [
        catch_trouble(partial(checked, model, job.weights, weights, job.data, job.config))
        for job, weights in zip(jobs, stacked, strict=True)
    ]


def _train_stacked(
    model: nn.Module, layers: Layers, jobs: Sequence[Training], on_first: OnFirst | None
) -> list[Weights]:
    config = jobs[0].config
    steps = [config.epochs * -(-len(job.data) // config.batch_size) for job in jobs]
    # Longest first: clients still training are then always the first rows of every tensor.
    order = sorted(range(len(jobs)), key=lambda place: -steps[place])
    sorted_jobs = [jobs[place] for place in order]
    plan = _Plan.of(sorted_jobs, config)
    names, device = list(tensors_of(model)), jobs[0].data.x.device
    stacked = stack_weights(names, [job.weights for job in sorted_jobs], device)
    anchors = {name: tensor.clone() for name, tensor in stacked.items()} if config.proximal else {}
    optimizer = make_optimizer(config, fused=False)
    live: dict[str, Tensor] = {}
    active = 0
    for step in range(steps[order[0]]):
        working = sum(1 for place in order if steps[place] > step)
        if working != active:
            active = working
            live = {name: tensor[:active].detach().requires_grad_() for name, tensor in stacked.items()}
        index, share = plan.index[step, :active], plan.share[step, :active]
        logits = run_stacked(layers, live, plan.x[index])
        losses = sample_losses(logits.flatten(0, 1), plan.y[index].flatten(0, 1), jobs[0].data.task)
        torch.dot(losses, share.reshape(-1)).backward()  # type: ignore[no-untyped-call]
        parameters = list(live.values())
        if anchors:
            pull_back(parameters, [anchors[name][:active] for name in live], config.proximal)
        optimizer.step(parameters)
        if on_first is not None:
            for row, job in enumerate(sorted_jobs):
                if (step + 1) * config.epochs == steps[order[row]]:
                    on_first(job, unstack_weights(stacked, row))
    trained = {place: unstack_weights(stacked, row) for row, place in enumerate(order)}
    return [trained[place] for place in range(len(jobs))]


@dataclass(frozen=True, eq=False)
class _Plan:
    """Which samples each step takes. index, share: (steps, clients, batch); x, y: all clients' samples.

    A sample's share is its weight in the batch's mean. A short batch is filled up with the client's own first
    sample, at share 0: even 0 times another client's sample might not be a number.
    """

    x: Tensor
    y: Tensor
    index: Tensor
    share: Tensor

    @classmethod
    def of(cls, jobs: Sequence[Training], config: TrainConfig) -> "_Plan":
        batch = config.batch_size
        steps = config.epochs * -(-len(jobs[0].data) // batch)
        index = torch.zeros((steps, len(jobs), batch), dtype=torch.int64)
        share = torch.zeros((steps, len(jobs), batch), dtype=torch.float32)
        offset = 0
        for client, job in enumerate(jobs):
            count = len(job.data)
            each = -(-count // batch)
            for epoch, order in enumerate(shuffles(count, config, job.seed)):
                filled = torch.full((each * batch,), offset)
                filled[:count] = order + offset
                shares = torch.zeros(each * batch, dtype=torch.float32)
                shares[:count] = 1.0 / batch
                last = count - (each - 1) * batch
                shares[count - last : count] = 1.0 / last
                rows = slice(epoch * each, (epoch + 1) * each)
                index[rows, client] = filled.view(each, batch)
                share[rows, client] = shares.view(each, batch)
            offset += count
        x, y = torch.cat([job.data.x for job in jobs]), torch.cat([job.data.y for job in jobs])
        return cls(x, y, index.to(x.device), share.to(x.device))
