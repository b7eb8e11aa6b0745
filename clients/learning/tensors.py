"""Converts between numpy and torch: devices, samples, and a model's weights."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from clients.learning.schema import BadUpdate, Schema, Weights
from clients.types.errors import RequestError, UnavailableError, unknown_name
from clients.types.learning import Task

DEVICES = ("auto", "cpu", "cuda", "mps")


def resolve_device(name: str) -> torch.device:
    """Return the device called `name`; "auto" is the fastest available.

    Raises `RequestError` for an unknown name, `UnavailableError` for a device that this machine lacks.
    """
    if name not in DEVICES:
        raise unknown_name("device", name, DEVICES)
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(kind for kind, present in there.items() if present))
    if not there[name]:
        raise UnavailableError(f"device {name}: torch {torch.__version__} finds none here; use --device auto")
    return torch.device(name)


@dataclass(frozen=True, eq=False)
class Samples:
    """Inputs and labels on a device, of a task. x: float32 N×…; y: int64 N for classes, else float32 N×K."""

    x: Tensor
    y: Tensor
    task: Task

    def __len__(self) -> int:
        return len(self.x)

    @classmethod
    def of(
        cls,
        x: NDArray[np.float32],
        y: NDArray[Any],
        device: torch.device | str = "cpu",
        task: Task | None = None,
    ) -> "Samples":
        """Return the arrays as tensors on `device`; on the CPU they share memory if possible.

        Without a task, the labels decide: as many classes, or labels, as there are.
        """
        if task is None:
            task = Task("labels", y.shape[1]) if y.ndim == 2 else Task("classes", int(y.max(initial=1)) + 1)
        first, second = (torch.from_numpy(_writable(array)).to(device) for array in (x, y))
        return cls(first, second, task)

    def take(self, indices: NDArray[np.int64]) -> "Samples":
        """Return a copy of the samples at `indices`."""
        chosen = torch.from_numpy(indices).to(self.x.device)
        return replace(self, x=self.x[chosen], y=self.y[chosen])

    def with_labels(self, y: Tensor) -> "Samples":
        """Return the same inputs with other labels."""
        return replace(self, y=y)


def tensors_of(model: nn.Module) -> dict[str, Tensor]:
    """Return the tensors of a model that are weights, by name: its parameters and floating-point buffers.

    BatchNorm's running means and variances are among them, and are averaged like any weight. Its count of
    batches is an integer, has no effect while the momentum is fixed, and isn't sent.

    A weight with two names is sent under both. Raises `RequestError` for floating-point tensors that aren't
    float32.
    """
    chosen = {}
    for name, tensor in model.state_dict().items():
        if isinstance(tensor, Tensor) and (tensor.is_floating_point() or tensor.is_complex()):
            if tensor.dtype != torch.float32:
                raise RequestError(
                    f"its weight {name} is {str(tensor.dtype).removeprefix('torch.')}; only float32 is "
                    "averaged. Return model.float()"
                )
            chosen[name] = tensor
    return chosen


@contextmanager
def buffers_kept(model: nn.Module, *, but: Mapping[str, object] | None = None) -> Iterator[None]:
    """Let a model's buffers change in the `with` block, and restore them afterwards, except those that `but`
    names."""
    kept = [
        (module, name, buffer, None if buffer is None else buffer.clone())
        for path, module in model.named_modules()
        for name, buffer in module._buffers.items()
        if f"{path}.{name}".removeprefix(".") not in (but or ())
    ]
    try:
        yield
    finally:
        with torch.no_grad():
            for module, name, buffer, before in kept:
                if buffer is not None and before is not None and not torch.equal(buffer, before):
                    buffer.copy_(before)
                if module._buffers.get(name) is not buffer:
                    module._buffers[name] = buffer


def schema_of(model: nn.Module) -> Schema:
    """Return the schema of a model's weights."""
    return Schema.of(tensors_of(model))


def weights_of(model: nn.Module) -> Weights:
    """Return a copy of a model's weights."""
    tensors = tensors_of(model)
    flat = torch.cat([tensors[name].detach().reshape(-1) for name in sorted(tensors)]).cpu().numpy()
    return Schema.of(tensors).split(flat)


def load_weights(model: nn.Module, weights: Weights) -> None:
    """Copy weights into a model; raise `BadUpdate` if names or shapes differ."""
    tensors = tensors_of(model)
    Schema.of(tensors).check_names(weights)
    with torch.no_grad():
        for name, tensor in tensors.items():
            array = weights[name]
            if array.shape != tuple(tensor.shape):
                raise BadUpdate(name, f"shape {array.shape}; expected {tuple(tensor.shape)}")
            tensor.copy_(torch.from_numpy(_writable(array)))


def stack_weights(names: list[str], many: list[Weights], device: torch.device) -> dict[str, Tensor]:
    """Return for each name one tensor with the weights of all along a new first axis."""
    return {
        name: torch.from_numpy(np.stack([weights[name] for weights in many])).to(device) for name in names
    }


def unstack_weights(stacked: Mapping[str, Tensor], index: int) -> Weights:
    """Return one client's weights out of `stack_weights`'s tensors, as a copy."""
    names = sorted(stacked)
    flat = torch.cat([stacked[name][index].detach().reshape(-1) for name in names]).cpu().numpy()
    return Schema.of({name: stacked[name][index] for name in names}).split(flat)


def _writable(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array itself, or a copy if torch would warn that it can't write into it."""
    # Not np.ascontiguousarray, which turns an array without dimensions into a row.
    return np.asarray(array, order="C") if array.flags.writeable else array.copy()
