"""The required form of a model's weights: names, shapes and a bound, agreed on before anybody trains."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clients.types.errors import PeerError, RequestError

Weights = dict[str, NDArray[np.float32]]
"""A model's weights by name: float32 arrays, all finite and smaller than `WEIGHT_LIMIT`."""

WEIGHT_LIMIT = 2.0**60
"""Every |weight| is below this. The bound keeps the exact aggregation within its integers (see `aggregate`),
and has room for the variance of a column of amounts of money."""
MAX_HEADER = 2**20
"""The most bytes that a file's header may take, and that are read of a stranger's file."""
MAX_TENSORS, MAX_DIMENSIONS = 10_000, 64
"""The most tensors in a model, and dimensions in a tensor, that are accepted from a stranger."""


class BadUpdate(PeerError):
    """A peer's weights don't fit the schema. `where` is a tensor's name or a part of the file."""

    def __init__(self, where: str, why: str) -> None:
        self.where = where
        self.why = why
        super().__init__(f"bad update: {where}: {why}")


@dataclass(frozen=True)
class Schema:
    """Names and shapes of a model's float32 tensors, sorted by name.

    Integer buffers (BatchNorm's count of batches) are not weights, and are not sent.
    """

    shapes: tuple[tuple[str, tuple[int, ...]], ...]

    def __post_init__(self) -> None:
        names = self.names
        if not names:
            raise RequestError("the model has no weights")
        if list(names) != sorted(set(names)):
            raise RequestError("a schema's names must be different and sorted")
        for name, shape in self.shapes:
            if not name or name == "__metadata__" or any(size < 0 for size in shape):
                raise RequestError(f"a schema cannot hold the tensor {name!r} of shape {shape}")

    @classmethod
    def of(cls, weights: Mapping[str, Any]) -> "Schema":
        """Return the schema of `weights`, which may be anything with a `shape`, by name."""
        return cls(tuple(sorted((name, tuple(map(int, array.shape))) for name, array in weights.items())))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.shapes)

    @cached_property
    def size(self) -> int:
        """Number of weights in all."""
        return sum(math.prod(shape) for _, shape in self.shapes)

    @cached_property
    def header(self) -> bytes:
        """The one safetensors header that weights of this schema have (8 bytes of length, then JSON)."""
        entries: dict[str, Any] = {}
        start = 0
        for name, shape in self.shapes:
            end = start + 4 * math.prod(shape)
            entries[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [start, end]}
            start = end
        text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()
        text += b" " * (-len(text) % 8)
        return len(text).to_bytes(8, "little") + text

    @property
    def encoded_size(self) -> int:
        """The size of encoded weights of this schema in bytes, at which a store should cap a download."""
        return len(self.header) + 4 * self.size

    @property
    def digest(self) -> str:
        """SHA-256 of the header, in hex: the same for the same schema."""
        return hashlib.sha256(self.header).hexdigest()

    def to_json(self) -> dict[str, list[int]]:
        """Return a plain form for a file; `from_json` reads it back."""
        return {name: list(shape) for name, shape in self.shapes}

    @classmethod
    def from_json(cls, data: object) -> "Schema":
        """Return the schema that `to_json` wrote; raise `RequestError` for anything else."""
        if not isinstance(data, dict):
            raise RequestError(f"a schema is a table of names and shapes, not {type(data).__name__}")
        for name, shape in data.items():
            if not isinstance(shape, list) or any(type(size) is not int or size < 0 for size in shape):
                raise RequestError(
                    f"a schema's shape of {name!r} is {shape!r}; expected a list of whole numbers"
                )
        return cls(tuple(sorted((str(name), tuple(shape)) for name, shape in data.items())))

    def split(self, flat: NDArray[np.float32]) -> Weights:
        """Return the weights that lie end to end in `flat` (shape (`size`,)), as views of it."""
        weights: Weights = {}
        start = 0
        for name, shape in self.shapes:
            end = start + math.prod(shape)
            weights[name] = flat[start:end].reshape(shape)
            start = end
        return weights

    def join(self, weights: Weights) -> NDArray[np.float32]:
        """Return the weights end to end in one array of shape (`size`,).

        Raises `BadUpdate` if names, shapes or dtypes aren't the schema's. Weights that `split` made, and that
        still lie end to end, aren't copied.
        """
        self.check_names(weights)
        for name, shape in self.shapes:
            array = weights[name]
            if array.dtype != np.float32 or array.shape != shape:
                raise BadUpdate(
                    name, f"{array.dtype} of shape {array.shape}; expected float32 of shape {shape}"
                )
        base = weights[self.names[0]].base
        if _lie_end_to_end(base, [weights[name] for name in self.names], self.size):
            assert base is not None
            return base.reshape(-1)
        return np.concatenate([weights[name].reshape(-1) for name in self.names])

    def check_names(self, names: Mapping[str, object]) -> None:
        """Raise `BadUpdate` if the names aren't exactly the schema's."""
        for what, differing in (
            ("lacks", sorted(set(self.names) - set(names))),
            ("has the unknown", sorted(set(names) - set(self.names))),
        ):
            if differing:
                shown = ", ".join(name[:80] for name in differing[:5]) + (
                    ", ..." if len(differing) > 5 else ""
                )
                raise BadUpdate("names", f"it {what} {shown}")

    def check(self, weights: Weights) -> NDArray[np.float32]:
        """Return the weights end to end; raise `BadUpdate` if they don't fit the schema or its bound."""
        flat = self.join(weights)
        self.check_values(flat)
        return flat

    def check_values(self, flat: NDArray[np.float32]) -> None:
        """Raise `BadUpdate`, naming the tensor, if a weight isn't finite or reaches `WEIGHT_LIMIT`."""
        # NaN fails every comparison, so minimum and maximum are enough.
        if flat.size == 0 or (flat.max() < WEIGHT_LIMIT and flat.min() > -WEIGHT_LIMIT):
            return
        wrong = int(np.argmin(np.abs(flat) < WEIGHT_LIMIT))
        for name, shape in self.shapes:
            if wrong < math.prod(shape):
                raise BadUpdate(
                    name,
                    f"weight {wrong} is {self.split(flat)[name].flat[wrong]:g}; "
                    f"expected a finite one between ±{WEIGHT_LIMIT:.3g}",
                )
            wrong -= math.prod(shape)


def _lie_end_to_end(base: object, arrays: list[NDArray[np.float32]], size: int) -> bool:
    if not isinstance(base, np.ndarray) or base.dtype != np.float32 or base.size != size:
        return False
    if not base.flags.c_contiguous:
        return False
    at = base.ctypes.data
    for array in arrays:
        if array.base is not base or array.ctypes.data != at or not array.flags.c_contiguous:
            return False
        at += array.nbytes
    return True
